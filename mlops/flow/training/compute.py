"""`mlops compute`: what can be known before a GPU is rented is checked, then the cluster is made if missing."""

from dataclasses import dataclass

from mlops import clock
from mlops.azure import compute, skus_and_quota
from mlops.azure.failures import Conflict
from mlops.domain.machines import Finding, Quota, failure_of
from mlops.domain.training.checks import (
    DEDICATED_TOTAL,
    IN_MOTION,
    LOW_PRIORITY_TOTAL,
    SERVERLESS,
    Checked,
    Cluster,
    Facts,
    Wanted,
    check,
)
from mlops.errors import AzureRefused, Problem
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.training.training_spec import Gathered, Training, gather
from mlops.render import Report, Section, table

WAIT_SECONDS, PAUSE_SECONDS = 300.0, 5.0  # for a cluster that somebody else makes or changes just now


@dataclass(frozen=True)
class Ready:
    """What the step found out, for later steps: everything that a run on this compute needs to know."""

    compute: str
    created: bool
    instance_type: str
    gpus_per_node: int
    nodes: int
    tier: str
    base_model: str
    component: str
    warnings: int

    def outputs(self) -> dict[str, str]:
        """Step outputs: hyphens for underscores, and lower-case truth."""
        named = {name.replace("_", "-"): value for name, value in vars(self).items()}
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in named.items()}


def run(context: Context, *, make: bool = True) -> ReportOutcome:
    """Check base model, parameters, size, quota and cluster; create the cluster when there is none, if asked to."""
    wanted = _wanted(context)
    found = gather(context)
    cluster = None if wanted.serverless else _settled(context, wanted.compute)
    checked = check(wanted, _facts(context, wanted, found, cluster))
    failure = failure_of([*(Finding(problem) for problem in found.problems), *checked.findings])
    if failure:
        return ReportOutcome(_refused(found, checked, len(failure.problems)), failure=failure)
    made_of = found.whole()
    missing = cluster is None and not wanted.serverless
    if missing and make:
        _create(context)
    warnings = (*checked.warnings, *made_of.resolved.warnings)
    ready = Ready(
        compute=context.params.training.compute,
        created=missing and make,
        instance_type=made_of.size.name,
        gpus_per_node=made_of.size.gpus,
        nodes=wanted.nodes,
        tier=_tier(context, cluster),
        base_model=f"{made_of.base.name}:{made_of.base.version}",
        component=f"{made_of.component.name}:{made_of.component.version}",
        warnings=len(warnings),
    )
    report = Report(
        "Compute is ready" if make else "Nothing stands in the way",
        tuple(str(warning) for warning in warnings),
        tables=(table("Checked", ("what", "finding"), _rows(context, made_of, cluster, ready)),),
        next_step="mlops submit" if make or not missing else "mlops compute",
        data=vars(ready),
    )
    return ReportOutcome(report, ready.outputs())


def _wanted(context: Context) -> Wanted:
    stated = context.params.training
    return Wanted(
        compute=stated.compute,
        instance_type=stated.instance_type,
        nodes=stated.nodes,
        max_nodes=stated.max_nodes,
        low_priority=stated.tier == "low_priority",
        retired=stated.retired_base_model,
        where=str(context.params_path),
        version=context.params.model.version,
        component_version=stated.component_version,
    )


def _facts(context: Context, wanted: Wanted, found: Gathered, cluster: Cluster | None) -> Facts:
    quotas = _quotas(context)
    low = cluster.low_priority if cluster else wanted.low_priority and not wanted.serverless
    total = LOW_PRIORITY_TOTAL if low else DEDICATED_TOTAL
    return Facts(
        region=context.workspace.location,
        now=context.workspace.now(),
        base=found.base,
        machine=found.size,
        cluster=cluster,
        quota=quotas.get(found.size.family.lower()) if found.size else None,
        total=quotas.get("".join(total.lower().split())),
        component=found.component.version if found.component else "",
    )


