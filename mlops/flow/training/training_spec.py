"""What a run would be made of: base model, component, VM size and merged parameters, looked up; nothing is changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from mlops.azure import at_once, registry, skus_and_quota
from mlops.azure.workspace import Workspace
from mlops.domain.machines import Machine
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.interface import misfit
from mlops.domain.training.parameters import Component, Resolved, misfits, resolve
from mlops.domain.training.run import fingerprint
from mlops.domain.training.spec import Tier, TrainingSpec
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context
from mlops.flow.training import component_file
from mlops.params import Params

T = TypeVar("T")
WORKSPACE = "workspace"  # of training.component_from


@dataclass(frozen=True)
class Parameter:
    """One parameter as it is sent, which is as text: `source` says who set it, `instead_of` what that replaced."""

    name: str
    value: str
    source: str
    instead_of: str


@dataclass(frozen=True)
class ResolvedTraining:
    """What a run would be made of."""

    base: BaseModel
    component: Component
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
    resolved: Resolved | None = None
    size: Machine | None = None
    problems: list[Problem] = field(default_factory=list)

    def whole(self) -> ResolvedTraining:
        """All of it; only for what was found without a problem."""
        assert self.base
        assert self.component
        assert self.resolved
        assert self.size
        return ResolvedTraining(self.base, self.component, self.resolved, self.size)


def of(context: Context) -> TrainingSpec:
    """What params.yaml asks for."""
    model, training = context.params.model, context.params.training
    own = component_file.read(context.project)
    return TrainingSpec(
        owner=context.owner,
        repository=context.repository,
        registry=model.registry,
        base=model.base,
        version=model.version,
        component=own.name if own else training.component,
        component_from=_holder(context.params),
        component_version=own.version if own else training.component_version,
        experiment=training.experiment,
        compute=training.compute,
        instance_type=training.instance_type,
        nodes=training.nodes,
        max_nodes=training.max_nodes,
        tier=Tier(training.tier),
        idle_seconds=training.idle_seconds_before_scale_down,
        retired=training.retired_base_model,
        step_sizes=training.sizes(),
        parameters=training.parameters,
        where=str(context.params_path),
        own=own,
    )


def _holder(params: Params) -> str:
    """The registry of the component; empty for the workspace, where a file is registered."""
    training = params.training
    if component_file.is_file(training.component) or training.component_from == WORKSPACE:
        return ""
    return training.component_from or params.model.registry


def training(workspace: Workspace, spec: TrainingSpec) -> ResolvedTraining:
    """Base model, component, VM size and merged parameters. Raises BadInput with every problem."""
    found = gather(workspace, spec)
    if found.size is None or found.size.gpus < 1:
        lack = "has no GPU" if found.size else f"is no VM size of {workspace.location}"
        fix = "choose a GPU size of the region, such as Standard_NC24ads_A100_v4"
        key = "training.instance_type"
        found.problems.append(Problem(f"{key} {spec.instance_type} {lack}", spec.where, fix=fix, key=key))
    if found.problems:
        raise BadInput(found.problems)
    return found.whole()


def gather(workspace: Workspace, spec: TrainingSpec) -> Gathered:
    """The same as far as it can be found. A VM size that the region does not have is left to the caller."""
    _ = workspace.location  # once, before three ask for it
    found, (base, component) = at_once.both(
        lambda: Gathered(
            size=skus_and_quota.machine(workspace, spec.instance_type), problems=_step_sizes(workspace, spec)
        ),
        lambda: at_once.both(
            lambda: _looked_up(base_model, workspace, spec), lambda: _looked_up(_named, workspace, spec)
        ),
    )
    defaults = _base_model(found, base)
    if isinstance(component, BadInput):
        found.problems += component.problems
    else:
        try:
            _component(workspace, spec, found, component, defaults)
        except BadInput as error:
            found.problems += error.problems
    return found


def _looked_up(look: Callable[[Workspace, TrainingSpec], T], workspace: Workspace, spec: TrainingSpec) -> T | BadInput:
    """What is found, or why it is not: one that is missing does not hide what else is wrong."""
    try:
        return look(workspace, spec)
    except BadInput as error:
        return error


def _named(workspace: Workspace, spec: TrainingSpec) -> Component:
    return spec.own or registry.component(workspace, spec.component_from, spec.component, spec.component_version)


def base_model(workspace: Workspace, spec: TrainingSpec) -> BaseModel:
    """The base model of params.yaml."""
    return registry.base_model(workspace, spec.registry, spec.base, spec.version)


def _base_model(found: Gathered, base: BaseModel | BadInput) -> dict[str, str]:
    """Take the base model; its default parameters, none where they cannot be read."""
    if isinstance(base, BadInput):
        found.problems += base.problems
        return {}
    found.base = base
    try:
        return base.default_parameters()
    except ValueError as error:
        fix = "pin another version of the base model"
        found.problems.append(Problem(str(error), "the registry", fix=fix, key="model.version"))
    return {}


def _component(
    workspace: Workspace, spec: TrainingSpec, found: Gathered, component: Component, defaults: dict[str, str]
) -> None:
    """Take the component, and merge the parameters for it."""
    found.problems += misfit(component, spec.where)
    found.component = component
    gpus = {"number_of_gpu_to_use_finetuning": found.size.gpus} if found.size and found.size.gpus else {}
    explained = misfits(component, spec.parameters)
    others = registry.other_versions(workspace, spec.component_from, component) if explained else ()
    checked = {**gpus, "num_nodes_finetune": spec.nodes}
    found.resolved = resolve(component, spec.parameters, defaults, checked, others=others)


def _step_sizes(workspace: Workspace, spec: TrainingSpec) -> list[Problem]:
    """The VM sizes named for steps without a GPU that the region does not have."""
    named = {step: size for step, size in spec.step_sizes.items() if size and size != spec.instance_type}
    fix = "choose a size of the region, such as Standard_D12_v2, or leave it out"
    return [
        Problem(f"{key} {size} is no VM size of {workspace.location}", spec.where, fix=fix, key=key)
        for key, size in ((f"training.instance_type_{step}", size) for step, size in named.items())
        if skus_and_quota.machine(workspace, size) is None
    ]
