"""Promotes and rolls back on a small reference of the service, with crashes, failures and other people in between."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mlops.domain.cleanup.idle_deployments import Endpoint, IdleDeploymentPolicy, mark_tag
from mlops.domain.cleanup.idle_deployments import judge as judge_deployments
from mlops.domain.cleanup.idle_endpoints import EndpointUsage, IdleEndpointPolicy, Unknown, mark_value
from mlops.domain.cleanup.idle_endpoints import judge as judge_endpoints
from mlops.domain.cleanup.plan import Item, ItemState
from mlops.domain.environments.order import due
from mlops.domain.promote import audit
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointState
from mlops.domain.promote.planner import next_step
from mlops.domain.promote.preflight import blocked
from mlops.domain.promote.promotion_record import PromotionRecord, PromotionState
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    DeleteDeployment,
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
from mlops.domain.tags import ENVIRONMENT_TAG, FROZEN_TAG, PROMOTING_TAG
from mlops.domain.training.run import JobState
from tests.properties.small_service import ENTRY, HAND, NAME, ORDER, RETENTION, START, Service, stated, wish


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
