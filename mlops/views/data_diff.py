"""`mlops data diff`: conversations that came, went or were edited, and in an edited one the words."""

from collections.abc import Iterator, Mapping, Sequence

from mlops.flow.dataset.diff import DiffResult, Edit, Excerpt
from mlops.render import Report, Section, table

LONGEST = 20  # rows of a list that people read
EXCERPT = 120  # characters of a conversation in a list


def report(result: DiffResult) -> Report:
    """For people."""
    line = (
        f"{len(result.added)} added, {len(result.removed)} removed, {len(result.edited)} edited, "
        f"{result.unchanged} unchanged since {result.revision}"
    )
    invalid = ""
    if result.invalid.before or result.invalid.after:
        counts = f"{result.invalid.before} then, {result.invalid.after} now"
        invalid = f"rows that are no conversations, and were not compared: {counts}; mlops plan says why"
    gaps = [
        f"{name} was not compared: what it held then is in Git LFS; `git lfs fetch origin {result.revision}`"
        for name in result.not_compared
    ]
    numbers = [(name, one.before, one.after, one.after - one.before) for name, one in result.numbers.items()]
    tables = [table("Numbers", ("", result.revision, "now", "difference"), numbers)]
    for title, rows in (("Added", result.added), ("Removed", result.removed)):
        if rows:
            tables.append(table(title, ("where", "messages", "begins"), list(_listed(rows))))
    sections = [_edited(edit) for edit in result.edited[:LONGEST]]
    if len(result.edited) > LONGEST:
        sections.append(Section(f"and {len(result.edited) - LONGEST} more edited; --json has all of them"))
    return Report("What changed in the conversations", (line, invalid, *gaps), tuple(tables), sections=tuple(sections))


def outputs(result: DiffResult) -> Mapping[str, str]:  # noqa: ARG001 - no later step reads it
    """None."""
    return {}


def _edited(edit: Edit) -> Section:
    where = edit.after if edit.after == edit.before else f"{edit.after}, which was {edit.before}"
    return Section(f"Edited: {where}", tuple(f"message {one.message}, {one.role}: {one.words}" for one in edit.turns))


def _listed(rows: Sequence[Excerpt]) -> Iterator[tuple[str, int | None, str]]:
    for row in rows[:LONGEST]:
        yield row.place, row.messages, row.begins if len(row.begins) <= EXCERPT else f"{row.begins[: EXCERPT - 1]}…"
    if len(rows) > LONGEST:
        yield f"and {len(rows) - LONGEST} more", None, ""
