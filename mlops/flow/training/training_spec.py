"""Looks up what a run would be made of: base model, component, VM size, merged parameters; every problem at once.

It must not change anything.
"""

from dataclasses import dataclass, field
from typing import Any

from mlops.azure import registry, skus_and_quota
from mlops.domain.machines import Machine
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.parameters import Component, Resolved, misfits, resolve
from mlops.domain.training.run import fingerprint
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context


@dataclass(frozen=True)
class Training:
    """What a run would be made of. `sdk_component` is the SDK's own object, for building the job."""

    base: BaseModel
    component: Component
    sdk_component: Any
    resolved: Resolved
    size: Machine

    def fingerprint(self, data_version: str) -> str:
        """The name of the release that this training makes of that data."""
        return fingerprint(self.base.id, self.component.id, self.resolved.literals(), data_version)


@dataclass
class Gathered:
    """What could be found; None is what could not, and `problems` say why."""

    base: BaseModel | None = None
    component: Component | None = None
    sdk_component: Any = None
    resolved: Resolved | None = None
    size: Machine | None = None
    problems: list[Problem] = field(default_factory=list)

    def whole(self) -> Training:
        """All of it; only for what was found without a problem."""
        assert self.base
        assert self.component
        assert self.resolved
        assert self.size
        return Training(self.base, self.component, self.sdk_component, self.resolved, self.size)


def training(context: Context) -> Training:
    """Base model, component, VM size and merged parameters. Raises BadInput with every problem."""
    found = gather(context)
    where, wanted = str(context.params_path), context.params.training.instance_type
    if found.size is None or found.size.gpus < 1:
        lack = "has no GPU" if found.size else f"is no VM size of {context.workspace.location}"
        fix = "choose a GPU size of the region, such as Standard_NC24ads_A100_v4"
        found.problems.append(Problem(f"training.instance_type {wanted} {lack}", where, fix=fix))
    if found.problems:
        raise BadInput(found.problems)
    return found.whole()


def gather(context: Context) -> Gathered:
    """The same as far as it can be found. A VM size that the region does not have is left to the caller."""
    found, wanted = Gathered(), context.params.training
    found.size = skus_and_quota.machine(context.workspace, wanted.instance_type)
    found.problems += _small_sizes(context)
    defaults: dict[str, str] = {}
    try:
        found.base = base_model(context)
        defaults = found.base.default_parameters()
    except BadInput as error:
        found.problems += error.problems
    except ValueError as error:
        found.problems.append(Problem(str(error), "the registry", fix="pin another version of the base model"))
    try:
        found.component, found.sdk_component = registry.component(
            context.workspace, context.params.model.registry, wanted.component, wanted.component_version
        )
        gpus = {"number_of_gpu_to_use_finetuning": found.size.gpus} if found.size and found.size.gpus else {}
        checked = {**gpus, "num_nodes_finetune": wanted.nodes}
        others = (
            registry.other_versions(context.workspace, context.params.model.registry, found.component)
            if misfits(found.component, wanted.parameters)
            else ()
        )
        found.resolved = resolve(found.component, wanted.parameters, defaults, checked, others=others)
    except BadInput as error:
        found.problems += error.problems
    return found


def _small_sizes(context: Context) -> list[Problem]:
    """The VM sizes named for steps without a GPU that the region does not have."""
    wanted, place = context.params.training, context.workspace.location
    named = {step: size for step, size in wanted.sizes().items() if size and size != wanted.instance_type}
    fix = "choose a size of the region, such as Standard_D12_v2, or leave it out"
    return [
        Problem(f"training.instance_type_{step} {size} is no VM size of {place}", str(context.params_path), fix=fix)
        for step, size in named.items()
        if skus_and_quota.machine(context.workspace, size) is None
    ]


def base_model(context: Context) -> BaseModel:
    """The base model of params.yaml."""
    plan = context.params.model
    return registry.base_model(context.workspace, plan.registry, plan.base, plan.version)
