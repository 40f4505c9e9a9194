"""An answer beside another: what is asked, its name, and a few of them as a table."""

from collections.abc import Sequence

from mlops.domain.evaluation.side_by_side import ChangedAnswer
from mlops.render import Cell, Table, table

SHORT = 160  # characters of a text where several share a line


def changed_table(title: str, answers: Sequence[ChangedAnswer]) -> Table:
    """A few answers, a row each, for the summary of a release."""
    rows: list[tuple[Cell, ...]] = [
        (name(one), *(cut(text, SHORT) for text in (asked(one), one.truth, one.first, one.second)), one.change)
        for one in answers
    ]
    return table(title, ("", "question", "truth", "candidate", "before", "change"), rows)


def asked(one: ChangedAnswer) -> str:
    """The last turn, and how many came before it."""
    last, before = str(one.messages[-1]["content"]), len(one.messages) - 1
    return f"{last} (after {before} turns)" if before else last


def name(one: ChangedAnswer) -> str:
    """What a person calls it."""
    return f"probe {one.probe}" if one.probe else f"question {one.number}"


def cut(text: str, longest: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