def _quotas(context: Context) -> dict[str, Quota]:
    """Every quota of the region; none where the identity may not read them, for then the run itself will tell."""
    try:
        return skus_and_quota.quotas(context.workspace)
    except AzureRefused as error:
        context.say(f"quota is not checked: {error.problems[0].what}")
        return {}


def _settled(context: Context, name: str) -> Cluster | None:
    """The cluster, after a change that is under way; as it is when that takes too long."""
    deadline = clock.monotonic() + WAIT_SECONDS
    while True:
        found = compute.find(context.workspace, name)
        if found is None or found.state not in IN_MOTION or clock.monotonic() > deadline:
            return found
        context.say(f"waiting: the cluster {name} is {found.state}")
        clock.sleep(PAUSE_SECONDS)


def _create(context: Context) -> None:
    """Make the cluster. When another process makes it at the same moment, wait for that one."""
    wanted = context.params.training
    context.say(f"creating the cluster {wanted.compute} of {wanted.instance_type}")
    try:
        compute.create(
            context.workspace,
            wanted.compute,
            wanted.instance_type,
            max_nodes=wanted.max_nodes,
            idle_seconds=wanted.idle_seconds_before_scale_down,
            tier=wanted.tier,
        )
    except Conflict:
        context.say(f"another process is making the cluster {wanted.compute}")
    made = _settled(context, wanted.compute)
    if made is None or made.state != "Succeeded":
        what = f"the cluster {wanted.compute} is {made.state if made else 'gone'} after its creation"
        fix = f"`az ml compute delete --name {wanted.compute}`, and run again"
        raise AzureRefused(Problem(what, "the workspace", why=made.errors if made else "", fix=fix))


def _tier(context: Context, cluster: Cluster | None) -> str:
    if cluster is None:
        return context.params.training.tier
    return "low_priority" if cluster.low_priority else "dedicated"


def _rows(context: Context, made_of: Training, cluster: Cluster | None, ready: Ready) -> list[tuple[str, str]]:
    wanted, size, allowed = context.params.training, made_of.size, made_of.base.finetune_list()
    if ready.created:
        idle = f"released after {wanted.idle_seconds_before_scale_down} idle seconds"
        scale = f"0 to {wanted.max_nodes} x {size.name}, {ready.tier}, {idle}"
        action = f"{wanted.compute} was created: {scale}"
    elif cluster:
        scale = f"{cluster.min_nodes} to {cluster.max_nodes} x {cluster.size}, {ready.tier}"
        action = f"{cluster.name} exists: {scale}, {cluster.state}"
    elif wanted.compute.lower() == SERVERLESS:
        action = "serverless: nothing to create"
    else:
        action = f"{wanted.compute} is missing: `mlops compute` makes it"
    pinned = "" if context.params.model.version != "latest" else " (latest)"
    return [
        ("base model", f"{made_of.base.name} {made_of.base.version}{pinned}"),
        ("component", f"{made_of.component.name} {made_of.component.version}"),
        ("compute", action),
        (
            "VM size",
            f"{size.name}: {size.vcpus} vCPU, {size.gpus} GPU, {size.memory_gb:g} GB memory, {size.disk_gb:g} GB disk",
        ),
        ("GPUs per node", str(size.gpus)),
        ("nodes", str(wanted.nodes)),
        ("allowed sizes", ", ".join(allowed.sizes) if allowed.sizes else "any that is not known to fail"),
        ("allowed by", allowed.source),
    ]


def _refused(found: Gathered, checked: Checked, count: int) -> Report:
    warnings = (*checked.warnings, *(found.resolved.warnings if found.resolved else ()))
    lines = tuple(str(warning) for warning in warnings)
    sections = (Section("Worth knowing besides", lines),) if lines else ()
    return Report(f"Compute is not ready: {count} finding{'s' * (count > 1)}", sections=sections)
