"""`mlops runs`: the training runs of this project with what made them, what they measured, and what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlops.azure import jobs, models, provenance, steps
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import label
from mlops.domain.evaluation.evidence import measured
from mlops.domain.evaluation.findings import Ruling
from mlops.domain.release import run_list
from mlops.domain.release.comparison import Ingredients, differences
from mlops.domain.release.run_list import DifferingRow, ListedRun
from mlops.domain.tags import (
    ACTOR_TAG,
    BASE_MODEL_TAG,
    COMMIT_TAG,
    COMPONENT_TAG,
    DATA_TAG,
    FINGERPRINT_TAG,
    INSTANCE_TYPE_TAG,
    JOB_TAG,
    MEASURED_TAG,
    NODES_TAG,
    OWNER_TAG,
    RUN_TAG,
    VERDICT_TAG,
    VERDICT_WHY_TAG,
)
from mlops.domain.training import costs
from mlops.domain.training.costs import HOUR, PriceList
from mlops.domain.training.progress import machine_seconds
from mlops.domain.training.run import parse_job_name
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.training import hourly

LOOKED_AT = 200  # newest jobs among which ours are looked for
SHOWN = ("eval_loss", "train_loss")  # of the many that a run logs, where the gate has not judged yet


@dataclass(frozen=True)
class RunsResult:
    """The runs in their order, and in what they differ; `currency` is that of the costs."""

    runs: tuple[ListedRun, ...]
    sorted_by: str
    differing: tuple[DifferingRow, ...]
    currency: str


def run(context: Context, named: Sequence[str], *, limit: int, sort: str, reverse: bool) -> Outcome[RunsResult]:
    """The newest runs, or those that are named. Raises BadInput for one that is not there and for an unknown key."""
    prices = hourly.prices(context.params)
    found = listed(context.workspace, context.owner, named, limit, prices)
    known = run_list.keys(found)
    if found and sort not in known:
        fix = f"use one of {', '.join(known)}"
        raise BadInput(Problem(f"no run has {sort}, so they cannot be sorted by it", "--sort", fix=fix))
    ordered = run_list.in_order(found, sort, reverse=reverse)
    rows = run_list.differing(ordered) if ordered else ()
    return Outcome(RunsResult(ordered, sort, rows, prices.currency))


def listed(
    workspace: Workspace, owner: str, named: Sequence[str], limit: int, prices: PriceList
) -> tuple[ListedRun, ...]:
    """The same, newest first. Each costs some requests, so there is a limit."""
    chosen = [_named(workspace, name) for name in named] or _newest(workspace, owner, limit)
    registered = {model.tags.get(JOB_TAG, ""): model.label for model in models.versions(workspace, owner)}
    found = [_listed(workspace, job, registered, prices) for job in chosen]
    return tuple(_changed(one, before) for one, before in zip(found, [*found, None][1:], strict=True))


def _newest(workspace: Workspace, owner: str, limit: int) -> list[jobs.Job]:
    ours = [
        job
        for job in jobs.recent(workspace, LOOKED_AT, tag=FINGERPRINT_TAG)
        if job.tags.get(OWNER_TAG) == owner and parse_job_name(job.name)
    ]
    return ours[:limit]


def _named(workspace: Workspace, name: str) -> jobs.Job:
    found = jobs.find(workspace, name) if parse_job_name(name) else None
    if found is None:
        raise BadInput(Problem(f"there is no run {name}", "the workspace", fix="`mlops runs` lists them"))
    return found


def _listed(workspace: Workspace, job: jobs.Job, registered: Mapping[str, str], prices: PriceList) -> ListedRun:
    made = provenance.made_of(workspace, job.name)
    base = made.assets.get("mlflow_model_path", "") if made else ""
    judged = measured(job.tags.get(MEASURED_TAG, ""))
    logged = {name: value for name, value in jobs.metrics(workspace, job.name).items() if name in SHOWN}
    seconds = machine_seconds(list(steps.tree(workspace, job.name)))
    hours = seconds / HOUR if seconds else None
    return ListedRun(
        name=job.name,
        state=job.state,
        submitted=job.submitted,
        by=job.tags.get(ACTOR_TAG) or job.by,
        commit=job.tags.get(COMMIT_TAG, ""),
        run_url=job.tags.get(RUN_TAG, ""),
        data=job.tags.get(DATA_TAG, ""),
        base=label(base) if base else job.tags.get(BASE_MODEL_TAG, ""),
        component=label(made.component) if made and made.component else job.tags.get(COMPONENT_TAG, ""),
        parameters=made.parameters if made else {},
        changed=(),
        metrics={**logged, **judged},
        verdict=_ruling(job.tags.get(VERDICT_TAG, "")),
        why=job.tags.get(VERDICT_WHY_TAG, ""),
        model=registered.get(job.name),
        hours=hours,
        cost=_cost(job, hours, prices),
    )


def _changed(one: ListedRun, before: ListedRun | None) -> ListedRun:
    return one if before is None else replace(one, changed=tuple(differences(_ingredients(before), _ingredients(one))))


def _ingredients(one: ListedRun) -> Ingredients:
    return Ingredients(one.base, one.component, one.parameters, one.data.rpartition(":")[2])


def _ruling(word: str) -> Ruling | None:
    return Ruling(word) if word in set(Ruling) else None


def _cost(job: jobs.Job, hours: float | None, prices: PriceList) -> float | None:
    size, nodes = job.tags.get(INSTANCE_TYPE_TAG, ""), job.tags.get(NODES_TAG, "")
    if hours is None or not size or not nodes.isdecimal():
        return None
    return costs.cost(size, int(nodes), hours, prices.per_hour)
