"""Data assets, code assets and environments of a workspace.

It must not read what a data asset points at: the service keeps the reference only.
Source: Microsoft.MachineLearningServices workspaces/{data,codes,environments} (ARM).
"""

import json
import uuid
from dataclasses import replace
from typing import Any, ClassVar

import yaml

from azureml_emulator.catalog import curated
from azureml_emulator.core import arm
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import AssetContainer, Version
from azureml_emulator.services.assets.assets import STATED_ITSELF, Assets, Draft, selected
from azureml_emulator.services.storage import storage, storage_keys
from azureml_emulator.services.storage.blobs import BlobAddress
from azureml_emulator.services.workspaces import scope
from azureml_emulator.services.workspaces.workspace_resource import Workspace

DATA_TYPES = ("uri_file", "uri_folder", "mltable")
UPLOAD_HOURS = 8.0
MANAGED_STORE = "/workspacemanageddatastore/"  # the one whose files the service deletes by itself
AUTO_DELETE = ("BadArgument", "ArgumentInvalid", "AutoDeleteSettingOnlySupportedForManagedDatastore")
LOGGED = "Logged"  # the stage of what nobody named
LABELS = "azureml.labels"  # of an environment


class Data(Assets):
    """Data assets: a name for a place in storage that never changes."""

    plural, word, uri = "data", "data", "dataUri"
    fixed = ("dataUri", "dataType")
    containers_have_a_state = False  # as specified
    empty: ClassVar[Json] = {"autoDeleteSetting": None, "stage": None, "intellectualProperty": None}
    longest_version = 30

    def prepare(self, draft: Draft) -> Json:
        """Check type and reference; a short datastore path becomes the long one."""
        kind, uri = draft.properties.get("dataType"), draft.properties.get("dataUri")
        if kind not in DATA_TYPES:
            raise bad_request(
                f"The data type {kind!r} is not valid; one of {', '.join(DATA_TYPES)}.",
                code="UserError",
                target="dataType",
            )
        if not uri:
            raise bad_request("The field dataUri is required.", code="UserError", target="dataUri")
        if draft.properties.get("autoDeleteSetting") and MANAGED_STORE not in str(uri):
            text = "AutoDeleteSetting is only supported for assets in managed datastore."
            raise ServiceError(400, "UserError", text, inner=AUTO_DELETE)
        container = draft.emulator.store.get(f"{draft.workspace.id}/data/{draft.name}")
        known = AssetContainer.read(container).data_type if container else None
        if known and known != kind:
            text = f"Data asset {draft.name} is of type {known}; a version of type {kind} cannot be created in it."
            raise bad_request(text, code="UserError", target="dataType")
        in_workspace = str(uri).startswith(("azureml:", "runs:"))
        found = storage.long_uri(draft.emulator, str(uri), workspace=draft.workspace.id) if in_workspace else str(uri)
        if in_workspace and kind != "uri_file" and not found.endswith("/"):  # an MLTable is a folder, too
            found += "/"
        return {**draft.properties, "dataUri": found}

    def of_container(self, properties: Json) -> Json:
        """All versions of a data asset are of one type."""
        return {"dataType": properties["dataType"]}

    def show(self, resource: Resource) -> Json:
        """A version as it is answered: who changed it is said once it was changed."""
        shown = super().show(resource)
        when = shown["systemData"]
        is_changed = when["createdAt"] != when["lastModifiedAt"]
        return shown if is_changed else {**shown, "systemData": arm.without_changer(when)}

    def show_container(self, emulator: Emulator, resource: Resource) -> Json:
        """A container as it is answered: of one that its versions made nothing is stated."""
        shown = super().show_container(emulator, resource)
        if resource.body.get(STATED_ITSELF):
            return shown
        properties = {**shown["properties"], "tags": None, "properties": None}
        return {**shown, "properties": properties, "systemData": arm.without_changer(shown["systemData"])}


