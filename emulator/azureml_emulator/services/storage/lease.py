"""A lease on a blob or a container: its state at a moment, and what each action on it gives.

Times are ISO stamps of the emulator's clock. Source: Lease Blob and Lease Container of the Blob service REST API, their
tables of outcomes by state.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from azureml_emulator.core.clock import iso, parse
from azureml_emulator.core.errors import ServiceError

SHORTEST, LONGEST, INFINITE = 15, 60, -1  # seconds
MOST_BREAK_SECONDS = 60
MESSAGES = {
    "LeaseAlreadyPresent": "There is already a lease present.",
    "LeaseIsBreakingAndCannotBeAcquired": "There is already a breaking lease, and can't be acquired.",
    "LeaseIsBreakingAndCannotBeChanged": "The lease ID matched, but the lease is currently in breaking state and "
    "cannot be changed.",
    "LeaseIsBrokenAndCannotBeRenewed": "The lease ID matched, but the lease has been broken explicitly and cannot be "
    "renewed.",
    "LeaseNotPresentWithLeaseOperation": "There is currently no lease on the container or blob.",
    "LeaseIdMismatchWithLeaseOperation": "The lease ID specified did not match the lease ID for the container or blob.",
}
PRESENT, MISMATCH, ABSENT, BREAKING_ACQUIRE, BREAKING_CHANGE, BROKEN_RENEW = (
    "LeaseAlreadyPresent",
    "LeaseIdMismatchWithLeaseOperation",
    "LeaseNotPresentWithLeaseOperation",
    "LeaseIsBreakingAndCannotBeAcquired",
    "LeaseIsBreakingAndCannotBeChanged",
    "LeaseIsBrokenAndCannotBeRenewed",
)


class State(StrEnum):
    """As x-ms-lease-state says it."""

    AVAILABLE = "available"
    LEASED = "leased"
    EXPIRED = "expired"
    BREAKING = "breaking"
    BROKEN = "broken"


class Action(StrEnum):
    """As x-ms-lease-action says it."""

    ACQUIRE = "acquire"
    RENEW = "renew"
    CHANGE = "change"
    RELEASE = "release"
    BREAK = "break"


LOCKED = frozenset({State.LEASED, State.BREAKING})
# What refuses an action, by state: first where the lease named is the one that is held, then where it is another.
REFUSED: Mapping[Action, Mapping[State, tuple[str, str]]] = {
    Action.ACQUIRE: {State.LEASED: ("", PRESENT), State.BREAKING: (BREAKING_ACQUIRE, PRESENT)},
    Action.RENEW: {
        State.AVAILABLE: (MISMATCH, MISMATCH),
        State.LEASED: ("", MISMATCH),
        State.EXPIRED: ("", MISMATCH),
        State.BREAKING: (BROKEN_RENEW, MISMATCH),
        State.BROKEN: (BROKEN_RENEW, MISMATCH),
    },
    Action.CHANGE: {
        State.AVAILABLE: (ABSENT, ABSENT),
        State.LEASED: ("", MISMATCH),
        State.EXPIRED: (ABSENT, ABSENT),
        State.BREAKING: (BREAKING_CHANGE, MISMATCH),
        State.BROKEN: (ABSENT, ABSENT),
    },
    Action.RELEASE: {
        State.AVAILABLE: (MISMATCH, MISMATCH),
        **dict.fromkeys((State.LEASED, State.EXPIRED, State.BREAKING, State.BROKEN), ("", MISMATCH)),
    },
    Action.BREAK: {State.AVAILABLE: (ABSENT, ABSENT)},
}


@dataclass(frozen=True)
class Lease:
    """What is kept of a lease. Without an id there is none; `broken` is since when, or from when on, it is broken."""

    id: str = ""
    seconds: int = 0  # of a lease that is held, or was; INFINITE for one without an end
    expires: str = ""
    broken: str = ""

    def state(self, now: datetime) -> State:
        """Its state at a moment."""
        if not self.id:
            return State.AVAILABLE
        if self.broken:
            return State.BREAKING if now < parse(self.broken) else State.BROKEN
        return State.EXPIRED if self.expires and now >= parse(self.expires) else State.LEASED

    def shown(self, now: datetime) -> dict[str, str]:
        """Status, state and duration, as headers without their prefix `x-ms-lease-`."""
        state = self.state(now)
        duration = {"duration": "infinite" if self.seconds == INFINITE else "fixed"} if state is State.LEASED else {}
        return {"status": "locked" if state in LOCKED else "unlocked", "state": str(state), **duration}

    def seconds_left(self, now: datetime) -> int:
        """Until another can be acquired, after a break."""
        left = (parse(self.broken) - now).total_seconds() if self.broken else 0.0
        return max(0, round(left))

    def check_write(self, stated: str, now: datetime, what: str) -> None:
        """Raises a 412 where a write or a delete with this lease id, or with none, is refused. `what`: Blob, ..."""
        locked = self.state(now) in LOCKED
        if locked and not stated:
            text = f"There is currently a lease on the {what.lower()} and no lease ID was specified in the request."
            raise ServiceError(412, "LeaseIdMissing", text)
        if stated:
            self.check_read(stated, now, what)

    def check_read(self, stated: str, now: datetime, what: str) -> None:
        """Raises a 412 where a call names a lease that is not held."""
        if self.state(now) not in LOCKED:
            text = f"A lease ID was specified, but the lease for the {what.lower()} has expired."
            raise ServiceError(412, f"LeaseNotPresentWith{what}Operation", text)
        if guid(stated, "x-ms-lease-id") != self.id:
            text = f"The lease ID specified did not match the lease ID for the {what.lower()}."
            raise ServiceError(412, f"LeaseIdMismatchWith{what}Operation", text)

    def after_write(self, now: datetime) -> "Lease":
        """What a write leaves: a lease that has ended is forgotten, so that it cannot be renewed."""
        return self if self.state(now) in LOCKED else NONE


NONE = Lease()


@dataclass(frozen=True)
class Wanted:
    """An action as it is asked for; ids are GUIDs in their normal form, empty where none is stated."""

    action: Action
    id: str = ""
    proposed: str = ""
    seconds: int | None = None  # of acquire
    break_seconds: int | None = None


def asked(headers: Mapping[str, str]) -> Wanted:
    """The action that the headers of a request say. Raises a 400 that names the header."""
    try:
        action = Action(headers.get("x-ms-lease-action", "").lower())
    except ValueError:
        raise _bad_header("x-ms-lease-action") from None
    id = guid(headers.get("x-ms-lease-id", ""), "x-ms-lease-id")
    proposed = guid(headers.get("x-ms-proposed-lease-id", ""), "x-ms-proposed-lease-id")
    if action in (Action.RENEW, Action.CHANGE, Action.RELEASE) and not id:
        raise _missing_header("x-ms-lease-id")
    if action is Action.CHANGE and not proposed:
        raise _missing_header("x-ms-proposed-lease-id")
    seconds = _number(headers, "x-ms-lease-duration")
    if action is Action.ACQUIRE:
        if seconds is None:
            raise _missing_header("x-ms-lease-duration")
        if seconds != INFINITE and not SHORTEST <= seconds <= LONGEST:
            raise _bad_header("x-ms-lease-duration")
    pause = _number(headers, "x-ms-lease-break-period")
    if pause is not None and not 0 <= pause <= MOST_BREAK_SECONDS:
        raise _bad_header("x-ms-lease-break-period")
    return Wanted(action, id, proposed, seconds, pause)


def after(lease: Lease, wanted: Wanted, now: datetime) -> Lease:
    """The lease after an action. Raises a 409 in the words of the service."""
    state = lease.state(now)
    named = wanted.proposed if wanted.action is Action.ACQUIRE else wanted.id
    same = bool(lease.id) and (named == lease.id or (wanted.action is Action.CHANGE and wanted.proposed == lease.id))
    code = REFUSED[wanted.action].get(state, ("", ""))[0 if same else 1]
    if code:
        raise ServiceError(409, code, MESSAGES[code])
    if wanted.action is Action.ACQUIRE:
        assert wanted.seconds is not None, "asked for by `asked`"
        return _held(wanted.proposed or str(uuid.uuid4()), wanted.seconds, now)
    if wanted.action is Action.RENEW:
        return _held(lease.id, lease.seconds, now)
    if wanted.action is Action.CHANGE:
        return replace(lease, id=wanted.proposed)
    return NONE if wanted.action is Action.RELEASE else _breaking(lease, state, wanted.break_seconds, now)


def guid(text: str, header: str) -> str:
    """A GUID in any of its forms, as the service writes it; empty for none. Raises a 400."""
    try:
        return str(uuid.UUID(text.strip("()"))) if text else ""
    except ValueError:
        raise _bad_header(header) from None


def _held(id: str, seconds: int, now: datetime) -> Lease:
    return Lease(id, seconds, "" if seconds == INFINITE else iso(now + timedelta(seconds=seconds)))


def _breaking(lease: Lease, state: State, pause: int | None, now: datetime) -> Lease:
    """Broken at the end of the pause asked for, or of what is left of the lease, whichever is sooner."""
    if state in (State.EXPIRED, State.BROKEN):
        return replace(lease, broken=lease.broken or iso(now), expires="")
    ends = [parse(lease.broken or lease.expires)] if lease.broken or lease.expires else []
    if pause is not None:
        ends.append(now + timedelta(seconds=pause))
    return replace(lease, broken=iso(min(ends, default=now)), expires="")


def _number(headers: Mapping[str, str], name: str) -> int | None:
    try:
        return int(headers[name]) if name in headers else None
    except ValueError:
        raise _bad_header(name) from None


def _bad_header(name: str) -> ServiceError:
    text = f"The value for one of the HTTP headers is not in the correct format: {name}."
    return ServiceError(400, "InvalidHeaderValue", text)


def _missing_header(name: str) -> ServiceError:
    text = f"An HTTP header that's mandatory for this request is not specified: {name}."
    return ServiceError(400, "MissingRequiredHeader", text)
