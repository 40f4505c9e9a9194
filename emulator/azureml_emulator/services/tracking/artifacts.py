"""Files of runs and of local uploads, and what the ids of outputs stand for; their bytes are blobs.

Sources: the artifact and run-artifact clients inside azureml-mlflow, and the dataset and model data-plane clients
inside azure-ai-ml.
"""

from dataclasses import dataclass, replace

from azureml_emulator.core import body_types
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import outputs
from azureml_emulator.services.storage import blobs, storage
from azureml_emulator.services.tracking import history
from azureml_emulator.services.workspaces import scope

ORIGIN = "ExperimentRun"
UPLOAD = "LocalUpload"  # what a client brings without a run, as MLflow does with a model in a local folder


@dataclass(frozen=True)
class ArtifactContainer:
    """Artifacts that belong together: the files of one run, or of one upload."""

    emulator: Emulator
    workspace: str
    origin: str
    name: str
    created: str

    def place(self, path: str) -> blobs.BlobAddress:
        """Where one lies: in the workspace's artifact store."""
        uri = f"{storage.ARTIFACTS}{self.origin}/{self.name}/{path}"
        return storage.resolve(self.emulator, uri, workspace=self.workspace)

    def names(self, prefix: str) -> list[str]:
        """Those whose path starts with `prefix`."""
        folder = self.place("")
        below = blobs.walk(self.emulator, folder._replace(name=folder.name + prefix))
        return [blob.name[len(folder.name) :] for blob in below]

    def require(self, path: str) -> str:
        """The path, where it is one of them. Raises 404."""
        if not path or blobs.get(self.emulator, self.place(path)) is None:
            raise ServiceError(404, "UserError", f"Artifact {path} was not found in the container {self.name}.")
        return path

    def shown(self, path: str) -> Json:
        """One as the service answers with it."""
        id = f"{self.origin}/{self.name}/{path}"
        return {
            "artifactId": id,
            "origin": self.origin,
            "container": self.name,
            "path": path,
            "etag": None,
            "createdTime": self.created,
            "dataPath": {"dataStoreName": storage.ARTIFACT_STORE, "relativePath": id},
        }

    def content(self, path: str, permissions: str) -> Json:
        """Where one can be read or written without signing in."""
        address = history.signed_url(self.place(path), permissions)
        return {"contentUri": address, "origin": self.origin, "container": self.name, "path": path, "tags": {}}


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the artifacts of a container; `path` selects those below it."""
    of = _container(request, emulator)
    shown = [of.shown(name) for name in of.names(request.query.get("path", ""))]
    return Reply(200, {"value": shown, "continuationToken": None, "nextLink": None})


def metadata(request: Request, emulator: Emulator) -> Reply:
    """GET one artifact's record. Raises 404."""
    of = _container(request, emulator)
    return Reply(200, of.shown(of.require(request.query.get("path", ""))))


def content(request: Request, emulator: Emulator) -> Reply:
    """GET where one artifact can be read. Raises 404."""
    of = _container(request, emulator)
    return Reply(200, of.content(of.require(request.query.get("path", "")), "r"))


def content_below(request: Request, emulator: Emulator) -> Reply:
    """GET where all artifacts below a path can be read."""
    of = _container(request, emulator)
    shown = [of.content(name, "r") for name in of.names(request.query.get("path", ""))]
    return Reply(200, {"value": shown, "continuationToken": None})


def create(request: Request, emulator: Emulator) -> Reply:
    """POST batch/metadata: names for artifacts, and URLs to write them to."""
    of = _container(request, emulator)
    paths = body_types.stated(request.json(), {"paths": [{"path": "text"}]}).get("paths") or []
    if not all(item.get("path") for item in paths):
        raise bad_request("The path of an artifact is empty.", code="UserError")
    names = [item["path"] for item in paths]
    return Reply(
        200,
        {
            "artifacts": {name: of.shown(name) for name in names},
            "artifactContentInformation": {name: of.content(name, "rcw") for name in names},
            "errors": {},
        },
    )


def resolve_data(request: Request, emulator: Emulator) -> Reply:
    """POST dataversion/batchGetResolvedUris: asset id -> uri."""
    found = _resolved(request, emulator)
    return Reply(200, {"values": {id: {"uri": item.body["uri"], "type": item.body["type"]} for id, item in found}})


def resolve_models(request: Request, emulator: Emulator) -> Reply:
    """POST models/batchGetResolvedUris: asset id -> path."""
    found = _resolved(request, emulator)
    return Reply(200, {"values": {id: {"path": item.body["uri"], "type": item.body["type"]} for id, item in found}})


def _resolved(request: Request, emulator: Emulator) -> list[tuple[str, Resource]]:
    scope.require(request, emulator)
    ids = body_types.stated(request.json(), {"values": ["text"]}).get("values") or []
    found = [(id, emulator.store.get(id)) for id in ids]
    return [(id, item) for id, item in found if item is not None and item.kind == outputs.ASSETS]


def _container(request: Request, emulator: Emulator) -> ArtifactContainer:
    """The artifacts of the run in the URL, or of an origin and a container, which need no record of their own."""
    origin, name = request.params.get("origin", ORIGIN), request.params.get("container", "")
    if origin == UPLOAD:
        return ArtifactContainer(emulator, scope.require(request, emulator).id, origin, name, emulator.clock.stamp())
    if origin != ORIGIN:
        raise bad_request(f"The emulator keeps artifacts of {ORIGIN} and {UPLOAD}, and none of {origin}.")
    if name:
        request = replace(request, params={**request.params, "run": name.removeprefix("dcid.")})
    run = history.require(request, emulator)
    return ArtifactContainer(emulator, str(run.body["workspace"]), ORIGIN, f"dcid.{run.name}", str(run.body["created"]))
