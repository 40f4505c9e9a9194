"""The tags on an endpoint that cleanup writes or obeys. What follows from them is decided elsewhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from mlops.domain.moments import parse_date
from mlops.domain.tags import IDLE_SINCE_TAG, KEEP_UNTIL_TAG


def mark_value(now: datetime) -> str:
    """Value of IDLE_SINCE_TAG; whole seconds, UTC."""
    return now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_mark(tags: Mapping[str, str]) -> datetime | None:
    """Date of the mark; None when there is none or it cannot be read."""
    text = value_of(tags, IDLE_SINCE_TAG)
    return parse_date(text) if text is not None else None


def value_of(tags: Mapping[str, str], name: str) -> str | None:
    """Read a tag; Azure compares their names without case."""
    return next((value for key, value in sorted(tags.items()) if key.casefold() == name), None)


def asked_to_keep(tags: Mapping[str, str], now: datetime) -> str | None:
    """Why the tags of a thing keep it; a date that cannot be read and a name that may be a slip keep it too."""
    for name, value in sorted(tags.items()):
        if name.casefold() == KEEP_UNTIL_TAG:
            until = parse_date(value, end_of_day=True)
            if until is None:
                return f"tag {name} cannot be read as a date: {value!r}"
            if until >= now:
                return f"tag {name} says {value}"
        elif resembles_keep_until(name):
            return f"tag {name} resembles {KEEP_UNTIL_TAG}; spell it so, or remove it"
    return None


@lru_cache(maxsize=4096)  # the endpoints of a workspace have the same few names
def resembles_keep_until(name: str) -> bool:
    """Whether somebody who named a tag so may have meant KEEP_UNTIL_TAG; a slip must not lessen protection."""
    plain = "".join(letter for letter in name.casefold().removeprefix("mlops") if letter.isalpha())
    import difflib  # of a tag that is there and no known one

    match = difflib.SequenceMatcher(None, plain, "keepuntil")
    # The first two are never less than the last, and take a fraction of its time.
    return all(ratio() >= 0.75 for ratio in (match.real_quick_ratio, match.quick_ratio, match.ratio))
