"""What a deployment would change, without changing it: a long-running operation whose answer is at its Location.

It must not make anything (`arm_deployments`). What only a made resource knows stays an expression, as with the service.
Source: Microsoft.Resources deployments/whatIf of the REST specification, WhatIfOperationResult.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from azureml_emulator.core import defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import arm_records, scope
from azureml_emulator.services.workspaces.arm_deployments import id_of, place_of
from azureml_emulator.services.workspaces.arm_template import BadTemplate, NotMade, Scope, copies, scope_of

KIND = "whatIfResults"
STATED = ("location", "tags", "sku", "kind", "identity", "properties")
ORDERS = ("dependsOn", "condition", "resources", "copy", "scope", "comments", "metadata")
SHORT = "ResourceIdOnly"


def post(request: Request, emulator: Emulator) -> Reply:
    """POST whatIf: 202, and where the answer will be. Raises 400 and 404 as the deployment itself."""
    p, said = request.params, request.json()
    properties = said.get("properties") or {}
    place, location = place_of(request, emulator, said)
    try:
        here = scope_of(
            properties, subscription=p["sub"], group=p.get("rg", ""), tenant=defaults.TENANT_ID, location=location
        )
        here.reference = lambda resource: _properties(emulator, resource)
        changes = [_change(emulator, place, one) for one in _wanted(here, properties.get("template") or {})]
    except (BadTemplate, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        text = f"Deployment template validation failed: '{error}'."
        raise ServiceError(400, "InvalidTemplate", text, plain=True) from error
    changes += _left_alone(emulator, place, {one["resourceId"].lower() for one in changes})
    if (properties.get("whatIfSettings") or {}).get("resultFormat") == SHORT:
        changes = [{key: one[key] for key in ("resourceId", "changeType")} for one in changes]
    body = {"status": "Succeeded", "properties": {"changes": changes, "potentialChanges": [], "diagnostics": []}}
    number = str(uuid.uuid4())
    home = f"/subscriptions/{p['sub']}"
    emulator.store.put(
        f"{home}/operationresults/{number}", {"looks": 0, "answer": body}, parent=home, kind=KIND, name=number
    )
    where = f"https://{request.host}{home}/operationresults/{number}?api-version={request.query['api-version']}"
    return Reply(202, headers={"Location": where, **emulator.operations.again})


def result(request: Request, emulator: Emulator) -> Reply:
    """GET the answer: 202 while it is worked out, which is seen once."""
    id = request.path.rstrip("/")
    found = emulator.store.get(id)
    if found is None:
        raise ServiceError(404, "OperationNotFound", f"The operation '{id}' could not be found.", plain=True)
    if not found.body["looks"]:
        emulator.store.update(id, {**found.body, "looks": 1})
        return Reply(202, headers={"Location": request.url + f"?{request.query_string}", **emulator.operations.again})
    return Reply(200, found.body["answer"])


def _wanted(here: Scope, template: Json) -> Iterator[Json]:
    for copy, one in (pair for each in template.get("resources") or [] for pair in copies(here, each)):
        if copy.value(one.get("condition", True)) in (True, "true", "True"):
            at = {"scope": copy.value(one["scope"])} if "scope" in one else {}
            yield {**{key: _predicted(copy, value) for key, value in one.items() if key not in ORDERS}, **at}


def _predicted(here: Scope, thing: Any) -> Any:
    """A value, with the expressions that are only known after the deployment as they stand."""
    if isinstance(thing, dict):
        return {key: _predicted(here, item) for key, item in thing.items()}
    if isinstance(thing, list):
        return [_predicted(here, item) for item in thing]
    try:
        return here.value(thing)
    except NotMade:
        return thing


def _change(emulator: Emulator, place: str, said: Json) -> Json:
    id = id_of(place, said)
    after = {"apiVersion": said["apiVersion"], "id": id, "type": said["type"], "name": said["name"]}
    after |= {key: said[key] for key in STATED if said.get(key) is not None}
    found = emulator.store.get(id)
    if found is None:
        return {"resourceId": id, "changeType": "Create", "before": None, "after": after, "delta": None}
    before = {**after, **{key: found.body[key] for key in STATED if key in found.body}}
    delta = [one for key in STATED if key in after for one in _compared(key, before.get(key), after[key])]
    kind = "Modify" if delta else "NoChange"
    return {"resourceId": id, "changeType": kind, "before": before, "after": after, "delta": delta or None}


def _compared(path: str, before: Any, after: Any) -> Iterator[Json]:
    """What differs of what is stated; what the resource has beside it is the service's own. Letters may differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in after.items():
            yield from _compared(f"{path}.{key}", before.get(key), value)
    elif before is None and after is not None:
        yield {"path": path, "propertyChangeType": "Create", "before": None, "after": after, "children": None}
    elif str(before).lower() != str(after).lower() and not _is_expression(after):
        yield {"path": path, "propertyChangeType": "Modify", "before": before, "after": after, "children": None}


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("[") and value.endswith("]")


def _left_alone(emulator: Emulator, place: str, named: set[str]) -> list[Json]:
    """What a group holds beside: a deployment that only adds leaves it."""
    if "/resourceGroups/" not in place:
        return []
    held = [*emulator.store.children(place, arm_records.KIND), *emulator.store.children(place, scope.KIND)]
    return [_ignored(one) for one in held if one.id.lower() not in named]


def _ignored(one: Resource) -> Json:
    kept: Json = {key: one.body[key] for key in ("type", "location") if key in one.body}
    shown = {"id": one.id, "name": one.name, **kept}
    return {"resourceId": one.id, "changeType": "Ignore", "before": shown, "after": shown, "delta": None}


def _properties(emulator: Emulator, id: str) -> Any:
    found = emulator.store.get(id)
    if found is None:
        raise NotMade(f"the resource {id} is not there")
    return found.body["properties"]
