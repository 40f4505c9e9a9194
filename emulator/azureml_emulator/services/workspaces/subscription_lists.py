"""Lists of a subscription: its resource providers with whether each is registered, and resources of one type.

Source: Microsoft.Resources providers and resources, version 2021-04-01.
"""

import re

from azureml_emulator.core import arm
from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import scope

NAMESPACES = (
    "Microsoft.Authorization",
    "Microsoft.ContainerRegistry",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    arm.PROVIDER,
    "Microsoft.ManagedIdentity",
    "Microsoft.Resources",
    "Microsoft.Storage",
)
ALWAYS = ("Microsoft.Authorization", "Microsoft.Resources")  # of every subscription, and nobody can take them away
KINDS = {f"{arm.PROVIDER}/workspaces": "workspaces", f"{arm.PROVIDER}/workspaces/onlineEndpoints": "onlineEndpoints"}
_FILTER = re.compile(r"resourceType eq '(?P<type>[^']+)'", re.IGNORECASE)


def setting(namespace: str) -> str:
    """Under which name the state of a provider is kept."""
    return f"provider.{namespace.lower()}"


def providers(request: Request, emulator: Emulator) -> Reply:
    """GET every provider."""
    scope.check_subscription(emulator, request.params["sub"])
    known = emulator.store.get(arm.default_workspace_id()) is not None  # who has a workspace has registered them
    return Reply(200, {"value": [_provider(request, emulator, one, known=known) for one in NAMESPACES]})


def resources(request: Request, emulator: Emulator) -> Reply:
    """GET the resources of a type, such as the endpoints of all workspaces. Other filters are refused."""
    sub = request.params["sub"]
    scope.check_subscription(emulator, sub)
    found = _FILTER.fullmatch(request.query.get("$filter", "").strip())
    kinds = {name.lower(): (name, kind) for name, kind in KINDS.items()}
    if found is None or found["type"].lower() not in kinds:
        raise bad_request(f"$filter is resourceType eq '...' here, of one of {', '.join(KINDS)}.")
    type, kind = kinds[found["type"].lower()]
    below = f"/subscriptions/{sub}/".lower()
    listed = [one for one in emulator.store.every(kind) if one.id.lower().startswith(below)]
    return Reply(200, {"value": [_resource(one, type) for one in listed]})


def _resource(one: Resource, type: str) -> Json:
    where = {"location": one.body.get("location", ""), "tags": one.body.get("tags") or {}}
    return {"id": one.id, "name": one.id.rpartition("/")[2], "type": type, **where}


def _provider(request: Request, emulator: Emulator, namespace: str, *, known: bool) -> Json:
    default = "Registered" if known or namespace in ALWAYS else "NotRegistered"
    return {
        "id": f"/subscriptions/{request.params['sub']}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationFree" if namespace in ALWAYS else "RegistrationRequired",
        "registrationState": emulator.store.setting(setting(namespace), default),
        "resourceTypes": [],
    }
