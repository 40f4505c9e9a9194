"""Submits a pipeline of one component, and says when somebody else has submitted the same.

It must not decide what to submit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops.azure import registry
from mlops.azure.failures import translated
from mlops.azure.jobs import OUTPUT, Job, find
from mlops.azure.translate import word
from mlops.azure.workspace import Workspace
from mlops.domain.tags import OWNER_TAG
from mlops.domain.training.parameters import Component
from mlops.errors import AzureRefused, BadInput, Problem

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

NAMES = 5  # numbers of attempts whose jobs were deleted, which Azure may give out once only
OTHERWISE = "change what is asked for, such as training.parameters.seed or evaluation.conversations"
TAKEN = "already exists"  # the service answers UserError for this as for much else: its text alone tells


@dataclass(frozen=True)
class StepMachines:
    """Where the steps of a component run that does not take that as inputs; `size` for serverless compute alone."""

    compute: str
    size: str
    nodes: int


@dataclass(frozen=True)
class Following:
    """A node after the first: its component of the same registry, its literals, and what it takes of the first.

    `takes`: input -> output of the first.
    """

    component: Component
    step: str
    literals: Mapping[str, str]
    takes: Mapping[str, str]


@dataclass(frozen=True)
class Work:
    """One job: the component of a registry, or of the workspace, its literal inputs, and its assets by id.

    `models` and `files` are MLflow models and data assets by the input that they go to; inputs and outputs that the
    component does not have are left out. `step` is the name of the pipeline's first node; `outputs` are of its last.
    """

    component: Component
    registry: str
    literals: Mapping[str, str]
    step: str
    models: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    outputs: Sequence[str] = (OUTPUT,)
    display_name: str = ""
    experiment: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    machines: StepMachines | None = None
    following: Following | None = None


class Taken(Exception):
    """The name belongs to a job that was deleted, or to one of another project."""


def submit(workspace: Workspace, work: Work, name: str) -> tuple[str, bool]:
    """The studio's address of the job, and whether this call made it.

    A job of that name which another process has made meanwhile is attached to: the name stands for the same work.
    Raises Taken for a name that cannot be used again, and our failures.
    """
    if there := _there(workspace, work, name):
        return there.studio_url, False
    try:
        return _put(workspace, work, name), True
    except (AzureRefused, BadInput) as error:
        if there := _there(workspace, work, name):
            return there.studio_url, False
        if TAKEN in str(error):
            raise Taken(name) from error
        raise


def submit_next(
    workspace: Workspace, work: Work, named: Callable[[int], str], first: int, say: Callable[[str], None]
) -> tuple[int, str, bool]:
    """The attempt that it became, from `first` on, the studio's address, and whether this call made it.

    A name that cannot be used again is passed over. Raises AzureRefused where many are, and our failures.
    """
    for number in range(first, first + NAMES):
        try:
            return number, *submit(workspace, work, named(number))
        except Taken:
            say(f"the name {named(number)} is taken, by another project or by a job that was deleted: the next one")
    what = f"the names {named(first)} and {NAMES - 1} more belong to deleted jobs or other projects"
    raise AzureRefused(Problem(what, "the workspace", fix=OTHERWISE))


def _there(workspace: Workspace, work: Work, name: str) -> Job | None:
    """The job of that name, which stands for this work where the same project made it. Raises Taken."""
    there, owner = find(workspace, name), work.tags.get(OWNER_TAG)
    if there and owner and there.tags.get(OWNER_TAG, owner) != owner:
        raise Taken(name)
    return there


def _put(workspace: Workspace, work: Work, name: str) -> str:
    """The studio's address of the job that was made of it.

    The SDK does not go through it once more, which takes as long as all else here: it is made of a component and inputs
    that were checked, the service judges it anyway, and the contract tests have the SDK judge each kind.
    """
    with translated(f"submit the job {name}"):
        job = built(workspace, work, name)
        # The SDK names its store of components that have no name by this, and reads the workspace for it otherwise.
        workspace.ml.components._client_key = f"workspace/{workspace.description['properties']['workspaceId']}"
        return str(workspace.ml.jobs.create_or_update(job, skip_validation=True).studio_url or "")


def built(workspace: Workspace, work: Work, name: str) -> "PipelineJob":
    """The job as the SDK's entity, with which nothing was done yet."""
    from azure.ai.ml import dsl

    inputs, component = _inputs(work), registry.sdk_component(workspace, work.registry, work.component)
    _drop_conditions(component)
    after = work.following
    second = registry.sdk_component(workspace, work.registry, after.component) if after else None

    @dsl.pipeline(name=name, display_name=work.display_name)  # type: ignore[untyped-decorator]
    def pipeline() -> Any:
        node = _placed(component(**inputs), work.step, work.machines)
        if after is None or second is None:
            return {output: node.outputs[output] for output in work.outputs if output in component.outputs}
        taken = {name: node.outputs[output] for name, output in after.takes.items()}
        last = _placed(second(**after.literals, **taken), after.step, work.machines)
        return {output: last.outputs[output] for output in work.outputs}

    job: PipelineJob = pipeline()
    job.name, job.experiment_name, job.tags = name, work.experiment, dict(work.tags)
    job.settings.force_rerun = True  # a reused step would log its metrics to the old run
    job.settings.continue_on_step_failure = False
    if work.machines:
        job.settings.default_compute = work.machines.compute
    return job


def _placed(node: Any, step: str, machines: StepMachines | None) -> Any:
    """A node with its name and, where it is a command, its machines; the steps of a pipeline say theirs themselves."""
    node.name = step
    if machines and hasattr(node, "resources"):
        size = {"instance_type": machines.size} if machines.size else {}
        node.resources = {"instance_count": machines.nodes, **size}
    return node


def _drop_conditions(component: Any) -> None:
    """Take `if_else` out of our copy of a component's graph, which azure-ai-ml 1.35 does not validate.

    The service is sent the component's id and runs its own graph.
    """
    for name, node in list(getattr(component, "jobs", {}).items()):
        if word(node.type) == "if_else":
            del component.jobs[name]


def _inputs(work: Work) -> dict[str, Any]:
    from azure.ai.ml import Input
    from azure.ai.ml.constants import AssetTypes

    inputs: dict[str, Any] = dict(work.literals)
    for name, model in work.models.items():
        inputs[name] = Input(type=AssetTypes.MLFLOW_MODEL, path=model)
    for name, asset in work.files.items():
        inputs[name] = Input(type=AssetTypes.URI_FILE, path=asset)
    return {key: value for key, value in inputs.items() if key in work.component.inputs}
