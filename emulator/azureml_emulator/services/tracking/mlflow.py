"""The workspace's MLflow tracking interface: a job is a run, and its name the run's id.

It must not keep anything of its own; how a search is read is in `mlflow_search`. Source: MLflow's REST API, version
2.0, with the answers of Azure ML where they differ (an experiment's id is a GUID, a run's artifacts lie on azureml://).
"""

import uuid
from collections.abc import Callable

from azureml_emulator.core.body_types import stated
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request, whole
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus
from azureml_emulator.services.tracking import mlflow_search
from azureml_emulator.services.tracking.mlflow_shapes import FIELDS, show_experiment, show_number, show_run
from azureml_emulator.services.workspaces import scope

FROM_MLFLOW = {
    "FINISHED": RunStatus.COMPLETED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.CANCELED,
    "RUNNING": RunStatus.RUNNING,
    "SCHEDULED": RunStatus.QUEUED,
}
CODES = {400: "INVALID_PARAMETER_VALUE", 401: "UNAUTHENTICATED", 404: "RESOURCE_DOES_NOT_EXIST"}
PARAMS_LIMIT = 500  # characters of a parameter's value
DEFAULT = "Default"  # the experiment that MLflow knows as 0
DEFAULT_RESULTS = 1000


def answered(handler: Callable[[Resource, Json, Emulator], Json]) -> Callable[[Request, Emulator], Reply]:
    """Make a handler of a function on the workspace and the call's fields; errors come in MLflow's envelope."""

    def handle(request: Request, emulator: Emulator) -> Reply:
        try:
            workspace = scope.require(request, emulator)
            fields: Json = dict(request.query) if request.method == "GET" else stated(request.json(), FIELDS)
            return Reply(200, handler(workspace, fields, emulator))
        except ServiceError as error:
            code = CODES.get(error.status, "INTERNAL_ERROR")
            code = error.code if error.code.isupper() else code
            return Reply(error.status, {"error_code": code, "message": error.message}, error.headers)

    handle.__name__, handle.__module__, handle.__doc__ = handler.__name__, handler.__module__, handler.__doc__
    return handle


@answered
def get_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/get."""
    return {"run": show_run(emulator, _run(workspace, fields, emulator))}


@answered
def create_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/create."""
    tags = {_needed(tag, "key"): str(tag.get("value") or "") for tag in fields.get("tags") or []}
    experiment = _experiment(workspace, str(fields.get("experiment_id") or ""), emulator)
    parent = runs.find(emulator, workspace.id, tags.get("mlflow.parentRunId", ""))
    run = runs.create(
        emulator,
        workspace.id,
        str(uuid.uuid4()),
        experiment=experiment.name,
        kind="mlflow",
        parent=parent,
        display_name=fields.get("run_name") or tags.get("mlflow.runName"),
        tags=tags,
    )
    return {"run": show_run(emulator, runs.change(emulator, run, status=RunStatus.RUNNING))}


@answered
def update_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/update: the state, the name."""
    run = _run(workspace, fields, emulator)
    if status := str(fields.get("status") or ""):
        if status not in FROM_MLFLOW:
            raise _bad(f"Invalid value {status} for parameter 'status' supplied.")
        run = runs.change(emulator, run, status=FROM_MLFLOW[status])
    if fields.get("run_name"):
        run = runs.change(emulator, run, display_name=str(fields["run_name"]))
    return {"run_info": show_run(emulator, run)["info"]}


@answered
def delete_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/delete: the run is hidden, not gone."""
    runs.change(emulator, _run(workspace, fields, emulator), hidden=True)
    return {}


