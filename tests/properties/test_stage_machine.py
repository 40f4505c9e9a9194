"""Promotes and rolls back on a small reference of the service, with crashes, failures and other people in between."""

import random
import re
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mlops.domain.cleanup.idle_deployments import Endpoint, IdleDeploymentPolicy, mark_tag
from mlops.domain.cleanup.idle_deployments import judge as judge_deployments
from mlops.domain.cleanup.idle_endpoints import EndpointUsage, IdleEndpointPolicy, Unknown, mark_value
from mlops.domain.cleanup.idle_endpoints import judge as judge_endpoints
from mlops.domain.cleanup.plan import Item, ItemState
from mlops.domain.environments.order import PromotionOrder, due
from mlops.domain.promote import audit
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState, traffic_value
from mlops.domain.promote.planner import deployment_name, next_step
from mlops.domain.promote.preflight import blocked
from mlops.domain.promote.promotion_record import PromotionRecord, PromotionState
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.rollback_target import main as main_of
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    DesiredRollout,
    Done,
    Mirror,
    Progress,
    Refuse,
    Repair,
    RolledBack,
    Scale,
    SetTraffic,
    Skip,
    SmokeTest,
    Step,
    StopPromotion,
    Wait,
)
from mlops.domain.release.resume import Run, RunAction, decide
from mlops.domain.tags import ENVIRONMENT_TAG, FROZEN_TAG, PROMOTING_TAG, TRAFFIC_TAG
from mlops.domain.training.run import JobState

NAME = "chat-production"
START = datetime(2026, 3, 1, tzinfo=UTC)
STEPS = (10, 50, 100)
BOUND = 40
AZURE_NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")


RETENTION = timedelta(hours=2)
HAND = "by hand"


ENTRY = AuditEntry(START, "ada", "it answers worse")
ORDER = PromotionOrder({"production": ()})


def stated(environment: str, why: str) -> dict[str, str]:
    """A reason by environment, where there is one."""
    return {environment: why} if why else {}


def wish(version: int, now: datetime, *, mirror: int = 0, consent: bool = True) -> DesiredRollout:
    """A promotion; with `consent` a person said that holds and others' changes do not matter."""
    made = (f"model-{version}", f"chat:{version}", "Standard_A", 1)
    wanted = DesiredRollout("production", NAME, *made, STEPS, now, mirror, RETENTION, allow_older=True)
    return replace(wanted, release_hold=consent, accept_drift=consent)


