"""Workspaces, and the subscription and resource group that they stand in.

It must not know what a workspace holds beyond its datastores, which come with it.
Source: Microsoft.MachineLearningServices workspaces (ARM), and the regional discovery service that clients ask next.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from azureml_emulator.core import arm, clouds, defaults, partial
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.storage import storage_keys
from azureml_emulator.services.workspaces import (
    arm_records,
    datastores,
    scope,
    workspace_identity,
    workspace_network,
    workspace_stated,
)
from azureml_emulator.services.workspaces.workspace_resource import Workspace

_CHANGEABLE = (
    "allowRoleAssignmentOnRG",
    "applicationInsights",
    "containerRegistry",
    "description",
    "enableDataIsolation",
    "encryption",
    "featureStoreSettings",
    "friendlyName",
    "imageBuildCompute",
    "managedNetwork",
    "networkAcls",
    "primaryUserAssignedIdentity",
    "publicNetworkAccess",
    "serverlessComputeSettings",
    "serviceManagedResourcesSettings",
    "systemDatastoresAuthMode",
    "v1LegacyMode",
)
_WITHOUT_INSIGHTS = ("hub", "project")  # kinds for which none is made unless it is named


def ensure_default(emulator: Emulator) -> None:
    """Create the workspace of `defaults` unless the folder has it already, or is to begin as an empty subscription."""
    if emulator.store.setting(defaults.FRESH_SETTING, "off") == "on":
        return
    if emulator.store.get(arm.default_workspace_id()) is None:
        create(
            emulator,
            arm.default_workspace_id(),
            {"location": clouds.location(), "properties": {"containerRegistry": defaults.CONTAINER_REGISTRY}},
            storage_account=defaults.STORAGE_ACCOUNT,
        )


def create(emulator: Emulator, id: str, body: dict[str, Any], *, storage_account: str | None = None) -> Resource:
    """Create a workspace with its storage account and four datastores."""
    subscription, group, name = (id.split("/")[index] for index in (2, 4, -1))
    group_id = f"/subscriptions/{subscription}/resourceGroups/{group}"
    before = emulator.store.get(id)
    location = str(body.get("location") or clouds.location())
    stated = body.get("properties") or {}
    account = storage_account or f"st{uuid.uuid5(uuid.NAMESPACE_URL, id.lower()).hex[:20]}"
    host = clouds.here(f"{location}.api.azureml.ms")
    insights = f"{group_id}/providers/Microsoft.Insights/components/appi-{name}"
    properties = {
        "friendlyName": name,
        "description": "",
        "storageAccount": f"{group_id}/providers/Microsoft.Storage/storageAccounts/{account}",
        "keyVault": f"{group_id}/providers/Microsoft.KeyVault/vaults/kv-{name}",
        "applicationInsights": None if str(body.get("kind")).lower() in _WITHOUT_INSIGHTS else insights,
        "containerRegistry": None,
        "hbiWorkspace": False,
        "imageBuildCompute": None,
        "ipAllowlist": [],
        "linkedModelInventoryArmId": None,
        "publicNetworkAccess": "Enabled",
        "serverlessComputeSettings": None,
        "softDeleteEnabled": False,
        "v1LegacyMode": False,
        "allowRoleAssignmentOnRG": True,
        "EnableSoftwareBillOfMaterials": False,
        "enableServiceSideCMKEncryption": False,
        "sasGetterUri": "",
        **workspace_stated.kept(str(body.get("kind")).lower(), stated, group_id),
        "tenantId": defaults.TENANT_ID,
        "workspaceId": Workspace.read(before).guid if before else str(uuid.uuid4()),  # clients cache by it
        "creationTime": Workspace.read(before).created if before else emulator.clock.stamp(),
        "provisioningState": "Succeeded",
        "discoveryUrl": f"https://{host}/discovery",
        "mlFlowTrackingUri": f"azureml://{host}/mlflow/v1.0{id}",
        "storageHnsEnabled": False,
        "privateLinkCount": 0,
        "sdkTelemetryAppInsightsKey": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{id.lower()}/insights")),
        "notebookInfo": _notebooks(id, name, location, str(body.get("kind"))),
        "systemDatastoresAuthMode": stated.get("systemDatastoresAuthMode") or "accesskey",
        "enableDataIsolation": False,
    }
    network = workspace_network.settings(stated.get("managedNetwork"), properties, str(properties["workspaceId"]))
    properties["managedNetwork"] = network
    whole = {
        "location": location,
        "tags": body.get("tags") or {},
        "kind": body.get("kind") or "Default",
        "sku": body.get("sku") or {"name": "Basic", "tier": "Basic"},
        "identity": workspace_identity.identity(emulator, id, body.get("identity")),
        "properties": properties,
        "etag": None,
        "systemData": arm.system_data(emulator.clock, before),
    }
    made = emulator.store.put(id, whole, parent=group_id, kind=scope.KIND, name=name)
    _keep_rules(emulator, id, network)
    datastores.create_defaults(emulator, made, str(properties["storageAccount"]).rsplit("/", 1)[-1])
    return made


def get(request: Request, emulator: Emulator) -> Reply:
    """GET a workspace."""
    return Reply(200, _show(scope.require(request, emulator)))


def list_in_group(request: Request, emulator: Emulator) -> Reply:
    """GET the workspaces of a resource group."""
    group = f"/subscriptions/{request.params['sub']}/resourceGroups/{request.params['rg']}"
    if not scope.group_exists(emulator, request.params["sub"], request.params["rg"]):
        raise ServiceError(
            404, "ResourceGroupNotFound", f"Resource group '{request.params['rg']}' could not be found.", plain=True
        )
    return arm.page(request, _of_kind(request, emulator.store.children(group, scope.KIND)), _show)


def list_in_subscription(request: Request, emulator: Emulator) -> Reply:
    """GET the workspaces of a subscription."""
    start = f"/subscriptions/{request.params['sub']}/".lower()
    found = (item for item in emulator.store.every(scope.KIND) if item.id.lower().startswith(start))
    return arm.page(request, _of_kind(request, found), _show)


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a workspace: created anew, or changed as PATCH does."""
    id = arm.workspace_id(request)
    before = emulator.store.get(id)
    made = _change(emulator, before, request.json()) if before else create(emulator, id, request.json())
    started = emulator.operations.start(id, scope.KIND, request=request, location=scope.location(made))
    return accepted(started, 200 if before else 201, _show(made))


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH tags and the few properties that may change: 202 and an operation."""
    found = scope.require(request, emulator)
    takes = ("tags", "identity", "sku", *(f"properties.{name}" for name in _CHANGEABLE))
    made = _change(emulator, found, partial.changes(request, found.body, takes))
    started = emulator.operations.start(found.id, scope.KIND, request=request, location=scope.location(made))
    return accepted(started, 202)


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a workspace and all in it, but not its storage."""
    found = emulator.store.get(arm.workspace_id(request))
    if found is None:
        return Reply(204)
    started = emulator.operations.start(
        found.id,
        scope.KIND,
        effect="delete",
        request=request,
        location=scope.location(found),
    )
    return accepted(started, 202)


