"""Jobs of a workspace: create, read, list, cancel, delete.

It must not execute one (`runner`) or keep its state (`runs`).
Source: Microsoft.MachineLearningServices workspaces/jobs.
"""

import re
from typing import Any

from mlops.emulator import arm, runner, runs
from mlops.emulator.catalog import components
from mlops.emulator.errors import ServiceError, bad_request, error_object
from mlops.emulator.handlers import workspace as workspaces
from mlops.emulator.operations import accepted
from mlops.emulator.request import Json, Reply, Request
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource

KIND = "jobs"
NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$")
CHANGEABLE = ("displayName", "description", "isArchived", "tags", "properties")
NOT_EXECUTED = "The emulator runs pipeline jobs of chat_completion_pipeline; it keeps a {} job as a record only."
_DATA = re.compile(r"/(?P<kind>data|models)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$", re.IGNORECASE)


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a job: a new one starts; of one that is there only names, tags and archiving can change."""
    workspace = workspaces.require(request, emulator)
    name, properties = request.params["name"], dict(request.json().get("properties") or {})
    if not NAME.match(name):
        raise bad_request(f"The job name {name!r} does not match {NAME.pattern}.", code="UserError", target="name")
    id = f"{workspace.id}/{KIND}/{name}"
    before = emulator.store.get(id)
    if before:
        return Reply(200, _show(emulator, _change(emulator, before, properties)))
    kind = str(properties.get("jobType") or "")
    if not kind:
        raise bad_request("The field jobType is required.", code="UserError", target="properties.jobType")
    if kind == "Pipeline":
        _check_pipeline(emulator, workspace, properties)
    body = {
        "properties": _completed(request, workspace, name, properties),
        "systemData": arm.system_data(emulator.clock),
    }
    job = emulator.store.put(id, body, parent=workspace.id, kind=KIND, name=name)
    root = runs.create(
        emulator,
        workspace.id,
        name,
        experiment=body["properties"]["experimentName"],
        kind="azureml.PipelineRun" if kind == "Pipeline" else "azureml.scriptrun",
        display_name=body["properties"]["displayName"],
        tags={key: str(value) for key, value in (properties.get("tags") or {}).items()},
    )
    if kind == "Pipeline":
        runner.enqueue(emulator, job.id)
    else:
        runs.change(emulator, root, status="Failed", error=error_object("NotEmulated", NOT_EXECUTED.format(kind)))
    return Reply(201, _show(emulator, job))


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one job. The run of a pipeline's step has no properties here, which is how the SDK knows it."""
    workspace = workspaces.require(request, emulator)
    name = request.params["name"]
    step = runs.find(emulator, workspace.id, name)
    if step is not None and step.body["parent"]:
        id = f"{workspace.id}/{KIND}/{name}"
        return Reply(200, {"id": id, "name": name, "type": f"{arm.PROVIDER}/workspaces/jobs", "properties": None})
    return Reply(200, _show(emulator, _require(request, emulator)))


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the jobs of a workspace, newest first, by type, tag and list view."""
    workspace = workspaces.require(request, emulator)
    query = request.query
    view, kind, tag = query.get("listViewType", "ActiveOnly"), query.get("jobType"), query.get("tag")

    def fits(job: Resource) -> bool:
        properties = job.body["properties"]
        archived = bool(properties.get("isArchived"))
        in_view = view == "All" or archived == (view == "ArchivedOnly")
        return in_view and (not kind or properties["jobType"] == kind) and (not tag or _tagged(emulator, job, tag))

    found = filter(fits, emulator.store.children(workspace.id, KIND, newest_first=True))
    return arm.page(request, found, lambda job: _show(emulator, job))


def cancel(request: Request, emulator: Emulator) -> Reply:
    """POST cancel: 202 with Location; a job that has ended cannot be canceled."""
    job = _require(request, emulator)
    root = _root(emulator, job)
    if root.body["status"] in runs.TERMINAL:
        raise ServiceError(400, "UserError", f"Run {job.name} is in the terminal state {root.body['status']}.")
    runs.change(emulator, root, status="CancelRequested")
    runner.cancel(emulator, job.id)
    return accepted(_operation(request, emulator, job, "settle"), 202)


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a job that has ended: 202 with Location."""
    job = _require(request, emulator)
    root = _root(emulator, job)
    if root.body["status"] not in runs.TERMINAL:
        raise ServiceError(409, "Conflict", f"Run {job.name} is {root.body['status']}; cancel it first.")
    emulator.store.delete(root.id)
    return accepted(_operation(request, emulator, job, "delete"), 202)


def resume(emulator: Emulator) -> None:
    """Run again what was under way when the emulator stopped."""
    for job in emulator.store.every(KIND):
        root = _root(emulator, job)
        if root.body["status"] in runs.TERMINAL:
            continue
        with emulator.transaction():
            for child in list(runs.children(emulator, root)):
                emulator.store.delete(child.id)
            if root.body["status"] != "CancelRequested":
                runs.change(emulator, root, status="NotStarted")
        runner.enqueue(emulator, job.id)


