"""Over random fleets: the protected, foreign, unknown, young, used or unmarked is never deleted."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.domain.cleanup import cost_report
from mlops.domain.cleanup.idle_endpoints import (
    Activity,
    EndpointUsage,
    IdleEndpointPolicy,
    Item,
    ItemState,
    Known,
    Plan,
    Unknown,
    mark_value,
)
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState
from mlops.domain.tags import IDLE_SINCE_TAG, KEEP_UNTIL_TAG
from tests.cleanup_decision import decide

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
REST = ("Succeeded", "Failed", "Canceled")
T = TypeVar("T")


class Draw:
    """Random facts from a seed; much faster to draw than from nested strategies, and a fleet still shrinks."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def ago(self, low: float, high: float) -> datetime:
        """A moment between so many hours ago."""
        return NOW - timedelta(hours=self.chance.uniform(low, high))

    def often(self, usual: T, *others: T) -> T:
        """Mostly what does not stand in the way of a deletion, so that deletions happen."""
        return self.chance.choice(others) if others and self.chance.random() < 0.08 else usual

    def tags(self) -> dict[str, str]:
        past = (self.ago(20, 70), self.ago(20, 70), self.ago(-5, 30), self.ago(700, 900))
        mark = self.chance.choice([*(mark_value(each) for each in past), "soon", None])
        hold = self.chance.choice(["2026-04-02", "2026-03-30", "next week", ""])
        name = self.often(None, KEEP_UNTIL_TAG, "Keep-Until", "keep_untill", "mlops-keep-until")
        return {"team": "chat", **({IDLE_SINCE_TAG: mark} if mark else {}), **({name: hold} if name else {})}

    def activity(self) -> Activity:
        last, start = self.often(None, self.ago(-2, 200)), self.often(96.0, self.chance.uniform(1, 300))
        requests = self.often(0.0, 1.0, 500.0, math.nan, math.inf, -1.0)
        end = self.often(0.0, self.chance.uniform(-1, 30))
        hours = (NOW - timedelta(hours=start), NOW - timedelta(hours=end))
        known = Known(last, requests, *hours, self.often(96, 0, 1))
        return Unknown("503") if self.often(False, True) else known

    def deployment(self) -> DeploymentFacts:
        state = self.often(DeploymentState.SUCCEEDED, *DeploymentState)
        created = self.often(NOW - timedelta(days=50), None, self.ago(-2, 60))
        changed = self.often(None, self.ago(-2, 60))
        count = self.chance.randint(1, 3)
        return DeploymentFacts("model-1", state, "chat:1", "Standard_A", count, created, changed=changed)

    def usage(self, name: str) -> EndpointUsage:
        created = self.often(NOW - timedelta(days=60), None, self.ago(-2, 120))
        return EndpointUsage(
            name=name,
            environment=self.chance.choice([None, "staging", "production"]),
            ours=self.often(True, False),
            state=self.often("Succeeded", *REST, "Creating", "Updating", "Deleting", "Suspended"),
            created=created,
            modified=self.often(created, None, self.ago(-2, 60)),
            protected=self.often(False, True),
            tags=self.tags(),
            instances=self.chance.randint(0, 4),
            deployments=tuple(self.deployment() for _ in range(self.chance.randint(0, 2))),
            activity=self.activity(),
            gone_models=self.often((), ("chat:1",)),
        )


fleets = st.builds(
    lambda size, seed: [Draw(seed + number).usage(f"endpoint-{number}") for number in range(size)],
    st.integers(0, 8),
    st.integers(0, 2**32),
)
# All of them, so that one is drawn and not five parts: to draw takes longer than to decide.
policies = st.sampled_from(
    [
        IdleEndpointPolicy(*parts)
        for parts in product([0.5, 3.0, 4.0], [0.0, 20.0], [0.0, 24.0, 100.0], range(1, 7), [0.0, 0.1, 0.5, 1.0])
    ]
)


