"""Deployments of templates, which is how the SDK makes a workspace: its resources of Azure ML are made, others noted.

It must not evaluate an expression (`arm_template`). A template that cannot be evaluated makes nothing.
Source: Microsoft.Resources deployments (ARM), api-version 2020-06-01.
"""

from typing import Any

from azureml_emulator.core import arm, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import workspace as workspaces
from azureml_emulator.services.workspaces.arm_template import BadTemplate, Scope, scope_of

KIND = "armDeployments"
WORKSPACES = f"{arm.PROVIDER}/workspaces"


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a deployment: 201, done at once. Raises 400 for a template that cannot be evaluated."""
    p, properties = request.params, request.json().get("properties") or {}
    names = {"subscription": p["sub"], "group": p["rg"], "tenant": defaults.TENANT_ID, "location": defaults.LOCATION}
    try:
        scope = scope_of(properties, **names)
        wanted = [
            _evaluated(scope, said)
            for said in (properties.get("template") or {}).get("resources") or []
            if scope.value(said.get("condition", True)) in (True, "true", "True")
        ]
    except (BadTemplate, TypeError, ValueError, AttributeError) as error:
        text = f"Deployment template validation failed: '{error}'."
        raise ServiceError(400, "InvalidTemplate", text, plain=True) from error
    group = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    made = []
    for said in wanted:
        id = _id(group, said)
        if said["type"].lower() == WORKSPACES.lower():
            workspaces.create(emulator, id, said)
        made.append({"id": id, "resourceType": said["type"], "resourceName": said["name"]})
    body = {
        "properties": {
            "provisioningState": "Succeeded",
            "correlationId": p["name"],
            "timestamp": emulator.clock.stamp(),
            "duration": "PT1S",
            "mode": properties.get("mode") or "Incremental",
            "outputResources": [{"id": one["id"]} for one in made],
        },
        "_made": made,
    }
    id = f"{group}/providers/Microsoft.Resources/deployments/{p['name']}"
    kept = emulator.store.put(id, body, parent=group, kind=KIND, name=p["name"])
    return Reply(201, _show(kept))


def get(request: Request, emulator: Emulator) -> Reply:
    """GET a deployment."""
    return Reply(200, _show(_require(request, emulator)))


def operations(request: Request, emulator: Emulator) -> Reply:
    """GET the operations of a deployment: one for each resource."""
    found = _require(request, emulator)
    value = [
        {
            "id": f"{found.id}/operations/{number}",
            "operationId": str(number),
            "properties": {
                "provisioningOperation": "Create",
                "provisioningState": "Succeeded",
                "targetResource": one,
                "statusCode": "OK",
            },
        }
        for number, one in enumerate(found.body["_made"])
    ]
    return Reply(200, {"value": value})


def _evaluated(scope: Scope, said: Json) -> Json:
    """A resource without what only orders and checks: those expressions may name what is not deployed."""
    body: Json = {key: scope.value(said[key]) for key in ("type", "name")}
    if body["type"].lower() == WORKSPACES.lower():
        rest = {key: value for key, value in said.items() if key not in ("dependsOn", "condition", "resources")}
        body = scope.value(rest)
    return body


def _id(group: str, said: Json) -> str:
    provider, *kinds = str(said["type"]).split("/")
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, str(said["name"]).split("/"), strict=False))
    return f"{group}/providers/{provider}{pairs}"


def _require(request: Request, emulator: Emulator) -> Resource:
    p = request.params
    group = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    found = emulator.store.get(f"{group}/providers/Microsoft.Resources/deployments/{p['name']}")
    if found is None:
        raise ServiceError(404, "DeploymentNotFound", f"Deployment '{p['name']}' could not be found.", plain=True)
    return found


def _show(found: Resource) -> dict[str, Any]:
    return {**arm.envelope(found, ""), "type": "Microsoft.Resources/deployments"}
