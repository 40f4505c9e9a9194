"""Registries that a team makes itself, as Azure Resource Manager keeps them.

It must not know their assets (`registry_assets`). A registry's name is unique among all registries.
Source: Microsoft.MachineLearningServices registries (ARM), the properties as azure-ai-ml reads them.
"""

import re
import uuid

from azureml_emulator.core import arm, clouds, defaults, partial
from azureml_emulator.core.errors import bad_request, conflict
from azureml_emulator.core.operations import Effect, Operation, accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces import scope

KIND = "registries"
SYSTEM = ("azureml",)  # Microsoft's own, whose content is the catalog
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{2,32}")


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a registry: 202 with nothing until it is there, as the service answers whatever its specification says."""
    id, name, body = _id(request), request.params["registry"], request.json()
    before = emulator.store.get(id)
    if not _NAME.fullmatch(name):
        raise bad_request(f"The registry name {name!r} does not match {_NAME.pattern}.", code="UserError")
    if before is None and (name.lower() in SYSTEM or find(emulator, name)):
        raise conflict(f"A registry with the name {name} exists already; names of registries are global.")
    made = _keep(emulator, id, name, body, before)
    return accepted(_operation(request, emulator, made, answer=_show(made)), 202)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET a registry of a resource group; those of Microsoft are in none of yours."""
    return Reply(200, _show(_require(request, emulator)))


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH tags, identity and sku."""
    found = _require(request, emulator)
    body = partial.changes(request, found.body, ("tags", "identity", "sku"))
    given = {key: body[key] for key in ("tags", "sku") if body.get(key) is not None}
    identity = {**found.body["identity"], **(body.get("identity") or {})}
    emulator.store.update(found.id, {**found.body, **given, "identity": identity})
    return Reply(200, _show(_require(request, emulator)))


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a registry with all its assets, but not what they point at."""
    found = emulator.store.get(_id(request))
    if found is None:
        return Reply(204)
    return accepted(_operation(request, emulator, found, effect="delete"), 202)


def list_in_group(request: Request, emulator: Emulator) -> Reply:
    """GET the registries of a resource group."""
    return arm.page(request, emulator.store.children(_group(request), KIND), _show)


def list_in_subscription(request: Request, emulator: Emulator) -> Reply:
    """GET the registries of a subscription."""
    start = f"/subscriptions/{request.params['sub']}/".lower()
    return arm.page(request, (item for item in emulator.store.every(KIND) if item.id.lower().startswith(start)), _show)


def create(emulator: Emulator, id: str, name: str, body: Json) -> Resource:
    """Make a registry, at once."""
    return _keep(emulator, id, name, body, None)


def find(emulator: Emulator, name: str) -> Resource | None:
    """The registry of that name, wherever it is; None for the system's and for one that is not there."""
    return next(emulator.store.named(KIND, name), None)


def account(registry: Resource) -> str:
    """The storage account of a registry."""
    return str(registry.body["_account"])


def _keep(emulator: Emulator, id: str, name: str, body: Json, before: Resource | None) -> Resource:
    stated, old = body.get("properties") or {}, before.body["properties"] if before else {}
    location = str(body.get("location") or (before.body["location"] if before else clouds.location()))
    own = f"st{uuid.uuid5(uuid.NAMESPACE_URL, id.lower()).hex[:20]}"
    group = f"/subscriptions/{id.split('/')[2]}/resourceGroups/azureml-rg-{name}"
    regions = stated.get("regionDetails") or old.get("regionDetails") or [{"location": location}]
    host = clouds.here(f"{location}.api.azureml.ms")
    properties = {
        "publicNetworkAccess": "Enabled",
        "intellectualPropertyPublisher": None,
        **old,
        **{key: value for key, value in stated.items() if value is not None},
        "discoveryUrl": f"https://{host}/registrymanagement/v1.0/registries/{name}/discovery",
        "mlFlowRegistryUri": f"azureml://{host}/mlflow/v1.0{id}",
        "managedResourceGroup": {"resourceId": group},
        "regionDetails": [_region(region, own, group) for region in regions],
        "managedResourceGroupTags": body.get("tags") or {},
        "provisioningState": "Succeeded",
    }
    principal = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{id.lower()}/identity"))
    whole = {
        "location": location,
        "tags": body.get("tags") or {},
        "identity": {"type": "SystemAssigned", "principalId": principal, "tenantId": defaults.TENANT_ID},
        "properties": properties,
        "_account": own,
        "systemData": arm.system_data(emulator.clock, before),
    }
    return emulator.store.put(id, whole, parent=id.split("/providers/", maxsplit=1)[0], kind=KIND, name=name)


def _region(stated: Json, account: str, group: str) -> Json:
    """A region with what the service makes in it: its storage accounts, one unless more are asked for, and an ACR."""
    asked: list[Json] = stated.get("storageAccountDetails") or [{}]
    acr_id = f"{group}/providers/Microsoft.ContainerRegistry/registries/cr{account[2:]}"
    acr = {"acrAccountName": f"cr{account[2:]}", "acrAccountSku": "Premium", "armResourceId": {"resourceId": acr_id}}
    return {
        "location": stated.get("location"),
        "storageAccountDetails": [
            _storage(
                one.get("systemCreatedStorageAccount") or {}, f"{account[:22]}{index:02}" if index else account, group
            )
            for index, one in enumerate(asked)
        ],
        "acrDetails": [{"userCreatedAcrAccount": None, "systemCreatedAcrAccount": acr}],
    }


def _storage(stated: Json, account: str, group: str) -> Json:
    """A storage account of a region, of the kind that was asked for. The first keeps the files, the others copies."""
    made = {
        "storageAccountName": account,
        "storageAccountType": stated.get("storageAccountType") or "Standard_LRS",
        "storageAccountHnsEnabled": bool(stated.get("storageAccountHnsEnabled")),
        "allowBlobPublicAccess": False,
        "armResourceId": {"resourceId": f"{group}/providers/Microsoft.Storage/storageAccounts/{account}"},
    }
    return {"userCreatedStorageAccount": None, "systemCreatedStorageAccount": made}


def _operation(
    request: Request, emulator: Emulator, registry: Resource, effect: Effect = "settle", answer: Json | None = None
) -> Operation:
    where = str(registry.body["location"])
    return emulator.operations.start(registry.id, KIND, request=request, location=where, effect=effect, answer=answer)


def _require(request: Request, emulator: Emulator) -> Resource:
    found = emulator.store.get(_id(request))
    if found is None:
        raise scope.not_found(f"registries/{request.params['registry']}", request.params["rg"])
    return found


def _group(request: Request) -> str:
    return f"/subscriptions/{request.params['sub']}/resourceGroups/{request.params['rg']}"


def _id(request: Request) -> str:
    return f"{_group(request)}/providers/{arm.PROVIDER}/registries/{request.params['registry']}"


def _show(resource: Resource) -> Json:
    """As it is answered: who made it is not said."""
    return {**arm.envelope(resource, "registries"), "systemData": None}