class Codes(Assets):
    """Code assets: snapshots of scripts. Their names are made up by clients, so content is known by its hash."""

    plural, word, uri = "codes", "code", "codeUri"
    fixed = ("codeUri",)
    empty: ClassVar[Json] = {"provisioningState": "Succeeded"}

    def prepare(self, draft: Draft) -> Json:
        """A code asset must say where it is."""
        if not draft.properties.get("codeUri"):
            raise bad_request("The field codeUri is required.", code="UserError", target="codeUri")
        return draft.properties

    def list_versions(self, request: Request, emulator: Emulator) -> Reply:
        """GET versions; when a hash is asked for, the snapshot of that content whatever it is named."""
        content = request.query.get("hash")
        if not content:
            return super().list_versions(request, emulator)
        found = self.of_content(emulator, self.scope(request, emulator), content)
        return arm.stored_page(request, selected(request, [found] if found else []), self.show)

    def of_content(self, emulator: Emulator, workspace: Resource, content: str) -> Resource | None:
        """The snapshot of a content, whatever it is named."""
        known = emulator.store.get(_of_content(workspace, content))
        return emulator.store.get(known.body["code"]) if known else None

    def create(self, emulator: Emulator, workspace: Resource, name: str, version: str, stated: Json) -> Resource:
        """Create or change a version, and note its content. The first of that content stays the one that is found."""
        made = super().create(emulator, workspace, name, version, stated)
        if content := Version.read(made).content:
            id = _of_content(workspace, content)
            known = emulator.store.get(id)
            if known is None or emulator.store.get(known.body["code"]) is None:
                emulator.store.put(id, {"code": made.id}, parent=workspace.id, kind="codes/contents", name=content)
        return made

    def start_pending_upload(self, request: Request, emulator: Emulator) -> Reply:
        """POST startPendingUpload: a container of its own in the workspace's storage, and a SAS to write there.

        The SDK uploads to the root of what the SAS is for, so a folder of a shared container would not do.
        """
        workspace = scope.require(request, emulator)
        found = Workspace.read(workspace)
        place = BlobAddress(found.account, str(uuid.uuid4()))
        storage.ensure_container(emulator, place.account, place.container)
        token = storage_keys.sas(place.account, place.container, permissions="racwdl", hours=UPLOAD_HOURS)
        answer = {
            "blobReferenceForConsumption": {
                "blobUri": place.url,
                "storageAccountArmId": found.storage,
                "credential": {"credentialType": "SAS", "sasUri": f"{place.url}?{token}"},
            },
            "pendingUploadId": str(uuid.uuid4()),
            "pendingUploadType": "None",
        }
        return Reply(200, answer)


