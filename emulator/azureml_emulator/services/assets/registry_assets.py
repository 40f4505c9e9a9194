"""The versioned assets of a team's own registry: as those of a workspace, with storage of the registry's.

It must not know the system registry, whose content is data (`registry`).
Source: the registry data plane as azure-ai-ml speaks it (2021-10-01-dataplanepreview), and `models.share`.
"""

import re
import uuid
from typing import ClassVar

from azureml_emulator.core import arm, clouds
from azureml_emulator.core.errors import ServiceError, bad_request, conflict, error_object
from azureml_emulator.core.operations import Operation, accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets import registries
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.assets.assets import Assets
from azureml_emulator.services.assets.components import Components
from azureml_emulator.services.assets.data import Codes, Data, Environments
from azureml_emulator.services.assets.models import Models
from azureml_emulator.services.storage import blobs, storage, storage_keys
from azureml_emulator.services.storage.blobs import BlobAddress
from azureml_emulator.services.workspaces.workspace_resource import Workspace

HOURS = 8.0
IMPORTS = "imports"  # what an operation that copies an asset is about, in its id
DATA_PLANE = "/managementfrontend/"  # in paths that are not of Azure Resource Manager
_SOURCE = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<workspace>[^/]+)/(?P<kind>[a-z]+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)