class Service:
    """What Azure does with each request, refusing what Azure refuses, and what it must never be asked."""

    def __init__(self) -> None:
        self.now = START
        self.facts = EndpointFacts(NAME, EndpointState.ABSENT, {}, {}, (), {}, ours=True)
        self.tested: set[str] = set()
        self.broken: set[str] = set()
        self.history: list[dict[str, int]] = []

    def apply(self, step: Step, *, done: bool = True) -> None:
        """Carry a step out; with `done` False the service has accepted it and is still at it."""
        self.now += timedelta(minutes=1)
        facts = self.facts
        match step:
            case CreateEndpoint():
                assert facts.state is EndpointState.ABSENT
                self.facts = replace(facts, state=EndpointState.SUCCEEDED if done else EndpointState.CREATING)
            case CreateDeployment():
                assert facts.state is EndpointState.SUCCEEDED
                assert facts.find(step.name) is None
                state = DeploymentState.SUCCEEDED if done else DeploymentState.CREATING
                new = DeploymentFacts(
                    step.name,
                    state,
                    step.model,
                    step.instance_type,
                    step.instance_count,
                    self.now,
                    stated_count=step.stated_count,
                )
                self.facts = replace(facts, deployments=(*facts.deployments, new))
                self.tested.discard(step.name)
                self.broken.discard(step.name)
            case Scale():
                assert facts.find(step.name) is not None
                self.scale(step.name, step.count, step.stated)
            case SetTraffic():
                assert not facts.state.busy
                self._divide(dict(step.percentages))
                self.tag({**step.tags, TRAFFIC_TAG: traffic_value(step.percentages)} if step.why != HAND else {})
                state_after = EndpointState.SUCCEEDED if done else EndpointState.UPDATING
                self.facts = replace(self.facts, state=state_after)
            case StopPromotion():
                self.tag(step.tags)
            case Repair():
                assert facts.state.broken
                assert dict(step.percentages) == facts.live
                self.facts = replace(facts, state=EndpointState.SUCCEEDED if done else EndpointState.UPDATING)
            case Mirror():
                assert not facts.state.busy
                assert not facts.share(step.deployment)
                assert step.deployment in self.tested
                self.facts = replace(facts, mirror={step.deployment: step.percent})
            case DeleteDeployment():
                assert not facts.share(step.name), "a deployment with traffic is never deleted"
                assert not facts.mirror.get(step.name)
                self.change(step.name, DeploymentState.DELETING)
                if done:
                    self.remove(step.name)

    def tag(self, tags: Mapping[str, str | None]) -> None:
        """Change tags; None removes one."""
        changed = {key: value for key, value in {**self.facts.tags, **tags}.items() if value is not None}
        self.facts = replace(self.facts, tags=changed)

    def _divide(self, traffic: dict[str, int]) -> None:
        facts = self.facts
        moves = {} if traffic == facts.live else traffic  # the same request also ends mirroring, and then moves nothing
        assert not moves or sum(traffic.values()) == 100
        for name, percent in moves.items():
            one = facts.find(name)
            assert one is not None
            assert one.state is DeploymentState.SUCCEEDED, "traffic goes to healthy deployments only"
            assert percent <= facts.share(name) or name in self.tested, "new traffic only after a smoke test"
        zeros = {one.name: 0 for one in facts.deployments}
        self.facts = replace(facts, traffic={**zeros, **traffic}, mirror={})
        self.history.append(traffic)

    def scale(self, name: str, count: int, stated: int | None = None) -> None:
        """Change the instances of a deployment; `stated` is what mlops writes down with it."""
        changed = tuple(
            replace(one, instance_count=count, stated_count=stated or one.stated_count) if one.name == name else one
            for one in self.facts.deployments
        )
        self.facts = replace(self.facts, deployments=changed)

    def carries(self, name: str, step: SetTraffic) -> None:
        """A candidate that gets more traffic can carry what the live one carries."""
        new, main = self.facts.find(name), main_of(self.facts, name)
        if new and main and new.instance_count and step.percentages.get(name, 0) > self.facts.share(name):
            assert new.instance_count >= main.instance_count

    def change(self, name: str, state: DeploymentState) -> None:
        """Put a deployment into a state."""
        changed = tuple(replace(one, state=state) if one.name == name else one for one in self.facts.deployments)
        self.facts = replace(self.facts, deployments=changed)

    def remove(self, name: str) -> None:
        """End a deletion."""
        kept = tuple(one for one in self.facts.deployments if one.name != name)
        traffic = {key: value for key, value in self.facts.traffic.items() if key != name}
        self.facts = replace(self.facts, deployments=kept, traffic=traffic)
        self.tested.discard(name)

    def settle(self, *, healthy: bool = True) -> None:
        """Bring everything that is under way to its end."""
        self.now += timedelta(minutes=15)
        if self.facts.state.busy:
            self.facts = replace(self.facts, state=EndpointState.SUCCEEDED)
        for one in self.facts.deployments:
            if one.state is DeploymentState.DELETING:
                self.remove(one.name)
            elif one.state.busy:
                self.change(one.name, DeploymentState.SUCCEEDED if healthy else DeploymentState.FAILED)

    def run(self, version: int, *, smoke: bool = True, judge_up_to: int = 100, mirror: int = 0) -> Step:
        """Promote in one undisturbed process; the step at which it ends."""
        progress = Progress()
        for _ in range(BOUND):
            step = next_step(self.facts, wish(version, self.now, mirror=mirror), progress)
            match step:
                case Done() | RolledBack() | Refuse():
                    return step
                case Wait():
                    self.settle()
                case SmokeTest() if not smoke:
                    progress = progress.failed("no answer")
                case BakeCanary() if step.percent > judge_up_to:
                    progress = progress.failed("too many errors")
                case _:
                    if isinstance(step, SmokeTest):
                        self.tested.add(step.deployment)
                    if isinstance(step, SetTraffic):
                        self.carries(wish(version, self.now).deployment, step)
                    self.apply(step)
                    progress = progress.after(step)
        raise AssertionError(f"no end after {BOUND} steps: {step}")


