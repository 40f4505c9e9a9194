"""What a run will take, by the runs before it: their durations are read from the workspace."""

from mlops.azure import data, jobs, steps
from mlops.azure.workspace import Workspace
from mlops.domain.tags import EPOCHS_TAG, FINGERPRINT_TAG, INSTANCE_TYPE_TAG, NODES_TAG, OWNER_TAG, WORK_TAG
from mlops.domain.training import costs
from mlops.domain.training.costs import Estimate, PastRun, PriceList, WorkUnit
from mlops.domain.training.progress import machine_seconds
from mlops.domain.training.run import JobState
from mlops.domain.training.spec import TrainingSpec
from mlops.flow.training.training_spec import ResolvedTraining

LOOKED_AT = 50  # newest runs among which completed ones are looked for
USED = 5  # each costs two or more requests
EPOCHS = "num_train_epochs"


def tags(spec: TrainingSpec, made_of: ResolvedTraining, rows: int | None) -> dict[str, str]:
    """What a run is given so that later runs can be estimated by it."""
    found = {INSTANCE_TYPE_TAG: made_of.size.name, NODES_TAG: str(spec.nodes)}
    epochs = epochs_of(made_of)
    if epochs:
        found[EPOCHS_TAG] = f"{epochs:g}"
        found |= {WORK_TAG: f"{rows * epochs:.15g}"} if rows else {}
    return found


def of(
    workspace: Workspace, spec: TrainingSpec, made_of: ResolvedTraining, rows: int | None, prices: PriceList
) -> Estimate | None:
    """The estimate for a run on so many rows; None where no run on such machines has completed.

    Data that is not prepared yet is taken to be about as large as before, so that only epochs count.
    """
    epochs = epochs_of(made_of)
    work = rows * epochs if rows and epochs else None
    return costs.estimate(
        past(workspace, spec, made_of.size.name, WORK_TAG if work else EPOCHS_TAG),
        size=made_of.size.name,
        nodes=spec.nodes,
        gpus_per_node=made_of.size.gpus,
        work=work or epochs,
        prices=prices,
        unit=WorkUnit.ROW_EPOCHS if work else WorkUnit.EPOCHS,
    )


def past(workspace: Workspace, spec: TrainingSpec, size: str, work_tag: str) -> list[PastRun]:
    """The newest completed runs of ours on those machines, with the time for which they held machines."""
    known = [
        job
        for job in jobs.recent(workspace, LOOKED_AT, tag=FINGERPRINT_TAG)
        if job.state is JobState.COMPLETED
        and job.tags.get(OWNER_TAG) == spec.owner
        and job.tags.get(INSTANCE_TYPE_TAG, "").lower() == size.lower()
        and job.tags.get(NODES_TAG) == str(spec.nodes)
    ]
    return [
        PastRun(
            job.name,
            machine_seconds(list(steps.tree(workspace, job.name))),
            size,
            spec.nodes,
            _positive(job.tags.get(work_tag, "")),
        )
        for job in known[:USED]
    ]


def rows(workspace: Workspace, data_name: str, version: str | None) -> int | None:
    """Training rows of a data version, by its tag; None where it is not made yet or does not say."""
    if version is None:
        return None
    stated = data.tags(workspace, data.asset_name(data_name, "train"), version) or {}
    text = stated.get("rows-train", "")
    return int(text) if text.isdecimal() else None


def epochs_of(made_of: ResolvedTraining) -> float | None:
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
