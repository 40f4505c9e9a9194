"""The note on an endpoint of who changes it: a tag with a holder and an end.

It is for people, for cleanup's plan, and for a rollback that cannot reach the lock itself (`mlops.azure.blob_lock`): it
keeps nobody from acting.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mlops.domain.moments import parse_date
from mlops.domain.tags import LEASE_TAG
from mlops.errors import BadInput, Problem, Unfinished

FREE = "-"
_FORM = re.compile(r"(?P<holder>\S+) until (?P<until>\S+(?:Z|[+-]\d\d:\d\d))")


@dataclass(frozen=True)
class Lease:
    """Who changes an endpoint, until some moment of the service's time at the latest."""

    holder: str
    until: datetime

    def __str__(self) -> str:
        return f"{self.holder} until {self.until.astimezone(UTC).isoformat(timespec='seconds')}"


def granted(holder: str, now: datetime, lasting: timedelta) -> Lease:
    """A lease from now on. Spaces in the holder's name would not be read back."""
    return Lease("-".join(holder.split()), now + lasting)


class Stopped(Unfinished):
    """Somebody decided otherwise in the meantime: whether it goes on is theirs to say, and no run does by itself."""


class Unreadable(BadInput):
    """A tag that says something, but not who changes the endpoint and until when: cleanup leaves it alone."""


def read(tags: Mapping[str, str], name: str = "the endpoint") -> Lease | None:
    """The lease on an endpoint, over or not; None when it is free. Raises Unreadable for a tag of another form."""
    said = tags.get(LEASE_TAG, "").strip()
    if said in {"", FREE}:
        return None
    match = _FORM.fullmatch(said)
    until = parse_date(match["until"]) if match else None
    if match is None or until is None:
        raise Unreadable(
            Problem(
                f"the tag {LEASE_TAG} of {name} says {said!r:.200}, which is no lease",
                why="it may be that somebody is changing the endpoint; nobody can tell who, or until when",
                fix=f"when you know that nobody is, set the tag to {FREE}",
            )
        )
    return Lease(match["holder"], until)


def of_another(tags: Mapping[str, str], holder: str, now: datetime, name: str = "the endpoint") -> Lease | None:
    """The lease that keeps `holder` from acting, if there is one and it is not over. Raises Unreadable."""
    found = read(tags, name)
    return found if found and found.holder != holder and found.until > now else None


def is_held(tags: Mapping[str, str], holder: str) -> bool:
    """Whether the note names `holder`."""
    try:
        found = read(tags)
    except Unreadable:
        return False
    return found is not None and found.holder == holder