def to_be_deleted(plan: Plan) -> set[str]:
    return {item.name for item in plan.items if item.state in (ItemState.DELETE, ItemState.REFUSED)}


def stands_in_the_way(usage: EndpointUsage, policy: IdleEndpointPolicy) -> str | None:
    """The rules once more, as a list of vetoes in no order."""
    idle, use = timedelta(days=policy.idle_days), usage.activity
    if usage.deployments and usage.gone_models:  # nobody can deploy that model again
        idle = min(idle, timedelta(hours=max(24, policy.minimum_age_hours)))
    times = [usage.created, usage.modified, *(one.created for one in usage.deployments)]
    dates = [time for time in [*times, *(one.changed for one in usage.deployments)] if time]
    mark = usage.tags.get(IDLE_SINCE_TAG, "soon")
    vetoes = {
        "foreign": not usage.ours,
        "protected": usage.protected,
        "asked for": any("keep" in tag.casefold() and tag.casefold() != KEEP_UNTIL_TAG for tag in usage.tags)
        or any(tag.casefold() == KEEP_UNTIL_TAG and text != "2026-03-30" for tag, text in usage.tags.items()),
        "changing": usage.state not in REST or any(one.state.value not in REST for one in usage.deployments),
        "unknown age": None in times,
        "young": any(NOW - time < timedelta(hours=policy.minimum_age_hours) for time in dates),
        "younger than idle": bool(usage.deployments) and usage.created is not None and NOW - usage.created < idle,
        "not marked": mark == "soon",
    }
    if isinstance(use, Known):
        used = use.last_request is not None and NOW - use.last_request < idle
        vetoes["used"] = used or (use.last_request is None and use.requests != 0)
        vetoes["no data"] = bool(usage.deployments) and (use.points < 1 or not 0 <= use.requests < math.inf)
        begin = NOW - idle if mark == "soon" else min(NOW - idle, datetime.fromisoformat(mark))
        short = use.window_start > begin or use.window_end < NOW - timedelta(hours=2)
        vetoes["no window"] = bool(usage.deployments) and short
    else:
        vetoes["unknown"] = bool(usage.deployments)
    if mark != "soon":
        marked = datetime.fromisoformat(mark)
        vetoes["grace"] = NOW - marked < timedelta(hours=policy.grace_hours)
        vetoes["mark of the future"] = marked > NOW
        vetoes["mark of another time"] = NOW - marked >= timedelta(days=30, hours=policy.grace_hours)
        vetoes["deployed since"] = any(time > marked for time in dates)
        vetoes["used since"] = isinstance(use, Known) and use.last_request is not None and use.last_request > marked
    return next((name for name, says in vetoes.items() if says), None)


@settings(max_examples=400, deadline=None)
@given(fleets, policies)
def test_what_goes_is_exactly_what_nothing_speaks_for(
    fleet: Sequence[EndpointUsage], policy: IdleEndpointPolicy
) -> None:
    plan = decide(fleet, policy, NOW)
    free = {usage.name for usage in fleet if stands_in_the_way(usage, policy) is None}
    assert {item.name for item in plan.items if item.state in (ItemState.DELETE, ItemState.REFUSED)} == free


@settings(max_examples=300, deadline=None)
@given(fleets, policies)
def test_deletions_stay_within_the_caps_and_marks_are_set_all_the_same(
    fleet: Sequence[EndpointUsage], policy: IdleEndpointPolicy
) -> None:
    plan = decide(fleet, policy, NOW)
    deletions, ours = len(plan.of(ItemState.DELETE)), sum(usage.ours for usage in fleet)
    assert deletions <= policy.max_deletions
    assert deletions <= policy.max_share * ours or (deletions == 1 and policy.max_share > 0)
    assert bool(plan.refusal) == bool(plan.of(ItemState.REFUSED))
    assert not (plan.refusal and deletions)
    unlimited = decide(fleet, replace(policy, max_deletions=99, max_share=1.0), NOW)
    assert plan.of(ItemState.MARK) == unlimited.of(ItemState.MARK)
    assert to_be_deleted(plan) == to_be_deleted(unlimited)


