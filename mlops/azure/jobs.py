"""Pipeline jobs: read, submit, tag; and the metrics of their runs, from the workspace's MLflow interface.

MLflow's REST interface is called directly: importing the client as well would about double what a step imports.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from mlops.azure import bulk, run_tree
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.evaluation.scoring import is_job_name
from mlops.domain.moments import parse_date
from mlops.domain.tags import OWNER_TAG
from mlops.domain.training.run import Attempt, JobState, job_name
from mlops.errors import RemoteFailed

OUTPUT = "mlflow_model_folder"
ATTEMPTS_LIMIT = 100
GAP = 2  # numbers without a job after which there are no more
API = "2024-10-01"
PIPELINE = "Pipeline"


@dataclass(frozen=True)
class Job:
    """A pipeline job."""

    name: str
    state: JobState
    studio_url: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    submitted: datetime | None = None
    outputs: tuple[str, ...] = ()
    by: str = ""  # the identity that submitted it
    experiment: str = ""


def find(workspace: Workspace, name: str) -> Job | None:
    """The job of that name, or None."""
    found = shown(workspace, name)
    return None if found is None else _job(workspace, found)


def find_all(workspace: Workspace, names: Sequence[str]) -> list[Job | None]:
    """The same of several, read side by side."""
    unknown = {name: _url(workspace, name) for name in names if not _kept(workspace, name)}
    read = bulk.present(workspace, unknown, f"read the jobs {', '.join(unknown)}") if len(unknown) > 1 else {}
    for name, answer in read.items():
        if answer and answer["properties"].get("status") in run_tree.ENDED:
            _keep(workspace, name, answer)
    answers = [read[name] if name in read else shown(workspace, name) for name in names]
    return [None if answer is None else _job(workspace, answer) for answer in answers]


def shown(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """The job as ARM shows it, or None. One that has ended is read once: only `tag` changes it then."""
    if known := _kept(workspace, name):
        return dict(known)
    found = workspace.look(_url(workspace, name), f"read the job {name}")
    if found and found["properties"].get("status") in run_tree.ENDED:
        _keep(workspace, name, found)
    return found


def _keep(workspace: Workspace, name: str, ended: dict[str, Any]) -> None:
    """One that has ended: an evaluation for the next steps of the workflow job, too, as nobody tags it later."""
    workspace.remember(_key(name), ended)
    if is_job_name(name):
        workspace.hand_on(_key(name), ended)


def _kept(workspace: Workspace, name: str) -> dict[str, Any] | None:
    known: dict[str, Any] | None = workspace.known(_key(name))
    if known is None and is_job_name(name) and (known := workspace.handed(_key(name))):
        workspace.remember(_key(name), known)
    return known


def recent(workspace: Workspace, limit: int, tag: str | None = None) -> list[Job]:
    """The newest pipeline jobs of the workspace, newest first; only those that have a tag, if one is named.

    The service selects by the tag's name, so other people's jobs do not push ours out of the limit.
    """
    chosen = f"&tag={quote(tag)}" if tag else ""
    path = f"jobs?api-version={API}&listViewType=ActiveOnly{chosen}"
    found = bulk.listing(workspace, path, "list the jobs", most=limit)
    return [_job(workspace, item) for item in found if item["properties"].get("jobType") == PIPELINE]


def attempts(
    workspace: Workspace,
    fingerprint: str,
    owner: str,
    named: Callable[[str, int], str] = job_name,
    *,
    once: bool = False,
) -> list[Attempt]:
    """Every job that was submitted for a fingerprint, oldest first; a deleted one among them does not hide the rest.

    Those of another project are among them, because their names are taken. `named` gives the name of an attempt.
    While the newest one runs there is no reason for another, so who waits for it looks for it alone. `once`: nobody
    submits another after one of ours that is completed, so that is the last.
    """
    found: list[Attempt] = []
    key = ("last attempt", named(fingerprint, 0))
    running: int | None = workspace.known(key)
    number = missing = 0
    while missing < GAP and number < ATTEMPTS_LIMIT:
        alone = running == number + 1 or (once and number == 0)
        side_by_side = 1 if alone else min(GAP - missing, ATTEMPTS_LIMIT - number)
        wanted = [named(fingerprint, number + 1 + more) for more in range(side_by_side)]
        for job in find_all(workspace, wanted):
            number += 1
            if job is None:
                missing += 1
                continue
            missing = 0
            found.append(Attempt(job.name, job.state, job.studio_url, job.tags.get(OWNER_TAG, owner) == owner))
            if number == running and not job.state.ended:
                return found
            if once and found[-1].ours and job.state is JobState.COMPLETED:
                workspace.remember(key, None)
                return found
    workspace.remember(key, number - missing if found and not found[-1].state.ended else None)
    return found


def expect(workspace: Workspace, fingerprint: str, attempt: int, named: Callable[[str, int], str] = job_name) -> None:
    """This process has submitted an attempt: while it runs, `attempts` looks for it alone."""
    workspace.remember(("last attempt", named(fingerprint, 0)), attempt)


def cancel(workspace: Workspace, name: str) -> None:
    """Ask for the end of a job, in one request: a runner that is being canceled has seven seconds."""
    workspace.send("POST", _url(workspace, name, "/cancel"), f"cancel the job {name}")


def tag(workspace: Workspace, name: str, tags: Mapping[str, str]) -> None:
    """Add tags to a job, as the SDK's `jobs.update` does: run history adds them to those that are there."""
    what = f"tag the job {name}"
    ended = workspace.known(_key(name))
    known = ended or workspace.send("GET", _url(workspace, name), what).json()
    experiment = known["properties"]["experimentName"]
    workspace.remember(_key(name), None)
    url = f"{run_tree.run_history(workspace)}/experiments/{quote(experiment)}/runs/{quote(name)}?api-version=v1.0"
    workspace.send("PATCH", url, what, json={"tags": dict(tags)})
    if ended:
        stated = ended["properties"]
        added = {**(stated.get("tags") or {}), **tags}
        _keep(workspace, name, {**ended, "properties": {**stated, "tags": added}})


