"""The runs that are under way: their steps, how far they are, and when they will end by what earlier runs took."""

from dataclasses import dataclass
from datetime import datetime

from mlops.azure import jobs, steps
from mlops.azure.workspace import Workspace
from mlops.domain.tags import COMMIT_TAG, EPOCHS_TAG, INSTANCE_TYPE_TAG, OWNER_TAG
from mlops.domain.training.progress import Snapshot
from mlops.domain.training.run import JobState
from mlops.domain.training.time_left import NONE, PastSteps, TimeLeft, time_left
from mlops.render import duration

LOOKED_AT = 50  # newest runs among which those under way and completed ones are looked for
USED = 3  # completed runs whose steps are read, a request or two each


@dataclass(frozen=True)
class RunUnderWay:
    """A training run that has not ended; `step` is what works now, `left` null where nothing tells it."""

    job: str
    state: JobState
    submitted: datetime | None
    commit: str
    step: str | None
    left: TimeLeft | None


def found(workspace: Workspace, owner: str) -> tuple[RunUnderWay, ...]:
    """Those of a project, newest first."""
    recent = _recent(workspace, owner)
    active = [job for job in recent if not job.state.ended]
    return tuple(_under_way(workspace, job, _past(workspace, recent, job)) for job in active)


def past_steps(workspace: Workspace, job: jobs.Job) -> PastSteps:
    """What the steps took in completed runs of the same project on the same machines."""
    return _past(workspace, _recent(workspace, job.tags.get(OWNER_TAG, "")), job)


def epochs(job: jobs.Job) -> float | None:
    """How many the run is to have, by its tag."""
    try:
        return float(job.tags.get(EPOCHS_TAG, ""))
    except ValueError:
        return None


def _recent(workspace: Workspace, owner: str) -> list[jobs.Job]:
    found = jobs.recent(workspace, LOOKED_AT, INSTANCE_TYPE_TAG)  # only a training run says its machine
    return [job for job in found if job.tags.get(OWNER_TAG) == owner]


def _past(workspace: Workspace, recent: list[jobs.Job], job: jobs.Job) -> PastSteps:
    alike = [
        one.name
        for one in recent
        if one.state is JobState.COMPLETED and one.tags.get(INSTANCE_TYPE_TAG) == job.tags.get(INSTANCE_TYPE_TAG)
    ]
    return PastSteps.of(list(steps.tree(workspace, name)) for name in alike[:USED]) if alike else NONE


def _under_way(workspace: Workspace, job: jobs.Job, past: PastSteps) -> RunUnderWay:
    commit = job.tags.get(COMMIT_TAG, "")
    if job.state is JobState.NOT_STARTED:
        return RunUnderWay(job.name, job.state, job.submitted, commit, None, None)
    seen = Snapshot(job.name, job.state.value, tuple(steps.tree(workspace, job.name, job.experiment)))
    working = seen.running()
    if working:
        seen = Snapshot(seen.name, seen.state, seen.steps, jobs.metrics(workspace, job.name))
    left = time_left(seen, past, epochs(job), workspace.now())
    return RunUnderWay(job.name, job.state, job.submitted, commit, working.name if working else None, left)


def told(left: TimeLeft) -> str:
    """Such as `42 %, 3 min left by 2 earlier runs`."""
    by = f"by {left.runs} earlier run{'s' * (left.runs > 1)}" if left.runs else "by its epochs"
    return f"{left.percent} %, {duration(left.seconds)} left {by}"
