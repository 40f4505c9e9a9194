"""Deployments of templates to a group or a subscription: a workspace is made as by its own call, the rest is kept.

It must not evaluate an expression (`arm_template`). A template that cannot be evaluated makes nothing.
Source: Microsoft.Resources deployments (ARM), api-version 2020-06-01.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from azureml_emulator.core import arm, clouds, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.entra import tokens
from azureml_emulator.services.workspaces import arm_records, compute
from azureml_emulator.services.workspaces import workspace as workspaces
from azureml_emulator.services.workspaces.arm_template import BadTemplate, Scope, copies, scope_of
from azureml_emulator.services.workspaces.scope import group_exists

KIND = "armDeployments"
WORKSPACES = f"{arm.PROVIDER}/workspaces"


# What is made by its own PUT; the services above this one add theirs.
MAKERS: dict[str, Callable[[Request, Emulator], Reply]] = {f"{WORKSPACES}/computes".lower(): compute.put}


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a deployment to a group or a subscription: 201, done at once. Raises 400 for a template it cannot evaluate.

    Resources are made in the order in which they stand, which must be that of `dependsOn`.
    """
    p, said = request.params, request.json()
    properties = said.get("properties") or {}
    place, location = place_of(request, emulator, said)
    caller = tokens.check(request.headers.get("authorization", ""), tokens.MANAGEMENT)
    made: list[Json] = []
    with _template_errors():
        scope = _scope(request, properties, location)
        scope.reference = lambda resource: _properties(emulator, resource)
        made.extend(
            _make(request, emulator, place, _evaluated(copy, one), caller) for copy, one in _wanted(scope, properties)
        )
        outputs = scope.value((properties.get("template") or {}).get("outputs") or {})
    stated: Json = {key: said[key] for key in ("tags", "location") if key in said}
    body = {
        **stated,
        "properties": {
            "provisioningState": "Succeeded",
            "correlationId": p["name"],
            "timestamp": emulator.clock.stamp(),
            "duration": "PT1S",
            "mode": properties.get("mode") or "Incremental",
            "parameters": properties.get("parameters") or {},
            "outputs": outputs,
            "outputResources": [{"id": one["id"]} for one in made],
        },
        "_made": made,
    }
    id = f"{place}/providers/Microsoft.Resources/deployments/{p['name']}"
    kept = emulator.store.put(id, body, parent=place, kind=KIND, name=p["name"])
    return Reply(201, _show(kept))


def validate(request: Request, emulator: Emulator) -> Reply:
    """POST a deployment to ask what it would make: nothing is made or kept. Raises as `put` does."""
    said = request.json()
    properties = said.get("properties") or {}
    place, location = place_of(request, emulator, said)
    with _template_errors():
        scope = _scope(request, properties, location)
        named = [
            copy.value({key: one[key] for key in ("type", "name", "scope", "location") if key in one})
            for copy, one in _wanted(scope, properties)
        ]
        ids = [id_of(place, one) for one in named]
    template = json.dumps(properties.get("template"), sort_keys=True)
    answer = {
        "templateHash": str(int(hashlib.sha256(template.encode()).hexdigest()[:15], 16)),
        "mode": properties.get("mode") or "Incremental",
        "parameters": properties.get("parameters") or {},
        "provisioningState": "Succeeded",
        "timestamp": "0001-01-01T00:00:00Z",  # of what was not begun
        "duration": "PT0S",
        "correlationId": str(uuid.uuid4()),
        "providers": _providers(named),
        "dependencies": [],
        "validatedResources": [{"id": id} for id in ids],
    }
    id, name = f"{place}/providers/Microsoft.Resources/deployments/{request.params['name']}", request.params["name"]
    return Reply(200, {"id": id, "name": name, "type": "Microsoft.Resources/deployments", "properties": answer})


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a deployment: its record, not what it made."""
    emulator.store.delete(_id_of(request))
    return Reply(204)


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


def place_of(request: Request, emulator: Emulator, said: Json) -> tuple[str, str]:
    """Where a deployment goes, by id and region."""
    p = request.params
    if "rg" not in p:
        if not said.get("location"):
            text = "The 'location' property must be specified for a deployment to a subscription."
            raise ServiceError(400, "LocationRequired", text, plain=True)
        return f"/subscriptions/{p['sub']}", str(said["location"])
    group = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    if found := emulator.store.get(group):
        return group, str(found.body.get("location") or clouds.location())
    if not group_exists(emulator, p["sub"], p["rg"]):
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{p['rg']}' could not be found.", plain=True)
    return group, clouds.location()


@contextmanager
def _template_errors() -> Iterator[None]:
    """What cannot be evaluated is the template's fault."""
    try:
        yield
    except (BadTemplate, TypeError, ValueError, AttributeError, KeyError) as error:
        text = f"Deployment template validation failed: '{error}'."
        raise ServiceError(400, "InvalidTemplate", text, plain=True) from error


