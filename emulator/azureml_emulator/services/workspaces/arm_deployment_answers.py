"""What ARM says of a deployment of a template: its parameters, providers and dependencies, and its operations.

It must not make anything. Source: Microsoft.Resources deployments (ARM), api-version 2020-06-01.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from azureml_emulator.core.clock import Clock
from azureml_emulator.core.request import Json
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces.arm_template import BadTemplate, Scope

_BEGUN = ("outputs", "outputResources")  # what is not known when it begins
_SECRET = ("securestring", "secureobject")


def of_template(scope: Scope, properties: Json, named: list[Json], id_of: Callable[[Json], str]) -> Json:
    """What is known of a deployment before anything is made. `named` are its resources whose condition holds."""
    template = properties.get("template") or {}
    text = json.dumps(template, sort_keys=True)
    return {
        "templateHash": str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")),
        "parameters": _parameters(scope, template.get("parameters") or {}),
        "mode": properties.get("mode") or "Incremental",
        "correlationId": str(uuid.uuid4()),
        "providers": providers(named),
        "dependencies": _dependencies(scope, template.get("resources") or [], id_of),
    }


def begun(shown: Json) -> Json:
    """A deployment as the call that begins it answers."""
    known = {key: value for key, value in shown["properties"].items() if key not in _BEGUN}
    return {**shown, "properties": {**known, "provisioningState": "Accepted"}}


def operations(found: Resource, clock: Clock) -> list[Json]:
    """The operations of a deployment: one for each resource, last first, and the one that worked out the outputs."""
    made = [_operation(found, f"{one['id']}", "Create", clock, one) for one in reversed(found.body["_made"])]
    return [*made, _operation(found, found.id, "EvaluateDeploymentOutput", clock, None)]


def providers(named: Iterable[Json]) -> list[Json]:
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


def _operation(found: Resource, about: str, what: str, clock: Clock, target: Json | None) -> Json:
    number = hashlib.sha256(f"{found.id}/{about}".lower().encode()).hexdigest()[:16].upper()
    properties: Json = {
        "provisioningOperation": what,
        "provisioningState": "Succeeded",
        "timestamp": found.body["properties"].get("timestamp") or clock.stamp(),
        "duration": "PT1S",
        "trackingId": str(uuid.uuid5(uuid.NAMESPACE_URL, number)),
        "statusCode": "OK",
    }
    if target:
        properties["targetResource"] = target
    return {"id": f"{found.id}/operations/{number}", "operationId": number, "properties": properties}


def _parameters(scope: Scope, declared: Json) -> Json:
    """Each with its type and its value, which a secret does not show."""
    found: Json = {}
    for name, said in declared.items():
        kind = str((said or {}).get("type") or "string")
        shown = {} if kind.lower() in _SECRET else {"value": scope.parameters.get(name.lower())}
        found[name] = {"type": kind[:1].upper() + kind[1:], **shown}
    return found


def _dependencies(scope: Scope, resources: Iterable[Json], id_of: Callable[[Json], str]) -> list[Json]:
    """What waits for what, also of resources whose condition does not hold."""
    found = []
    for one in resources:
        if not one.get("dependsOn") or "copy" in one:
            continue
        try:
            named = scope.value({key: one[key] for key in ("type", "name", "scope") if key in one})
            needs = [scope.value(each) for each in one["dependsOn"]]
        except (BadTemplate, TypeError, ValueError, AttributeError, KeyError):
            continue  # an expression of what is not deployed, which only orders
        whole = [_reference(str(each)) for each in needs if str(each).startswith("/")]
        found.append({"dependsOn": whole, **_reference(id_of(named))})
    return found


def _reference(id: str) -> Json:
    provider, *rest = id.rpartition("/providers/")[2].split("/")
    return {"id": id, "resourceType": "/".join([provider, *rest[::2]]), "resourceName": "/".join(rest[1::2])}
