"""`mlops compare`: the scores of two models, and single answers beside each other."""

from collections.abc import Mapping, Sequence

from mlops.domain.evaluation.metric_table import direction
from mlops.domain.evaluation.paired import Paired
from mlops.domain.evaluation.side_by_side import ChangedAnswer
from mlops.flow.evaluation.compare import CompareResult
from mlops.render import Cell, Report, Section, number, table
from mlops.views.changed import asked, cut, name

LONGEST = 600  # characters of one text; programs get all of it
_COLUMNS = ("metric", "answers", "A", "B", "A is better by", "from", "to", "won", "lost")


def report(result: CompareResult) -> Report:
    """For people."""
    rows: list[tuple[Cell, ...]] = [
        (
            *(metric, found.conversations, found.candidate, found.reference, found.difference, found.low, found.high),
            *(found.sign.wins, found.sign.losses),
        )
        for metric, found in sorted(result.scores.items())
        if direction(metric)
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


def _sections(word: str, metric: str, answers: Sequence[ChangedAnswer]) -> list[Section]:
    return [
        Section(
            f"{word} {place}: {name(one)}, {'passed' if one.probe else metric} {number(one.change)}",
            tables=(table("", ("", "text"), _texts(one)),),
        )
        for place, one in enumerate(answers, start=1)
    ]


def _texts(one: ChangedAnswer) -> list[tuple[str, str]]:
    return [
        ("question", cut(asked(one), LONGEST)),
        ("right answer" if one.probe else "truth", cut(one.truth, LONGEST)),
        ("A", cut(one.first, LONGEST)),
        ("B", cut(one.second, LONGEST)),
        ("scores of A", _scores(one.first_scores)),
        ("scores of B", _scores(one.second_scores)),
    ]


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{metric} {number(value)}" for metric, value in scores.items())