class Promotion(RuleBasedStateMachine):
    """One endpoint, one process at a time, and a world that does not wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.service = Service()
        self.version = 1
        self.progress = Progress()
        self.was_live = False
        self.mirror = 0
        self.theirs: set[str] = set()
        self.consent = False
        self.leased = False  # this process has the lease
        self.lost = False  # and a rollback took it

    def begin(self) -> None:
        self.progress, self.leased, self.lost = Progress(), False, False

    def next(self) -> Step:
        wanted = wish(self.version, self.service.now, mirror=self.mirror, consent=self.consent)
        return next_step(
            self.service.facts, replace(wanted, release_hold=self.consent and not self.leased), self.progress
        )

    def act(self, step: Step, *, done: bool = True) -> None:
        """A change by the promotion: with the lease, and not against what a person decided."""
        service, model = self.service, f"chat:{self.version}"
        assert audit.frozen(service.facts.tags) is None, "nothing but a rollback changes a frozen endpoint"
        assert self.consent or not service.facts.drift, "what a person moved is not moved back"
        if not self.leased:
            service.tag({PROMOTING_TAG: model, **(audit.release_tags(str(self.version)) if self.consent else {})})
            self.leased = True
        if isinstance(step, SetTraffic):
            held = {f"model-{version}" for version in audit.held(service.facts.tags)}
            gains = {name for name, share in step.percentages.items() if share > service.facts.share(name)}
            assert f"model-{self.version}" not in held & gains, "a held model is never promoted"
            service.carries(f"model-{self.version}", step)
        if isinstance(step, Scale):
            one = service.facts.find(step.name)
            assert one is not None
            assert step.count > one.instance_count or one.stated_count == one.instance_count, "others' scale stays"
        service.apply(step, done=done)

    @rule(smoke=st.booleans(), judged=st.booleans(), healthy=st.booleans(), dies=st.sampled_from([False] * 4 + [True]))
    def step(self, smoke: bool, judged: bool, healthy: bool, dies: bool) -> None:  # noqa: C901 - one case a step
        """Take one step; `dies` ends the process when the service has accepted it."""
        service = self.service
        step = self.next()
        match step:
            case Done() | RolledBack() | Refuse() | Skip():
                self.end(step)
            case _ if self.lost:
                self.begin()  # as the process does when it sees that its lease is another's
            case Wait():
                pass
            case SmokeTest():
                service.tested.update({step.deployment} if smoke else ())
                self.progress = self.progress.after(step) if smoke else self.progress.failed("no answer")
            case Repair():
                self.act(step, done=not dies)
                self.progress = self.progress.after(step)
                if not healthy and not dies:
                    service.facts = replace(service.facts, state=EndpointState.FAILED)
            case Mirror():
                self.act(step)
                self.progress = self.progress.after(step) if judged else self.progress.failed("slow when mirrored")
            case BakeCanary():
                assert service.facts.share(step.deployment) == step.percent > 0
                self.progress = self.progress.after(step) if judged else self.progress.failed("too many errors")
            case _:
                self.act(step, done=not dies)
                self.progress = self.progress.after(step)
                if isinstance(step, CreateDeployment) and not dies and not healthy:
                    service.change(step.name, DeploymentState.FAILED)
        if dies:
            self.begin()

    def end(self, step: Step) -> None:
        name, facts = f"model-{self.version}", self.service.facts
        if isinstance(step, Done):
            assert facts.live == {name: 100}
            assert len([one for one in facts.deployments if one.ours]) <= 2
        if isinstance(step, RolledBack):
            assert facts.find(name) is None
        self.service.tag({PROMOTING_TAG: None})
        self.begin()

    @rule(version=st.integers(1, 4), mirror=st.sampled_from([0, 0, 20]), consent=st.sampled_from([False, False, True]))
    def want_another(self, version: int, mirror: int, consent: bool) -> None:
        self.version, self.mirror, self.consent = version, mirror, consent
        self.begin()

    @rule(version=st.integers(1, 4))
    def resume(self, version: int) -> None:
        """The poll: it takes up a promotion that was cut off, and never one that a person decided against."""
        facts, model = self.service.facts, f"chat:{version}"
        why = blocked(facts, "production", model, {}, "")
        cut_off = {"production": PromotionRecord(PromotionState.INTERRUPTED, START)}
        run = Run("ft-1", JobState.COMPLETED, START, model=model, promotions=cut_off, blocked=stated("production", why))
        (decision,) = decide([run], ORDER, {"production": facts.live_model}, self.service.now)
        assert (decision.act is RunAction.PROMOTE) == (facts.live_model != model and not why)
        if decision.act is RunAction.PROMOTE:
            self.want_another(version, 0, consent=False)

    @rule(version=st.integers(1, 4))
    def push(self, version: int) -> None:
        """A push: nobody consents, and what the plan says of people's decisions the promotion does."""
        facts = self.service.facts
        why = blocked(facts, "production", f"chat:{version}", {}, "")
        asked = due(ORDER, f"chat:{version}", {"production": facts.live_model}, stated("production", why))
        assert bool(asked.environments) == (facts.live_model != f"chat:{version}" and not why)
        self.want_another(version, 0, consent=False)
        step = self.next()
        if why:
            assert isinstance(step, Skip | Refuse), "what the plan leaves alone no promotion changes"
        if isinstance(step, Skip):
            assert why

    @rule(version=st.integers(1, 4), consent=st.booleans())
    def a_second_project(self, version: int, consent: bool) -> None:
        """It named the same endpoint by mistake; and another environment of this project did."""
        facts, wanted = self.service.facts, wish(version, self.service.now, consent=consent)
        if facts.state is EndpointState.ABSENT:
            return
        tags = {**facts.tags, ENVIRONMENT_TAG: "staging"}
        for seen in (replace(facts, ours=False), replace(facts, tags=tags)):
            assert isinstance(next_step(seen, wanted), Refuse)
            assert isinstance(rollback_step(seen, self.service.now, "production", ENTRY), Refuse)

    @precondition(lambda self: self.service.facts.state is EndpointState.SUCCEEDED and not self.leased)
    @rule(hours=st.sampled_from([1, 3, 80]), runs=st.integers(1, 3))
    def clean_up(self, hours: int, runs: int) -> None:
        """The schedule, while no promotion is at it: marks and deletions of what has no traffic."""
        service = self.service
        for _ in range(runs):
            service.now += timedelta(hours=hours)
            before = service.facts
            for item in self.idle_items():
                assert audit.frozen(before.tags) is None, "cleanup leaves a frozen endpoint alone"
                name = item.name.partition("/")[2]
                if item.state is ItemState.DELETE:
                    service.apply(DeleteDeployment(name, item.reason))
                else:
                    marked = mark_value(service.now) if item.state is ItemState.MARK else None
                    service.tag({mark_tag(name): marked})
            assert service.facts.live == before.live

    def idle_items(self) -> list[Item]:
        """What cleanup changes about the deployments, when nobody asked any of them."""
        facts, now = self.service.facts, self.service.now
        seen = EndpointUsage(
            NAME, "production", True, facts.state, START, START, False, facts.tags, 1, facts.deployments, Unknown("-")
        )
        rules = IdleEndpointPolicy(3, 20, 1, 5, 1)
        (item,) = judge_endpoints([seen], rules, now)
        endpoint = Endpoint(seen, item, facts.traffic, facts.mirror, {})
        policy = IdleDeploymentPolicy({"production": RETENTION}, timedelta(hours=1), timedelta(hours=2))
        changes = (ItemState.MARK, ItemState.UNMARK, ItemState.DELETE)
        return [one for one in judge_deployments([endpoint], policy, now) if one.state in changes]

    @precondition(lambda self: len(self.service.facts.live) < 2)
    @rule()
    def freeze(self) -> None:
        self.service.tag({FROZEN_TAG: ENTRY.to_tag()})

    @rule()
    def thaw(self) -> None:
        self.service.tag({FROZEN_TAG: None})

    @rule(version=st.integers(5, 9))
    def somebody_deploys_their_own(self, version: int) -> None:
        """A deployment without our tag, which is nobody's to delete."""
        service, name = self.service, f"theirs-{version}"
        if service.facts.state is EndpointState.SUCCEEDED and service.facts.find(name) is None:
            one = DeploymentFacts(name, DeploymentState.SUCCEEDED, "other:1", "Standard_A", 1, service.now, ours=False)
            service.facts = replace(service.facts, deployments=(*service.facts.deployments, one))
            self.theirs.add(name)

    @precondition(lambda self: self.service.facts.state is EndpointState.SUCCEEDED)
    @rule()
    def a_change_of_the_endpoint_fails(self) -> None:
        self.service.facts = replace(self.service.facts, state=EndpointState.FAILED)

    @rule(healthy=st.booleans())
    def time_passes(self, healthy: bool) -> None:
        self.service.settle(healthy=healthy)

    @precondition(lambda self: self.service.facts.state is EndpointState.SUCCEEDED)
    @rule()
    def somebody_updates_the_endpoint(self) -> None:
        self.service.facts = replace(self.service.facts, state=EndpointState.UPDATING)

    @precondition(lambda self: self.service.facts.healthy())
    @rule(data=st.data())
    def somebody_scales_one(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.service.facts.healthy()))
        self.service.change(one.name, DeploymentState.SCALING)
        self.service.broken.add(one.name)

    @precondition(lambda self: self.service.facts.healthy())
    @rule(data=st.data(), count=st.integers(1, 4))
    def somebody_sets_the_instances(self, data: st.DataObject, count: int) -> None:
        self.service.scale(data.draw(st.sampled_from(self.service.facts.healthy())).name, count)

    @precondition(lambda self: self.service.facts.healthy())
    @rule(data=st.data())
    def one_breaks(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.service.facts.healthy()))
        self.service.change(one.name, DeploymentState.FAILED)
        self.service.broken.add(one.name)

    @precondition(lambda self: self.service.facts.state is EndpointState.SUCCEEDED and self.service.facts.healthy())
    @rule(data=st.data(), percent=st.integers(1, 100))
    def somebody_divides_the_traffic(self, data: st.DataObject, percent: int) -> None:
        healthy = [one.name for one in self.service.facts.healthy()]
        first, second = data.draw(st.sampled_from(healthy)), data.draw(st.sampled_from(healthy))
        self.service.tested.update((first, second))
        shares = {first: 100} if first == second else {first: percent, second: 100 - percent}
        self.service.apply(SetTraffic({name: share for name, share in shares.items() if share}, HAND))

    @precondition(lambda self: self.service.facts.live)
    @rule(data=st.data(), percent=st.integers(1, 50))
    def somebody_mirrors(self, data: st.DataObject, percent: int) -> None:
        facts = self.service.facts
        idle = [one.name for one in facts.deployments if not facts.share(one.name)]
        self.service.facts = replace(facts, mirror={data.draw(st.sampled_from(idle)): percent} if idle else {})

    @rule(times=st.integers(1, 3))
    def roll_back(self, times: int) -> None:
        """Roll back, as often as somebody may press the button."""
        service, ends = self.service, []
        for _ in range(times):
            step = rollback_step(service.facts, service.now, "production", ENTRY)
            if isinstance(step, StopPromotion):
                model, before = service.facts.promoting, dict(service.facts.live)
                service.apply(step)
                assert service.facts.live == before, "what is live stays"
                assert model.removeprefix("chat:") in audit.held(service.facts.tags)
                assert isinstance(rollback_step(service.facts, service.now, "production", ENTRY, model), Done)
                self.lost = True
                return
            if isinstance(step, SetTraffic):
                if "mlops-previous" not in service.facts.tags:  # nothing of ours was ever live: a guess by age
                    service.tested.update(step.percentages)
                left = set(service.facts.live)
                service.apply(step)
                assert isinstance(rollback_step(service.facts, service.now, "production", ENTRY), Done), "twice is once"
                assert set(service.facts.live) != left
                gone = {name.removeprefix("model-") for name in left - set(service.facts.live) if name[0] == "m"}
                assert gone <= set(audit.held(service.facts.tags)), "what was rolled back is held"
                self.lost = self.leased
            ends.append(dict(service.facts.live))
        assert all(end == ends[0] for end in ends)
        if not self.lost:
            self.begin()

    @rule()
    def finish(self) -> None:
        """Run once more, undisturbed: the model is live, or it is said what stands in the way."""
        self.service.settle()
        self.service.tag({FROZEN_TAG: None, **audit.release_tags(str(self.version))})
        name = f"model-{self.version}"
        step = self.service.run(self.version, mirror=self.mirror)
        facts = self.service.facts
        if isinstance(step, Refuse):
            one = facts.find(name)
            assert one is not None
            assert one.state.broken
            assert facts.share(name)
            assert not [other for other in facts.healthy() if facts.share(other.name)]
        else:
            self.end(step)
            assert isinstance(step, Done)
            assert all(one.state is DeploymentState.SUCCEEDED for one in facts.deployments if one.ours)
            assert isinstance(next_step(facts, wish(self.version, self.service.now)), Done), "twice is once"
        self.begin()

    @invariant()
    def traffic_is_whole(self) -> None:
        facts = self.service.facts
        self.was_live = self.was_live or bool(facts.live)
        assert sum(facts.traffic.values()) == (100 if self.was_live else 0)
        for name in facts.live:
            one = facts.find(name)
            assert one is not None
            assert one.state.healthy or name in self.service.broken
        assert self.theirs <= {one.name for one in facts.deployments}, "what is not ours is not deleted"

    def teardown(self) -> None:
        self.finish()
        self.traffic_is_whole()


