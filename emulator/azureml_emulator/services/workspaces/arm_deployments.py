"""Deployments of templates to a group or a subscription: a workspace is made as by its own call, the rest is kept.

It must not evaluate an expression (`arm_template`) or word what ARM says of one (`arm_deployment_answers`). A template
that cannot be evaluated makes nothing.
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
from azureml_emulator.services.workspaces import arm_deployment_answers, arm_records, compute
from azureml_emulator.services.workspaces import workspace as workspaces
from azureml_emulator.services.workspaces.arm_template import BadTemplate, Scope, copies, scope_of
from azureml_emulator.services.workspaces.connections import CONNECTIONS
from azureml_emulator.services.workspaces.scope import group_exists

KIND = "armDeployments"
END_SETTING = "arm.deployments"  # how a client hears of the end
WORKSPACES = f"{arm.PROVIDER}/workspaces"


# What is made by its own PUT; the services above this one add theirs.
MAKERS: dict[str, Callable[[Request, Emulator], Reply]] = {
    f"{WORKSPACES}/computes".lower(): compute.put,
    f"{WORKSPACES}/connections".lower(): CONNECTIONS.put,
}
NESTED = "microsoft.resources/deployments"


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a deployment to a group or a subscription: 201 and an operation. Raises 400 for one it cannot evaluate.

    Resources are made in the order in which they stand, which must be that of `dependsOn`; the operation has then
    ended.
    """
    p, said = request.params, request.json()
    properties = said.get("properties") or {}
    place, location = place_of(request, emulator, said)
    caller = tokens.check(request.headers.get("authorization", ""), tokens.MANAGEMENT)
    made: list[Json] = []
    with _template_errors():
        scope = _scope(request, properties, location)
        scope.reference = lambda resource: _properties(emulator, resource)
        known = arm_deployment_answers.of_template(
            scope, properties, _named(scope, properties), lambda one: id_of(place, one)
        )
        made.extend(
            _make(request, emulator, place, _evaluated(copy, one), caller, location)
            for copy, one in _wanted(scope, properties)
        )
        outputs = scope.value((properties.get("template") or {}).get("outputs") or {})
    stated: Json = {key: said[key] for key in ("tags", "location") if key in said}
    body = {
        **stated,
        "properties": {
            **known,
            "provisioningState": "Succeeded",
            "timestamp": emulator.clock.stamp(),
            "duration": "PT1S",
            **({"outputs": outputs} if outputs else {}),
            "outputResources": [{"id": one["id"]} for one in made],
        },
        "_made": made,
    }
    id = f"{place}/providers/Microsoft.Resources/deployments/{p['name']}"
    before = emulator.store.get(id)
    kept = emulator.store.put(id, body, parent=place, kind=KIND, name=p["name"])
    code = 200 if before else 201
    if emulator.store.setting(END_SETTING, "polled") == "answered":
        return Reply(code, _show(kept))
    status = f"https://{clouds.here(arm.HOST)}{id}/operationStatuses/{uuid.uuid4().int % 10**20:020}"
    headers = {"Azure-AsyncOperation": f"{status}?{request.query_string}", **emulator.operations.again}
    return Reply(code, arm_deployment_answers.begun(_show(kept)), headers)


def operation_status(request: Request, emulator: Emulator) -> Reply:
    """GET how far a deployment is."""
    return Reply(200, {"status": _require(request, emulator).body["properties"]["provisioningState"]})