def _check_pipeline(emulator: Emulator, workspace: Resource, properties: Json) -> None:
    """What the service refuses at once: unknown components, inputs, compute and assets. All of it together."""
    details: list[dict[str, Any]] = []
    if not properties.get("jobs"):
        details.append(error_object("UserError", "A pipeline job needs at least one step."))
    for node, stated in (properties.get("jobs") or {}).items():
        id = str(stated.get("componentId") or "")
        if not id.startswith("azureml://registries/"):
            continue
        parts = id.split("/")
        component = components.find(parts[3], parts[5], parts[7])
        if component is None:
            details.append(error_object("NotFound", f"Component {id} was not found.", target=f"jobs.{node}"))
            continue
        inputs = {key: value or {} for key, value in (stated.get("inputs") or {}).items()}
        literals = {key: value["value"] for key, value in inputs.items() if _is_literal(value)}
        bound = tuple(key for key in inputs if key not in literals)
        problems = components.validate_inputs(component, literals, bound=bound)
        details += [error_object(p.code, p.message, target=f"jobs.{node}.inputs.{p.input}") for p in problems]
        details += _missing_compute(emulator, workspace, component, literals, node)
        details += _missing_assets(emulator, inputs, node)
    if details:
        raise ServiceError(400, "UserError", "The pipeline job is not valid.", details=details)


def _is_literal(value: Json) -> bool:
    return "value" in value and not str(value["value"]).startswith("${{")


def _missing_compute(
    emulator: Emulator, workspace: Resource, component: components.Component, literals: Json, node: str
) -> list[dict[str, Any]]:
    names = {str(value) for key, value in literals.items() if key.startswith("compute_") and key in component.inputs}
    return [
        error_object("ComputeNotFound", f"Compute {name} was not found in the workspace.", target=f"jobs.{node}")
        for name in sorted(names - {"serverless"})
        if emulator.store.get(f"{workspace.id}/computes/{name}") is None
    ]


def _missing_assets(emulator: Emulator, inputs: dict[str, Json], node: str) -> list[dict[str, Any]]:
    missing = []
    for key, value in inputs.items():
        uri = str(value.get("uri") or "")
        place = (
            uri.removeprefix("azureml:/") if uri.startswith("azureml://subscriptions") else uri.removeprefix("azureml:")
        )
        if _DATA.search(place) and place.startswith("/subscriptions") and emulator.store.get(place) is None:
            missing.append(
                error_object("NotFound", f"The asset {uri} was not found.", target=f"jobs.{node}.inputs.{key}")
            )
    return missing


def _completed(request: Request, workspace: Resource, name: str, stated: Json) -> Json:
    """The properties with what the service adds."""
    location = workspace.body["location"]
    tenant = workspace.body.get("identity", {}).get("tenantId", "")
    studio = f"https://ml.azure.com/runs/{name}?wsid={workspace.id}&tid={tenant}"
    services = {
        "Tracking": {
            "jobServiceType": "Tracking",
            "endpoint": f"azureml://{location}.api.azureml.ms/mlflow/v1.0{workspace.id}",
        },
        "Studio": {"jobServiceType": "Studio", "endpoint": studio},
    }
    outputs = {key: {"mode": "ReadWriteMount", **(value or {})} for key, value in (stated.get("outputs") or {}).items()}
    return {
        **stated,
        "displayName": stated.get("displayName") or name,
        "experimentName": stated.get("experimentName") or "Default",
        "services": services,
        "outputs": outputs,
        "isArchived": bool(stated.get("isArchived")),
        "parentJobName": None,
        "computeId": stated.get("computeId"),
    }


def _change(emulator: Emulator, job: Resource, stated: Json) -> Resource:
    properties = {**job.body["properties"], **{key: stated[key] for key in CHANGEABLE if key in stated}}
    body = {**job.body, "properties": properties, "systemData": arm.system_data(emulator.clock, job)}
    emulator.store.update(job.id, body)
    if "tags" in stated:
        runs.change(emulator, _root(emulator, job), tags={k: str(v) for k, v in (stated["tags"] or {}).items()})
    found = emulator.store.get(job.id)
    assert found is not None
    return found


def _tagged(emulator: Emulator, job: Resource, tag: str) -> bool:
    name, _, value = tag.partition("=")
    tags = _root(emulator, job).body["tags"]
    return name in tags and (not value or tags[name] == value)


def _show(emulator: Emulator, job: Resource) -> Json:
    shown = arm.envelope(job, "workspaces/jobs")
    run = _root(emulator, job).body
    said = {**shown["properties"].get("properties", {}), **run["properties"]}
    live = {"status": run["status"], "tags": run["tags"], "displayName": run.get("display_name"), "properties": said}
    return {**shown, "properties": {**shown["properties"], **live}}


def _require(request: Request, emulator: Emulator) -> Resource:
    workspace = workspaces.require(request, emulator)
    name = request.params["name"]
    found = emulator.store.get(f"{workspace.id}/{KIND}/{name}")
    if found is None:
        detail = error_object("NotFound", f"Run {name} was not found.")
        raise ServiceError(404, "UserError", f"Run {name} was not found.", details=[detail])
    return found


def _root(emulator: Emulator, job: Resource) -> Resource:
    found = runs.find(emulator, job.id.rsplit("/jobs/", 1)[0], job.name)
    assert found is not None, "a job is made together with its run"
    return found


def _operation(request: Request, emulator: Emulator, job: Resource, effect: Any) -> Any:
    p = request.params
    workspace = emulator.store.get(arm.workspace_id(request))
    assert workspace is not None
    location = workspace.body["location"]
    return emulator.operations.start(job.id, KIND, effect=effect, subscription=p["sub"], location=location)
