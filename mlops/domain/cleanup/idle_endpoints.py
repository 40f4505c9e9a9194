"""Decides which endpoints are forgotten: marked first, deleted on a later run, kept whenever anything is not known.

Pure: usage in, plan out. It must not look anything up, read a clock or delete anything.

What was decided where the rule leaves a choice:
- An endpoint must be older than `idle_days` as well as `minimum_age_hours`; what did not exist cannot be measured idle.
- A mark is removed when there is traffic, when somebody asks to keep the endpoint, and when it was deployed to; a gap
  in the metrics leaves it. Protected, frozen and foreign endpoints are not touched at all, not even their mark.
- A mark older than the last request or deployment, or than the grace period plus MARK_LASTS, is from another time. The
  endpoint is marked anew, so nobody loses one without a grace period to object in.
- An endpoint without deployments cannot be used, so nothing has to be measured of it. One whose models are all gone
  cannot be made again as it is; it counts as idle sooner, but must be measured idle like any other.
- The window must reach back to a mark that counts: traffic since then clears it, however long ago the mark is.
- The share cap is rounded down, but allows one deletion wherever it is not 0: of two endpoints at 0.5 one may go, of
  three one, of one one. Beyond a cap nothing at all is deleted; marks are still set and removed.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops.domain.cleanup.activity import Activity, Known, Unknown
from mlops.domain.cleanup.marks import asked_to_keep, mark_value, read_mark, value_of
from mlops.domain.cleanup.plan import Because, Cause, Item, ItemState, Kind, Plan
from mlops.domain.promote import audit, lease
from mlops.domain.promote.endpoint import DeploymentFacts, EndpointState, age
from mlops.domain.tags import IDLE_SINCE_TAG, KEEP_UNTIL_TAG

__all__ = [
    "IDLE_SINCE_TAG",
    "KEEP_UNTIL_TAG",
    "Activity",
    "EndpointUsage",
    "IdleEndpointPolicy",
    "Item",
    "ItemState",
    "Known",
    "Plan",
    "Unknown",
    "judge",
    "mark_value",
    "measured_from",
]

INGESTION_LAG = timedelta(hours=2)  # metrics arrive late, so a window may end this long ago
MARK_LASTS = timedelta(days=30)
ORPHAN_IDLE = timedelta(days=1)  # idle sooner, but never before its minimum age
AT_REST = frozenset({EndpointState.SUCCEEDED, EndpointState.FAILED, EndpointState.CANCELED})


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
    protected_by: str = "its environment"
    unread: str = ""  # why its deployments could not be read
    gone_models: tuple[str, ...] = ()  # models of its deployments that the workspace no longer has

    @property
    def orphaned(self) -> bool:
        """None of its deployments could be made again."""
        return bool(self.deployments) and all(one.model in self.gone_models for one in self.deployments)


@dataclass(frozen=True)
class IdleEndpointPolicy:
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


def judge(endpoints: Sequence[EndpointUsage], policy: IdleEndpointPolicy, now: datetime) -> list[Item]:
    """Judge each endpoint by the first rule that has an answer."""
    return [_judge(_Case(usage, policy, now)) for usage in endpoints]


def measured_from(usage: EndpointUsage, policy: IdleEndpointPolicy, now: datetime) -> datetime:
    """Since when its use must be known: as long as counts as idle, and back to a mark that counts."""
    case = _Case(usage, policy, now)
    return min(now - case.idle, case.mark or now)


@dataclass(frozen=True)
class _Case:
    usage: EndpointUsage
    policy: IdleEndpointPolicy
    now: datetime

    @property
    def mark_text(self) -> str | None:
        return value_of(self.usage.tags, IDLE_SINCE_TAG)

    @property
    def mark(self) -> datetime | None:
        """The mark, if it counts: it can be read, is of the past and not of another time."""
        mark = read_mark(self.usage.tags)
        counts = mark and mark <= self.now and self.now - mark < self.policy.grace + MARK_LASTS
        return mark if counts else None

    @property
    def cause(self) -> Cause:
        if not self.usage.deployments:
            return Cause.EMPTY_ENDPOINTS
        return Cause.ORPHANED_ENDPOINTS if self.usage.orphaned else Cause.IDLE_ENDPOINTS

    @property
    def idle(self) -> timedelta:
        """No request for so long is idle; sooner where the model is gone."""
        soon = max(self.policy.minimum_age, ORPHAN_IDLE)
        return min(self.policy.idle, soon) if self.usage.orphaned else self.policy.idle

    def kept(self, because: Because, reason: str) -> "_Verdict":
        """Keep, and take back the mark of what is not forgotten."""
        if self.mark_text is None:
            return ItemState.KEEP, because, reason
        return ItemState.UNMARK, because, f"{reason}; its mark is removed"


_Verdict = tuple[ItemState, Because, str]
_Rule = Callable[[_Case], _Verdict | None]
_BECAUSE = {
    Cause.IDLE_ENDPOINTS: Because.IDLE,
    Cause.EMPTY_ENDPOINTS: Because.EMPTY,
    Cause.ORPHANED_ENDPOINTS: Because.ORPHANED,
}


def _judge(case: _Case) -> Item:
    usage = case.usage
    state, because, reason = next(verdict for rule in _RULES if (verdict := rule(case)))
    marked = {ItemState.MARK: case.now, ItemState.UNMARK: None}.get(state, read_mark(usage.tags))
    machines: Counter[str] = Counter()
    for one in usage.deployments:
        machines[one.instance_type] += one.instance_count
    return Item(
        name=usage.name,
        environment=usage.environment,
        state=state,
        reason=reason,
        ours=usage.ours,
        instances=usage.instances,
        marked=marked,
        kind=Kind.ENDPOINT,
        because=because,
        cause=case.cause if state in (ItemState.MARK, ItemState.DELETE) else None,
        machines=machines,
    )


def _foreign(case: _Case) -> _Verdict | None:
    said = "not ours: it has no ownership tag of this repository"
    return None if case.usage.ours else (ItemState.KEEP, Because.NOT_OURS, said)


def _protected(case: _Case) -> _Verdict | None:
    said = f"protected by {case.usage.protected_by}"
    return (ItemState.KEEP, Because.PROTECTED, said) if case.usage.protected else None


def _frozen(case: _Case) -> _Verdict | None:
    entry = audit.frozen(case.usage.tags)
    return (ItemState.KEEP, Because.PROTECTED, f"frozen {entry}") if entry else None


def _asked_for(case: _Case) -> _Verdict | None:
    asked = asked_to_keep(case.usage.tags, case.now)
    return case.kept(Because.PROTECTED, asked) if asked else None


def _unread(case: _Case) -> _Verdict | None:
    why = case.usage.unread
    return (ItemState.KEEP, Because.NO_DATA, f"its deployments could not be read: {why}") if why else None


def _changing(case: _Case) -> _Verdict | None:
    if case.usage.state not in AT_REST:
        return ItemState.KEEP, Because.CHANGING, f"it is {case.usage.state}"
    try:
        held = lease.of_another(case.usage.tags, "", case.now, case.usage.name)
    except lease.Unreadable as error:
        return ItemState.KEEP, Because.NO_DATA, f"{error.problems[0].what}; {error.problems[0].fix}"
    if held:
        return ItemState.KEEP, Because.CHANGING, f"{held.holder} may change it until {mark_value(held.until)}"
    busy = next((one for one in case.usage.deployments if one.state.busy), None)
    return (ItemState.KEEP, Because.CHANGING, f"its deployment {busy.name} is {busy.state}") if busy else None


def _young(case: _Case) -> _Verdict | None:
    usage, now = case.usage, case.now
    deployed = [one.created for one in usage.deployments]
    if usage.created is None or usage.modified is None or None in deployed:
        return ItemState.KEEP, Because.NO_DATA, "its age is not known"
    empty = case.cause is Cause.EMPTY_ENDPOINTS  # nothing has to be measured of it, so it need not be as old
    least = case.policy.minimum_age if empty else max(case.policy.minimum_age, case.idle)
    if now - usage.created < least:
        said = f"made {age(usage.created, now)} ago; {_span(least)} is the least age"
        return case.kept(Because.TOO_YOUNG, said)
    last = _last_deployed(usage)
    if now - last < case.policy.minimum_age:
        said = f"deployed to {age(last, now)} ago; {_span(case.policy.minimum_age)} is the least age"
        return case.kept(Because.TOO_YOUNG, said)
    return None


def _unmeasured(case: _Case) -> _Verdict | None:
    if case.cause is Cause.EMPTY_ENDPOINTS:
        return None  # it cannot serve anybody
    why = _unknown(case)
    return (ItemState.KEEP, Because.NO_DATA, f"no data is not idle: {why}") if why else None


def _unknown(case: _Case) -> str | None:
    use = case.usage.activity
    if isinstance(use, Unknown):
        return use.why
    if use.points < 1:
        return "there are no points"
    if not math.isfinite(use.requests) or use.requests < 0:
        return f"{use.requests} is no count of requests"
    needed = measured_from(case.usage, case.policy, case.now)
    if use.window_start > needed or use.window_end < case.now - INGESTION_LAG:
        window = f"{use.window_start:%Y-%m-%d %H:%M} to {use.window_end:%Y-%m-%d %H:%M}"
        since = ", and not since its mark" if use.window_start <= case.now - case.idle else ""
        return f"it was measured from {window} only{since}"
    return None


def _used(case: _Case) -> _Verdict | None:
    use = case.usage.activity
    if isinstance(use, Unknown):
        return None
    if use.last_request is None:
        said = "in use: there were requests at an unknown time"
        return case.kept(Because.IN_USE, said) if use.requests else None
    if case.now - use.last_request < case.idle:
        return case.kept(Because.IN_USE, f"in use: the last request was {age(use.last_request, case.now)} ago")
    return None


def _unmarked(case: _Case) -> _Verdict | None:
    """Mark what is idle and has no mark that counts."""
    idle, mark, text, because = _idle(case), read_mark(case.usage.tags), case.mark_text, _BECAUSE[case.cause]
    if text is None:
        return ItemState.MARK, because, idle
    if mark is None:
        return ItemState.MARK, because, f"{idle}; marked anew, its mark cannot be read: {text!r}"
    if mark > case.now:
        return ItemState.MARK, because, f"{idle}; marked anew, its mark lies in the future: {text}"
    if case.mark is None:
        return ItemState.MARK, because, f"{idle}; marked anew, its mark is of {text}"
    use = case.usage.activity
    last = use.last_request if isinstance(use, Known) else None
    if (last and last > mark) or _last_deployed(case.usage) > mark:
        return ItemState.MARK, because, f"{idle}; marked anew, there was a request or a deployment since {text}"
    return None


def _marked(case: _Case) -> _Verdict:
    """Let the mark stand for the grace period, then delete."""
    mark = case.mark
    assert mark is not None
    until = mark + case.policy.grace
    said = f"{_idle(case)}; marked {age(mark, case.now)} ago"
    if case.now < until:
        return ItemState.KEEP, Because.WAITING, f"{said}, waits until {mark_value(until)}"
    return ItemState.DELETE, _BECAUSE[case.cause], said


# The first rule with an answer decides; the last one always has one.
_RULES: tuple[_Rule, ...] = (
    _foreign,
    _protected,
    _frozen,
    _asked_for,
    _unread,
    _changing,
    _young,
    _unmeasured,
    _used,
    _unmarked,
    _marked,
)


def _idle(case: _Case) -> str:
    if case.cause is Cause.EMPTY_ENDPOINTS:
        return "it has no deployment"
    said = f"no request for {_span(case.idle)} or more"
    return f"{said}, and its model is gone ({', '.join(case.usage.gone_models)})" if case.usage.orphaned else said


def _last_deployed(usage: EndpointUsage) -> datetime:
    times = [usage.created, usage.modified]
    times += [when for one in usage.deployments for when in (one.created, one.changed)]
    return max(time for time in times if time)


def _span(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
