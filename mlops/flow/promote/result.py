"""What `mlops promote`, `mlops rollback` and `mlops ask` found and did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mlops.domain.promote.endpoint import DeploymentState
from mlops.domain.registry.passed import EnvironmentPass
from mlops.domain.serving.causes import Blame
from mlops.domain.serving.settings import SettingChange


class Action(StrEnum):
    """A step of a promotion."""

    CREATE_ENDPOINT = "create endpoint"
    DEPLOY = "deploy"
    SCALE = "scale"
    WAIT = "wait"
    REPAIR = "repair"
    SMOKE_TEST = "smoke test"
    MIRROR = "mirror"
    BAKE = "canary"
    JUDGED = "judged"
    TRAFFIC = "traffic"
    DELETE = "delete"
    SHARE = "share"
    STOP = "stop promotion"
    RELEASE = "release hold"
    AUTOSCALE = "autoscale"


@dataclass(frozen=True)
class StepTaken:
    """One step and its reason; `traffic` (percent by deployment) is empty where it moved none."""

    action: Action
    why: str
    traffic: Mapping[str, int]


@dataclass(frozen=True)
class DeploymentStatus:
    """One deployment at the end; traffic in percent."""

    name: str
    model: str
    state: DeploymentState
    traffic: int
    instance_type: str
    instance_count: int


@dataclass(frozen=True)
class EndpointStatus:
    """The endpoint at the end. `live` has all the traffic; None when nobody has."""

    name: str
    studio_url: str
    deployments: tuple[DeploymentStatus, ...]
    live: DeploymentStatus | None


@dataclass(frozen=True)
class ModelSummary:
    """A registered model as a reviewer looks at it; what is not known is empty."""

    model: str
    base_model: str
    data: str
    fingerprint: str
    job: str
    commit: str
    verdict: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Capacity:
    """Instances of a deployment."""

    instance_type: str
    instance_count: int


@dataclass(frozen=True)
class AddedCapacity:
    """What runs more than before: `new`, and `rollback_target`, the deployment before, which is kept at 0 %.

    `rollback_target` None: nothing was live. `rollback_target_hours` None: it is kept for ever.
    """

    new: Capacity
    rollback_target: Capacity | None
    rollback_target_hours: float | None


@dataclass(frozen=True)
class ModelComparison:
    """The model that was live (None: none was, or it cannot be read) beside the new one.

    `settings` has the serving settings that changed.
    """

    live_model: str
    live: ModelSummary | None
    new: ModelSummary
    settings: tuple[SettingChange, ...]
    cost: AddedCapacity


@dataclass(frozen=True)
class Sample:
    """A held-out question, what was answered, and what is true."""

    question: str
    prediction: str
    ground_truth: str
    seconds: float
    rouge_l: float


@dataclass(frozen=True)
class SmokeTestResult:
    """A smoke test that passed."""

    deployment: str
    mean_rouge_l: float
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Measurement:
    """What one source counted of a deployment at one step; requests by status class, `none` without an answer."""

    step: str
    source: str
    deployment: str
    requests: Mapping[str, float]
    error_share: float
    p95_ms: float | None


@dataclass(frozen=True)
class NextEnvironment:
    """What approving the next environment does. `live_model` None: it cannot be read from here; empty: none."""

    environment: str
    traffic_steps: tuple[int, ...]
    bake_seconds: float
    live_model: str | None


class PromoteOutcome(StrEnum):
    """How a promotion ended."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled back"
    NOT_JUDGED = "not judged"
    FROZEN = "frozen"
    WAITS = "waits"


@dataclass(frozen=True)
class PromoteResult:
    """One run of `mlops promote`, asked for `by` somebody for a `reason`.

    `log` has the last lines of a container that failed. `cause` says what is to blame where the candidate was taken
    back; only `model` makes that a rollback. `passed` are the environments that the model passed by now, oldest first.
    """

    environment: str
    outcome: PromoteOutcome
    why: str
    model: str
    by: str
    reason: str
    endpoint: EndpointStatus
    steps: tuple[StepTaken, ...]
    comparison: ModelComparison | None
    smoke_test: SmokeTestResult | None
    canary: tuple[Measurement, ...]
    log: str
    cause: Blame | None
    passed: Mapping[str, EnvironmentPass]
    next_environments: tuple[NextEnvironment, ...]


@dataclass(frozen=True)
class Hold:
    """A model that was rolled back; `since` None: its tag was changed by somebody, and says only `why`."""

    model: str
    since: datetime | None
    by: str
    why: str


@dataclass(frozen=True)
class RollbackResult:
    """One run of `mlops rollback`, asked for `by` somebody for a `reason`; `model` is live where it can be read.

    `held` models are not promoted to this environment again until a person releases the hold.
    """

    environment: str
    changed: bool
    why: str
    by: str
    reason: str
    held: tuple[Hold, ...]
    endpoint: EndpointStatus
    steps: tuple[StepTaken, ...]
    model: ModelSummary | None


@dataclass(frozen=True)
class FreezeResult:
    """A freeze that was set, or was there; `since` None: its tag says only `why`."""

    environment: str
    endpoint: str
    changed: bool
    since: datetime | None
    by: str
    why: str


@dataclass(frozen=True)
class ThawResult:
    """A freeze that was ended; `was` is its entry as it stood, empty where there was none."""

    environment: str
    endpoint: str
    changed: bool
    was: str


@dataclass(frozen=True)
class EndpointAnswer:
    """What the endpoint of an environment said; `text` null where it gave no answer, and `failure` says why.

    `deployment` and `model` (name:version) are empty where the service does not say who answered. `scores` are against
    the ground truth, none without one.
    """

    environment: str
    endpoint: str
    deployment: str
    model: str
    seconds: float
    text: str | None
    failure: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class AskedQuestion:
    """A conversation up to the user's turn, the true answer where one is known, and what each endpoint said."""

    messages: tuple[Mapping[str, str], ...]
    ground_truth: str | None
    answers: tuple[EndpointAnswer, ...]


@dataclass(frozen=True)
class AskResult:
    """Questions with their answers. `held_out`: of the test data; `chat`: each goes on with what was said before.

    `silent` are environments that serve no model, which were not asked.
    """

    asked: tuple[AskedQuestion, ...]
    held_out: bool
    chat: bool
    silent: tuple[str, ...]