TestPromotion = Promotion.TestCase
TestPromotion.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


def test_clean_releases_one_after_the_other() -> None:
    service = Service()
    for version in (1, 2, 3):
        assert isinstance(service.run(version), Done)
    assert service.history == [
        {"model-1": 100},
        {"model-1": 90, "model-2": 10},
        {"model-1": 50, "model-2": 50},
        {"model-2": 100},
        {"model-2": 90, "model-3": 10},
        {"model-2": 50, "model-3": 50},
        {"model-3": 100},
    ]
    assert [one.name for one in service.facts.deployments] == ["model-2", "model-3"]


@pytest.mark.parametrize("judge_up_to", [0, 10, 50])
def test_a_candidate_that_is_judged_bad_leaves_no_trace(judge_up_to: int) -> None:
    service = Service()
    service.run(1)
    before = service.facts.deployments
    assert isinstance(service.run(2, judge_up_to=judge_up_to), RolledBack)
    assert service.facts.live == {"model-1": 100}
    assert service.facts.deployments == before


def test_mirroring_comes_before_traffic_and_leaves_nothing_behind() -> None:
    service = Service()
    service.run(1)
    assert isinstance(service.run(2, mirror=20), Done)
    assert service.history[1:] == [
        {"model-1": 100},  # the end of mirroring
        {"model-1": 90, "model-2": 10},
        {"model-1": 50, "model-2": 50},
        {"model-2": 100},
    ]
    assert not service.facts.mirrored


