"""Run history: what the SDK streams, lists and edits beside Azure Resource Manager.

It must not keep anything of its own. Source: the run-history client inside azure-ai-ml.
"""

import json
from urllib.parse import quote

from mlops.emulator import defaults, runs
from mlops.emulator.blobs import Address
from mlops.emulator.errors import ServiceError
from mlops.emulator.handlers import workspace as workspaces
from mlops.emulator.request import Json, Reply, Request
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource


def get(request: Request, emulator: Emulator) -> Reply:
    """GET a run."""
    return Reply(200, _run(_require(request, emulator)))


def details(request: Request, emulator: Emulator) -> Reply:
    """GET a run's details: state, error, and where its logs can be read."""
    run = _require(request, emulator)
    return Reply(200, {**_run(run), "logFiles": _logs(emulator, run), "runDefinition": None})


def children(request: Request, emulator: Emulator) -> Reply:
    """GET the runs directly below a run."""
    run = _require(request, emulator)
    return Reply(200, {"value": [_run(child) for child in runs.children(emulator, run)]})


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH a run: names change, tags and properties are merged."""
    run = _require(request, emulator)
    body = request.json()
    if body.get("displayName"):
        run = runs.change(emulator, run, display_name=str(body["displayName"]))
    for field in ("tags", "properties"):
        if body.get(field):
            run = runs.merge(emulator, run, field, body[field])
    return Reply(200, _run(run))


def delete_tags(request: Request, emulator: Emulator) -> Reply:
    """DELETE tags of a run: the body names them."""
    run = _require(request, emulator)
    names = json.loads(request.body or b"[]")
    kept = {key: value for key, value in run.body["tags"].items() if key not in names}
    return Reply(200, _run(runs.change(emulator, run, tags=kept)))


def run_data(request: Request, emulator: Emulator) -> Reply:
    """POST rundata: a run with its definition."""
    workspace = workspaces.require(request, emulator)
    name = str(request.json().get("runId") or "")
    run = runs.find(emulator, workspace.id, name)
    if run is None:
        raise _missing(name)
    return Reply(200, {"runMetadata": _run(run), "runDefinition": None, "jobSpecification": None})


def _run(run: Resource) -> Json:
    body = run.body
    error = body.get("error")
    return {
        "runId": run.name,
        "runUuid": run.name,
        "rootRunId": body["root"],
        "parentRunId": body["parent"],
        "experimentId": body["experiment"],
        "dataContainerId": f"dcid.{run.name}",
        "status": body["status"],
        "createdUtc": body["created"],
        "createdTimeUtc": body["created"],
        "startTimeUtc": body.get("start"),
        "endTimeUtc": body.get("end"),
        "displayName": body.get("display_name") or run.name,
        "runType": body["kind"],
        "tags": body["tags"],
        "properties": {"azureml.moduleName": str(body.get("step") or ""), **body["properties"]},
        "parameters": {},
        "error": {"error": error, "time": body.get("end")} if error else None,
        "warnings": [],
        "inputDatasets": [],
        "outputDatasets": [],
        "hidden": False,
    }


def _logs(emulator: Emulator, run: Resource) -> Json:
    """Path -> a URL that can be read without signing in, as the service's shared access signatures allow."""
    signature = "?sv=2024-11-04&sr=b&sp=r&sig=emulator"
    return {
        path: Address(defaults.STORAGE_ACCOUNT, defaults.CONTAINER, quote(f"ExperimentRun/dcid.{run.name}/{path}")).url
        + signature
        for path in run.body["logs"]
    }


def _require(request: Request, emulator: Emulator) -> Resource:
    workspace = workspaces.require(request, emulator)
    found = runs.find(emulator, workspace.id, request.params["run"])
    if found is None:
        raise _missing(request.params["run"])
    return found


def _missing(name: str) -> ServiceError:
    return ServiceError(404, "UserError", f"RunHistory: Run {name} was not found.")
