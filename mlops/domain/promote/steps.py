"""What a promotion wants, what its process has seen, and its steps, each with a reason; one executor applies them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mlops.domain.promote.audit import AuditEntry
from mlops.errors import BadInput, MlopsError, Problem


@dataclass(frozen=True)
class DesiredRollout:
    """The model that is to have all traffic, and how it gets there."""

    environment: str
    endpoint: str
    deployment: str
    model: str
    instance_type: str
    instance_count: int
    traffic_steps: tuple[int, ...]
    now: datetime
    mirror_percent: int = 0  # of the live requests, copied to the new deployment before it gets any; 0 for none
    retention: timedelta | None = None  # how long the deployment before is kept for a rollback; None for ever
    older: bool | None = None  # whether it was asked for before the live one; None: not known, so its number says
    allow_older: bool = False  # whether an older model than the live one is meant
    repository: str = ""  # owner/name of who promotes; empty where that is not known, as on a laptop
    take_over: bool = False  # whether the endpoint of another repository is meant
    audit: AuditEntry | None = None  # who promotes, and why
    hold: AuditEntry | None = None  # that the model's version carries for this environment
    release_hold: bool = False  # whether a person promotes it all the same
    accept_drift: bool = False  # whether traffic that somebody else set may be replaced
    settings: Mapping[str, str] = field(default_factory=dict)  # of the deployment, by name
    auth_mode: str = ""  # empty where it does not matter
    lacking: tuple[Problem, ...] = ()  # what the model did not pass before this environment
    autoscaled: bool = False  # whether instances are Azure Monitor's to set


@dataclass(frozen=True)
class Progress:
    """What this process has seen itself; a new process starts with nothing and loses nothing but time."""

    created: bool = False  # it made the deployment, and the making has ended, well or badly
    repaired: bool = False  # it repeated the last change of a Failed endpoint, once
    smoke_tested: bool = False  # the smoke test passed
    mirrored: bool = False  # it was watched with a copy of the live requests
    judged: int = 0  # the highest percentage that was watched and judged good
    scaled: int = 0  # the number of instances that was last asked for
    failure: str | None = None  # why making, smoke test or judgement failed

    def after(self, step: "Step") -> "Progress":
        """With a step that was applied and went well."""
        match step:
            case CreateDeployment():
                return replace(self, created=True)
            case Repair():
                return replace(self, repaired=True)
            case SmokeTest():
                return replace(self, smoke_tested=True)
            case Scale(count=count):
                return replace(self, scaled=count)
            case Mirror():
                return replace(self, mirrored=True)
            case BakeCanary(percent=percent):
                return replace(self, judged=max(self.judged, percent))
            case _:
                return self

    def failed(self, why: str) -> "Progress":
        """With the first reason to give the candidate up."""
        return self if self.failure else replace(self, failure=why)


@dataclass(frozen=True)
class CreateEndpoint:
    """Make the endpoint, with the ownership tag."""

    name: str
    why: str


@dataclass(frozen=True)
class CreateDeployment:
    """Make a deployment that gets no traffic."""

    name: str
    model: str
    instance_type: str
    instance_count: int
    why: str
    stated_count: int = 0  # instances that params.yaml says, for its tag


@dataclass(frozen=True)
class Scale:
    """Change how many instances a deployment has, and nothing else; `stated` is what params.yaml says, for its tag."""

    name: str
    count: int
    stated: int
    why: str


@dataclass(frozen=True)
class Wait:
    """Observe again in a while: somebody's change to `what` is under way."""

    what: str
    why: str


@dataclass(frozen=True)
class SmokeTest:
    """Ask the deployment questions past the traffic rules."""

    deployment: str
    why: str


@dataclass(frozen=True)
class BakeCanary:
    """Let the deployment serve its share for the bake time, then judge it."""

    deployment: str
    percent: int
    why: str


@dataclass(frozen=True)
class SetTraffic:
    """Divide the traffic, end mirroring and write the tags (None removes one), all in one request."""

    percentages: Mapping[str, int]
    why: str
    tags: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Repair:
    """Repeat the request that a Failed endpoint is the result of: the same traffic again."""

    name: str
    percentages: Mapping[str, int]
    why: str


@dataclass(frozen=True)
class Mirror:
    """Copy a share of the live requests to a deployment without traffic, and judge it; its answers go nowhere."""

    deployment: str
    percent: int
    why: str


@dataclass(frozen=True)
class DeleteDeployment:
    """Delete a deployment that has no traffic; of one that `failed`, the container log is read first."""

    name: str
    why: str
    failed: bool = False


@dataclass(frozen=True)
class StopPromotion:
    """Keep a promotion that is under way from going on; no traffic moves. `tags` as of SetTraffic."""

    why: str
    tags: Mapping[str, str | None]


@dataclass(frozen=True)
class Skip:
    """Nothing is to be done, because a person said so."""

    why: str


@dataclass(frozen=True)
class Refuse:
    """Nothing can be done safely; somebody has to act first. `failure` gives the exit code."""

    problems: tuple[Problem, ...]
    failure: type[MlopsError] = BadInput

    @property
    def why(self) -> str:
        """What is wrong, in a line."""
        return "; ".join(problem.what for problem in self.problems)


@dataclass(frozen=True)
class RolledBack:
    """The candidate failed and is gone; the traffic is where it was."""

    why: str


@dataclass(frozen=True)
class Done:
    """The wanted state is there."""

    why: str


Step = (
    CreateEndpoint
    | CreateDeployment
    | Scale
    | Wait
    | Repair
    | SmokeTest
    | Mirror
    | BakeCanary
    | SetTraffic
    | DeleteDeployment
    | StopPromotion
    | Refuse
    | Skip
    | RolledBack
    | Done
)
