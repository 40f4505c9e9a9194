"""A fleet lives for weeks under cleanup: requests, deployments and wishes arrive, metrics fail, runs die half-way.

What was really asked, made or wished for is known here, so each deletion is judged by the truth and not by the plan.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, multiple, rule

from mlops.domain.cleanup import protect
from mlops.domain.cleanup.idle_endpoints import (
    Activity,
    EndpointUsage,
    IdleEndpointPolicy,
    ItemState,
    Known,
    Unknown,
    mark_value,
    measured_from,
)
from mlops.domain.cleanup.plan import Kind
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState
from mlops.domain.tags import FROZEN_TAG, IDLE_SINCE_TAG, KEEP_UNTIL_TAG
from tests.cleanup_decision import decide

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAG = timedelta(minutes=5)  # so much later Azure Monitor shows a request
POLICY = IdleEndpointPolicy(idle_days=3, grace_hours=20, minimum_age_hours=24, max_deletions=3, max_share=0.8)
ENVIRONMENTS = {"staging": False, "production": False}
PRODUCTION = ("production",)
RULES = (protect.ProtectionRule(Kind.ENDPOINT, "demo-*", may_be_absent=True),)


@dataclass
class Thing:
    """An endpoint as it really is."""

    name: str
    environment: str
    ours: bool
    made: datetime
    tags: dict[str, str] = field(default_factory=dict)
    deployed: list[datetime] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)
    marks: list[datetime] = field(default_factory=list)


class Fleet(RuleBasedStateMachine):
    """The clock, the endpoints, and cleanup."""

    names: Bundle[str] = Bundle("names")

    @initialize(target=names)
    def begin(self) -> MultipleResults[str]:
        self.now, self.count = START, 0
        self.there: dict[str, Thing] = {}
        names = [self.made("staging", "chat", True, False) for _ in range(4)]
        self.now += timedelta(days=4)
        return multiple(*names)

    @rule(
        target=names,
        environment=st.sampled_from(["staging"] * 4 + ["production", "retired"]),
        prefix=st.sampled_from(["chat", "chat", "chat", "demo"]),
        ours=st.sampled_from([True, True, True, False]),
        empty=st.booleans(),
    )
    def make(self, environment: str, prefix: str, ours: bool, empty: bool) -> str:
        return self.made(environment, prefix, ours, empty)

    def made(self, environment: str, prefix: str, ours: bool, empty: bool) -> str:
        self.count += 1
        thing = Thing(f"{prefix}-{self.count}", environment, ours, self.now)
        thing.deployed += [] if empty else [self.now]
        self.there[thing.name] = thing
        return thing.name

    @rule(hours=st.sampled_from([0.01, 1, 6, 19, 80, 900]))
    def wait(self, hours: float) -> None:
        self.now += hours * HOUR

    @rule(name=names)
    def ask(self, name: str) -> None:
        if name in self.there and self.there[name].deployed:
            self.there[name].asked.append(self.now)

    @rule(name=names)
    def deploy(self, name: str) -> None:
        if name in self.there:
            self.there[name].deployed.append(self.now)

    @rule(name=names, value=st.sampled_from(["days", "soon", "keep_untill", "gone"]))
    def wish(self, name: str, value: str) -> None:
        if name not in self.there:
            return
        tags = self.there[name].tags
        tags.pop(KEEP_UNTIL_TAG, None), tags.pop("keep_untill", None)
        if value == "days":
            tags[KEEP_UNTIL_TAG] = (self.now + timedelta(days=5)).isoformat()
        elif value != "gone":
            tags["keep_untill" if value == "keep_untill" else KEEP_UNTIL_TAG] = value

    @rule(name=names)
    def freeze(self, name: str) -> None:
        if name in self.there:
            self.there[name].tags[FROZEN_TAG] = AuditEntry(self.now, "ada", "the fair").to_tag()

    @rule(name=names)
    def thaw(self, name: str) -> None:
        """The mark goes as well, as `mlops thaw` does it."""
        if name in self.there and self.there[name].tags.pop(FROZEN_TAG, ""):
            self.there[name].tags.pop(IDLE_SINCE_TAG, None)

    @rule(fails=st.sampled_from(["", "", "", "metrics", "deployments"]), dies=st.sampled_from([99, 99, 99, 0, 1, 2]))
    def clean(self, fails: str, dies: int) -> None:
        plan = decide([self.seen(thing, fails) for thing in self.there.values()], POLICY, self.now)
        gone = plan.of(ItemState.DELETE)
        assert len(gone) <= POLICY.max_deletions
        ours = sum(thing.ours for thing in self.there.values())
        assert len(gone) <= max(1, POLICY.max_share * ours)
        assert not (plan.refusal and gone)
        for item in plan.items[:dies]:
            thing = self.there[item.name]
            if item.state is ItemState.MARK:
                assert thing.ours
                assert FROZEN_TAG not in thing.tags
                thing.tags[IDLE_SINCE_TAG] = mark_value(self.now)
                thing.marks.append(self.now.replace(microsecond=0))
            elif item.state is ItemState.UNMARK:
                thing.tags.pop(IDLE_SINCE_TAG)
            elif item.state is ItemState.DELETE:
                self.may_go(thing, fails)
                del self.there[item.name]

    @rule(outages=st.lists(st.sampled_from(["", "", "metrics", "deployments"]), min_size=1, max_size=3))
    def nights(self, outages: list[str]) -> None:
        """The schedule."""
        for fails in outages:
            self.wait(24)
            self.clean(fails, 99)

    @rule()
    def clean_twice(self) -> None:
        """A second run right after a whole one has nothing left to do, unless a cap held it back."""
        self.clean("", 99)
        again = decide([self.seen(thing, "") for thing in self.there.values()], POLICY, self.now)
        assert not again.of(ItemState.MARK)
        assert not again.of(ItemState.UNMARK)

    def may_go(self, thing: Thing, fails: str) -> None:
        """Nothing speaks for it, in truth."""
        assert thing.ours
        assert thing.environment == "staging"
        assert FROZEN_TAG not in thing.tags
        assert not thing.name.startswith("demo")
        assert "keep_untill" not in thing.tags
        wished = thing.tags.get(KEEP_UNTIL_TAG)
        assert wished is None or datetime.fromisoformat(wished) < self.now
        assert thing.marks, "nothing goes at first sight"
        mark = thing.marks[-1]
        assert self.now - mark >= POLICY.grace
        assert self.now - thing.made >= POLICY.minimum_age
        assert all(when <= mark for when in thing.deployed)
        assert fails != "deployments"
        if thing.deployed:
            assert fails != "metrics"
            visible = [when for when in thing.asked if when <= self.now - LAG]
            assert all(when <= mark and self.now - when >= POLICY.idle for when in visible)

    def seen(self, thing: Thing, fails: str) -> EndpointUsage:
        """The endpoint as a run observes it."""
        facts = tuple(
            DeploymentFacts("blue", DeploymentState.SUCCEEDED, "chat:1", "Standard_A", 1, when)
            for when in thing.deployed[:1]
        )
        facts = tuple(replace(one, changed=thing.deployed[-1]) for one in facts)
        rule_ = protect.protected_by(RULES, Kind.ENDPOINT, thing.name)
        why = rule_ or protect.protection(thing.environment, ENVIRONMENTS, PRODUCTION, ())
        usage = EndpointUsage(
            name=thing.name,
            environment=thing.environment,
            ours=thing.ours,
            state="Succeeded",
            created=thing.made,
            modified=thing.made,
            protected=bool(why),
            tags=dict(thing.tags),
            instances=len(facts),
            deployments=() if fails == "deployments" else facts,
            activity=Unknown("not asked"),
            protected_by=why,
            unread="503" if fails == "deployments" else "",
        )
        return replace(usage, activity=self.activity(thing, usage, fails))

    def activity(self, thing: Thing, usage: EndpointUsage, fails: str) -> Activity:
        if fails == "metrics":
            return Unknown("503")
        since = measured_from(usage, POLICY, self.now)
        found = [when for when in thing.asked if since <= when <= self.now - LAG]
        return Known(max(found, default=None), len(found), since, self.now - LAG, points=72)


TestFleet = Fleet.TestCase
TestFleet.settings = settings(
    max_examples=70, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_something_does_go_in_this_machine() -> None:
    fleet = Fleet()
    fleet.begin()
    fleet.clean("", 99)
    fleet.wait(24)
    fleet.clean("", 99)
    assert len(fleet.there) == 4, "four of four are too many for the cap"
    fleet.ask("chat-1")
    fleet.ask("chat-2")
    fleet.wait(1)
    fleet.clean("", 99)
    assert sorted(fleet.there) == ["chat-1", "chat-2"]
