"""Runs and experiments in the words of MLflow's REST API, and what its calls state.

It must not change anything.
"""

import math
from typing import Any

from azureml_emulator.core import clouds
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus
from azureml_emulator.services.workspaces import scope

_PAIR = {"key": "text", "value": "text"}
FIELDS: Json = {  # of all calls; the value of a metric may be written as NaN
    **dict.fromkeys(("experiment_id", "filter", "key", "name", "page_token", "run_id", "run_name", "status"), "text"),
    **{key: ["text"] for key in ("experiment_ids", "order_by", "stages")},
    **{key: [_PAIR] for key in ("params", "tags")},
    "datasets": [{"dataset": {"digest": "text", "name": "text"}, "tags": [_PAIR]}],
    "metrics": [{"key": "text", "step": "whole", "timestamp": "whole"}],
    "step": "whole",
    "timestamp": "whole",
}
_WAITING = (
    RunStatus.NOT_STARTED,
    RunStatus.QUEUED,
    RunStatus.PREPARING,
    RunStatus.PROVISIONING,
    RunStatus.STARTING,
)
TO_MLFLOW = {
    **dict.fromkeys(RunStatus, "RUNNING"),
    **dict.fromkeys(_WAITING, "SCHEDULED"),
    RunStatus.COMPLETED: "FINISHED",
    RunStatus.FAILED: "FAILED",
    RunStatus.NOT_RESPONDING: "FAILED",
    RunStatus.CANCELED: "KILLED",
}


def show_experiment(workspace: Resource, found: Resource) -> Json:
    """An experiment as MLflow shows it."""
    created = runs.milliseconds(found.body["created"])
    return {
        "experiment_id": runs.experiment_id(workspace.id, found.name),
        "name": found.name,
        "artifact_location": "",
        "lifecycle_stage": "active",
        "creation_time": created,
        "last_update_time": created,
        "tags": [{"key": key, "value": value} for key, value in found.body["tags"].items()],
    }


def show_run(emulator: Emulator, run: Resource) -> Json:
    """A run as MLflow shows it: info, data, inputs."""
    body, workspace = run.body, emulator.store.get(run.body["workspace"])
    assert workspace is not None, "a workspace with runs is not deleted"
    state, experiment = runs.status_of(run), runs.experiment_id(workspace.id, str(body["experiment"]))
    tags = {**body["tags"], "mlflow.runName": body.get("display_name") or run.name, "mlflow.user": "emulator"}
    tags["mlflow.rootRunId"] = body["root"]
    if body["parent"]:
        tags["mlflow.parentRunId"] = body["parent"]
    host = clouds.here(f"{scope.location(workspace)}.api.azureml.ms")
    base = f"azureml://{host}/mlflow/v2.0{workspace.id}/experiments/{experiment}"
    info: dict[str, Any] = {
        "run_id": run.name,
        "run_uuid": run.name,
        "run_name": body.get("display_name") or run.name,
        "experiment_id": experiment,
        "user_id": "emulator",
        "status": TO_MLFLOW[state],
        "start_time": runs.milliseconds(body.get("start") or body["created"]),
        "end_time": runs.milliseconds(body.get("end")),
        "artifact_uri": f"{base}/runs/{run.name}/artifacts",
        "lifecycle_stage": "deleted" if body["hidden"] else "active",
    }
    data = {
        "metrics": [show_number(point) for point in runs.last_metrics(emulator, run).values()],
        "params": [{"key": key, "value": value} for key, value in body.get("params", {}).items()],
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    inputs = {"dataset_inputs": body["datasets"]} if body.get("datasets") else {}
    return {"info": {key: value for key, value in info.items() if value is not None}, "data": data, "inputs": inputs}


def show_number(point: Json) -> Json:
    """A point whose value JSON can carry: what is not finite is text, as MLflow's own JSON has it."""
    value = float(point["value"])
    return point if math.isfinite(value) else {**point, "value": _word(value)}


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