def test_the_deployment_before_goes_after_its_retention() -> None:
    service = Service()
    service.run(1)
    service.run(2)
    assert [one.name for one in service.facts.deployments] == ["model-1", "model-2"]
    service.now += RETENTION
    assert isinstance(service.run(2), Done)
    assert [one.name for one in service.facts.deployments] == ["model-2"]


def test_a_candidate_that_fails_its_smoke_test_never_has_traffic() -> None:
    service = Service()
    service.run(1)
    assert isinstance(service.run(2, smoke=False), RolledBack)
    assert service.history == [{"model-1": 100}]


def test_a_release_after_a_rollback_stands_beside_what_was_returned_to() -> None:
    service = Service()
    service.run(1)
    service.run(2)
    service.apply(rollback_step(service.facts, service.now, "production", ENTRY))
    assert service.facts.live == {"model-1": 100}
    assert isinstance(service.run(3), Done)
    assert [one.name for one in service.facts.deployments] == ["model-1", "model-3"], "the bad model-2 is gone"


def states_of_an_endpoint() -> st.SearchStrategy[EndpointFacts]:
    """Any endpoint with up to four deployments, sensible or not."""

    def build(seed: int, state: EndpointState, count: int) -> EndpointFacts:
        chance = random.Random(seed)
        if state is EndpointState.ABSENT:
            return EndpointFacts(NAME, state, {}, {}, (), {}, ours=True)
        deployments = tuple(
            DeploymentFacts(
                f"model-{version}",
                chance.choice([DeploymentState.SUCCEEDED, *DeploymentState]),
                f"chat:{version}",
                chance.choice(["Standard_A", "Standard_B", ""]),
                chance.choice([0, 1, 2]),
                chance.choice([None, START + timedelta(days=chance.randint(0, 5))]),
            )
            for version in chance.sample(range(1, 6), count)
        )
        names = [one.name for one in deployments]
        cuts = sorted(chance.randint(0, 100) for _ in names[1:])
        shares = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
        previous = " ".join(chance.sample(names, chance.randint(0, count))) or "-"
        return EndpointFacts(
            NAME,
            state,
            dict(zip(names, shares, strict=False)) if names and chance.random() < 0.8 else {},
            {chance.choice(names): 20} if names and chance.random() < 0.2 else {},
            deployments,
            {"mlops-previous": previous} if chance.random() < 0.5 else {},
            ours=chance.random() < 0.9,
        )

    return st.builds(build, st.integers(0, 2**32), st.sampled_from(EndpointState), st.integers(0, 4))


