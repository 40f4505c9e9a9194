"""`mlops history`: every training, verdict, promotion and rollback of this project, from what Azure ML keeps."""

from dataclasses import dataclass
from datetime import datetime

from mlops.azure import jobs, models
from mlops.azure.workspace import Workspace
from mlops.domain.release.timeline import Event, RunRecord, VersionRecord, timeline
from mlops.domain.tags import INSTANCE_TYPE_TAG, OWNER_TAG
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints

MOST_RUNS = 1_000  # one page of the service holds 100


@dataclass(frozen=True)
class HistoryResult:
    """What happened, oldest first; of one environment where one was asked for."""

    model: str
    environment: str | None
    since: datetime | None
    events: tuple[Event, ...]


def run(context: Context, *, environment: str | None, since: datetime | None) -> Outcome[HistoryResult]:
    """Look, and put in order. Raises BadInput for an environment that params.yaml does not name."""
    if environment:
        context.environment(environment)
    workspace, owner = context.workspace, context.owner
    tags = {name: facts.tags for name, facts in own_endpoints(context).items()}
    found = timeline(owner, past_runs(workspace, owner), past_versions(workspace, owner), tags)
    chosen = tuple(
        event
        for event in found
        if (environment is None or event.environment == environment)
        and (since is None or (event.at is not None and event.at >= since))
    )
    return Outcome(HistoryResult(context.owner, environment, since, chosen))


def past_runs(workspace: Workspace, owner: str) -> list[RunRecord]:
    """The training runs of a project, newest first; evaluations are not among them."""
    found = jobs.recent(workspace, MOST_RUNS, INSTANCE_TYPE_TAG)  # only a training run says its machine
    ours = (job for job in found if job.tags.get(OWNER_TAG) == owner)
    return [RunRecord(job.name, job.state, job.submitted, job.tags) for job in ours]


def past_versions(workspace: Workspace, owner: str) -> list[VersionRecord]:
    """The registered versions of a project, archived ones too, newest first."""
    return [VersionRecord(one.version, one.registered, one.tags) for one in own_versions(workspace, owner)]


def own_versions(workspace: Workspace, owner: str) -> list[models.Registered]:
    """The same as they are registered."""
    return [one for one in models.versions(workspace, owner, archived=True) if one.tags.get(OWNER_TAG) == owner]
