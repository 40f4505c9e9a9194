"""`mlops data show`: conversations as they are spoken."""

from collections.abc import Mapping

from mlops.flow.dataset.data import DataShowResult, ShownRow
from mlops.render import Report, Section


def report(result: DataShowResult) -> Report:
    """For people."""
    if result.reason:
        lines = (f"{len(result.rows)} of {result.total} rows",)
        sections = tuple(Section(row.place, (row.detail, *(_spoken(row) or (row.text,)))) for row in result.rows)
        return Report(f"Rejected as {result.reason}", lines, sections=sections)
    lines = (f"{len(result.rows)} of {result.total} conversations of {result.file}",)
    sections = tuple(Section(f"{result.split} {number}", _spoken(row)) for number, row in enumerate(result.rows, 1))
    return Report(f"Conversations for {result.split}", lines, sections=sections)


def outputs(_: DataShowResult) -> Mapping[str, str]:
    """Nothing: it is for people."""
    return {}


def _spoken(row: ShownRow) -> tuple[str, ...]:
    return tuple(f"{message.role}: {message.content}" for message in row.messages)
