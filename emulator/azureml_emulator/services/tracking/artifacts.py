"""Files of runs, and what the ids of their outputs stand for.

It must not hold bytes (`blobs`). Sources: the run-artifact client inside azureml-mlflow, and the dataset and model
data-plane clients inside azure-ai-ml.
"""

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import outputs
from azureml_emulator.services.runs import runs
from azureml_emulator.services.storage import blobs
from azureml_emulator.services.tracking import history
from azureml_emulator.services.workspaces import scope

ORIGIN = "ExperimentRun"


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the artifacts of a run; `path` selects those below it."""
    run = history.require(request, emulator)
    names = _names(emulator, run, request.query.get("path", ""))
    return Reply(200, {"value": [_artifact(run, name) for name in names], "continuationToken": None, "nextLink": None})


def metadata(request: Request, emulator: Emulator) -> Reply:
    """GET one artifact's record. Raises 404."""
    run = history.require(request, emulator)
    return Reply(200, _artifact(run, _require(request, emulator, run)))


def content(request: Request, emulator: Emulator) -> Reply:
    """GET where one artifact can be read. Raises 404."""
    run = history.require(request, emulator)
    return Reply(200, _content(emulator, run, _require(request, emulator, run), "r"))


def content_below(request: Request, emulator: Emulator) -> Reply:
    """GET where all artifacts below a path can be read."""
    run = history.require(request, emulator)
    names = _names(emulator, run, request.query.get("path", ""))
    return Reply(200, {"value": [_content(emulator, run, name, "r") for name in names], "continuationToken": None})


def create(request: Request, emulator: Emulator) -> Reply:
    """POST batch/metadata: names for artifacts, and URLs to write them to."""
    run = history.require(request, emulator)
    names = [str(item["path"]) for item in request.json().get("paths") or []]
    return Reply(
        200,
        {
            "artifacts": {name: _artifact(run, name) for name in names},
            "artifactContentInformation": {name: _content(emulator, run, name, "rcw") for name in names},
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
    ids = [str(id) for id in request.json().get("values") or []]
    found = [(id, emulator.store.get(id)) for id in ids]
    return [(id, item) for id, item in found if item is not None and item.kind == outputs.ASSETS]


def _names(emulator: Emulator, run: Resource, prefix: str) -> list[str]:
    folder = runs.artifact(emulator, run, "")
    below = blobs.walk(emulator, folder._replace(name=folder.name + prefix))
    return [blob.name[len(folder.name) :] for blob in below]


def _require(request: Request, emulator: Emulator, run: Resource) -> str:
    path = request.query.get("path", "")
    if not path or blobs.get(emulator, runs.artifact(emulator, run, path)) is None:
        raise ServiceError(404, "UserError", f"Artifact {path} was not found in the container dcid.{run.name}.")
    return path


def _artifact(run: Resource, path: str) -> Json:
    container = f"dcid.{run.name}"
    return {
        "artifactId": f"{ORIGIN}/{container}/{path}",
        "origin": ORIGIN,
        "container": container,
        "path": path,
        "etag": None,
        "createdTime": run.body["created"],
        "dataPath": {"dataStoreName": "workspaceartifactstore", "relativePath": f"{ORIGIN}/{container}/{path}"},
    }


def _content(emulator: Emulator, run: Resource, path: str, permissions: str) -> Json:
    place = runs.artifact(emulator, run, path)
    return {
        "contentUri": history.signed_url(place, permissions),
        "origin": ORIGIN,
        "container": f"dcid.{run.name}",
        "path": path,
        "tags": {},
    }
