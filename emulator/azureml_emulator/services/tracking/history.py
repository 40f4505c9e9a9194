"""Run history: what the SDK streams, lists and edits beside Azure Resource Manager.

It must not keep anything of its own; files of a run are in `artifacts`. Source: the run-history client inside
azure-ai-ml (`_restclient/runhistory`).
"""

import json
from typing import Any
from urllib.parse import quote

from azureml_emulator.core import body_types
from azureml_emulator.core.errors import ServiceError, bad_request, error_object
from azureml_emulator.core.request import Json, Reply, Request, whole
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import queue
from azureml_emulator.services.runs import runs
from azureml_emulator.services.storage import storage_keys
from azureml_emulator.services.storage.blobs import BlobAddress
from azureml_emulator.services.tracking import run_definition, run_filter
from azureml_emulator.services.tracking.run_answers import PIPELINE, show
from azureml_emulator.services.workspaces import scope

PAGE = 100
_CHANGES: Json = {"properties": {"": "text"}, "runId": "text", "tags": {"": "text"}}  # of what a client may change
LOG_HOURS = 24.0


def get(request: Request, emulator: Emulator) -> Reply:
    """GET a run."""
    return Reply(200, show(emulator, require(request, emulator)))


def details(request: Request, emulator: Emulator) -> Reply:
    """GET a run's details: state, error, and where its logs can be read."""
    run = require(request, emulator)
    queue.read(emulator, run.name)
    more = {
        "createdTimeUtc": run.body["created"],
        "logFiles": _logs(emulator, run),
        "runDefinition": _definition(emulator, run),
    }
    return Reply(200, {**show(emulator, run), **more})


def children(request: Request, emulator: Emulator) -> Reply:
    """GET the runs directly below a run, oldest first, in pages."""
    run = require(request, emulator)
    return _page(request, emulator, [*runs.children(emulator, run)], request.query)


def query_runs(request: Request, emulator: Emulator) -> Reply:
    """POST runs:query: the runs of an experiment, or of the workspace; the body has filter, orderBy, top."""
    workspace = scope.require(request, emulator)
    found, body = runs.in_workspace(emulator, workspace.id), request.json()
    if named := request.params.get("experiment"):
        experiment = _experiment(emulator, workspace, named)
        found = [run for run in found if run.body["experiment"] == experiment.name]
    if wanted := str(body.get("filter") or "").strip():
        found = list(filter(run_filter.read(wanted), found))
    order = str(body.get("orderBy") or "CreatedUtc desc").lower()
    if order.endswith(" desc"):
        found.reverse()
    return _page(request, emulator, found, {key: str(value) for key, value in body.items() if value is not None})


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH a run: names change, tags and properties are merged, `hidden` archives."""
    body = body_types.stated(request.json(), _CHANGES)
    return Reply(200, show(emulator, _modify(emulator, require(request, emulator), body)))


def batch_patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH batch/runs: several at once; each has its own success or error."""
    workspace = scope.require(request, emulator)
    done, errors = {}, {}
    for body in body_types.stated(request.json(), {"runs": [_CHANGES]}).get("runs") or []:
        name = str(body.get("runId") or "")
        run = runs.find(emulator, workspace.id, name)
        if run is None:
            errors[name] = {"error": error_object("UserError", f"RunHistory: Run {name} was not found.")}
        else:
            done[name] = show(emulator, _modify(emulator, run, body))
    return Reply(200, {"runs": done, "errors": errors})


def delete_tags(request: Request, emulator: Emulator) -> Reply:
    """DELETE tags of a run: the body names them."""
    run = require(request, emulator)
    try:
        said = json.loads(request.body or b"[]")
    except ValueError as error:
        raise bad_request(f"The request content was invalid: {error}", code="UserError") from error
    names = body_types.stated(said if isinstance(said, dict) else {"tags": said}, {"tags": ["text"]}).get("tags") or []
    kept = {key: value for key, value in run.body["tags"].items() if key not in names}
    return Reply(200, show(emulator, runs.change(emulator, run, tags=kept)))


def run_data(request: Request, emulator: Emulator) -> Reply:
    """POST rundata: a run with its definition."""
    workspace = scope.require(request, emulator)
    name = str(request.json().get("runId") or "")
    run = runs.find(emulator, workspace.id, name)
    if run is None:
        raise _missing(name)
    return Reply(200, _data(emulator, run))


