"""What `params.yaml` may say: every key, its type, its bounds and its meaning.

It must not read a file. The descriptions become the JSON schema that editors show (docs/params.schema.json).
"""

from functools import cache
from pathlib import PurePosixPath
from typing import Any, Literal, Self

from pydantic_core import PydanticCustomError

from mlops.params import environments
from mlops.params.block import Block as _Block
from mlops.params.block import Positive, key, together
from mlops.params.cleanup import Cleanup
from mlops.params.data import Data
from mlops.params.environments import Environment, EnvironmentName, Serving
from mlops.params.evaluation import Evaluation
from mlops.params.gate import Gate
from mlops.params.overlay import Override
from mlops.params.patterns import NAME
from mlops.params.prices import CostBudget, Prices

AT_KEY = "at_key"  # a mistake whose context names the `key` it is at, and an `other` one or a `fix`


class Model(_Block):
    """The base model, and the name of what is made from it."""

    base: str = key("Phi-3-mini-4k-instruct", pattern=NAME, description="Base model in the registry")
    version: str = key("15", description="Version of the base model, or `latest`")
    registry: str = key("azureml", pattern=NAME, description="Registry that holds the base model and the component")
    name: str = key("phi-3-mini-ultrachat", pattern=NAME, description="Name of the fine-tuned model in the workspace")


class Training(_Block):
    """The fine-tuning pipeline and the machines it runs on."""

    component: str = key(
        "chat_completion_pipeline",
        description="Component in the registry, or a YAML file of the repository that is registered in the workspace",
    )
    component_from: str | None = key(
        None, pattern=NAME, description="Registry that holds the component, or `workspace`; null for model.registry"
    )
    component_version: str = key(
        "0.0.74", description="Version of the component, or `latest`; that of a file is its content, whatever is said"
    )
    experiment: str = key("chat-completion", pattern=NAME, description="Experiment in the workspace")
    compute: str = key("gpu-cluster", description="Name of a cluster, or `serverless`")
    instance_type: str = key("Standard_NC24ads_A100_v4", description="VM size of the cluster or of serverless compute")
    instance_type_model_import: str | None = key(
        None,
        description="VM size of the model's import on serverless compute; null for the component's own, a CPU size",
    )
    instance_type_preprocess: str | None = key(
        None, description="VM size of the preprocessing on serverless compute; null for the component's own, a CPU size"
    )
    max_nodes: Positive = key(1, description="Largest size of a cluster that is created")
    nodes: Positive = key(1, description="Nodes a run uses")
    tier: Literal["dedicated", "low_priority"] = key("dedicated", description="Priority of a cluster that is created")
    idle_seconds_before_scale_down: Positive = key(120, description="Idle time before a cluster's nodes are released")
    queued_pushes: Literal["newest", "each"] = key(
        "newest", description="Of pushes that wait for each other: train the newest alone, or each"
    )
    retired_base_model: Literal["warn", "refuse"] = key(
        "warn", description="What to do when the base model is archived or past its retirement"
    )
    parameters: dict[str, str | int | float | bool] = key(
        default_factory=dict, description="Inputs of the component; they win over the base model's defaults"
    )

    @together
    def _fits_its_compute(self) -> Self:
        if self.serverless:
            return self
        if self.nodes > self.max_nodes:
            raise ValueError(f"nodes is {self.nodes} but max_nodes is {self.max_nodes}; a run would wait for ever")
        for size in ("instance_type_model_import", "instance_type_preprocess"):
            if getattr(self, size):
                raise ValueError(
                    f"{size} is for serverless compute; on the cluster {self.compute} all steps run on its size"
                )
        return self

    @property
    def serverless(self) -> bool:
        """Whether Azure finds the machines, and no cluster is named."""
        return self.compute.lower() == "serverless"

    def sizes(self) -> dict[str, str | None]:
        """Step of the component -> VM size on serverless compute; None for the component's own default."""
        return {
            "model_import": self.instance_type_model_import,
            "preprocess": self.instance_type_preprocess,
            "finetune": self.instance_type,
            "model_evaluation": self.instance_type,
        }


