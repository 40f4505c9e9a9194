"""Subscriptions, resource groups and the cloud's endpoints, as Azure Resource Manager answers them.

It must not know what a group holds but whether there is a workspace in it.
"""

from typing import Any

from azureml_emulator.core import arm, clouds, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.workspaces import arm_records, scope


def subscription(request: Request, emulator: Emulator) -> Reply:
    """GET a subscription: the emulated one, or one that holds a group or a workspace. Raises ARM's 400 and 404."""
    scope.check_subscription(emulator, request.params["sub"])
    return Reply(200, _subscription(emulator, request.params["sub"]))


def subscriptions(request: Request, emulator: Emulator) -> Reply:
    """GET all subscriptions."""
    found = _subscription(emulator, defaults.SUBSCRIPTION_ID)
    return Reply(200, {"value": [found], "count": {"type": "Total", "value": 1}})


def resource_group(request: Request, emulator: Emulator) -> Reply:
    """GET, HEAD or PUT a resource group."""
    p = request.params
    id = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    if request.method == "PUT":
        body = {"location": request.json().get("location", clouds.location()), "tags": request.json().get("tags") or {}}
        emulator.store.put(id, body, parent=f"/subscriptions/{p['sub']}", kind="resourceGroups", name=p["rg"])
    elif not scope.group_exists(emulator, p["sub"], p["rg"]):
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{p['rg']}' could not be found.", plain=True)
    if request.method == "HEAD":
        return Reply(204)
    found = emulator.store.get(id)
    shown = found.body if found else {"location": clouds.location(), "tags": {}}
    kind = {"type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}}
    return Reply(200, {"id": id, "name": p["rg"], **kind, **shown})


def delete_group(request: Request, emulator: Emulator) -> Reply:
    """DELETE a resource group with all that is in it, at once; a lock in it refuses that."""
    p = request.params
    id = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    if not scope.group_exists(emulator, p["sub"], p["rg"]):
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{p['rg']}' could not be found.", plain=True)
    arm_records.forget_below(emulator, id)
    emulator.store.delete(id)
    return Reply(200)


def provider(request: Request, emulator: Emulator) -> Reply:
    """GET whether a provider is registered in the subscription, or POST to register it."""
    scope.check_subscription(emulator, request.params["sub"])
    namespace = request.params["namespace"]
    name = f"provider.{namespace.lower()}"
    if request.method == "POST":
        emulator.store.set_setting(name, "Registered")
    default = "Registered" if emulator.store.get(arm.default_workspace_id()) else "NotRegistered"
    state = emulator.store.setting(name, default)
    id = f"/subscriptions/{request.params['sub']}/providers/{namespace}"
    shown = {"id": id, "namespace": namespace, "registrationPolicy": "RegistrationRequired"}
    return Reply(200, {**shown, "registrationState": state, "resourceTypes": []})


def endpoints(request: Request, emulator: Emulator) -> Reply:
    """GET /metadata/endpoints: the hosts of the cloud, in the old form or, from 2019-05-01 on, as a list."""
    here = clouds.here
    storage, manager = here("core.windows.net"), f"https://{here(arm.HOST)}"
    cloud = {
        "name": clouds.posed().name,
        "portal": here("https://portal.azure.com"),
        "resourceManager": manager,
        "authentication": {
            "loginEndpoint": here("https://login.microsoftonline.com"),
            "audiences": [here("https://management.core.windows.net/"), f"{manager}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {
            "storage": storage,
            "keyVaultDns": here("vault.azure.net"),
            "acrLoginServer": here("azurecr.io"),
        },
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "batch": f"https://batch.{storage}/",
        "media": "https://rest.media.azure.net",
    }
    return Reply(200, cloud if request.query.get("api-version", "") < "2019" else [cloud])


def _subscription(emulator: Emulator, id: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{id}",
        "subscriptionId": id,
        "tenantId": defaults.TENANT_ID,
        "displayName": "Emulated subscription",
        "state": emulator.store.setting("subscription.state", "Enabled"),
        "authorizationSource": "RoleBased",
    }