@answered
def restore_run(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/restore."""
    runs.change(emulator, _run(workspace, fields, emulator), hidden=False)
    return {}


@answered
def search_runs(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/search: by experiments, filter and view, in an order, in pages."""
    named = {str(id) for id in fields.get("experiment_ids") or []}
    known = [runs.find_experiment(emulator, workspace.id, DEFAULT if id == "0" else id) for id in named]
    wanted = {found.name for found in known if found}
    every = [run for run in runs.in_workspace(emulator, workspace.id) if not named or run.body["experiment"] in wanted]
    view = str(fields.get("run_view_type") or "ACTIVE_ONLY")
    shown = [
        show_run(emulator, run) for run in every if view == "ALL" or run.body["hidden"] == (view == "DELETED_ONLY")
    ]
    found = mlflow_search.select(shown, str(fields.get("filter") or ""))
    ordered = mlflow_search.order(found[::-1], fields.get("order_by") or [])
    size = whole(fields.get("max_results"), DEFAULT_RESULTS, "max_results")
    token = str(fields.get("page_token") or "0")
    start = int(token) if token.isdecimal() else 0
    more = {"next_page_token": str(start + size)} if start + size < len(ordered) else {}
    return {"runs": ordered[start : start + size], **more}


@answered
def log_metric(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-metric."""
    _log_metric(emulator, _run(workspace, fields, emulator), fields)
    return {}


@answered
def log_batch(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-batch: metrics, parameters and tags at once."""
    run = _run(workspace, fields, emulator)
    for item in fields.get("params") or []:
        run = _log_parameter(emulator, run, item)
    for item in fields.get("metrics") or []:
        _log_metric(emulator, run, item)
    for item in fields.get("tags") or []:
        run = runs.merge(emulator, run, "tags", {_needed(item, "key"): item.get("value")})
    return {}


@answered
def log_inputs(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-inputs: datasets, each once by name and digest. Logged models of MLflow 3 are not kept."""
    run = _run(workspace, fields, emulator)
    kept: dict[tuple[str, str], Json] = {}
    for item in [*run.body.get("datasets", []), *(fields.get("datasets") or [])]:
        dataset = item.get("dataset") or {}
        kept.setdefault((_needed(dataset, "name"), _needed(dataset, "digest")), item)
    runs.change(emulator, run, datasets=list(kept.values()))
    return {}


@answered
def log_batch_async(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-batch-async, Azure ML's own: done at once, so there is nothing to wait for."""
    run = _run(workspace, fields, emulator)
    for item in fields.get("metrics") or []:
        _log_metric(emulator, run, item)
    return {"batch_tracking_id": ""}


@answered
def run_data_status(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/get-run-data-status, Azure ML's own."""
    _run(workspace, fields, emulator)
    return {"is_complete": True}


@answered
def set_tag(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/set-tag."""
    run = _run(workspace, fields, emulator)
    key = _needed(fields, "key")
    if key == "mlflow.runName":
        run = runs.change(emulator, run, display_name=str(fields.get("value")))
    runs.merge(emulator, run, "tags", {key: fields.get("value")})
    return {}


@answered
def delete_tag(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/delete-tag."""
    run, key = _run(workspace, fields, emulator), _needed(fields, "key")
    if key not in run.body["tags"]:
        raise ServiceError(404, "NotFound", f"No tag with name: {key} in run with id {run.name}")
    runs.change(emulator, run, tags={name: value for name, value in run.body["tags"].items() if name != key})
    return {}


@answered
def log_parameter(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """runs/log-parameter: a parameter is written once."""
    _log_parameter(emulator, _run(workspace, fields, emulator), fields)
    return {}


@answered
def metric_history(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """metrics/get-history, in pages when asked for."""
    run = _run(workspace, fields, emulator)
    points = [show_number(point) for point in runs.metrics(emulator, run, _needed(fields, "metric_key"))]
    size = whole(fields.get("max_results"), len(points), "max_results")
    token = str(fields.get("page_token") or "0")
    start = int(token) if token.isdecimal() else 0
    more = {"next_page_token": str(start + size)} if start + size < len(points) else {}
    return {"metrics": points[start : start + size], **more}


@answered
def get_experiment(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/get and get-by-name."""
    named = str(fields.get("experiment_id") or fields.get("experiment_name") or "")
    return {"experiment": show_experiment(workspace, _experiment(workspace, named, emulator))}


@answered
def create_experiment(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/create."""
    name = _needed(fields, "name")
    if runs.find_experiment(emulator, workspace.id, name):
        raise ServiceError(400, "RESOURCE_ALREADY_EXISTS", f"Experiment '{name}' already exists.")
    tags = {_needed(tag, "key"): str(tag.get("value") or "") for tag in fields.get("tags") or []}
    runs.ensure_experiment(emulator, workspace.id, name, tags)
    return {"experiment_id": runs.experiment_id(workspace.id, name)}


@answered
def tag_experiment(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/set-experiment-tag."""
    found = _experiment(workspace, str(fields.get("experiment_id") or ""), emulator)
    tags = {**found.body["tags"], _needed(fields, "key"): str(fields.get("value") or "")}
    emulator.store.update(found.id, {**found.body, "tags": tags})
    return {}


@answered
def search_experiments(workspace: Resource, fields: Json, emulator: Emulator) -> Json:
    """experiments/search and list: newest first unless ordered otherwise; those that the filter lets through."""
    found = emulator.store.children(workspace.id, runs.EXPERIMENTS, newest_first=True)
    shown = [show_experiment(workspace, item) for item in found]
    as_runs = [{"info": one, "data": {"tags": one["tags"], "metrics": [], "params": []}} for one in shown]
    chosen = mlflow_search.select(as_runs, str(fields.get("filter") or ""))
    ordered = mlflow_search.order(chosen, fields.get("order_by") or [])
    most = whole(fields.get("max_results"), DEFAULT_RESULTS, "max_results")
    return {"experiments": [one["info"] for one in ordered[:most]]}


def _log_metric(emulator: Emulator, run: Resource, fields: Json) -> None:
    key = _needed(fields, "key")
    try:
        value, step = float(fields["value"]), int(fields.get("step") or 0)
        at = float(fields["timestamp"]) / 1000 if fields.get("timestamp") else None
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(f"Invalid value {fields.get('value')!r} for metric '{key}', or its step or timestamp.") from error
    runs.log_metric(emulator, run, key, value, step, at=at)


def _log_parameter(emulator: Emulator, run: Resource, fields: Json) -> Resource:
    key, value = _needed(fields, "key"), str(fields.get("value") or "")
    before = run.body.get("params", {})
    if key in before and before[key] != value:
        text = f"Changing param values is not allowed. Param with key='{key}' was already logged"
        raise _bad(f"{text} with value='{before[key]}' for run ID='{run.name}'. Attempted logging new value '{value}'.")
    if len(value) > PARAMS_LIMIT:
        raise _bad(f"Param value '{value[:20]}...' had length {len(value)}, which exceeded length limit {PARAMS_LIMIT}")
    return runs.change(emulator, run, params={**before, key: value})


def _run(workspace: Resource, fields: Json, emulator: Emulator) -> Resource:
    name = str(fields.get("run_id") or fields.get("run_uuid") or "")
    if not name:
        raise _bad("Missing value for required parameter 'run_id'.")
    found = runs.find(emulator, workspace.id, name)
    if found is None:
        raise ServiceError(404, "NotFound", f"Run with id={name} was not found")
    return found


def _experiment(workspace: Resource, named: str, emulator: Emulator) -> Resource:
    if named in ("", "0"):
        return runs.ensure_experiment(emulator, workspace.id, DEFAULT)
    found = runs.find_experiment(emulator, workspace.id, named)
    if found is None:
        raise ServiceError(404, "NotFound", f"Could not find experiment with ID or name {named}")
    return found


def _needed(fields: Json, name: str) -> str:
    if not fields.get(name):
        raise _bad(f"Missing value for required parameter '{name}'.")
    return str(fields[name])


def _bad(text: str) -> ServiceError:
    return ServiceError(400, "BadRequest", text)