@settings(max_examples=200, deadline=None)
@given(st.data(), fleets, policies)
def test_the_order_of_the_listing_does_not_matter(
    data: st.DataObject, fleet: Sequence[EndpointUsage], policy: IdleEndpointPolicy
) -> None:
    assert decide(data.draw(st.permutations(fleet)), policy, NOW) == decide(fleet, policy, NOW)


@settings(max_examples=200, deadline=None)
@given(fleets, policies)
def test_every_endpoint_is_listed_once_with_a_reason(
    fleet: Sequence[EndpointUsage], policy: IdleEndpointPolicy
) -> None:
    plan = decide(fleet, policy, NOW)
    assert [item.name for item in plan.items] == sorted(usage.name for usage in fleet)
    assert all(item.reason for item in plan.items)
    ours = sum(one.instance_count for usage in fleet if usage.ours for one in usage.deployments)
    found = cost_report.cost_report(plan.items, cost_report.planned, {"standard_a": 2.0})
    assert found.saved + found.running == 24 * ours
    assert 0 <= found.idle <= found.running
    assert (found.money.saved if found.money else 0) == 2 * found.saved


def applied(fleet: Sequence[EndpointUsage], plan: Plan) -> list[EndpointUsage]:
    """The fleet after the plan was carried out."""
    items: dict[str, Item] = {item.name: item for item in plan.items}
    left = []
    for usage in fleet:
        item, tags = items[usage.name], dict(usage.tags)
        if item.state is ItemState.DELETE:
            continue
        if item.state is ItemState.MARK:
            tags[IDLE_SINCE_TAG] = mark_value(NOW)
        if item.state is ItemState.UNMARK:
            del tags[IDLE_SINCE_TAG]
        left.append(replace(usage, tags=tags))
    return left


@settings(max_examples=300, deadline=None)
@given(fleets, policies.map(lambda policy: replace(policy, grace_hours=20.0)))
def test_applying_twice_is_applying_once(fleet: Sequence[EndpointUsage], policy: IdleEndpointPolicy) -> None:
    first = decide(fleet, policy, NOW)
    again = decide(applied(fleet, first), policy, NOW)
    touched = (ItemState.MARK, ItemState.UNMARK)
    assert not [item for item in again.items if item.state in touched]
    if not first.refusal:
        assert not again.of(ItemState.DELETE)


@settings(max_examples=300, deadline=None)
@given(fleets, policies)
def test_a_first_sight_is_never_a_deletion(fleet: Sequence[EndpointUsage], policy: IdleEndpointPolicy) -> None:
    unmarked = [replace(usage, tags={k: v for k, v in usage.tags.items() if k != IDLE_SINCE_TAG}) for usage in fleet]
    assert not to_be_deleted(decide(unmarked, policy, NOW))


def forgotten(name: str, mark: datetime | None) -> EndpointUsage:
    use = Known(None, 0.0, NOW - timedelta(days=4), NOW, 96)
    tags = {IDLE_SINCE_TAG: mark_value(mark)} if mark else {}
    made = NOW - timedelta(days=30)
    return EndpointUsage(name, "staging", True, "Succeeded", made, made, False, tags, 1, (), use)


@given(st.integers(0, 19), st.integers(20, 48))
def test_what_is_forgotten_goes_once_its_grace_is_over(early: int, late: int) -> None:
    policy = IdleEndpointPolicy(3, 20, 24, 5, 1.0)
    for hours, state in ((early, ItemState.KEEP), (late, ItemState.DELETE)):
        plan = decide([forgotten("chat", NOW - timedelta(hours=hours))], policy, NOW)
        assert [item.state for item in plan.items] == [state]
