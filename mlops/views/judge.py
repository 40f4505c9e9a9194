"""`mlops judge`: how often each model is preferred, how far the judge is to be trusted, and each pair."""

from collections.abc import Iterator, Mapping

from mlops.domain.evaluation.judge.agreement import Agreement
from mlops.domain.evaluation.judge.pairs import Ruled
from mlops.domain.evaluation.paired import Judgement, better
from mlops.domain.training.costs import amount
from mlops.flow.evaluation.judge import JudgedPair, JudgeResult, PlannedCalls
from mlops.render import Report, Table, number, table

LONGEST = 160  # characters of a text in the table; programs get all of it
WEAK = 0.4  # Cohen's kappa, below which Landis and Koch (1977) speak of no more than fair agreement
FEW = 20  # labelled pairs, below which their agreement says little


def report(result: JudgeResult) -> Report:
    """For people."""
    names = f"{result.first.model} against {result.second.model}"
    told = (f"judge {result.judge}, rubric {result.rubric}, questions {result.questions}", _planned(result.planned))
    if not result.asked:
        return Report(
            f"What judging {names} would take",
            told,
            next_step=f"mlops judge {result.first.asked} {result.second.asked}",
        )
    return Report(
        f"{names}, as a judge sees them",
        (*told, *_preferred(result), *_trust(result)),
        (table("Pairs", ("what", "pairs"), _counts(result)), _pairs(result)),
    )


def outputs(_: JudgeResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def _counts(result: JudgeResult) -> list[tuple[str, int]]:
    told = {"first": "A is better", "second": "B is better"}
    return [(told.get(name, name), count) for name, count in result.counts.items()]


def _planned(found: PlannedCalls) -> str:
    cost = "no price is named" if found.cost is None else f"at most {amount(found.cost, found.currency)}"
    return f"{found.calls} calls, at most {found.tokens:,} tokens, {cost}; {found.kept} answers were kept from earlier"


def _preferred(result: JudgeResult) -> Iterator[str]:
    found = result.preference
    if found is None:
        yield "no verdict could be read, so nothing is preferred"
        return
    words = {Judgement.PASS: "A is preferred", Judgement.REFUSE: "B is preferred"}
    shown = words.get(better(found), "neither is shown to be better")
    low, high = number(found.low, 3), number(found.high, 3)
    yield (
        f"{shown}: A's share of wins less B's is {number(found.difference, 3)} on {found.conversations} pairs "
        f"(95 %: {low} to {high})"
    )


def _trust(result: JudgeResult) -> Iterator[str]:
    if result.itself:
        yield f"with swapped positions the judge agrees with itself in {_agreed(result.itself)}"
        if result.itself.kappa is not None and result.itself.kappa < WEAK:
            yield "it mostly follows the position and not the answer: do not rely on it"
    if result.people is None:
        yield "its agreement with people is not measured: evaluation.judge.human names no labelled pairs"
        return
    yield f"with people it agrees in {_agreed(result.people)}"
    if result.people.pairs < FEW:
        yield f"fewer than {FEW} labelled pairs say little"


def _agreed(found: Agreement) -> str:
    kappa = "" if found.kappa is None else f", kappa {number(found.kappa, 2)}"
    return f"{found.agreed} of {found.pairs} pairs ({found.share:.0%}{kappa})"


def _pairs(result: JudgeResult) -> Table:
    """Those that decide first; ties are left to `--json`."""
    told = {Ruled.FIRST: "A", Ruled.SECOND: "B", Ruled.UNUSABLE: "unusable"}
    rows = [
        (
            f"question {one.number}",
            told[one.ruled],
            *map(_cut, (one.messages[-1]["content"], one.first, one.second, one.why)),
        )
        for one in result.pairs
        if one.ruled in told
    ]
    return table("Decided pairs", ("", "better", "question", "A", "B", "why"), rows)


def _texts(one: JudgedPair) -> tuple[str, ...]:
    return (one.messages[-1]["content"], one.first, one.second, one.why)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
