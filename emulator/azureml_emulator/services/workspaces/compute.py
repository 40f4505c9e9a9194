"""Compute of a workspace: clusters and compute instances, and a region's VM sizes, usage and quota.

It must not run jobs; a cluster here is what it was asked to be.
Source: Microsoft.MachineLearningServices workspaces/computes, locations/{vmSizes,usages,quotas} (ARM).
"""

import re

from azureml_emulator.core import arm, partial
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import machines, scope

KIND = "computes"
CLUSTER, INSTANCE = "AmlCompute", "ComputeInstance"
SCALE_SETTINGS = "properties.properties.scaleSettings"
_NAMES = {
    CLUSTER: re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,30}[a-zA-Z0-9]"),
    INSTANCE: re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"),
}
_ATTACHED = ("VirtualMachine", "Kubernetes", "SynapseSpark", "HDInsight", "Databricks", "DataFactory", "AKS")
_STATES = {"start": "Running", "stop": "Stopped", "restart": "Running"}


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the computes of a workspace."""
    workspace = scope.require(request, emulator)
    return arm.page(request, emulator.store.children(workspace.id, KIND), _show)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one compute."""
    return Reply(200, _show(_require(request, emulator)))


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a compute: long-running. Raises 400 for what the service checks at once."""
    workspace = scope.require(request, emulator)
    name, body = request.params["name"], request.json()
    id = f"{workspace.id}/{KIND}/{name}"
    before = emulator.store.get(id)
    stated = body.get("properties") or {}
    kind = stated.get("computeType")
    if kind in _ATTACHED:
        return _attach(request, emulator, workspace, name, before)
    if kind not in _NAMES:
        every = ", ".join((*_NAMES, *_ATTACHED))
        raise bad_request(f"The compute type {kind!r} is not one that the emulator knows: {every}.")
    _check_name(name, kind)
    _refuse_while_changing(emulator, id)
    properties = machines.cluster(emulator, stated, before) if kind == CLUSTER else machines.instance(stated)
    return _begin(
        request, emulator, workspace, name, before, {**body, "properties": {**stated, "properties": properties}}
    )


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: the scale settings of a cluster."""
    found = _require(request, emulator)
    workspace = scope.require(request, emulator)
    _refuse_while_changing(emulator, found.id)
    if found.body["properties"]["computeType"] != CLUSTER:
        raise bad_request(f"Only the scale settings of a cluster can be changed; {found.name} is none.")
    body = partial.changes(request, found.body, (SCALE_SETTINGS,))
    wanted = (body.get("properties") or {}).get("properties") or {}
    stated = {**found.body["properties"]}
    stated["properties"] = machines.cluster(
        emulator, {**stated, "properties": {**stated["properties"], **wanted}}, found
    )
    return _begin(request, emulator, workspace, found.name, found, {**found.body, "properties": stated})


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE with underlyingResourceAction Delete or Detach: 202 and an operation."""
    workspace = scope.require(request, emulator)
    if request.query.get("underlyingResourceAction") not in ("Delete", "Detach"):
        raise bad_request(
            "The query parameter underlyingResourceAction must be Delete or Detach.", target="underlyingResourceAction"
        )
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        return Reply(204)
    properties = {**found.body["properties"], "provisioningState": "Deleting"}
    emulator.store.update(found.id, {**found.body, "properties": properties})
    started = emulator.operations.start(
        found.id,
        KIND,
        effect="delete",
        request=request,
        location=scope.location(workspace),
    )
    return accepted(started, 202)


def change_state(request: Request, emulator: Emulator) -> Reply:
    """POST start, stop or restart of a compute instance."""
    found = _require(request, emulator)
    action = request.params["action"].lower()
    properties = found.body["properties"]
    if properties["computeType"] != INSTANCE:
        raise bad_request(f"The operation {action} is not supported for compute of type {properties['computeType']}.")
    inner = {**properties["properties"], "state": _STATES[action]}
    emulator.store.update(found.id, {**found.body, "properties": {**properties, "properties": inner}})
    location = str(found.body["location"])
    started = emulator.operations.start(found.id, KIND, request=request, location=location)
    return accepted(started, 202)


def list_nodes(request: Request, emulator: Emulator) -> Reply:
    """POST listNodes: the nodes that a cluster keeps up."""
    found = _require(request, emulator)
    if found.body["properties"]["computeType"] != CLUSTER:
        raise bad_request("Nodes are listed of a cluster only.")
    count = _show(found)["properties"]["properties"]["currentNodeCount"]
    nodes = [
        {
            "nodeId": f"tvmps_{index:032x}_d",
            "privateIpAddress": f"10.0.0.{index + 4}",
            "publicIpAddress": None,
            "port": 50000 + index,
            "nodeState": "idle",
            "runId": None,
        }
        for index in range(count)
    ]
    return Reply(200, {"nodes": nodes})


def _require(request: Request, emulator: Emulator) -> Resource:
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        raise scope.not_found(f"workspaces/{workspace.name}/computes/{request.params['name']}", request.params["rg"])
    return found


def _attach(request: Request, emulator: Emulator, workspace: Resource, name: str, before: Resource | None) -> Reply:
    """A record of a compute that exists elsewhere; nothing is reached there."""
    body = request.json()
    stated = body["properties"]
    if not stated.get("resourceId"):
        raise machines.invalid(
            "MissingProperty", "The property resourceId of an attached compute is required.", "resourceId"
        )
    _refuse_while_changing(emulator, f"{workspace.id}/{KIND}/{name}")
    return _begin(
        request, emulator, workspace, name, before, {**body, "properties": {"properties": {}, **stated}}, attached=True
    )


def _begin(
    request: Request,
    emulator: Emulator,
    workspace: Resource,
    name: str,
    before: Resource | None,
    body: Json,
    *,
    attached: bool = False,
) -> Reply:
    now = emulator.clock.stamp()
    kept = before.body["properties"] if before else {}
    location = str(body.get("location") or scope.location(workspace))
    properties = {
        "description": None,
        "resourceId": None,
        "disableLocalAuth": False,
        **body["properties"],
        "computeLocation": location,
        "createdOn": kept.get("createdOn", now),
        "modifiedOn": now,
        "isAttachedCompute": attached,
        "provisioningErrors": None,
        "provisioningWarnings": None,
        "provisioningState": "Updating" if before else "Creating",
    }
    whole = {
        "location": location,
        "tags": body.get("tags") or {},
        **({"identity": body["identity"]} if body.get("identity") else {}),
        "properties": properties,
    }
    id = f"{workspace.id}/{KIND}/{name}"
    made = emulator.store.put(id, whole, parent=workspace.id, kind=KIND, name=name)
    started = emulator.operations.start(id, KIND, request=request, location=location)
    return accepted(started, 200 if before else 201, _show(made))


def _check_name(name: str, kind: str) -> None:
    if not _NAMES[kind].fullmatch(name):
        least, most = (2, 32) if kind == CLUSTER else (3, 24)
        text = (
            f"The compute name {name!r} is not valid: {least} to {most} letters, digits and '-', "
            "beginning with a letter and ending with a letter or digit."
        )
        raise machines.invalid("InvalidComputeName", text, "computeName")


def _refuse_while_changing(emulator: Emulator, id: str) -> None:
    if emulator.operations.pending(id):
        name = id.rsplit("/", 1)[-1]
        raise ServiceError(
            409, "Conflict", f"Another operation is in progress on the compute {name}; try again when it has ended."
        )


def _show(resource: Resource) -> Json:
    """A compute with the node counts that follow from its state."""
    shown = arm.envelope(resource, "workspaces/computes")
    properties = dict(shown["properties"])
    if properties["computeType"] == CLUSTER:
        ready = properties["provisioningState"] == "Succeeded"
        count = int(properties["properties"]["scaleSettings"]["minNodeCount"])
        states = ("preparing", "running", "idle", "unusable", "leaving", "preempted")
        properties["properties"] = {
            **properties["properties"],
            "allocationState": "Steady" if ready else "Resizing",
            "allocationStateTransitionTime": properties["modifiedOn"],
            "errors": None,
            "currentNodeCount": count if ready else 0,
            "targetNodeCount": count,
            "nodeStateCounts": {f"{state}NodeCount": count if ready and state == "idle" else 0 for state in states},
        }
    return {**shown, "properties": properties}