def validate(request: Request, emulator: Emulator) -> Reply:
    """POST a deployment to ask what it would make: nothing is made or kept. Raises as `put` does."""
    said = request.json()
    properties = said.get("properties") or {}
    place, location = place_of(request, emulator, said)
    with _template_errors():
        named = _named(_scope(request, properties, location), properties)
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
        "providers": arm_deployment_answers.providers(named),
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
    return Reply(200, {"value": arm_deployment_answers.operations(_require(request, emulator), emulator.clock)})


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
    except (BadTemplate, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        text = f"Deployment template validation failed: '{error}'."
        raise ServiceError(400, "InvalidTemplate", text, plain=True) from error


def _scope(request: Request, properties: Json, location: str) -> Scope:
    p = request.params
    return scope_of(
        properties, subscription=p["sub"], group=p.get("rg", ""), tenant=defaults.TENANT_ID, location=location
    )


def _wanted(scope: Scope, properties: Json) -> Iterator[tuple[Scope, Json]]:
    """The resources of a template whose condition holds, each copy by itself and followed by what is part of it."""
    for each in (properties.get("template") or {}).get("resources") or []:
        yield from _with_parts(scope, each, ())


def _with_parts(scope: Scope, each: Json, above: tuple[str, ...]) -> Iterator[tuple[Scope, Json]]:
    """A resource and its own `resources`, whose type and name go on from those of the one that they are part of."""
    for copy, one in copies(scope, each):
        if copy.value(one.get("condition", True)) not in (True, "true", "True"):
            continue
        kind, name = ("/".join((*above[at : at + 1], str(copy.value(one[key])))) for at, key in enumerate(_NAMES))
        yield copy, {**one, "type": kind, "name": name}
        for part in one.get("resources") or []:
            yield from _with_parts(copy, part, (kind, name))


_NAMES = ("type", "name")


def _named(scope: Scope, properties: Json) -> list[Json]:
    """What says which those resources are."""
    names = ("type", "name", "scope", "location")
    return [copy.value({key: one[key] for key in names if key in one}) for copy, one in _wanted(scope, properties)]


def _names(id: str) -> dict[str, str]:
    """The parts of an id, as routes capture them."""
    _, _, sub, _, rg, _, _, kind, first, *below = id.split("/")
    if kind == "registries":
        return {"sub": sub, "rg": rg, "registry": first}
    return {"sub": sub, "rg": rg, "ws": first, "name": below[-1]}


def id_of(place: str, said: Json) -> str:
    """The id of a resource of a template. Raises BadTemplate where its type and name do not fit."""
    provider, *kinds = str(said["type"]).split("/")
    names = str(said["name"]).split("/")
    if not kinds or len(kinds) != len(names):
        what = f"The template resource '{said['name']}' for type '{said['type']}' has incorrect segment lengths."
        raise BadTemplate(f"{what} A type has as many segments after its provider as its resource's name.")
    pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, names, strict=True))
    at = str(said.get("scope") or "")
    held = at if at.startswith("/") else f"{place}/providers/{at}" if at else place
    return f"{held}/providers/{provider}{pairs}"


def _make(
    request: Request, emulator: Emulator, place: str, said: Json, caller: tokens.Principal, location: str
) -> Json:
    id = id_of(place, said)
    if maker := MAKERS.get(str(said["type"]).lower()):
        maker(replace(request, method="PUT", path=id, params=_names(id), body=json.dumps(said).encode()), emulator)
    elif said["type"].lower() == WORKSPACES.lower():
        workspaces.create(emulator, id, said)
    else:
        arm_records.keep(emulator, id, said, caller)
    if said["type"].lower() == NESTED:
        _make_nested(request, emulator, place, said, caller, location)
    return {"id": id, "resourceType": said["type"], "resourceName": said["name"]}


def _make_nested(
    request: Request, emulator: Emulator, place: str, said: Json, caller: tokens.Principal, location: str
) -> None:
    """What a deployment within a deployment makes, in its own group where it names one.

    Its expressions are read in the outer scope, which has been done, unless it says that they are of its own.
    """
    properties = said.get("properties") or {}
    if said.get("resourceGroup"):
        subscription = said.get("subscriptionId") or request.params["sub"]
        place = f"/subscriptions/{subscription}/resourceGroups/{said['resourceGroup']}"
    _, _, subscription, *group = place.split("/")
    params = {"sub": subscription, **({"rg": group[1]} if group else {})}
    scope = _scope(replace(request, params=params), properties if _is_inner(said) else {}, location)
    scope.reference = lambda resource: _properties(emulator, resource)
    for copy, one in _wanted(scope, properties):
        _make(request, emulator, place, _evaluated(copy, one), caller, location)


def _is_inner(said: Json) -> bool:
    """Whether the expressions of a nested template are read with its own parameters and variables."""
    how = ((said.get("properties") or {}).get("expressionEvaluationOptions") or {}).get("scope")
    return str(how).lower() == "inner"


def _properties(emulator: Emulator, id: str) -> Any:
    """What `reference` gives of a resource."""
    found = emulator.store.get(id)
    if found is None:
        raise BadTemplate(f"the resource {id} is not there")
    return found.body["properties"]


def _evaluated(scope: Scope, said: Json) -> Json:
    """A resource without what only orders: those expressions may name what is not deployed."""
    rest = {key: value for key, value in said.items() if key not in _ORDERS}
    if str(said["type"]).lower() == NESTED and _is_inner(said):
        properties = dict(rest.pop("properties"))
        template = {"template": properties.pop("template", {})}
        return {**scope.value(rest), "properties": {**scope.value(properties), **template}}
    body: Json = scope.value(rest)
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