class Environments(Assets):
    """Environments: an image, a build context or a conda file. Nothing is built.

    Curated ones are found by name in every workspace, and are not listed with its own.
    """

    plural, word, uri = "environments", "environment", "image"
    fixed = ("image", "condaFile", "build")

    def immutable(self, name: str, version: str, changed: str) -> ServiceError:
        """409: the SDK tries the next version when no version was named and the newest cannot take the change."""
        text = f"Environment {name} with version {version} already exists with another definition."
        return ServiceError(409, "UserError", text, target=changed)

    empty: ClassVar[Json] = {
        "autoDeleteSetting": None,
        "autoRebuild": "Disabled",
        "condaFile": "",
        "environmentType": "UserCreated",
        "intellectualProperty": None,
        "osType": "Linux",
        "provisioningState": "Succeeded",
        "stage": "Development",
    }

    def create(self, emulator: Emulator, workspace: Resource, name: str, version: str, stated: Json) -> Resource:
        """Create or change a version, and label the newest of a name; an anonymous one has no label."""
        before = super().latest(emulator, workspace, name)
        is_new = super().find(emulator, workspace, name, version) is None
        made = super().create(emulator, workspace, name, version, stated)
        if not is_new:
            return made
        if before:
            _label(emulator, before, "")
        return _label(emulator, made, "" if Version.read(made).is_anonymous else "latest")

    def list_versions(self, request: Request, emulator: Emulator) -> Reply:
        """GET versions: of a curated environment its newest."""
        workspace = self.scope(request, emulator)
        if found := self._curated(workspace, request.params["name"]):
            return Reply(200, {"value": [self.show(found)]})
        return super().list_versions(request, emulator)

    def find(self, emulator: Emulator, workspace: Resource, name: str, version: str) -> Resource | None:
        """A version by name and number, of a curated environment too."""
        return super().find(emulator, workspace, name, version) or self._curated(workspace, name, version)

    def latest(self, emulator: Emulator, workspace: Resource, name: str) -> Resource | None:
        """The version created last."""
        return super().latest(emulator, workspace, name) or self._curated(workspace, name)

    def get_container(self, request: Request, emulator: Emulator) -> Reply:
        """GET one name with its latest and next version, of a curated environment too."""
        found = self._curated(self.scope(request, emulator), request.params["name"])
        if found is None:
            return super().get_container(request, emulator)
        stated: Json = {"description": "", "tags": {}, "properties": {}, "isArchived": False}
        name = found.parent.rsplit("/", maxsplit=1)[-1]
        counted = {"latestVersion": found.name, "nextVersion": str(int(found.name) + 1)}
        properties = {**stated, **counted, "provisioningState": "Succeeded"}
        body = {"properties": properties, "systemData": found.body["systemData"]}
        return Reply(200, arm.shown(found.parent, name, body, "workspaces/environments"))

    def put_container(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a name, which is always answered as new."""
        return replace(super().put_container(request, emulator), status=201)

    def put_version(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a version, which is always answered as new."""
        return replace(super().put_version(request, emulator), status=201)

    def show_container(self, emulator: Emulator, resource: Resource) -> Json:
        """A name as it is answered: it always says a description."""
        shown = super().show_container(emulator, resource)
        stated = shown["properties"]
        return {**shown, "properties": {**stated, "description": stated.get("description") or ""}}

    def missing(self, name: str, version: str = "") -> ServiceError:
        """The 404 for an environment that is not there."""
        text = f"No environment exists for name: {name}, version: {version}, label: "
        return ServiceError(404, "UserError", text, inner=("NotFoundError",))

    def prepare(self, draft: Draft) -> Json:
        """There must be something to run in, and the names of curated environments are taken."""
        if draft.name.lower().startswith(curated.PREFIX.lower()):
            text = f"Environment name {draft.name!r} is reserved: names beginning with {curated.PREFIX} are curated."
            raise bad_request(text, code="UserError", target="name")
        if not draft.properties.get("image") and not draft.properties.get("build"):
            raise bad_request(
                "Either an image or a build context is required for an environment.", code="UserError", target="image"
            )
        stated = {key: value for key, value in draft.properties.items() if value is not None}
        stage = {"stage": LOGGED} if stated.get("isAnonymous") else {}
        system = {"osType": str(stated["osType"]).title()} if "osType" in stated else {}
        conda = {"condaFile": _conda(stated["condaFile"])} if stated.get("condaFile") else {}
        return {**stated, **stage, **system, **conda}

    def _curated(self, workspace: Resource, name: str, version: str = "") -> Resource | None:
        """A curated environment as if it were the workspace's, newest unless a version is named."""
        found = curated.of_workspace(name) if workspace.kind == scope.KIND else None
        if found and version not in ("", found.version):
            found = curated.earlier([found], version)
        if found is None:
            return None
        parent = self._id(workspace, found.name)
        stamps = {"createdAt": found.created, "lastModifiedAt": found.created}
        who = dict.fromkeys(("createdBy", "lastModifiedBy"), "Microsoft")
        of = dict.fromkeys(("createdByType", "lastModifiedByType"), "User")
        body = {"properties": found.properties_in_workspace(), "systemData": {**stamps, **who, **of}}
        return Resource(f"{parent}/versions/{found.version}", parent, "environments/versions", found.version, body, 0)


def _conda(stated: Any) -> str:
    """A conda file as the service gives it back: as JSON. Raises 400 for what is no such file."""
    try:
        read = yaml.safe_load(str(stated))
    except yaml.YAMLError as error:
        raise bad_request(f"The conda file cannot be read: {error}", code="UserError", target="condaFile") from error
    if not isinstance(read, dict):
        raise bad_request("A conda file is a mapping, with dependencies.", code="UserError", target="condaFile")
    return json.dumps(read, indent=2, default=str)


def _label(emulator: Emulator, version: Resource, label: str) -> Resource:
    properties = version.body["properties"]
    labelled = {**(properties.get("properties") or {}), LABELS: label}
    emulator.store.update(version.id, {**version.body, "properties": {**properties, "properties": labelled}})
    found = emulator.store.get(version.id)
    assert found is not None
    return found


def _of_content(workspace: Resource, content: str) -> str:
    return f"{workspace.id}/codes-by-content/{content}"


DATA, CODES, ENVIRONMENTS = Data(), Codes(), Environments()
