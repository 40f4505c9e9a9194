"""Judges deployments without traffic: what failed, and what stood by for a rollback for longer than is kept.

Each costs as much as one that serves. Endpoints that go as a whole take their deployments along; those are not judged
here. It must not look anything up.

- How long a deployment has had 0 % is not told by the service. It is no longer than since it was made, nor since the
  newest deployment with traffic was made, nor since a promotion or rollback last moved the traffic, which a tag says:
  retention is counted from the latest of the three.
- A deployment at 0 % can still be asked by name, so it must be measured unused as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops.domain.cleanup.activity import Unknown
from mlops.domain.cleanup.idle_endpoints import EndpointUsage
from mlops.domain.cleanup.mark_then_delete import MarkThenDelete, Verdict
from mlops.domain.cleanup.marks import value_of
from mlops.domain.cleanup.plan import Because, Cause, Item, ItemState, Kind
from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import DeploymentFacts, age
from mlops.domain.tags import IDLE_DEPLOYMENT_PREFIX, ROLLBACK_TARGET_SINCE_TAG

UNUSED = timedelta(days=1)  # a request by name within this keeps, however short the retention
_INHERITED = (Because.NOT_OURS, Because.PROTECTED, Because.CHANGING)
_GOES = (ItemState.MARK, ItemState.DELETE)


@dataclass(frozen=True)
class Endpoint:
    """An endpoint with what was decided of it, who has traffic or mirrors it, and who was asked last and when."""

    usage: EndpointUsage
    item: Item
    traffic: Mapping[str, int]
    mirror: Mapping[str, int]
    used: Mapping[str, datetime] | Unknown


@dataclass(frozen=True)
class IdleDeploymentPolicy:
    """How long what stands by is kept, by environment and else for ever; what is too young to be judged; the grace."""

    retention: Mapping[str, timedelta]
    minimum_age: timedelta
    grace: timedelta

    def kept_for(self, usage: EndpointUsage) -> timedelta | None:
        """The retention of an endpoint's environment; None is for ever."""
        return self.retention.get(usage.environment or "")


def mark_tag(deployment: str) -> str:
    """Name of the tag that holds the mark of a deployment."""
    return f"{IDLE_DEPLOYMENT_PREFIX}{deployment}"


def candidates(usage: EndpointUsage, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> list[DeploymentFacts]:
    """The deployments that have no traffic of any kind."""
    busy = {name for shares in (traffic, mirror) for name, share in shares.items() if share > 0}
    return [one for one in usage.deployments if one.name not in busy]


def measured_from(usage: EndpointUsage, policy: IdleDeploymentPolicy, now: datetime) -> datetime:
    """Since when the use of its deployments must be known: through the retention, and back to a mark that counts."""
    marks = [_phases(usage, one, policy, now).mark for one in usage.deployments]
    return min(now - max(policy.kept_for(usage) or UNUSED, UNUSED), *(mark or now for mark in marks), now)


def judge(endpoints: Sequence[Endpoint], policy: IdleDeploymentPolicy, now: datetime) -> list[Item]:
    """Judge every deployment without traffic of endpoints that stay."""
    return [
        _item(endpoint, one, policy, now)
        for endpoint in endpoints
        if endpoint.item.state not in _GOES and endpoint.item.because is not Because.WAITING
        for one in candidates(endpoint.usage, endpoint.traffic, endpoint.mirror)
    ]


def _item(endpoint: Endpoint, one: DeploymentFacts, policy: IdleDeploymentPolicy, now: datetime) -> Item:
    phases = _phases(endpoint.usage, one, policy, now)
    state, because, reason = _verdict(endpoint, one, policy, phases)
    marked = {ItemState.MARK: now, ItemState.UNMARK: None}.get(state, phases.mark)
    cause = Cause.FAILED_DEPLOYMENTS if one.state.broken else Cause.IDLE_DEPLOYMENTS
    return Item(
        name=f"{endpoint.usage.name}/{one.name}",
        environment=endpoint.usage.environment,
        state=state,
        reason=reason,
        ours=endpoint.usage.ours,
        instances=one.instance_count,
        marked=marked,
        kind=Kind.DEPLOYMENT,
        because=because,
        cause=cause if state in _GOES else None,
        machines={one.instance_type: one.instance_count},
    )


def _verdict(endpoint: Endpoint, one: DeploymentFacts, policy: IdleDeploymentPolicy, phases: MarkThenDelete) -> Verdict:
    if endpoint.item.because in _INHERITED:
        return ItemState.KEEP, endpoint.item.because, f"as its endpoint: {endpoint.item.reason}"
    if not one.ours:
        return ItemState.KEEP, Because.NOT_OURS, "mlops did not make it: it has no ownership tag"
    if one.state.busy:
        return ItemState.KEEP, Because.CHANGING, f"it is {one.state}"
    if one.created is None:
        return ItemState.KEEP, Because.NO_DATA, "its age is not known"
    made = max(one.created, one.changed or one.created)
    if phases.now - made < policy.minimum_age:
        return phases.kept(Because.TOO_YOUNG, f"made or changed {age(made, phases.now)} ago")
    if one.state.broken:
        return phases.go(Because.FAILED, f"it is {one.state} and has no traffic", made)
    return _standing_by(endpoint, one, made, policy, phases)


def _standing_by(
    endpoint: Endpoint, one: DeploymentFacts, created: datetime, policy: IdleDeploymentPolicy, phases: MarkThenDelete
) -> Verdict:
    live = [other for other in endpoint.usage.deployments if endpoint.traffic.get(other.name, 0) > 0]
    if not live:
        return phases.kept(Because.NEEDED, "no deployment has traffic, so none stands by")
    if any(not other.state.healthy for other in live):
        return phases.kept(Because.NEEDED, "what has the traffic is not healthy, so this may be needed")
    dates = [other.created for other in live if other.created]
    moved = endpoint.usage.tags.get(ROLLBACK_TARGET_SINCE_TAG)
    dates += [when for when in (parse_date(moved),) if when] if moved else []
    if len(dates) < len(live) + bool(moved):
        return ItemState.KEEP, Because.NO_DATA, "since when it stands by is not known"
    since = max(created, *dates)
    retention = policy.kept_for(endpoint.usage)
    if retention is None or phases.now - since < retention:
        how_long = (
            f"for {retention / timedelta(hours=1):g} hours after a promotion" if retention is not None else "for ever"
        )
        return phases.kept(Because.NEEDED, f"stands by for a rollback; its environment keeps it {how_long}")
    if isinstance(endpoint.used, Unknown):
        return ItemState.KEEP, Because.NO_DATA, f"no data is not unused: {endpoint.used.why}"
    last = endpoint.used.get(one.name)
    if last and phases.now - last < max(retention, UNUSED):
        return phases.kept(Because.IN_USE, f"it was asked by name {age(last, phases.now)} ago")
    unused_since = max(since, last) if last else since
    return phases.go(Because.NO_TRAFFIC, f"no traffic since a promotion {age(since, phases.now)} ago", unused_since)


def _phases(usage: EndpointUsage, one: DeploymentFacts, policy: IdleDeploymentPolicy, now: datetime) -> MarkThenDelete:
    return MarkThenDelete(value_of(usage.tags, mark_tag(one.name).casefold()), now, policy.grace)