def failure(workspace: Workspace, name: str) -> str:
    """What the service says about why a job failed; empty when it says nothing.

    A pipeline's own error only names the step that failed: the cause stands in the run of that step, at any depth.
    """
    causes = [text for child in _failed_children(workspace, name) if (text := failure(workspace, child))]
    if causes:
        return "; ".join(dict.fromkeys(causes))
    error = (run_tree.details(workspace, name).get("error") or {}).get("error") or {}
    return ": ".join(str(error[key]) for key in ("code", "message") if error.get(key))


def _failed_children(workspace: Workspace, name: str) -> list[str]:
    return [str(run["runId"]) for run in run_tree.children(workspace, name) if run.get("status") == JobState.FAILED]


def metrics(workspace: Workspace, name: str) -> dict[str, float]:
    """The last value of each metric of a run. NaN is never logged by the component, so it is absent here."""
    return _values(workspace.send("GET", _run_url(workspace, name), f"read the metrics of {name}").json())


def hand_on_metrics(workspace: Workspace, name: str, found: Mapping[str, float]) -> None:
    """Those of a run that has ended, for the next steps of the workflow job."""
    workspace.hand_on(("metrics at the end", name), dict(found))


def handed_metrics(workspace: Workspace, name: str) -> dict[str, float]:
    """What was handed on of them; some may be missing or have changed, so nobody judges a run by these."""
    return {str(key): float(value) for key, value in (workspace.handed(("metrics at the end", name)) or {}).items()}


def _run_url(workspace: Workspace, name: str) -> str:
    return f"{_mlflow(workspace)}/runs/get?run_id={quote(name)}"


def _values(answer: Mapping[str, Any]) -> dict[str, float]:
    return {str(item["key"]): float(item["value"]) for item in answer["run"]["data"].get("metrics", [])}


def all_metrics(workspace: Workspace, name: str, enough: Collection[str] = ()) -> dict[str, float]:
    """The metrics of a run and of its steps at any depth; where several logged the same name, the nearest one counts.

    Evaluation steps log on their own runs only. Each run is read itself, because search lags behind
    (azure-sdk-for-python#39198). Where the run itself has all of `enough`, its steps are left alone.
    """
    found = metrics(workspace, name) if enough else {}
    if enough and set(enough) <= set(found):
        return found
    runs = ([] if enough else [name]) + run_tree.below(workspace, name)
    urls = {run: _run_url(workspace, run) for run in runs}
    read = bulk.each(workspace, urls, f"read the metrics of {name}")
    for run in urls:
        found = {**_values(read[run]), **found}
    return found


def histories(workspace: Workspace, name: str, metrics: Sequence[str]) -> dict[str, list[tuple[int, float]]]:
    """Step and value of each point of each metric, in order; read side by side."""
    base = f"{_mlflow(workspace)}/metrics/get-history?run_id={quote(name)}&metric_key="
    urls = {metric: base + quote(metric) for metric in metrics}
    read = bulk.each(workspace, urls, f"read the metrics of {name} by step")
    return {
        metric: [(int(point.get("step", 0)), float(point["value"])) for point in answer.get("metrics", [])]
        for metric, answer in read.items()
    }


def _key(name: str) -> tuple[str, str]:
    return "job", name


def _url(workspace: Workspace, name: str, action: str = "") -> str:
    return f"{workspace.url}/jobs/{quote(name)}{action}?api-version={API}"


def _studio(workspace: Workspace, stated: dict[str, Any]) -> str:
    """The job's page, with the tenant as the SDK writes it: who is a guest there would be led to another one."""
    page = str(((stated.get("services") or {}).get("Studio") or {}).get("endpoint") or "")
    if not page or "&tid=" in page:
        return page
    return f"{page}&tid={workspace.description['properties']['tenantId']}"


def _job(workspace: Workspace, found: dict[str, Any]) -> Job:
    name, stated, made = str(found["name"]), found["properties"], found.get("systemData") or {}
    try:
        state = JobState(stated.get("status"))
    except ValueError:
        what = f"the job {name} has the status {stated.get('status')!r}, which this version does not know"
        raise RemoteFailed(what) from None
    return Job(
        name,
        state,
        _studio(workspace, stated),
        plain_tags(stated.get("tags")),
        parse_date(made.get("createdAt")),
        tuple(stated.get("outputs") or ()),
        str(made.get("createdBy") or ""),
        str(stated.get("experimentName") or ""),
    )


def _mlflow(workspace: Workspace) -> str:
    stated = str(workspace.description["properties"]["mlFlowTrackingUri"])
    return stated.replace("azureml://", "https://", 1) + "/api/2.0/mlflow"
