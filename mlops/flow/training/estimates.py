"""What a run will take, by the runs before it: reads their durations from the workspace.

It must not reckon; `mlops.domain.training.costs` does.
"""

from collections.abc import Mapping
from typing import Any

from mlops.azure import data, jobs, steps
from mlops.domain.tags import EPOCHS_TAG, FINGERPRINT_TAG, INSTANCE_TYPE_TAG, NODES_TAG, OWNER_TAG, WORK_TAG
from mlops.domain.training import costs
from mlops.domain.training.costs import Estimate, PastRun
from mlops.domain.training.progress import machine_seconds
from mlops.domain.training.run import JobState
from mlops.flow.context import Context
from mlops.flow.training.training_spec import Training
from mlops.render import Table, number, table

LOOKED_AT = 50  # newest runs among which completed ones are looked for
USED = 5  # each costs two or more requests
HOURS_A_MONTH = 730
EPOCHS = "num_train_epochs"


def tags(context: Context, made_of: Training, data_version: str) -> dict[str, str]:
    """What a run is given so that later runs can be estimated by it."""
    found = {INSTANCE_TYPE_TAG: made_of.size.name, NODES_TAG: str(context.params.training.nodes)}
    epochs, count = _epochs(made_of), rows(context, data_version)
    if epochs:
        found[EPOCHS_TAG] = f"{epochs:g}"
        found |= {WORK_TAG: f"{count * epochs:.15g}"} if count else {}
    return found


def of(context: Context, made_of: Training, data_version: str | None) -> Estimate | None:
    """The estimate for a run of that data; None where no run on such machines has completed.

    Data that is not prepared yet is taken to be about as large as before, so that only epochs count.
    """
    wanted = context.params.training
    epochs, count = _epochs(made_of), rows(context, data_version)
    work = count * epochs if count and epochs else None
    return costs.estimate(
        past(context, made_of.size.name, wanted.nodes, WORK_TAG if work else EPOCHS_TAG),
        size=made_of.size.name,
        nodes=wanted.nodes,
        gpus_per_node=made_of.size.gpus,
        work=work or epochs,
        per_hour=context.params.prices.instance_hour,
        unit="rows times epochs" if work else "epochs",
    )


def past(context: Context, size: str, nodes: int, work_tag: str) -> list[PastRun]:
    """The newest completed runs of ours on those machines, with the time for which they held machines."""
    known = [
        job
        for job in jobs.recent(context.workspace, LOOKED_AT, tag=FINGERPRINT_TAG)
        if job.state is JobState.COMPLETED
        and job.tags.get(OWNER_TAG) == context.owner
        and job.tags.get(INSTANCE_TYPE_TAG, "").lower() == size.lower()
        and job.tags.get(NODES_TAG) == str(nodes)
    ]
    return [_past(context, job, size, nodes, work_tag) for job in known[:USED]]


def rows(context: Context, data_version: str | None) -> int | None:
    """Training rows of a data version, by its tag; None where it is not made yet or does not say."""
    if data_version is None:
        return None
    stated = data.tags(context.workspace, data.asset_name(context.params.data.name, "train"), data_version) or {}
    text = stated.get("rows-train", "")
    return int(text) if text.isdecimal() else None


def lines(context: Context, found: Estimate | None, size: str) -> tuple[str, ...]:
    """The estimate for people."""
    if found is None:
        return (f"no estimate: no run on {context.params.training.nodes} x {size} has completed yet",)
    hours = f"estimated {number(found.gpu_hours)} GPU hours in {number(found.hours)} hours ({found.basis})"
    if found.cost is None:
        return (hours, f"no cost: prices.instance_hour names no price of {size}")
    return (hours, f"estimated cost {costs.amount(found.cost, context.params.prices.currency)}")


def by_the_hour(context: Context) -> Table:
    """What the machines of a run and of its release cost while they are up; needs no workspace, as a fork has none."""
    wanted, prices = context.params.training, context.params.prices

    def row(what: str, size: str, count: int) -> tuple[str, str, str, str]:
        hour = costs.cost(size, count, 1, prices.instance_hour)
        amounts = [f"no price of {size}", ""]
        if hour is not None:
            amounts = [costs.amount(hour * hours, prices.currency) for hours in (1, HOURS_A_MONTH)]
        return (what, f"{count} x {size}", amounts[0], amounts[1])

    train = row("training, while it runs", wanted.instance_type, wanted.nodes)
    serve = (
        row(f"endpoint of {name}, day and night", found.instance_type, found.instance_count)
        for name, found in context.params.environments.items()
    )
    return table("What it would cost", ("what", "machines", "an hour", "a month"), [(*train[:3], ""), *serve])


def to_json(context: Context, found: Estimate | None) -> Mapping[str, Any] | None:
    """The estimate for programs."""
    if found is None:
        return None
    currency = context.params.prices.currency
    return {
        "hours": found.hours,
        "gpu_hours": found.gpu_hours,
        "cost": found.cost,
        "currency": currency,
        "basis": found.basis,
    }


def _past(context: Context, job: jobs.Job, size: str, nodes: int, work_tag: str) -> PastRun:
    seconds = machine_seconds(list(steps.tree(context.workspace, job.name)))
    return PastRun(job.name, seconds, size, nodes, _positive(job.tags.get(work_tag, "")))


def _epochs(made_of: Training) -> float | None:
    """Passes over the data; None where `max_steps` bounds the run instead."""
    values = made_of.resolved.values
    if "max_steps" in values and _positive(values["max_steps"].text):
        return None
    return _positive(values[EPOCHS].text) if EPOCHS in values else 1.0


def _positive(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if found > 0 else None