class InRegistry(Assets):
    """What differs in a registry: who holds an asset, how it is named, and that a version is a long operation."""

    def scope(self, request: Request, emulator: Emulator) -> Resource:
        """The registry that a route names."""
        return require(request, emulator)

    def put_version(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a version: long-running. On the data plane, an operation of the store of assets and nothing said."""
        registry, reply = require(request, emulator), super().put_version(request, emulator)
        id = f"{registry.id}/{self.plural}/{request.params['name']}/versions/{request.params['version']}"
        operation = _operation(request, emulator, registry, id)
        if DATA_PLANE not in request.path:
            return accepted(operation, reply.status, reply.body)
        return _begun(registry, operation)

    def show(self, resource: Resource) -> Json:
        """A version by its short id."""
        type_path = f"{arm.PROVIDER}/registries/{self.plural}/versions"
        return {**super().show(resource), "id": _short(resource.id), "type": type_path}

    def show_container(self, emulator: Emulator, resource: Resource) -> Json:
        """A container by its short id."""
        shown = super().show_container(emulator, resource)
        return {**shown, "id": _short(resource.id), "type": f"{arm.PROVIDER}/registries/{self.plural}"}

    def start_pending_upload(self, request: Request, emulator: Emulator) -> Reply:
        """POST startPendingUpload: a folder of its own in the registry's storage, and a SAS to write there."""
        registry = require(request, emulator)
        reference = _reference(registry, _new_place(emulator, registry))
        kind = request.json().get("pendingUploadType") or "TemporaryBlobReference"
        said = {"pendingUploadId": str(uuid.uuid4()), "pendingUploadType": kind}
        return Reply(200, {**said, "blobReferenceForConsumption": reference})


class RegistryModels(InRegistry, Models):
    """Models of a registry."""

    empty: ClassVar[Json] = {**Models.empty, "originAssetId": None}

    def missing(self, name: str, version: str = "") -> ServiceError:
        """The 404 of the store of assets for a version that is not there."""
        if not version:
            return super().missing(name)
        text = f"Could not find asset {name}, version {version}, of the kind models"
        return ServiceError(404, "UserError", text, inner=("NotFoundError",))


class RegistryData(InRegistry, Data):
    """Data assets of a registry."""


class RegistryCodes(InRegistry, Codes):
    """Code assets of a registry."""


class RegistryEnvironments(InRegistry, Environments):
    """Environments of a registry."""


class RegistryComponents(InRegistry, Components):
    """Components of a registry."""


KINDS: dict[str, InRegistry] = {
    assets.plural: assets
    for assets in (RegistryModels(), RegistryData(), RegistryCodes(), RegistryEnvironments(), RegistryComponents())
}


def require(request: Request, emulator: Emulator) -> Resource:
    """The team's registry that a route names. Raises 401 and 404."""
    if not request.headers.get("authorization"):
        raise ServiceError(401, "UserError", "No authentication token was provided.")
    found = registries.find(emulator, request.params["registry"])
    if found is None:
        wanted = request.params["registry"]
        detail = error_object("RegistryNotFound", wanted)
        raise ServiceError(404, "UserError", f"Could not find registry {wanted}.", details=[detail])
    return found


def operation_end(request: Request, emulator: Emulator) -> Reply:
    """GET what `Location` names: 202 till the asset is there, then its id; 204 of an import. Raises how it failed."""
    operation = emulator.operations.read(request.params["id"])
    if operation.status == "InProgress":
        return Reply(202, None, operation.again)
    if operation.error:
        raise bad_request(str(operation.error["message"]), code=str(operation.error["code"]))
    return Reply(204) if operation.kind == IMPORTS else Reply(200, {"assetId": _short(operation.resource)})


def temporary_reference(request: Request, emulator: Emulator) -> Reply:
    """PUT tempdatarefs: where to upload an asset that is to be. Raises 409 when the asset is there already."""
    registry = require(request, emulator)
    kind, name, version = _asset(str(request.json().get("assetId") or ""))
    if emulator.store.get(f"{registry.id}/{kind}/{name}/versions/{version}"):
        raise conflict(f"The asset {kind}/{name}/versions/{version} exists already in registry {registry.name}.")
    said = {"temporaryDataReferenceId": str(uuid.uuid4()), "temporaryDataReferenceType": None}
    said |= {"imageReferenceForConsumption": None}
    return Reply(200, {**said, "blobReferenceForConsumption": _reference(registry, _new_place(emulator, registry))})


def data_reference(request: Request, emulator: Emulator) -> Reply:
    """POST datarefs: a SAS to read what an asset points at."""
    registry, body = require(request, emulator), request.json()
    kind, name, version = _asset(str(body.get("assetId") or ""))
    if emulator.store.get(f"{registry.id}/{kind}/{name}/versions/{version}") is None:
        raise KINDS[kind].missing(name, version)
    # in a registry there is no datastore: only the URL of a storage account leads anywhere
    place = storage.resolve(emulator, str(body.get("blobUri") or ""), workspace=registry.id)
    if place.account != registries.account(registry):
        raise bad_request(f"{body.get('blobUri')} is not in the storage of registry {registry.name}.", code="UserError")
    return Reply(200, {"blobReferenceForConsumption": _reference(registry, place, permissions="rl")})


def import_asset(request: Request, emulator: Emulator) -> Reply:
    """POST import: copy a workspace's asset with its files into the registry. Raises 404 and 409."""
    registry, stated = require(request, emulator), request.json().get("properties") or {}
    source = _source(emulator, str(stated.get("sourceAssetId") or ""))
    kind = source.kind.split("/")[0]
    assets = KINDS[kind]
    name = str(stated.get("destinationName") or source.id.split("/")[-3])
    version = str(stated.get("destinationVersion") or source.name)
    if assets.find(emulator, registry, name, version):
        raise conflict(f"The asset {name}:{version} exists already in registry {registry.name}.")
    properties = dict(Version.read(source).stated)
    if assets.uri.endswith("Uri"):
        workspace = source.id.split(f"/{kind}/")[0]
        properties[assets.uri] = _copy(emulator, registry, str(properties[assets.uri]), workspace, kind)
    if kind == "models":
        properties["originAssetId"] = stated["sourceAssetId"]
    assets.create(emulator, registry, name, version, properties)
    # the operation is about no resource: what it ends with has no body, which is how the SDK knows that it went well
    operation = _operation(request, emulator, registry, f"{registry.id}/{IMPORTS}/{uuid.uuid4()}")
    return _begun(registry, operation) if DATA_PLANE in request.path else accepted(operation, 202)


def _copy(emulator: Emulator, registry: Resource, uri: str, workspace: str, kind: str) -> str:
    place = _new_place(emulator, registry)
    source = storage.resolve(emulator, uri, workspace=workspace, kind=kind)
    for relative in storage.files(emulator, source):
        one = source if blobs.get(emulator, source) else source._replace(name=f"{source.name.rstrip('/')}/{relative}")
        blobs.copy(emulator, one, place._replace(name=relative))
    return place.url


def _source(emulator: Emulator, id: str) -> Resource:
    match = _SOURCE.fullmatch(id)
    found = None
    if match and match["kind"] in KINDS:
        every = emulator.store.every("workspaces")
        holder = next((one for one in every if Workspace.read(one).guid == match["workspace"]), None)
        path = f"{match['kind']}/{match['name']}/versions/{match['version']}"
        found = emulator.store.get(f"{holder.id}/{path}") if holder else None
    if found is None:
        raise ServiceError(404, "UserError", f"The asset {id} was not found.", details=[error_object("NotFound", id)])
    return found


def _asset(id: str) -> tuple[str, str, str]:
    """Kind, name and version of `azureml://registries/R/KIND/NAME/versions/VERSION`."""
    parts = id.split("/")
    if not id.startswith("azureml://registries/") or len(parts) != 8 or parts[4] not in KINDS:
        raise bad_request(f"{id!r} is not the id of an asset of a registry.", code="UserError", target="assetId")
    return parts[4], parts[5], parts[7]


def _new_place(emulator: Emulator, registry: Resource) -> BlobAddress:
    """A container of its own, which is how the service keeps each asset of a registry."""
    place = BlobAddress(registries.account(registry), f"{registry.name.lower().replace('_', '-')[:26]}-{uuid.uuid4()}")
    storage.ensure_container(emulator, place.account, place.container)
    return place


def _reference(registry: Resource, place: BlobAddress, permissions: str = "racwl") -> Json:
    """A SAS is of the container, which is what the SDK takes its URL for; the path stays in `blobUri`."""
    token = storage_keys.sas(place.account, place.container, permissions=permissions, hours=HOURS)
    container = place._replace(name="").url.rstrip("/")
    details = registry.body["properties"]["regionDetails"][0]["storageAccountDetails"][0]
    return {
        "blobUri": place.url,
        "storageAccountArmId": details["systemCreatedStorageAccount"]["armResourceId"]["resourceId"],
        "credential": {"credentialType": "SAS", "sasUri": f"{container}?{token}"},
    }


def _short(id: str) -> str:
    """The id of an asset, in which the registry's name is lower case however it was written when it was made."""
    registry, asset = id.split("/registries/", 1)[1].split("/", 1)
    return f"azureml://registries/{registry.lower()}/{asset}"


def _begun(registry: Resource, operation: Operation) -> Reply:
    """The answer of the data plane, which says nothing: the end is asked of the store of assets."""
    host = clouds.here(f"{registry.body['location']}.api.azureml.ms")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Location": f"https://{host}/assetstore/v1.0/operations/{operation.id}",
        **operation.again,
        "x-ms-async-operation-timeout": "PT1H",
    }
    return Reply(202, b"null", headers)


def _operation(request: Request, emulator: Emulator, registry: Resource, id: str) -> Operation:
    return emulator.operations.start(
        id,
        "registryAssets",
        effect="none",
        request=request,
        subscription=registry.id.split("/")[2],
        location=str(registry.body["location"]),
    )