def list_keys(request: Request, emulator: Emulator) -> Reply:
    """POST listKeys: the storage account and its key."""
    found = Workspace.read(scope.require(request, emulator))
    id, key = found.storage, storage_keys.account_key(found.account)
    return Reply(200, {"userStorageResourceId": id, "userStorageKey": key, "userStorageArmId": id})


def list_storage_keys(request: Request, emulator: Emulator) -> Reply:
    """POST listStorageAccountKeys."""
    found = Workspace.read(scope.require(request, emulator))
    return Reply(200, {"userStorageKey": storage_keys.account_key(found.account)})


def discovery(request: Request, emulator: Emulator) -> Reply:
    """The regional hosts of a workspace, as `discoveryUrl` answers."""
    base = f"https://{request.host}"
    names = (
        "api",
        "catalog",
        "experimentation",
        "gallery",
        "history",
        "hyperdrive",
        "labeling",
        "modelmanagement",
        "pipelines",
    )
    return Reply(200, {**dict.fromkeys(names, base), "studio": clouds.here("https://ml.azure.com")})


def resync_keys(request: Request, emulator: Emulator) -> Reply:
    """POST resyncKeys: the keys of storage are read again, which have not changed."""
    scope.require(request, emulator)
    return Reply(200)


def dependent(request: Request, emulator: Emulator) -> Reply:
    """GET or DELETE what was made together with a workspace: storage, key vault, insights; only its name is kept."""
    if emulator.store.get(request.path.rstrip("/")):
        return (
            arm_records.delete(request, emulator) if request.method == "DELETE" else arm_records.get(request, emulator)
        )
    id, kind = request.path.rstrip("/"), f"{request.params['provider']}/{request.params['kind']}"
    every = (one for item in emulator.store.every(scope.KIND) for one in Workspace.read(item).made_with_it)
    if id.lower() not in (one.lower() for one in every):
        what = f"{kind}/{request.params['name']}"
        text = f"The Resource '{what}' under resource group '{request.params['rg']}' was not found."
        raise ServiceError(404, "ResourceNotFound", text, plain=True)
    if request.method == "DELETE":
        return Reply(200)
    shown = {"id": id, "name": request.params["name"], "type": kind, "location": clouds.location()}
    return Reply(200, {**shown, "tags": {}, "properties": {"provisioningState": "Succeeded"}})