def _scope(request: Request, properties: Json, location: str) -> Scope:
    p = request.params
    return scope_of(
        properties, subscription=p["sub"], group=p.get("rg", ""), tenant=defaults.TENANT_ID, location=location
    )


def _wanted(scope: Scope, properties: Json) -> Iterator[tuple[Scope, Json]]:
    """The resources of a template whose condition holds, each copy by itself."""
    for each in (properties.get("template") or {}).get("resources") or []:
        for copy, one in copies(scope, each):
            if copy.value(one.get("condition", True)) in (True, "true", "True"):
                yield copy, one


def _providers(named: list[Json]) -> list[Json]:
    """The providers that a deployment needs, and in which regions."""
    found: dict[str, dict[str, list[Any]]] = {}
    for one in named:
        namespace, kind = str(one["type"]).split("/", 1)
        regions = found.setdefault(namespace, {}).setdefault(kind, [])
        regions.extend([where] if (where := one.get("location")) not in regions else [])
    return [
        {
            "namespace": namespace,
            "resourceTypes": [{"resourceType": kind, "locations": regions} for kind, regions in kinds.items()],
        }
        for namespace, kinds in found.items()
    ]


def _names(id: str) -> dict[str, str]:
    """The parts of an id, as routes capture them."""
    _, _, sub, _, rg, _, _, kind, first, *below = id.split("/")
    if kind == "registries":
        return {"sub": sub, "rg": rg, "registry": first}
    return {"sub": sub, "rg": rg, "ws": first, "name": below[-1]}


def id_of(place: str, said: Json) -> str:
    """The id of a resource of a template."""
    provider, *kinds = str(said["type"]).split("/")
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, str(said["name"]).split("/"), strict=False))
    at = str(said.get("scope") or "")
    held = at if at.startswith("/") else f"{place}/providers/{at}" if at else place
    return f"{held}/providers/{provider}{pairs}"


def _make(request: Request, emulator: Emulator, place: str, said: Json, caller: tokens.Principal) -> Json:
    id = id_of(place, said)
    if maker := MAKERS.get(str(said["type"]).lower()):
        maker(replace(request, method="PUT", path=id, params=_names(id), body=json.dumps(said).encode()), emulator)
    elif said["type"].lower() == WORKSPACES.lower():
        workspaces.create(emulator, id, said)
    else:
        arm_records.keep(emulator, id, said, caller)
    return {"id": id, "resourceType": said["type"], "resourceName": said["name"]}


def _properties(emulator: Emulator, id: str) -> Any:
    """What `reference` gives of a resource."""
    found = emulator.store.get(id)
    if found is None:
        raise BadTemplate(f"the resource {id} is not there")
    return found.body["properties"]


def _evaluated(scope: Scope, said: Json) -> Json:
    """A resource without what only orders: those expressions may name what is not deployed."""
    body: Json = scope.value({key: value for key, value in said.items() if key not in _ORDERS})
    return body


_ORDERS = ("dependsOn", "condition", "resources", "copy")


def _id_of(request: Request) -> str:
    p = request.params
    group = f"/resourceGroups/{p['rg']}" if "rg" in p else ""
    return f"/subscriptions/{p['sub']}{group}/providers/Microsoft.Resources/deployments/{p['name']}"


def _require(request: Request, emulator: Emulator) -> Resource:
    found = emulator.store.get(_id_of(request))
    if found is None:
        name = request.params["name"]
        raise ServiceError(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.", plain=True)
    return found


def _show(found: Resource) -> dict[str, Any]:
    return {**arm.envelope(found, ""), "type": "Microsoft.Resources/deployments"}
