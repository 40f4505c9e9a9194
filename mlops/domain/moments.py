"""Points in time as the services write them."""

from datetime import UTC, datetime


def parse_date(stated: object) -> datetime | None:
    """A date with or without time in the ISO form, in UTC; None for anything else, as for a field left out."""
    try:
        date = datetime.fromisoformat(str(stated).replace("Z", "+00:00"))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
