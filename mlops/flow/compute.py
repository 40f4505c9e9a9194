"""`mlops compute`: what can be known before a GPU is rented is checked, then the cluster is made if missing."""

from mlops.azure import compute
from mlops.domain.base_model import SUCCESSOR, check_size
from mlops.errors import AzureRefused, BadInput, Problem
from mlops.flow import observe
from mlops.flow.context import Context, Outcome
from mlops.flow.observe import Training
from mlops.views import Report, table

SERVERLESS = "serverless"


def run(context: Context) -> Outcome:
    """Check base model, size and cluster; create the cluster when there is none. All findings at once."""
    made_of = observe.training(context)
    wanted = context.params.training
    cluster = None if wanted.compute == SERVERLESS else compute.find(context.workspace, wanted.compute)
    problems, warnings = _model(context, made_of)
    problems += _size(context, made_of)
    if cluster:
        problems += _cluster(context, cluster)
    if problems:
        raise BadInput(problems)
    action = "serverless: nothing to create"
    if cluster:
        action = f"{cluster.name} exists: {cluster.type}, {cluster.size}, {cluster.state}"
    elif wanted.compute != SERVERLESS:
        context.say(f"creating the cluster {wanted.compute} of {wanted.instance_type}")
        compute.create(
            context.workspace,
            wanted.compute,
            wanted.instance_type,
            max_nodes=wanted.max_nodes,
            idle_seconds=wanted.idle_seconds_before_scale_down,
            tier=wanted.tier,
        )
        made = compute.find(context.workspace, wanted.compute)
        if made is None or made.state != "Succeeded":
            state = made.state if made else "gone"
            raise AzureRefused(
                Problem(
                    f"the cluster {wanted.compute} is {state} after its creation",
                    fix="look at it in the studio, delete it, and run again",
                )
            )
        action = f"{wanted.compute} was created: 0 to {wanted.max_nodes} x {wanted.instance_type}"
    rows = [
        ("base model", f"{made_of.base.name} {made_of.base.version}"),
        ("compute", action),
        (
            "VM size",
            f"{made_of.size.name}: {made_of.size.vcpus} vCPU, {made_of.size.gpus} GPU, {made_of.size.memory_gb:g} GB",
        ),
        ("GPUs per node", str(made_of.size.gpus)),
        ("allowed sizes", ", ".join(made_of.base.finetune_sizes() or ("the model names none",))),
    ]
    report = Report(
        "Compute is ready",
        tuple(str(w) for w in warnings),
        tables=(table("Checked", ("what", "finding"), rows),),
        next_step="mlops submit",
    )
    return Outcome(report, {"compute": wanted.compute, "gpus-per-node": str(made_of.size.gpus)})


def _model(context: Context, made_of: Training) -> tuple[list[Problem], list[Problem]]:
    base, where = made_of.base, str(context.params_path)
    problems, warnings = [], list(made_of.resolved.warnings)
    if not base.supports_fine_tuning():
        problems.append(
            Problem(
                f"model.base {base.name} {base.version} does not support fine-tuning for chat completion",
                where,
                fix=f"choose another, such as {SUCCESSOR}",
            )
        )
    if date := base.retired(context.workspace.now()):
        found = Problem(
            f"model.base {base.name} {base.version} was retired on {date:%Y-%m-%d}",
            where,
            why="Microsoft may take it away at any time",
            fix=f"move to its successor, such as {SUCCESSOR}",
        )
        (problems if context.params.training.retired_base_model == "refuse" else warnings).append(found)
    return problems, warnings


def _size(context: Context, made_of: Training) -> list[Problem]:
    found = check_size(made_of.size.name, made_of.base.finetune_sizes(), "fine-tuning", str(context.params_path))
    least, size = made_of.base.finetune_minimum(), made_of.size
    if (
        found is None
        and least
        and (size.vcpus < least.vcpus or size.gpus < least.gpus or size.memory_gb < least.memory_gb)
    ):
        needs = f"{least.vcpus} vCPU, {least.gpus} GPU, {least.memory_gb} GB"
        found = Problem(
            f"training.instance_type {size.name} is too small",
            str(context.params_path),
            why=f"the base model needs {needs}",
        )
    return [found] if found else []


def _cluster(context: Context, cluster: compute.Cluster) -> list[Problem]:
    wanted, where = context.params.training, str(context.params_path)
    problems = []
    if cluster.type.lower() != "amlcompute":
        problems.append(
            Problem(
                f"training.compute {cluster.name} is a {cluster.type}",
                where,
                why="a pipeline needs a cluster",
                fix="name a cluster, or `serverless`",
            )
        )
    elif cluster.size.lower() != wanted.instance_type.lower():
        what = f"the cluster {cluster.name} has {cluster.size}, but training.instance_type is {wanted.instance_type}"
        problems.append(Problem(what, where, fix="set instance_type to the cluster's size, or name another cluster"))
    if cluster.state == "Failed":
        problems.append(
            Problem(
                f"the cluster {cluster.name} failed to be made",
                "the workspace",
                fix="delete it in the studio, and run again",
            )
        )
    elif cluster.state != "Succeeded":
        problems.append(
            Problem(f"the cluster {cluster.name} is {cluster.state}", "the workspace", fix="wait, and run again")
        )
    if cluster.max_nodes and cluster.max_nodes < wanted.nodes:
        what = f"training.nodes is {wanted.nodes}, but the cluster {cluster.name} grows to {cluster.max_nodes}"
        problems.append(
            Problem(what, where, why="the run would wait for ever", fix="use fewer nodes, or a larger cluster")
        )
    return problems