def batch_run_data(request: Request, emulator: Emulator) -> Reply:
    """POST batchrundata: several runs by a key of the caller's; each has its own success or error."""
    workspace = scope.require(request, emulator)
    found, failed = {}, {}
    asked = body_types.stated(request.json(), {"requests": {"": {"runId": "text"}}}).get("requests") or {}
    for key, wanted in asked.items():
        name = str((wanted or {}).get("runId") or key)
        run = runs.find(emulator, workspace.id, name)
        if run is None:
            failed[key] = {"error": error_object("UserError", f"RunHistory: Run {name} was not found.")}
        else:
            found[key] = _data(emulator, run)
    return Reply(200, {"successfulResults": found, "failedResults": failed})


def service_instances(request: Request, emulator: Emulator) -> Reply:
    """GET serviceinstances: interactive services of a node; steps of the emulator have none."""
    require(request, emulator)
    return Reply(200, {"instances": {}})


def get_experiment(request: Request, emulator: Emulator) -> Reply:
    """GET an experiment by name or id."""
    workspace = scope.require(request, emulator)
    found = _experiment(emulator, workspace, request.params["experiment"])
    shown = {
        "experimentId": runs.experiment_id(workspace.id, found.name),
        "name": found.name,
        "description": None,
        "createdUtc": found.body["created"],
        "tags": found.body["tags"],
        "archivedTime": None,
    }
    return Reply(200, shown)


def require(request: Request, emulator: Emulator) -> Resource:
    """The run that a route names as {run}. Raises 404."""
    workspace = scope.require(request, emulator)
    found = runs.find(emulator, workspace.id, request.params["run"])
    if found is None:
        raise _missing(request.params["run"])
    return found


def signed_url(place: BlobAddress, permissions: str) -> str:
    """Where a blob can be read or written without signing in."""
    signature = storage_keys.sas(*place, permissions=permissions, hours=LOG_HOURS)
    return f"{place._replace(name=quote(place.name)).url}?{signature}"


def _modify(emulator: Emulator, run: Resource, body: Json) -> Resource:
    values: dict[str, Any] = {}
    if body.get("displayName"):
        values["display_name"] = str(body["displayName"])
    if body.get("description") is not None:
        values["description"] = str(body["description"])
    if body.get("hidden") is not None:
        values["hidden"] = bool(body["hidden"])
    run = runs.change(emulator, run, **values)
    for field in ("tags", "properties"):
        if body.get(field):
            run = runs.merge(emulator, run, field, body[field])
    return run


def _page(request: Request, emulator: Emulator, found: list[Resource], options: dict[str, str]) -> Reply:
    size = whole(options.get("$top") or options.get("top"), PAGE, "top")
    token = options.get("$continuationToken") or options.get("continuationToken") or "0"
    start = int(token) if token.isdecimal() else 0
    more = start + size < len(found)
    answer: Json = {"value": [show(emulator, run) for run in found[start : start + size]]}
    if more and request.method == "GET" and "$top" not in options:
        answer["nextLink"] = f"{request.url}?$continuationToken={start + size}"
    if more or request.method == "POST":  # a query says that there is no more; of the runs below one nothing is said
        answer["continuationToken"] = str(start + size) if more else None
    return Reply(200, answer)


def _data(emulator: Emulator, run: Resource) -> Json:
    parts = {"runDefinition": _definition(emulator, run), "jobSpecification": None, "systemSettings": None}
    return {"runMetadata": show(emulator, run), **parts}


def _definition(emulator: Emulator, run: Resource) -> Json | None:
    """What was to be run: of a pipeline its job, of anything else the machine."""
    job = emulator.store.get(f"{run.body['workspace']}/jobs/{run.name}") if run.body["kind"] == PIPELINE else None
    if job is not None:
        return run_definition.of_pipeline(job.body["properties"], run.body)
    return _machine(run)


def _machine(run: Resource) -> Json | None:
    return {"target": run.body["compute"]} if run.body.get("compute") else None


def _logs(emulator: Emulator, run: Resource) -> dict[str, str]:
    """Path -> a URL with a shared access signature, which anybody can read for a while."""
    found = {}
    for path in run.body["logs"]:
        found[path] = signed_url(runs.artifact(emulator, run, path), "r")
    return found


def _experiment(emulator: Emulator, workspace: Resource, named: str) -> Resource:
    found = runs.find_experiment(emulator, workspace.id, named)
    if found is None:
        raise ServiceError(404, "UserError", f"Experiment {named} was not found in workspace {workspace.name}.")
    return found


def _missing(name: str) -> ServiceError:
    return ServiceError(404, "UserError", f"RunHistory: Run {name} was not found.")
