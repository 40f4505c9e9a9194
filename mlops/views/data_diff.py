"""`mlops data diff`: conversations that were added, removed and edited, and what that does to the numbers."""

from collections.abc import Iterator, Mapping, Sequence

from mlops.flow.dataset.data import DataDiffResult, PlacedConversation
from mlops.render import Report, table

LONGEST = 20  # rows of a list that people read
EXCERPT = 120  # characters of a conversation in a list


def report(result: DataDiffResult) -> Report:
    """For people."""
    revision = result.revision
    line = (
        f"{len(result.added)} added, {len(result.removed)} removed, {len(result.edited)} edited, "
        f"{result.unchanged} unchanged since {revision}"
    )
    invalid = (
        f"rows that are no conversations, and were not compared: {result.invalid_before} then, "
        f"{result.invalid_now} now; mlops plan says why"
        if result.invalid_before or result.invalid_now
        else ""
    )
    numbers = [(one.name, one.before, one.now, one.now - one.before) for one in result.numbers]
    tables = [table("Numbers", ("", revision, "now", "difference"), numbers)]
    if result.edited:
        rows = [(one.after, ", ".join(map(str, one.changed)), _excerpt(one.begins)) for one in result.edited[:LONGEST]]
        tables.append(table("Edited", ("where", "messages that differ", "begins"), rows))
    for title, found in (("Added", result.added), ("Removed", result.removed)):
        if found:
            tables.append(table(title, ("where", "messages", "begins"), list(_listed(found))))
    return Report("What changed in the conversations", (line, invalid), tuple(tables))


def outputs(_: DataDiffResult) -> Mapping[str, str]:
    """Nothing: it is for people."""
    return {}


def _listed(rows: Sequence[PlacedConversation]) -> Iterator[tuple[str, int | None, str]]:
    for row in rows[:LONGEST]:
        yield row.place, row.messages, _excerpt(row.begins)
    if len(rows) > LONGEST:
        yield f"and {len(rows) - LONGEST} more", None, ""


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
