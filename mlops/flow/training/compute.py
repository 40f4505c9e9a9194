"""`mlops compute`: what can be known before a GPU is rented is checked, then the cluster is made if missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlops import clock
from mlops.azure import at_once, compute, skus_and_quota
from mlops.azure.failures import Conflict
from mlops.azure.workspace import Workspace
from mlops.domain.machines import AllowList, Machine, MachineFinding, Quota, failure_of
from mlops.domain.tags import OWNER_TAG, REPOSITORY_TAG
from mlops.domain.training.checks import (
    DEDICATED_TOTAL,
    IN_MOTION,
    LOW_PRIORITY_TOTAL,
    Checked,
    Cluster,
    TrainingFacts,
    check,
)
from mlops.domain.training.spec import Tier, TrainingSpec
from mlops.errors import AzureRefused, MlopsError, Problem, RemoteFailed
from mlops.flow import poll
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import check_project, is_checked, own_endpoints
from mlops.flow.training import training_spec
from mlops.flow.training.training_spec import Gathered

WAIT_SECONDS = 300.0  # for a cluster that somebody else makes or changes just now
MAKING_SECONDS = 1800.0  # for one that is made
NEW_SECONDS = 60.0  # for which one that was asked for may not be found
PAUSES = poll.Pauses(1.0, factor=1.5, longest=10.0)
Say = Callable[[str], None]


class ComputeState(StrEnum):
    """What a run has to run on: `missing` is made by `mlops compute`, `serverless` needs nothing to be made."""

    CREATED = "created"
    EXISTS = "exists"
    MISSING = "missing"
    SERVERLESS = "serverless"


@dataclass(frozen=True)
class ComputeResult:
    """What was found; None is what could not be found. `ready`: nothing stands in the way of a run.

    `state` says what is there now. `cluster` is the cluster as it was before one was made.
    """

    ready: bool
    state: ComputeState
    checked_only: bool
    compute: str
    nodes: int
    max_nodes: int
    idle_seconds: int
    tier: Tier
    machine: Machine | None
    cluster: Cluster | None
    base_model: str | None
    base_model_version: str | None
    base_model_pinned: bool
    component: str | None
    component_version: str | None
    allowed: AllowList | None
    warnings: tuple[Problem, ...]


@dataclass(frozen=True)
class TrainingLook:
    """What a run would be made of and run on, and what stands in its way."""

    found: Gathered
    cluster: Cluster | None
    checked: Checked


def run(context: Context, *, make: bool = True) -> Outcome[ComputeResult]:
    """Check base model, parameters, size, quota and cluster; create the cluster when there is none, if asked to."""
    workspace, spec = context.workspace, training_spec.of(context)

    def own() -> None:  # before anything is paid for: a name of somebody else would be refused at the very end
        if not is_checked(workspace, spec.owner, spec.repository, spec.where):
            check_project(workspace, own_endpoints(context), spec.owner, spec.repository, spec.where)

    _, looked = at_once.both(
        own,
        lambda: look(workspace, spec, context.say),
    )
    found, cluster, checked = looked.found, looked.cluster, looked.checked
    failure = failure_of([*(MachineFinding(problem) for problem in found.problems), *checked.findings])
    missing = cluster is None and not spec.serverless
    created = missing and make and failure is None
    if created:
        _create(workspace, spec, context.say)
    state = ComputeState.CREATED if created else ComputeState.MISSING if missing else ComputeState.EXISTS
    result = ComputeResult(
        ready=failure is None,
        state=ComputeState.SERVERLESS if spec.serverless else state,
        checked_only=not make,
        compute=spec.compute,
        nodes=spec.nodes,
        max_nodes=spec.max_nodes,
        idle_seconds=spec.idle_seconds,
        tier=cluster.tier if cluster else spec.tier,
        machine=found.size,
        cluster=cluster,
        base_model=found.base.name if found.base else None,
        base_model_version=found.base.version if found.base else None,
        base_model_pinned=spec.pinned,
        component=found.component.name if found.component else None,
        component_version=found.component.version if found.component else None,
        allowed=found.base.finetune_list() if found.base else None,
        warnings=_warnings(found, checked),
    )
    return Outcome(result, failure)


def look(workspace: Workspace, spec: TrainingSpec, say: Say) -> TrainingLook:
    """Everything that can be known before a GPU is rented; nothing is made."""
    _ = workspace.location  # once, before several ask for it
    found, (cluster, quotas) = at_once.both(
        lambda: training_spec.gather(workspace, spec),
        lambda: at_once.both(
            lambda: None if spec.serverless else _settled(workspace, spec.compute, say),
            lambda: _quotas(workspace, say),
        ),
    )
    return TrainingLook(found, cluster, check(spec, _facts(workspace, spec, found, cluster, quotas)))


def _warnings(found: Gathered, checked: Checked) -> tuple[Problem, ...]:
    return (*checked.warnings, *(found.resolved.warnings if found.resolved else ()))


def _facts(
    workspace: Workspace, spec: TrainingSpec, found: Gathered, cluster: Cluster | None, quotas: Mapping[str, Quota]
) -> TrainingFacts:
    low = cluster.low_priority if cluster else spec.low_priority
    total = LOW_PRIORITY_TOTAL if low else DEDICATED_TOTAL
    return TrainingFacts(
        region=workspace.location,
        now=workspace.now(),
        base=found.base,
        machine=found.size,
        cluster=cluster,
        quota=quotas.get(found.size.family.lower()) if found.size else None,
        total=quotas.get("".join(total.lower().split())),
        component=found.component.version if found.component else "",
    )


def _quotas(workspace: Workspace, say: Say) -> dict[str, Quota]:
    """Every quota of the region; none where the identity may not read them, for then the run itself will tell."""
    try:
        return skus_and_quota.quotas(workspace)
    except AzureRefused as error:
        say(f"quota is not checked: {error.problems[0].what}")
        return {}


def _settled(workspace: Workspace, name: str, say: Say, *, new: bool = False) -> Cluster | None:
    """The cluster, after a change that is under way; as it is when that takes too long. `new`: one just asked for."""
    said, begun = "", clock.monotonic()

    def at_rest(found: Cluster | None) -> bool:
        nonlocal said
        if found is None:
            return not new or clock.monotonic() - begun > NEW_SECONDS
        if found.state not in IN_MOTION:
            return True
        if said != found.state:
            said = found.state
            say(f"waiting: the cluster {name} is {said}")
        return False

    until = begun + (MAKING_SECONDS if new else WAIT_SECONDS)
    return poll.until(lambda: compute.find(workspace, name), at_rest, PAUSES, until)


def _create(workspace: Workspace, spec: TrainingSpec, say: Say) -> None:
    """Make the cluster. When another process makes it at the same moment, wait for that one."""
    say(f"creating the cluster {spec.compute} of {spec.instance_type}")
    own = {OWNER_TAG: spec.owner, REPOSITORY_TAG: spec.repository}
    failure: type[MlopsError] = RemoteFailed
    try:
        compute.create(
            workspace,
            spec.compute,
            spec.instance_type,
            max_nodes=spec.max_nodes,
            idle_seconds=spec.idle_seconds,
            tier=spec.tier.value,
            tags={key: value for key, value in own.items() if value},
        )
    except Conflict:
        say(f"another process is making the cluster {spec.compute}")
        failure = AzureRefused
    made = _settled(workspace, spec.compute, say, new=True)
    if made is None or made.state != "Succeeded":
        what = f"the cluster {spec.compute} is {made.state if made else 'gone'} after its creation"
        fix = f"`az ml compute delete --name {spec.compute}`, and run again"
        raise failure(Problem(what, "the workspace", why=made.errors if made else "", fix=fix))
