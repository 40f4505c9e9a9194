"""A small reference of the service that promotions are tried on: endpoints, deployments, shares of the traffic."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mlops.domain.environments.order import PromotionOrder
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState, traffic_value
from mlops.domain.promote.planner import next_step
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
    SmokeTest,
    Step,
    StopPromotion,
    Wait,
)
from mlops.domain.tags import TRAFFIC_TAG

NAME = "chat-production"
START = datetime(2026, 3, 1, tzinfo=UTC)
STEPS = (10, 50, 100)
BOUND = 40
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