progresses = st.builds(
    Progress, st.booleans(), st.booleans(), st.sampled_from([0, 10, 50, 100]), st.sampled_from([None, "no answer"])
)


def is_safe(facts: EndpointFacts, step: Step) -> bool:
    """Whether a step may be taken, whatever led to it."""
    match step:
        case Wait() | Refuse() | Skip() | StopPromotion():
            return True
        case DeleteDeployment():
            return facts.ours and not facts.share(step.name) and not facts.mirror.get(step.name)
        case Repair():
            return facts.ours and facts.state.broken and dict(step.percentages) == facts.live
        case Mirror():
            return facts.ours and not facts.share(step.deployment) and sum(facts.live.values()) == 100
        case SetTraffic():
            healthy = {one.name for one in facts.healthy()}
            moves = sum(step.percentages.values()) == 100 and set(step.percentages) <= healthy
            return facts.ours and not facts.state.busy and (moves or dict(step.percentages) == facts.live)
        case CreateEndpoint():
            return facts.state is EndpointState.ABSENT
        case _:
            return facts.ours or facts.state is EndpointState.ABSENT


@settings(max_examples=400, deadline=None)
@given(states_of_an_endpoint(), progresses, st.integers(1, 5))
def test_every_step_from_any_state_is_safe(facts: EndpointFacts, progress: Progress, version: int) -> None:
    step = next_step(facts, wish(version, START + timedelta(days=9)), progress)
    assert is_safe(facts, step)
    if isinstance(step, SetTraffic) and not progress.smoke_tested:
        assert step.percentages.get(f"model-{version}", 0) <= facts.share(f"model-{version}")
    if isinstance(step, Done):
        assert facts.live == {f"model-{version}": 100}


