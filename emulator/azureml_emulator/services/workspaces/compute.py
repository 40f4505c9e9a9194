"""Compute of a workspace: clusters, compute instances and what is attached. A cluster here is what it was asked to be.

Source: Microsoft.MachineLearningServices workspaces/computes (ARM).
"""

import re
from dataclasses import replace

from azureml_emulator.core import arm, partial
from azureml_emulator.core.errors import ServiceError, SilentError, bad_request
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.workspaces import machines, scope
from azureml_emulator.services.workspaces.compute_resource import (
    KIND,
    SCALE_SETTINGS,
    Compute,
    ComputeType,
    InstanceState,
)

_NAMES = {
    ComputeType.CLUSTER: re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,30}[a-zA-Z0-9]"),
    ComputeType.INSTANCE: re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"),
}
_SWITCHES = {"start": InstanceState.RUNNING, "stop": InstanceState.STOPPED, "restart": InstanceState.RUNNING}


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the computes of a workspace."""
    workspace = scope.require(request, emulator)
    return arm.page(request, emulator.store.children(workspace.id, KIND), lambda found: Compute.read(found).show())


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one compute."""
    return Reply(200, _require(request, emulator).show())


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a compute: long-running. Raises 400 for what the service checks at once."""
    workspace = scope.require(request, emulator)
    name, body = request.params["name"], request.json()
    id = f"{workspace.id}/{KIND}/{name}"
    found = emulator.store.get(id)
    before = Compute.read(found) if found else None
    stated = body.get("properties") or {}
    kind = _type_of(stated)
    if kind.is_attached:
        machines.check_attached(stated)
        inner = stated.get("properties") or {}
    else:
        _check_name(name, kind)
        inner = machines.cluster(emulator, stated, before) if kind is ComputeType.CLUSTER else machines.instance(stated)
    _refuse_while_changing(emulator, id)
    location = str(body.get("location") or scope.location(workspace))
    whole = {**body, "properties": {**stated, "properties": inner}}
    made = Compute.new(workspace.id, name, location, whole, before, emulator.clock.stamp())
    reply = _begin(request, emulator, made, 200 if before and kind.is_attached else 201)
    return replace(reply, body=made.show_asked_again()) if before and made.is_cluster else reply


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: the scale settings of a cluster."""
    found = _require(request, emulator)
    _refuse_while_changing(emulator, found.id)
    if not found.is_cluster:
        raise bad_request(f"Only the scale settings of a cluster can be changed; {found.name} is none.")
    body = partial.changes(request, found.body(), (SCALE_SETTINGS,))
    wanted = (body.get("properties") or {}).get("properties") or {}
    settings = machines.cluster(emulator, {"properties": {**found.settings, **wanted}}, found)
    return _begin(request, emulator, found.rescaled(settings, emulator.clock.stamp()), 200)


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
    Compute.read(found).going().save(emulator.store, KIND)
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
    if found.type is not ComputeType.INSTANCE:
        raise bad_request(f"The operation {action} is not supported for compute of type {found.type}.")
    found.switched(_SWITCHES[action], action, emulator.clock.stamp()).save(emulator.store, KIND)
    started = emulator.operations.start(found.id, KIND, request=request, location=found.location)
    return accepted(started, 202)


def list_nodes(request: Request, emulator: Emulator) -> Reply:
    """POST listNodes: the nodes that a cluster keeps up."""
    found = _require(request, emulator)
    if not found.is_cluster:
        raise bad_request("Nodes are listed of a cluster only.")
    return Reply(200, {"nodes": [_node(index) for index in range(found.nodes)]})


def _node(index: int) -> Json:
    return {
        "nodeId": f"tvmps_{index:032x}_d",
        "privateIpAddress": f"10.0.0.{index + 4}",
        "publicIpAddress": None,
        "port": 50000 + index,
        "nodeState": "idle",
        "runId": None,
    }


def _require(request: Request, emulator: Emulator) -> Compute:
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        if "0" < request.query.get("api-version", "") < "2023":
            raise SilentError(404, "NotFound", "")
        raise scope.not_found(f"workspaces/{workspace.name}/computes/{request.params['name']}", request.params["rg"])
    return Compute.read(found)


def _begin(request: Request, emulator: Emulator, wanted: Compute, status: int) -> Reply:
    made = wanted.save(emulator.store, KIND)
    started = emulator.operations.start(made.id, KIND, request=request, location=made.location)
    return accepted(started, status, made.show())


def _type_of(stated: Json) -> ComputeType:
    kind = stated.get("computeType")
    if kind not in list(ComputeType):
        every = ", ".join(ComputeType)
        raise bad_request(f"The compute type {kind!r} is not one that the emulator knows: {every}.")
    return ComputeType(kind)


def _check_name(name: str, kind: ComputeType) -> None:
    if not _NAMES[kind].fullmatch(name):
        least, most = (2, 32) if kind is ComputeType.CLUSTER else (3, 24)
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
