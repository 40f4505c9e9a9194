"""`mlops history`: what happened, newest first."""

from collections.abc import Mapping

from mlops.domain.promote.audit import AuditEntry
from mlops.domain.release.timeline import Event, EventKind
from mlops.flow.release.history import HistoryResult
from mlops.render import Report, table

SHORT_COMMIT = 8
PLACED = {EventKind.PROMOTED: "to", EventKind.PROMOTION_REFUSED: "to"}


def report(result: HistoryResult) -> Report:
    """For people."""
    where = f" in {result.environment}" if result.environment else ""
    if not result.events:
        return Report(f"History of {result.model}{where}", ("nothing happened yet",), next_step="mlops plan")
    rows = [(moment(event), _what(event), _who(event), event.why) for event in reversed(result.events)]
    made = table("", ("when (UTC)", "what", "by", "why"), rows)
    return Report(f"History of {result.model}{where}", tables=(made,))


def outputs(_: HistoryResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


def moment(event: Event) -> str:
    """When it was, as far as anybody wrote it down."""
    return f"{event.at:%Y-%m-%d %H:%M}" if event.at else "not known"


def _what(event: Event) -> str:
    """Such as `promoted chat:3 to production, commit 1a2b3c4d`."""
    about = event.model or event.run or ""
    place = f"{PLACED.get(event.kind, 'in')} {event.environment}" if event.environment else ""
    said = " ".join(part for part in (event.kind.value, about, place) if part)
    return f"{said}, commit {event.commit[:SHORT_COMMIT]}" if event.commit else said


def _who(event: Event) -> str:
    return AuditEntry(event.at, by(event.by), event.why, event.approved).who


def by(text: str) -> str:
    """Who did it: of the URL of a workflow run its number, which says enough in a column."""
    return f"run {text.rpartition('/')[2]}" if text.startswith("https://") else text
