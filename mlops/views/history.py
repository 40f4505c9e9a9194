"""`mlops history`: what happened, newest first."""

from collections.abc import Mapping

from mlops.domain.release.timeline import Event
from mlops.flow.release.history import HistoryResult
from mlops.render import Report, table

SHORT_COMMIT = 8


def report(result: HistoryResult) -> Report:
    """For people."""
    where = f" in {result.environment}" if result.environment else ""
    if not result.events:
        return Report(f"History of {result.model}{where}", ("nothing happened yet",), next_step="mlops plan")
    rows = [_row(event) for event in reversed(result.events)]
    columns = ("when (UTC)", "what", "environment", "model or run", "commit", "by", "why")
    return Report(f"History of {result.model}{where}", tables=(table("", columns, rows),))


def outputs(_: HistoryResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def _row(event: Event) -> tuple[str, ...]:
    when = f"{event.at:%Y-%m-%d %H:%M}" if event.at else "not known"
    what = event.model or event.run or ""
    return (
        when,
        event.kind.value,
        event.environment or "",
        what,
        event.commit[:SHORT_COMMIT],
        by(event.by),
        event.why,
    )


def by(text: str) -> str:
    """Who did it: of the URL of a workflow run its number, which says enough in a column."""
    return f"run {text.rpartition('/')[2]}" if text.startswith("https://") else text
