"""What params.yaml asks of an evaluation and of the gate that judges by it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops.domain.environments.workspace_name import WorkspaceName

if TYPE_CHECKING:
    from mlops.domain.evaluation.findings import Rule
    from mlops.domain.evaluation.probes.suites import Probe


@dataclass(frozen=True)
class GateSpec:
    """The rules of the block `gate` and the budgets of the probes; how long metrics are waited for that lag behind.

    `seed` is of the bootstrap by which answers are compared.
    """

    rules: "tuple[Rule, ...]"
    wait_seconds: float
    seed: int = 0

    @property
    def asks_base(self) -> bool:
        """Whether some rule compares with the base model."""
        return any("base" in (rule.not_worse_than, rule.better_than) for rule in self.rules)


@dataclass(frozen=True)
class ChampionPlace:
    """Where the model to beat is looked for: the versions of `model`, served by `endpoint` of `environment`.

    `place` is that of the endpoint.
    """

    model: str
    environment: str
    endpoint: str
    place: WorkspaceName = field(default_factory=WorkspaceName)


@dataclass(frozen=True)
class EvaluationSpec:
    """The block `evaluation` with what it takes from others. `where` is the file, `owner` the name of our model."""

    enabled: bool
    owner: str
    registry: str
    component: str
    component_version: str  # or `latest`
    metrics_component: str | None  # that computes metrics, where `component` predicts alone
    metrics_component_version: str
    compute: str  # a cluster, or `serverless`
    instance_type: str  # where the compute is serverless
    experiment: str
    conversations: int
    max_new_tokens: int
    probes: "tuple[Probe, ...]"  # that are asked after the conversations
    gate: GateSpec
    champion: ChampionPlace
    where: str
