"""`mlops compare`: the scores of two models, and single answers beside each other."""

from collections.abc import Mapping, Sequence

from mlops.domain.evaluation.metric_table import direction
from mlops.domain.evaluation.paired import Paired
from mlops.domain.evaluation.side_by_side import ChangedAnswer
from mlops.flow.evaluation.compare import CompareResult
from mlops.render import Cell, Report, Section, Table, number, table

LONGEST = 600  # characters of one text; programs get all of it
SHORT = 160  # the same where several texts share a line
_COLUMNS = ("metric", "answers", "A", "B", "A is better by", "from", "to", "won", "lost")


def report(result: CompareResult) -> Report:
    """For people."""
    rows: list[tuple[Cell, ...]] = [
        (
            *(name, found.conversations, found.candidate, found.reference, found.difference, found.low, found.high),
            *(found.sign.wins, found.sign.losses),
        )
        for name, found in sorted(result.scores.items())
        if direction(name)
    ]
    return Report(
        f"{result.first.model} against {result.second.model}",
        (
            f"A is {result.first.model}, which answered in {result.first.job}",
            f"B is {result.second.model}, which answered in {result.second.job}",
            f"both answered {result.questions}; from and to bound the difference (95 %)",
            *_lengths(result.scores.get("answer_words")),
        ),
        (table("Scores", _COLUMNS, rows),),
        sections=(
            *_sections("Loss", result.metric, result.losses),
            *_sections("Gain", result.metric, result.gains),
        ),
    )


def _lengths(found: Paired | None) -> tuple[str, ...]:
    if found is None:
        return ()
    return (f"an answer of A has {number(found.candidate, 3)} words, one of B {number(found.reference, 3)}",)


def outputs(_: CompareResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def changed_table(title: str, answers: Sequence[ChangedAnswer]) -> Table:
    """A few answers, a row each, for the summary of a release."""
    rows: list[tuple[Cell, ...]] = [
        (_name(one), *(_cut(text, SHORT) for text in (_asked(one), one.truth, one.first, one.second)), one.change)
        for one in answers
    ]
    return table(title, ("", "question", "truth", "candidate", "before", "change"), rows)


def _sections(word: str, metric: str, answers: Sequence[ChangedAnswer]) -> list[Section]:
    return [
        Section(
            f"{word} {place}: {_name(one)}, {'passed' if one.probe else metric} {number(one.change)}",
            tables=(table("", ("", "text"), _texts(one)),),
        )
        for place, one in enumerate(answers, start=1)
    ]


def _texts(one: ChangedAnswer) -> list[tuple[str, str]]:
    return [
        ("question", _cut(_asked(one), LONGEST)),
        ("right answer" if one.probe else "truth", _cut(one.truth, LONGEST)),
        ("A", _cut(one.first, LONGEST)),
        ("B", _cut(one.second, LONGEST)),
        ("scores of A", _scores(one.first_scores)),
        ("scores of B", _scores(one.second_scores)),
    ]


def _asked(one: ChangedAnswer) -> str:
    """The last turn, and how many came before it."""
    last, before = str(one.messages[-1]["content"]), len(one.messages) - 1
    return f"{last} (after {before} turns)" if before else last


def _name(one: ChangedAnswer) -> str:
    return f"probe {one.probe}" if one.probe else f"question {one.number}"


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in scores.items())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
