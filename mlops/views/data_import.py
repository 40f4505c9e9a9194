"""`mlops data import`: what each file was taken for, three conversations before and after, and what to do next."""

from collections.abc import Mapping

from mlops.flow.dataset.importing import Example, ImportResult, Understood
from mlops.render import Report, Section, table

LONGEST = 400  # characters of a text that people read here


def report(result: ImportResult) -> Report:
    """For people."""
    state = "written" if result.written else "unchanged: it had this content already"
    lines = [f"{result.rows:,} conversations in {result.target}, {state}"]
    for one in result.files:
        lines += [f"{note}: {count:,} ({one.path})" for note, count in one.notes.items()]
    lines += result.problems
    lines += [
        f"{path} stands below the data folder, too, and would be refused: move it away" for path in result.move_away
    ]
    columns = ("file", "format", "fields", "read", "imported", "duplicates", "rejected")
    tables = (table("Understood", columns, [_row(one) for one in result.files]),)
    sections = tuple(_section(one) for one in result.examples)
    next_step = f"git mv {result.move_away[0]} ." if result.move_away else "mlops prepare --no-upload"
    return Report("Conversations are imported", tuple(lines), tables, sections=sections, next_step=next_step)


def outputs(result: ImportResult) -> Mapping[str, str]:  # noqa: ARG001 - no later step reads it
    """None."""
    return {}


def _row(one: Understood) -> tuple[str | int, ...]:
    rejected = ", ".join(f"{reason} {count}" for reason, count in one.rejected.items()) or "none"
    fields = ", ".join(one.fields[:8])
    return (one.path, one.format, fields, one.read, one.imported, one.duplicates, rejected)


def _section(one: Example) -> Section:
    before = (f"before: {_short(one.before)}",) if one.before else ()
    return Section(one.place, (*before, *(f"{turn.role}: {_short(turn.content)}" for turn in one.after)))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