class Watch(_Block):
    """How long a runner waits for a training run."""

    wait_minutes: float = key(
        30, ge=0, le=160, description="Bound of one wait; a job has two of them, and GitHub ends it after 360 minutes"
    )
    on_interrupt: Literal["leave", "cancel"] = key(
        "leave", description="What Ctrl-C or a canceled workflow does with the run that is watched"
    )
    log_lines: int = key(
        20, ge=0, le=500, description="Most lines of a step's log shown at each look, and of a failed step's end"
    )


class Params(_Block):
    """The whole of `params.yaml`."""

    model: Model = key(default_factory=Model)  # type: ignore[arg-type]
    data: Data = key(default_factory=Data)  # type: ignore[arg-type]
    training: Training = key(default_factory=Training)  # type: ignore[arg-type]
    evaluation: Evaluation = key(default_factory=Evaluation)  # type: ignore[arg-type]
    gate: Gate
    watch: Watch = key(default_factory=Watch)  # type: ignore[arg-type]
    environments: dict[EnvironmentName, Environment] = key(
        min_length=1,
        description="In the order of promotion: each after the one above it, unless `after` says otherwise",
    )
    serving: Serving = key(default_factory=Serving)  # type: ignore[arg-type]
    cleanup: Cleanup = key(default_factory=Cleanup)  # type: ignore[arg-type]
    prices: Prices = key(default_factory=Prices)  # type: ignore[arg-type]
    budget: CostBudget = key(default_factory=CostBudget)  # type: ignore[arg-type]
    rehearsal: dict[str, Any] = key(
        default_factory=dict,
        description="What `mlops rehearse` changes, by dotted key, because a small stand-in is trained there",
    )

    @property
    def changes(self) -> tuple[Override, ...]:
        """What was changed on top of the file: by the command line, and in a rehearsal by its block `rehearsal`."""
        return self.beside or ()

    def with_changes(self, changes: tuple[Override, ...]) -> Self:
        """The same, and what was changed to come to it."""
        return self.put_beside(changes)

    def is_curated(self, path: str) -> bool:
        """Whether a file, named from the folder of params.yaml, is mixed into the training data. Probes never are."""
        return not self.is_probe(path) and self.data.holds(path)

    def is_probe(self, path: str) -> bool:
        """Whether a file lies in the folder of the probes."""
        probes = self.evaluation.probes
        return probes is not None and PurePosixPath(probes.folder) in PurePosixPath(path).parents

    @property
    def order(self) -> dict[str, tuple[str, ...]]:
        """Environment -> those that it comes right after; the keys are in the order of promotion."""
        return environments.order(self.environments)

    @together
    def _environments_are_in_order(self) -> Self:
        if wrong := environments.disorder(self.environments):
            key, why, fix = wrong
            raise PydanticCustomError(AT_KEY, "{why}", {"why": why, "key": key, "other": "", "fix": fix})
        return self

    @together
    def _an_endpoint_serves_one_environment(self) -> Self:
        seen: dict[tuple[str, str | None], str] = {}
        for name, stated in self.environments.items():
            # what takes its models from a registry may be in another workspace, whose hash is another
            elsewhere = stated.workspace or stated.registry if "{workspace_hash}" in stated.endpoint else None
            pattern = stated.endpoint.lower().replace("{environment}", name.lower())
            other = seen.setdefault((pattern, elsewhere), name)
            if other != name:
                keys = [f"environments.{one}.endpoint" for one in (name, other)]
                why = f"{keys[0]} is {stated.endpoint}, and so is {keys[1]}: one would move the other's traffic"
                raise PydanticCustomError(AT_KEY, "{why}", {"why": why, "key": keys[0], "other": keys[1]})
        return self

    @together
    def _production_is_named_rightly(self) -> Self:
        for name in self.cleanup.include_production:
            if name not in self.environments:
                known = ", ".join(self.environments)
                raise ValueError(f"cleanup.include_production names {name!r}; the environments are: {known}")
            if self.environments[name].protected:
                raise ValueError(
                    f"cleanup.include_production names {name!r}, but environments.{name}.protected is true; "
                    "say both, or neither"
                )
        return self


@cache
def json_schema() -> dict[str, Any]:
    """JSON schema for editors."""
    from mlops.params import editors

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **editors.json_schema(Params)}
