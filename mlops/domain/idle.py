"""Decides which endpoints are forgotten: marked first, deleted on a later run, kept whenever anything is not known.

Pure: usage in, plan out. It must not look anything up, read a clock or delete anything.

What was decided where the rule leaves a choice:
- An endpoint must be older than `idle_days` as well as `minimum_age_hours`; what did not exist cannot be measured idle.
- A mark is removed when there is traffic, when somebody asks to keep the endpoint, and when it was deployed to; a gap
  in the metrics leaves it. Protected and foreign endpoints are not touched at all, not even their mark.
- A mark older than the last request or deployment, or than the grace period plus MARK_LASTS, is from another time. The
  endpoint is marked anew, so nobody loses one without a grace period to object in.
- The share cap is rounded down, but allows one deletion wherever it is not 0: of two endpoints at 0.5 one may go, of
  three one, of one one. Beyond a cap nothing at all is deleted; marks are still set and removed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mlops.domain.endpoint import DeploymentFacts, EndpointState, age
from mlops.domain.marks import (
    KEEP_UNTIL_TAG,
    MARK_TAG,
    mark_value,
    moment,
    read_mark,
    resembles_keep_until,
    value_of,
)

__all__ = [
    "KEEP_UNTIL_TAG",
    "MARK_TAG",
    "Activity",
    "EndpointUsage",
    "Item",
    "ItemState",
    "Known",
    "Plan",
    "Policy",
    "Unknown",
    "decide",
    "mark_value",
]

INGESTION_LAG = timedelta(hours=2)  # metrics arrive late, so a window may end this long ago
MARK_LASTS = timedelta(days=30)
_HOURS_A_DAY = 24
_AT_REST = frozenset({EndpointState.SUCCEEDED, EndpointState.FAILED, EndpointState.CANCELED})


class ItemState(StrEnum):
    """What is to be done with an endpoint; refused is a deletion that a cap held back."""

    KEEP = "keep"
    MARK = "mark"
    UNMARK = "unmark"
    DELETE = "delete"
    REFUSED = "refused"


@dataclass(frozen=True)
class Known:
    """Measured use: requests in a window, and how many grains the service answered for, zeros and gaps alike."""

    last_request: datetime | None
    requests: float
    window_start: datetime
    window_end: datetime
    points: int


@dataclass(frozen=True)
class Unknown:
    """There is no measurement."""

    why: str


Activity = Known | Unknown


@dataclass(frozen=True)
class EndpointUsage:
    """One endpoint as it was observed.

    `environment` is its name in the parameters, where it is one of them; `state` is the service's word, known or not;
    `modified` is when it was made or last deployed to, and not when it was tagged, since the mark is a tag itself.
    """

    name: str
    environment: str | None
    ours: bool
    state: str
    created: datetime | None
    modified: datetime | None
    protected: bool
    tags: Mapping[str, str]
    instances: int
    deployments: tuple[DeploymentFacts, ...]
    activity: Activity


@dataclass(frozen=True)
class Policy:
    """When an endpoint counts as forgotten; the `cleanup` block of the parameters."""

    idle_days: float
    grace_hours: float
    minimum_age_hours: float
    max_deletions: int
    max_share: float

    @property
    def idle(self) -> timedelta:
        """No request for so long is idle."""
        return timedelta(days=self.idle_days)

    @property
    def grace(self) -> timedelta:
        """From the mark to the deletion."""
        return timedelta(hours=self.grace_hours)

    @property
    def minimum_age(self) -> timedelta:
        """Younger ones are left alone."""
        return timedelta(hours=self.minimum_age_hours)


@dataclass(frozen=True)
class Item:
    """What becomes of one endpoint and why; `marked` is the date of the mark once the plan is applied."""

    name: str
    environment: str | None
    state: ItemState
    reason: str
    ours: bool
    instances: int
    marked: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """Every endpoint, by name, with the refusal when a cap held the deletions back."""

    items: tuple[Item, ...]
    refusal: str | None = None

    def of(self, state: ItemState) -> tuple[Item, ...]:
        """List the items in a state."""
        return tuple(item for item in self.items if item.state is state)

    @property
    def saved_a_day(self) -> int:
        """Instance-hours a day that end with the deletions."""
        return _HOURS_A_DAY * sum(item.instances for item in self.of(ItemState.DELETE))

    @property
    def instance_hours_a_day(self) -> int:
        """Instance-hours a day that our endpoints go on using."""
        return _HOURS_A_DAY * sum(item.instances for item in self.items if item.ours) - self.saved_a_day


def decide(endpoints: Sequence[EndpointUsage], policy: Policy, now: datetime) -> Plan:
    """Judge each endpoint by the first rule that has an answer, then hold the deletions against the caps."""
    items = [_judge(_Case(usage, policy, now)) for usage in endpoints]
    items.sort(key=lambda item: (item.name, item.environment or "", item.state, item.reason, item.instances))
    refusal = _refusal(items, policy)
    if refusal:
        items = [
            replace(item, state=ItemState.REFUSED, reason=f"{item.reason}; held back: {refusal}")
            if item.state is ItemState.DELETE
            else item
            for item in items
        ]
    return Plan(tuple(items), refusal)


@dataclass(frozen=True)
class _Case:
    usage: EndpointUsage
    policy: Policy
    now: datetime

    @property
    def mark_text(self) -> str | None:
        return value_of(self.usage.tags, MARK_TAG)

    def kept(self, reason: str) -> "_Verdict":
        """Keep, and take back the mark of what is not forgotten."""
        if self.mark_text is None:
            return ItemState.KEEP, reason
        return ItemState.UNMARK, f"{reason}; its mark is removed"


_Verdict = tuple[ItemState, str]
_Rule = Callable[[_Case], _Verdict | None]


def _judge(case: _Case) -> Item:
    usage = case.usage
    state, reason = next(verdict for rule in _RULES if (verdict := rule(case)))
    marked = {ItemState.MARK: case.now, ItemState.UNMARK: None}.get(state, read_mark(usage.tags))
    return Item(usage.name, usage.environment, state, reason, usage.ours, usage.instances, marked)


def _foreign(case: _Case) -> _Verdict | None:
    return None if case.usage.ours else (ItemState.KEEP, "not ours: it has no ownership tag of this repository")


def _protected(case: _Case) -> _Verdict | None:
    return (ItemState.KEEP, "protected by its environment") if case.usage.protected else None


def _asked_for(case: _Case) -> _Verdict | None:
    for name, value in sorted(case.usage.tags.items()):
        if name.casefold() == KEEP_UNTIL_TAG:
            until = moment(value, end_of_day=True)
            if until is None:
                return case.kept(f"tag {name} cannot be read as a date: {value!r}")
            if until >= case.now:
                return case.kept(f"tag {name} says {value}")
        elif resembles_keep_until(name):
            return case.kept(f"tag {name} resembles {KEEP_UNTIL_TAG}; spell it so, or remove it")
    return None


def _changing(case: _Case) -> _Verdict | None:
    if case.usage.state not in _AT_REST:
        return ItemState.KEEP, f"it is {case.usage.state}"
    busy = next((one for one in case.usage.deployments if one.state.busy), None)
    return (ItemState.KEEP, f"its deployment {busy.name} is {busy.state}") if busy else None


def _young(case: _Case) -> _Verdict | None:
    usage, now = case.usage, case.now
    deployed = [one.created for one in usage.deployments]
    if usage.created is None or usage.modified is None or None in deployed:
        return ItemState.KEEP, "its age is not known"
    least = max(case.policy.minimum_age, case.policy.idle)
    if now - usage.created < least:
        return case.kept(f"made {age(usage.created, now)} ago; {_span(least)} is the least age")
    last = _last_deployed(usage)
    if now - last < case.policy.minimum_age:
        return case.kept(f"deployed to {age(last, now)} ago; {_span(case.policy.minimum_age)} is the least age")
    return None


def _unmeasured(case: _Case) -> _Verdict | None:
    use = case.usage.activity
    if isinstance(use, Unknown):
        return ItemState.KEEP, f"no data is not idle: {use.why}"
    if use.points < 1:
        return ItemState.KEEP, "no data is not idle: there are no points"
    if not math.isfinite(use.requests) or use.requests < 0:
        return ItemState.KEEP, f"no data is not idle: {use.requests} is no count of requests"
    if use.window_start > case.now - case.policy.idle or use.window_end < case.now - INGESTION_LAG:
        window = f"{use.window_start:%Y-%m-%d %H:%M} to {use.window_end:%Y-%m-%d %H:%M}"
        return ItemState.KEEP, f"no data is not idle: it was measured from {window} only"
    return None


def _used(case: _Case) -> _Verdict | None:
    use = _known(case)
    if use.last_request is None:
        return case.kept(f"in use: {use.requests:g} requests at an unknown time") if use.requests > 0 else None
    if case.now - use.last_request < case.policy.idle:
        return case.kept(f"in use: the last request was {age(use.last_request, case.now)} ago")
    return None


def _unmarked(case: _Case) -> _Verdict | None:
    """Mark what is idle and has no mark that counts."""
    idle, mark, text = _idle(case), read_mark(case.usage.tags), case.mark_text
    if text is None:
        return ItemState.MARK, idle
    if mark is None:
        return ItemState.MARK, f"{idle}; marked anew, its mark cannot be read: {text!r}"
    if mark > case.now:
        return ItemState.MARK, f"{idle}; marked anew, its mark lies in the future: {text}"
    if case.now - mark >= case.policy.grace + MARK_LASTS:
        return ItemState.MARK, f"{idle}; marked anew, its mark is of {text}"
    last = _known(case).last_request
    if (last and last > mark) or _last_deployed(case.usage) > mark:
        return ItemState.MARK, f"{idle}; marked anew, there was a request or a deployment since {text}"
    return None


def _marked(case: _Case) -> _Verdict:
    """Let the mark stand for the grace period, then delete."""
    mark = read_mark(case.usage.tags)
    assert mark is not None
    until = mark + case.policy.grace
    said = f"{_idle(case)}; marked {age(mark, case.now)} ago"
    return (
        (ItemState.KEEP, f"{said}, waits until {mark_value(until)}") if case.now < until else (ItemState.DELETE, said)
    )


# The first rule with an answer decides; the last one always has one.
_RULES: tuple[_Rule, ...] = (
    _foreign,
    _protected,
    _asked_for,
    _changing,
    _young,
    _unmeasured,
    _used,
    _unmarked,
    _marked,
)


def _known(case: _Case) -> Known:
    assert isinstance(case.usage.activity, Known), "the rule before this one stops at what is not known"
    return case.usage.activity


def _idle(case: _Case) -> str:
    return f"no request for {_span(case.policy.idle)} or more"


def _last_deployed(usage: EndpointUsage) -> datetime:
    times = [usage.created, usage.modified, *(one.created for one in usage.deployments)]
    return max(time for time in times if time)


def _refusal(items: Sequence[Item], policy: Policy) -> str | None:
    ours = sum(item.ours for item in items)
    deletions = sum(item.state is ItemState.DELETE for item in items)
    share = math.floor(round(policy.max_share * ours, 6))
    by_share = max(1, share) if policy.max_share > 0 else 0
    if deletions > policy.max_deletions:
        return f"{deletions} deletions are planned and max_deletions is {policy.max_deletions}"
    if deletions > by_share:
        return f"{deletions} of our {ours} are to be deleted and max_share {policy.max_share:g} allows {by_share}"
    return None


def _span(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
