"""What params.yaml says about one environment, as a promotion, a rollback or a question needs it."""

from dataclasses import dataclass
from datetime import timedelta

from mlops.domain.environments.workspace_name import WorkspaceName
from mlops.domain.promote.canary import CanaryLimits
from mlops.domain.serving.autoscale import AutoscaleSpec
from mlops.domain.serving.settings import ServingSettings, stated


@dataclass(frozen=True)
class Invocation:
    """How an endpoint is asked. `timeout_seconds` is the longest wait for an answer."""

    max_new_tokens: int
    temperature: float
    timeout_seconds: float


@dataclass(frozen=True)
class RolloutSpec:
    """One environment. `endpoint` is the name in the region; `retention` None keeps the rollback target for ever.

    `place` says which workspace has it, where that is another than that of the training.
    `repository` (owner/name) is empty where it is not known. `registry` None: its models are in the workspace.
    `base_model` (name:version of `base_registry`) is what a model that names none was made of. Problems name the file
    `params_file`.
    """

    environment: str
    endpoint: str
    place: WorkspaceName
    owner: str
    repository: str
    registry: str | None
    auth_mode: str
    instance_type: str
    instance_count: int
    autoscale: AutoscaleSpec | None
    traffic_steps: tuple[int, ...]
    bake_seconds: float
    mirror_percent: int
    retention: timedelta | None
    limits: CanaryLimits
    metrics_wait_seconds: float
    metrics_required: bool
    serving: ServingSettings
    invocation: Invocation
    smoke_conversations: int
    smoke_minimum_rouge_l: float
    base_registry: str
    base_model: str
    params_file: str

    @property
    def settings(self) -> dict[str, str]:
        """What a deployment of it is made with, by name."""
        return stated(self.instance_type, self.serving)

    def key(self, name: str) -> str:
        """The dotted key of one of its parameters."""
        return f"environments.{self.environment}.{name}"
