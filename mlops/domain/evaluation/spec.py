"""What params.yaml asks of an evaluation and of the gate that judges by it."""

from dataclasses import dataclass

from mlops.domain.evaluation.rules import Rule


@dataclass(frozen=True)
class GateSpec:
    """The rules of the block `gate`, and how long metrics are waited for that lag behind the run."""

    rules: tuple[Rule, ...]
    wait_seconds: float


@dataclass(frozen=True)
class ChampionPlace:
    """Where the model to beat is looked for: the versions of `model`, served by `endpoint` of `environment`."""

    model: str
    environment: str
    endpoint: str


@dataclass(frozen=True)
class EvaluationSpec:
    """The block `evaluation` with what it takes from others. `where` is the file, `owner` the name of our model."""

    enabled: bool
    owner: str
    registry: str
    component: str
    component_version: str  # or `latest`
    compute: str  # a cluster, or `serverless`
    instance_type: str  # where the compute is serverless
    experiment: str
    conversations: int
    max_new_tokens: int
    gate: GateSpec
    champion: ChampionPlace
    where: str
