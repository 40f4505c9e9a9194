"""Points in time as the services and people write them: the one place that reads an ISO date."""

from datetime import UTC, date, datetime, time


def parse_date(stated: object, *, end_of_day: bool = False) -> datetime | None:
    """A date with or without time in the ISO form, in UTC; None for anything else, as for a field left out.

    A date alone is its first moment, or with `end_of_day` its last one.
    """
    text = str(stated).strip()
    try:
        return datetime.combine(date.fromisoformat(text), time.max if end_of_day else time.min, UTC)
    except ValueError:
        return _with_time(text)


def _with_time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # a moment of the year 1 or 9999 may be none in UTC
        return None
