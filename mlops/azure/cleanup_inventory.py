"""What cleanup reads besides endpoints, as ARM shows it: active jobs, computes, versions; and what it does to them.

It must not decide anything. ARM is read directly, because the SDK's entities leave out when a thing was made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from mlops.azure import bulk
from mlops.azure.failures import NotFound, translated
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup.jobs_and_compute import ComputeFacts, JobFacts
from mlops.domain.cleanup.plan import Kind
from mlops.domain.cleanup.version_retention import VersionFacts
from mlops.domain.evaluation.scoring import is_job_name
from mlops.domain.moments import parse_date
from mlops.domain.tags import EVALUATES_TAG, INSTANCE_TYPE_TAG, NODES_TAG, OWNER_TAG
from mlops.domain.training.run import JobState, parse_job_name
from mlops.errors import MlopsError

API, COMPUTE_API = "2024-10-01", "2023-08-01-preview"
LONGEST_JOB = timedelta(days=30)  # the service ends jobs after 21 days of work; before that they may wait
_ENDED = frozenset(state.value for state in JobState if state.ended)


def active_jobs(workspace: Workspace, owner: str, now: datetime) -> list[JobFacts]:
    """Jobs that have not ended, newest first. Those of ours that run are looked up in the run history for their start.

    The listing is newest first, so it is read only as far back as a job can still run.
    """
    url: str | None = f"{workspace.url}/jobs?api-version={API}&listViewType=ActiveOnly"
    found: list[JobFacts] = []
    while url:
        page = workspace.send("GET", url, "list the jobs").json()
        items = page.get("value") or []
        found += [_job(workspace, item, owner) for item in items if _status(item) not in _ENDED]
        made = [date for item in items if (date := _created(item))]
        url = None if made and now - max(made) > LONGEST_JOB else page.get("nextLink")
    return found


def computes(workspace: Workspace, owner: str) -> list[ComputeFacts]:
    """Clusters whose minimum is above zero, and compute instances."""
    found = bulk.listing(workspace, f"computes?api-version={COMPUTE_API}", "list the computes")
    return [facts for item in found if (facts := _compute(item, owner))]


def versions(workspace: Workspace, kind: str, name: str, owner: str) -> list[VersionFacts]:
    """Versions of a model (`models`) or data asset (`data`) that are not archived; none when the name is not known."""
    path = f"{kind}/{quote(name)}/versions?api-version={API}&listViewType=ActiveOnly"
    try:
        found = bulk.listing(workspace, path, f"list the versions of {name}")
    except NotFound:
        return []
    return [_version(item, name, owner) for item in found]


def evaluations(workspace: Workspace, owner: str) -> list[VersionFacts]:
    """Evaluation jobs that have ended and are not archived; all count as versions of one thing."""
    path = f"jobs?api-version={API}&listViewType=ActiveOnly&tag={EVALUATES_TAG}"
    found = bulk.listing(workspace, path, "list the evaluation jobs")
    return [
        replace(_version(item, EVALUATES_TAG, owner), shown=str(item["name"]))
        for item in found
        if is_job_name(str(item["name"])) and _status(item) in _ENDED
    ]


def every_model(workspace: Workspace, owner: str) -> list[VersionFacts]:
    """Every version of every model of the workspace, archived ones too. Raises when one cannot be read."""
    containers = bulk.listing(workspace, f"models?api-version={API}&listViewType=All", "list the models")
    names = [str(item["name"]) for item in containers]
    urls = {name: _versions_url(workspace, name) for name in names}
    found: list[VersionFacts] = []
    for name, answer in bulk.side_by_side(workspace, urls, "list the versions of the models").items():
        if isinstance(answer, MlopsError):
            raise answer
        found += [_version(item, name, owner) for item in answer]
    return found


def exist(workspace: Workspace, labels: Sequence[str]) -> dict[str, bool | None]:
    """Whether the workspace has each model `name:version`, archived or not; None where that could not be found out.

    What the first look lacks is looked for once more: it may be new, or away for a moment.
    """
    found = _exist(workspace, labels)
    again = _exist(workspace, [label for label, there in found.items() if there is False])
    return {**found, **again}


def _exist(workspace: Workspace, labels: Sequence[str]) -> dict[str, bool | None]:
    names = sorted({label.rpartition(":")[0] for label in labels})
    urls = {name: _versions_url(workspace, name) for name in names}
    answers = bulk.side_by_side(workspace, urls, "list the versions of the models")
    return {label: _has(answers[label.rpartition(":")[0]], label.rpartition(":")[2]) for label in labels}


def _has(answer: list[dict[str, Any]] | MlopsError, version: str) -> bool | None:
    if isinstance(answer, NotFound):
        return False
    return None if isinstance(answer, MlopsError) else version in {str(item["name"]) for item in answer}


def archive(workspace: Workspace, kind: Kind, label: str) -> None:
    """Hide a version `name:version` of a model or data asset, or a job; `restore` of the SDK brings it back."""
    name, _, version = label.rpartition(":")
    with translated(f"archive {label}"):
        if kind is Kind.EVALUATION:
            workspace.ml.jobs.archive(label)
        else:
            assets = workspace.ml.models if kind is Kind.MODEL else workspace.ml.data
            assets.archive(name, version=version)


def scale_to_zero(workspace: Workspace, name: str) -> None:
    """Let a cluster release its nodes when they are idle, and change nothing else of it."""
    with translated(f"scale the cluster {name} to zero"):
        cluster = workspace.ml.compute.get(name)
        cluster.min_instances = 0
        workspace.ml.compute.begin_update(cluster).result()


def stop(workspace: Workspace, name: str) -> None:
    """Stop a compute instance; its disk stays."""
    with translated(f"stop the compute instance {name}"):
        workspace.ml.compute.begin_stop(name).result()


def _job(workspace: Workspace, item: Mapping[str, Any], owner: str) -> JobFacts:
    tags, name = plain_tags(item["properties"].get("tags")), str(item["name"])
    ours = tags.get(OWNER_TAG) == owner and (parse_job_name(name) is not None or is_job_name(name))
    started = (
        _started(workspace, name) if ours and _status(item) in (JobState.RUNNING, JobState.NOT_RESPONDING) else None
    )
    nodes = tags.get(NODES_TAG, "")
    return JobFacts(
        name,
        ours,
        _status(item),
        started,
        tags,
        size=tags.get(INSTANCE_TYPE_TAG, ""),
        nodes=int(nodes) if nodes.isdecimal() else 1,
    )


def _started(workspace: Workspace, name: str) -> datetime | None:
    """When a job began to run; None when the history does not say, which keeps it."""
    host = str(workspace.description["properties"]["mlFlowTrackingUri"]).removeprefix("azureml://").split("/", 1)[0]
    url = f"https://{host}/history/v1.0{workspace.id}/runs/{quote(name)}"
    try:
        return parse_date(workspace.send("GET", url, f"read the run {name}").json().get("startTimeUtc"))
    except MlopsError:
        return None


def _compute(item: Mapping[str, Any], owner: str) -> ComputeFacts | None:
    outer = item.get("properties") or {}
    inner, tags = outer.get("properties") or {}, plain_tags(item.get("tags"))
    name, ours = str(item["name"]), tags.get(OWNER_TAG) == owner
    size = str(inner.get("vmSize") or "")
    if outer.get("computeType") == "ComputeInstance":
        since = parse_date((inner.get("lastOperation") or {}).get("operationTime") or outer.get("modifiedOn"))
        return ComputeFacts(name, ours, size, str(inner.get("state")), False, since=since, tags=tags)
    least = int((inner.get("scaleSettings") or {}).get("minNodeCount") or 0)
    if outer.get("computeType") != "AmlCompute" or least == 0:
        return None
    counts = inner.get("nodeStateCounts") or {}
    return ComputeFacts(
        name,
        ours,
        size,
        str(outer.get("provisioningState")),
        is_cluster=True,
        least_nodes=least,
        nodes=int(inner.get("currentNodeCount") or 0),
        busy_nodes=sum(int(counts.get(f"{state}NodeCount") or 0) for state in ("running", "preparing", "leaving")),
        since=parse_date(inner.get("allocationStateTransitionTime")),
        tags=tags,
    )


def _versions_url(workspace: Workspace, model: str) -> str:
    return f"{workspace.url}/models/{quote(model)}/versions?api-version={API}&listViewType=All"


def _version(item: Mapping[str, Any], name: str, owner: str) -> VersionFacts:
    properties = item.get("properties") or {}
    tags, archived = plain_tags(properties.get("tags")), bool(properties.get("isArchived"))
    return VersionFacts(name, str(item["name"]), tags.get(OWNER_TAG) == owner, _created(item), tags, archived=archived)


def _status(item: Mapping[str, Any]) -> str:
    return str((item.get("properties") or {}).get("status") or JobState.UNKNOWN)


def _created(item: Mapping[str, Any]) -> datetime | None:
    return parse_date((item.get("systemData") or {}).get("createdAt"))
