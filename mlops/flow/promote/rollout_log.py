"""What a promotion or rollback has done so far, step by step, and how it found and left the endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mlops.azure import deployments, endpoint_address
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    Mirror,
    Repair,
    Scale,
    SetTraffic,
    SmokeTest,
    Step,
    StopPromotion,
    Wait,
)
from mlops.flow.heartbeat import heartbeat
from mlops.flow.promote.result import Action, DeploymentStatus, EndpointStatus, StepTaken

LOG_CHARACTERS = 6000
_ACTIONS: Mapping[type[Step], Action] = {
    CreateEndpoint: Action.CREATE_ENDPOINT,
    CreateDeployment: Action.DEPLOY,
    Scale: Action.SCALE,
    Wait: Action.WAIT,
    Repair: Action.REPAIR,
    SmokeTest: Action.SMOKE_TEST,
    Mirror: Action.MIRROR,
    BakeCanary: Action.BAKE,
    SetTraffic: Action.TRAFFIC,
    DeleteDeployment: Action.DELETE,
    StopPromotion: Action.STOP,
}


@dataclass
class RolloutLog:
    """One run on one endpoint; `name` of the last facts is empty before the first look."""

    spec: RolloutSpec
    say: Callable[[str], None]
    steps: list[StepTaken] = field(default_factory=list)
    container_log: str = ""
    first: EndpointFacts | None = None
    last: EndpointFacts = field(default_factory=lambda: EndpointFacts("", EndpointState.ABSENT, {}, {}, (), {}, True))

    def see(self, facts: EndpointFacts) -> None:
        """Remember how the endpoint was at first, and how it is."""
        self.first, self.last = self.first or facts, facts

    def forget(self) -> None:
        """What was seen was not so: how the endpoint was at first is what is seen next."""
        self.first = None

    @property
    def had_live(self) -> bool:
        """Whether something was live when this run began."""
        return bool(self.first and self.first.live)

    def step(self, step: Step) -> None:
        """A step of the planner that is about to be taken."""
        self.note(_ACTIONS[type(step)], step.why, step.percentages if isinstance(step, SetTraffic) else {})

    def during(self, step: Step, take: Callable[[], None]) -> None:
        """Take a step, and say every half minute that it goes on; how long a canary bakes is known."""
        seconds = self.spec.bake_seconds if isinstance(step, BakeCanary | Mirror) else None
        with heartbeat(self.say, f"{self.spec.environment}: {_ACTIONS[type(step)]}", seconds=seconds):
            take()

    def note(self, action: Action, why: str, traffic: Mapping[str, int] | None = None) -> None:
        """Tell what happens now, and keep it; a repeated wait is told once."""
        taken = StepTaken(action, why, dict(traffic or {}))
        if self.steps and self.steps[-1] == taken:
            return
        shares = ", ".join(f"{name} {percent} %" for name, percent in taken.traffic.items())
        self.say(f"{self.spec.environment}: {action}: {why}{f' ({shares})' if shares else ''}")
        self.steps.append(taken)

    def keep_container_log(self, workspace: Workspace, deployment: str) -> None:
        """The container's last words, read before the deployment is deleted."""
        self.container_log = deployments.logs(workspace, self.spec.endpoint, deployment)[-LOG_CHARACTERS:]
        if self.container_log:
            self.say(f"last lines of {deployment}:\n{self.container_log}")


def endpoint_status(workspace: Workspace, facts: EndpointFacts, name: str) -> EndpointStatus:
    """The endpoint as it was observed, for the result."""
    found = tuple(
        DeploymentStatus(one.name, one.model, one.state, facts.share(one.name), one.instance_type, one.instance_count)
        for one in facts.deployments
    )
    live = next((one for one in found if one.traffic == 100), None)
    return EndpointStatus(name, endpoint_address.studio_url(workspace, name), found, live)
