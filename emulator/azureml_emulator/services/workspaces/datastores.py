"""Datastores of a workspace: the four that come with it, and those that a client attaches.

It must not touch what a datastore holds.
Source: Microsoft.MachineLearningServices workspaces/datastores (ARM).
"""

import re
from typing import Any

from azureml_emulator.core import arm, clouds, defaults
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.storage import storage, storage_keys
from azureml_emulator.services.storage.datastore_resource import KIND, Datastore, DatastoreType
from azureml_emulator.services.workspaces import scope

SAS_HOURS = 24.0
OWN = ("workspaceartifactstore", storage.BLOB_STORE, "workspacefilestore", "workspaceworkingdirectory")
WITHOUT_CREATOR = "2024-07-01"  # since that version nobody is said to have made the stores that a workspace comes with
_NAME = re.compile(r"[a-zA-Z0-9_]{1,255}")


def create_defaults(emulator: Emulator, workspace: Resource, account: str) -> None:
    """The datastores of a new workspace, with their blob containers."""
    container = defaults.CONTAINER if account == defaults.STORAGE_ACCOUNT else f"azureml-blobstore-{account[2:]}"
    stores = {
        "workspaceartifactstore": ("AzureBlob", "azureml"),
        storage.BLOB_STORE: ("AzureBlob", container),
        "workspacefilestore": ("AzureFile", container.replace("blobstore", "filestore")),
        "workspaceworkingdirectory": ("AzureFile", container.replace("azureml-blobstore", "code")),
    }
    for name, (kind, target) in stores.items():
        place = {"containerName": target} if kind == "AzureBlob" else {"fileShareName": target}
        properties = {
            "tags": None,
            "properties": None,
            "datastoreType": kind,
            "accountName": account,
            **place,
            "endpoint": clouds.here("core.windows.net"),
            "protocol": "https",
            "subscriptionId": workspace.id.split("/")[2],
            "resourceGroup": workspace.id.split("/")[4],
            "serviceDataAccessAuthIdentity": "None",
            "credentials": {"credentialsType": "AccountKey"},
        }
        if kind == "AzureBlob":
            storage.ensure_container(emulator, account, target)
        _save(emulator, workspace, name, properties, is_default=name == storage.BLOB_STORE)


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the datastores, newest first but with `orderByAsc=true`; `isDefault`, `names`, `searchText` select."""
    workspace, query = scope.require(request, emulator), request.query
    newest_first = query.get("orderByAsc", "").lower() != "true"
    found = [Datastore.read(item) for item in emulator.store.children(workspace.id, KIND, newest_first=newest_first)]
    if "isDefault" in query:
        wanted = query["isDefault"].lower() == "true"
        found = [item for item in found if item.is_default is wanted]
    if query.get("names"):
        found = [item for item in found if item.name in query["names"].split(",")]
    if query.get("searchText"):
        found = [item for item in found if query["searchText"].lower() in item.name.lower()]
    return arm.page(request, found, lambda one: _shown(request, one))


def get(request: Request, emulator: Emulator) -> Reply:
    """GET a datastore."""
    return Reply(200, _shown(request, _require(request, emulator)))


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a datastore. Raises 400 for a bad name or type; the storage behind it is not looked at."""
    workspace = scope.require(request, emulator)
    name, stated = request.params["name"], request.json().get("properties") or {}
    if not _NAME.fullmatch(name):
        raise bad_request(
            f"Invalid datastore name {name}: only letters, digits and underscores are allowed.", code="UserError"
        )
    if stated.get("datastoreType") not in list(DatastoreType):
        text = f"Invalid datastoreType {stated.get('datastoreType')!r}; one of {', '.join(DatastoreType)}."
        raise bad_request(text, code="UserError")
    before = emulator.store.get(f"{workspace.id}/{KIND}/{name}")
    is_default = bool(before and Datastore.read(before).is_default)
    made = _save(emulator, workspace, name, stated, is_default=is_default)
    if made.type is DatastoreType.BLOB:
        storage.ensure_container(emulator, made.account, made.container)
    return Reply(200 if before else 201, _shown(request, made))


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a datastore, never the default one nor what is stored in it."""
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        return Reply(204)
    if Datastore.read(found).is_default:
        raise bad_request(f"Cannot delete the default datastore {found.name} of the workspace.", code="UserError")
    emulator.store.delete(found.id)
    return Reply(200)


def list_secrets(request: Request, emulator: Emulator) -> Reply:
    """POST listSecrets: the account key or, where an expirable secret is asked for, an account SAS made with it.

    The SAS opens every container of the account, as the service's does: code and components are in containers of
    their own, and a client reads them with what it got for the default datastore.
    """
    found = _require(request, emulator)
    kind = found.credentials_type
    if kind == "None":
        raise bad_request(f"Datastore {found.name} has no credentials.", code="UserError")
    asked = request.json()
    if kind == "AccountKey" and asked.get("expirableSecret") and found.type.takes_sas:
        hours, key = float(asked.get("expireAfterHours") or SAS_HOURS), (found.secrets or {}).get("key")
        try:
            token = storage_keys.account_sas(
                found.account, services="bf", resources="co", permissions="rcuwdl", hours=hours, key=key
            )
        except ValueError as error:
            raise bad_request(f"The account key of datastore {found.name} is not base64.", code="UserError") from error
        return Reply(200, {"secretsType": "Sas", "sasToken": f"?{token}"})
    if found.secrets:
        return Reply(200, {"secretsType": kind, **found.secrets})
    return Reply(200, {"secretsType": "AccountKey", "key": storage_keys.account_key(found.account)})


def _shown(request: Request, store: Datastore) -> dict[str, Any]:
    shown = store.show()
    if store.name in OWN and request.query.get("api-version", "") >= WITHOUT_CREATOR:
        said = {key: value for key, value in shown["systemData"].items() if not key.startswith("createdBy")}
        return {**shown, "systemData": said}
    return shown


def _require(request: Request, emulator: Emulator) -> Datastore:
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        text = f"Could not find datastore: {request.params['name']}."
        raise ServiceError(404, "UserError", text, inner=("NotFoundError",))
    return Datastore.read(found)


def _save(emulator: Emulator, workspace: Resource, name: str, stated: dict[str, Any], *, is_default: bool) -> Datastore:
    id = f"{workspace.id}/{KIND}/{name}"
    before = emulator.store.get(id)
    properties = {
        "description": None,
        "tags": None,
        "properties": None,
        "isDefault": is_default,
        "subscriptionId": None,
        "resourceGroup": None,
        "intellectualProperty": None,
        "serviceDataAccessAuthIdentity": "None",
        **stated,
        "credentials": stated.get("credentials") or {"credentialsType": "None"},
    }
    body = {"properties": properties, "systemData": arm.system_data(emulator.clock, before)}
    return Datastore.read(emulator.store.put(id, body, parent=workspace.id, kind=KIND, name=name))