@settings(max_examples=200, deadline=None)
@given(states_of_an_endpoint())
def test_every_rollback_from_any_state_is_safe(facts: EndpointFacts) -> None:
    assert is_safe(facts, rollback_step(facts, START + timedelta(days=9), "production", ENTRY))


@settings(max_examples=200, deadline=None)
@given(states_of_an_endpoint(), st.integers(1, 5))
def test_a_promotion_ends_from_any_state(facts: EndpointFacts, version: int) -> None:
    service = Service()
    service.facts = facts
    service.tested = {one.name for one in facts.deployments}
    step = service.run(version)
    assert isinstance(step, Done | Refuse)
    if isinstance(step, Done):
        assert service.facts.live == {f"model-{version}": 100}


versions = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=40)


@given(st.text(min_size=1, max_size=40), versions)
def test_deployment_names_are_what_azure_takes(model: str, version: str) -> None:
    name = deployment_name(model, version)
    assert 3 <= len(name) <= 32
    assert AZURE_NAME.fullmatch(name)
    assert name == deployment_name(model, version)


@given(versions, versions)
def test_versions_do_not_share_a_deployment_name(one: str, other: str) -> None:
    names = {deployment_name("chat", one).casefold(), deployment_name("chat", other).casefold()}
    assert len(names) == len({one, other})


def test_a_deployment_is_named_after_its_version() -> None:
    assert deployment_name("chat", "3") == "model-3"
