"""The workspace's MLflow tracking interface: a job is a run, and its name the run's id.

It must not keep anything of its own. Source: MLflow's REST API, version 2.0.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from mlops.emulator import runs
from mlops.emulator.errors import ServiceError
from mlops.emulator.handlers import workspace as workspaces
from mlops.emulator.request import Json, Reply, Request
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource

TO_MLFLOW = {"Completed": "FINISHED", "Failed": "FAILED", "NotResponding": "FAILED", "Canceled": "KILLED"}
FROM_MLFLOW = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Canceled", "RUNNING": "Running"}
WAITING = frozenset({"NotStarted", "Queued", "Preparing", "Provisioning", "Starting"})


def answered(handler: Callable[[Resource, Json, Emulator], Json]) -> Callable[[Request, Emulator], Reply]:
    """Make a handler of a function on the workspace and the call's fields; errors come in MLflow's envelope."""

    def handle(request: Request, emulator: Emulator) -> Reply:
        try:
            workspace = workspaces.require(request, emulator)
            fields = request.query if request.method == "GET" else request.json()
            return Reply(200, handler(workspace, dict(fields), emulator))
        except ServiceError as error:
            code = "RESOURCE_DOES_NOT_EXIST" if error.status == 404 else "INVALID_PARAMETER_VALUE"
            return Reply(error.status, {"error_code": code, "message": error.message})

    handle.__name__, handle.__module__, handle.__doc__ = handler.__name__, handler.__module__, handler.__doc__
    return handle


@answered
def get_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/get."""
    return {"run": _show(emulator, _run(workspace, fields, emulator))}


@answered
def create_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/create."""
    tags = {tag["key"]: str(tag["value"]) for tag in fields.get("tags") or []}
    run = runs.create(
        emulator,
        workspace.id,
        str(uuid.uuid4()),
        experiment=str(fields.get("experiment_id") or "Default"),
        kind="mlflow",
        display_name=fields.get("run_name") or tags.get("mlflow.runName"),
        tags=tags,
    )
    return {"run": _show(emulator, runs.change(emulator, run, status="Running"))}


@answered
def update_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/update: the state, the name."""
    run = _run(workspace, fields, emulator)
    if fields.get("status"):
        run = runs.change(emulator, run, status=FROM_MLFLOW.get(str(fields["status"]), str(fields["status"])))
    if fields.get("run_name"):
        run = runs.change(emulator, run, display_name=str(fields["run_name"]))
    return {"run_info": _show(emulator, run)["info"]}


@answered
def search_runs(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/search: by experiment, newest first. A filter is refused, never ignored."""
    if str(fields.get("filter") or "").strip():
        raise ServiceError(400, "BadRequest", "The emulator's search takes no filter.")
    wanted = {str(id) for id in fields.get("experiment_ids") or []}
    every = (run for run in emulator.store.every(runs.KIND) if run.body["workspace"].lower() == workspace.id.lower())
    found = [run for run in every if not wanted or run.body["experiment"] in wanted]
    return {"runs": [_show(emulator, run) for run in found[::-1][: int(fields.get("max_results") or 1000)]]}


@answered
def log_metric(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-metric."""
    run = _run(workspace, fields, emulator)
    runs.log_metric(emulator, run.name, str(fields["key"]), float(fields["value"]), int(fields.get("step") or 0))
    return {}


@answered
def log_batch(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-batch: metrics, parameters and tags at once."""
    run = _run(workspace, fields, emulator)
    for item in fields.get("metrics") or []:
        runs.log_metric(emulator, run.name, str(item["key"]), float(item["value"]), int(item.get("step") or 0))
    for item in fields.get("tags") or []:
        run = runs.merge(emulator, run, "tags", {item["key"]: item["value"]})
    for item in fields.get("params") or []:
        run = runs.change(emulator, run, params={**run.body.get("params", {}), item["key"]: str(item["value"])})
    return {}


@answered
def set_tag(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/set-tag."""
    runs.merge(emulator, _run(workspace, fields, emulator), "tags", {fields["key"]: fields["value"]})
    return {}


@answered
def log_parameter(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-parameter."""
    run = _run(workspace, fields, emulator)
    runs.change(emulator, run, params={**run.body.get("params", {}), fields["key"]: str(fields["value"])})
    return {}


@answered
def metric_history(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """metrics/get-history."""
    run = _run(workspace, fields, emulator)
    return {"metrics": runs.metrics(emulator, run.name, str(fields["metric_key"]))}


@answered
def get_experiment(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/get and get-by-name: an experiment is known by its name and is there when it has a run."""
    name = str(fields.get("experiment_id") or fields.get("experiment_name") or "")
    if name not in _experiments(workspace, emulator):
        raise ServiceError(404, "NotFound", f"No Experiment with id={name} exists")
    return {"experiment": _experiment(name)}


@answered
def create_experiment(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/create."""
    name = str(fields.get("name") or "")
    known = json.loads(emulator.store.setting(f"experiments:{workspace.id.lower()}", "[]"))
    if name and name not in known:
        emulator.store.set_setting(f"experiments:{workspace.id.lower()}", json.dumps([*known, name]))
    return {"experiment_id": name}


@answered
def search_experiments(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/search and list."""
    return {"experiments": [_experiment(name) for name in sorted(_experiments(workspace, emulator))]}


def _experiments(workspace: Resource, emulator: Emulator) -> set[str]:
    made = set(json.loads(emulator.store.setting(f"experiments:{workspace.id.lower()}", "[]")))
    return made | {str(run.body["experiment"]) for run in emulator.store.children(f"{workspace.id}/runs", runs.KIND)}


def _experiment(name: str) -> Json:
    return {"experiment_id": name, "name": name, "lifecycle_stage": "active", "artifact_location": "", "tags": []}


def _run(workspace: Resource, fields: Json, emulator: Emulator) -> Resource:
    name = str(fields.get("run_id") or fields.get("run_uuid") or "")
    found = runs.find(emulator, workspace.id, name)
    if found is None:
        raise ServiceError(404, "NotFound", f"Run with id={name} was not found")
    return found


def _show(emulator: Emulator, run: Resource) -> Json:
    body = run.body
    state = str(body["status"])
    last: dict[str, Any] = {point["key"]: point for point in runs.metrics(emulator, run.name)}
    tags = {**body["tags"], "mlflow.runName": body.get("display_name") or run.name}
    if body["parent"]:
        tags["mlflow.parentRunId"] = body["parent"]
    info = {
        "run_id": run.name,
        "run_uuid": run.name,
        "run_name": body.get("display_name") or run.name,
        "experiment_id": body["experiment"],
        "user_id": "emulator",
        "status": TO_MLFLOW.get(state, "SCHEDULED" if state in WAITING else "RUNNING"),
        "start_time": runs.milliseconds(body.get("start") or body["created"]),
        "end_time": runs.milliseconds(body.get("end")),
        "artifact_uri": f"azureml://experiments/{body['experiment']}/runs/{run.name}/artifacts",
        "lifecycle_stage": "active",
    }
    data = {
        "metrics": list(last.values()),
        "params": [{"key": key, "value": value} for key, value in body.get("params", {}).items()],
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    return {"info": info, "data": data}