def _of_kind(request: Request, found: Iterable[Resource]) -> Iterable[Resource]:
    """Those of the kinds that `kind` names (default, hub, project, featurestore), separated by commas."""
    wanted = {kind.strip().lower() for kind in request.query.get("kind", "").split(",") if kind.strip()}
    return (one for one in found if not wanted or str(one.body["kind"]).lower() in wanted)


def _show(resource: Resource) -> dict[str, Any]:
    shown = arm.envelope(resource, "workspaces")
    unsaid = [key for key in workspace_stated.UNSAID if shown["properties"].get(key) is None]  # all else is said
    return {**shown, "properties": {key: value for key, value in shown["properties"].items() if key not in unsaid}}


def _keep_rules(emulator: Emulator, id: str, network: dict[str, Any]) -> None:
    """Each rule of a managed network also by itself."""
    for rule, said in (network.get("outboundRules") or {}).items():
        emulator.store.put(
            f"{id}/outboundRules/{rule}", {"properties": said}, parent=id, kind="outboundRules", name=rule
        )


def _notebooks(id: str, name: str, location: str, kind: str) -> dict[str, Any]:
    """Where its notebooks are; a hub has none."""
    guid = uuid.uuid5(uuid.NAMESPACE_URL, id.lower())
    host = clouds.here(f"ml-{name.lower()}-{location}-{guid}.{location}.notebooks.azure.net")
    private: dict[str, Any] = {"isPrivateLinkEnabled": False, "notebookPreparationError": None}
    place = {"resourceId": None, "fqdn": None} if kind.lower() == "hub" else {"resourceId": guid.hex, "fqdn": host}
    return {**place, **private}


def _change(emulator: Emulator, found: Resource, wanted: dict[str, Any]) -> Resource:
    stated = wanted.get("properties") or {}
    changed = {key: stated[key] for key in _CHANGEABLE if stated.get(key) is not None}
    changed |= {key: None for key, value in changed.items() if value == "" and key.endswith("Identity")}  # taken away
    before = Workspace.read(found)
    if "managedNetwork" in changed:
        network = {**before.network, **changed["managedNetwork"]}
        changed["managedNetwork"] = workspace_network.settings(network, before.stated, before.guid)
        _keep_rules(emulator, found.id, changed["managedNetwork"])
    if "serverlessComputeSettings" in changed:
        changed["serverlessComputeSettings"] = {**workspace_stated.SERVERLESS, **changed["serverlessComputeSettings"]}
    given = {key: wanted[key] for key in ("identity", "sku") if wanted.get(key) is not None}
    if "identity" in given:
        given["identity"] = workspace_identity.identity(emulator, found.id, given["identity"])
    if "featureStoreSettings" in changed:
        changed["featureStoreSettings"] = workspace_stated.feature_store(changed["featureStoreSettings"])
    body = {
        **found.body,
        **{key: {**(found.body.get(key) or {}), **value} for key, value in given.items()},
        "tags": wanted["tags"] if wanted.get("tags") is not None else found.body["tags"],
        "properties": {**before.stated, **changed},
        "systemData": arm.system_data(emulator.clock, found),
    }
    emulator.store.update(found.id, body)
    again = emulator.store.get(found.id)
    assert again is not None
    return again
