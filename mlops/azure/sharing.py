"""A team's registry, through which a model and its held-out data reach a workspace in another subscription.

Reading a file of a registry needs a signature that the registry gives for it;
azure-ai-ml has that for models only.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from mlops.azure import models
from mlops.azure import registry as registries
from mlops.azure.data import asset_name
from mlops.azure.failures import translated
from mlops.azure.models import Registered
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.tags import DECISIONS, FINGERPRINT_TAG
from mlops.errors import BadInput, Problem, RemoteFailed

TEST = "test"


def find_model(workspace: Workspace, registry: str, name: str, version: str) -> Registered | None:
    """A version of a model in a registry, or None."""
    found = registries.find(workspace, registry, "models", name, version)
    if found is None:
        return None
    id = f"azureml://registries/{registry}/models/{name}/versions/{version}"
    return Registered(name, version, id, plain_tags(found["properties"].get("tags")))


def share_model(workspace: Workspace, registry: str, model: Registered) -> bool:
    """Copy a model of the workspace into the registry under its own name and version; False when it is there.

    Raises BadInput when another model has that name and version there, such as one of another workspace.
    """
    there = find_model(workspace, registry, model.name, model.version)
    if there:
        theirs, ours = (one.tags.get(FINGERPRINT_TAG) for one in (there, model))
        if theirs != ours:
            what = f"{model.label} of the registry {registry} is another model"
            fix = "choose another model.name, or another registry"
            raise BadInput(Problem(what, "params.yaml", why=f"it carries fingerprint {theirs or 'none'}", fix=fix))
        return False
    with translated(f"share {model.label} with the registry {registry}"):
        workspace.ml.models.share(
            name=model.name,
            version=model.version,
            registry_name=registry,
            share_with_name=model.name,
            share_with_version=model.version,
        )
    return True


def repeat_decisions(workspace: Workspace, registry: str, model: Registered) -> bool:
    """The copy in a registry says of environments what the model's version says; False when it does, or is not there.

    A workspace that knows the registry alone learns by it what was passed, held and released since it was shared.
    """
    what = f"tag {model.label} of the registry {registry}"
    found = registries.find(workspace, registry, "models", model.name, model.version)
    if found is None:
        return False
    stated = plain_tags(found["properties"].get("tags"))
    wanted = {
        **_but_decisions(stated),
        **{key: model.tags[key] for key in model.tags.keys() - _but_decisions(model.tags)},
    }
    if stated == wanted:
        return False
    kept = {key: found["properties"][key] for key in models.KEPT if found["properties"].get(key) is not None}
    url = registries.url(workspace, registry, f"models/{quote(model.name)}/versions/{quote(model.version)}")
    workspace.change("PUT", url, what, json={"properties": {**kept, "tags": wanted}})
    return True


def _but_decisions(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith(DECISIONS)}


def share_test_data(workspace: Workspace, registry: str, name: str, version: str) -> bool:
    """Copy the test file of a data version into the registry; False when it is there."""
    asset = asset_name(name, TEST)
    if registries.find(workspace, registry, "data", asset, version):
        return False
    with translated(f"share {asset}:{version} with the registry {registry}"):
        workspace.ml.data.share(
            name=asset, version=version, registry_name=registry, share_with_name=asset, share_with_version=version
        )
    return True


def read_test_data(workspace: Workspace, registry: str, name: str, version: str) -> bytes:
    """The content of that file. Raises RemoteFailed when it is not there."""
    from azure.storage.blob import ContainerClient

    asset = asset_name(name, TEST)
    found = registries.find(workspace, registry, "data", asset, version)
    if found is None:
        raise RemoteFailed(f"the registry {registry} has no data asset {asset}:{version}")
    what = f"read {asset}:{version} of the registry {registry}"
    uri = str(found["properties"]["dataUri"])
    with translated(what):
        place = urlsplit(_signed(workspace, registry, asset, version, uri, what))
        container, _, prefix = place.path.lstrip("/").partition("/")
        client = ContainerClient.from_container_url(f"{place.scheme}://{place.netloc}/{container}?{place.query}")
        # what was shared may stand as the file itself or as a folder that holds it
        names = [name for name in client.list_blob_names(name_starts_with=prefix) if not name.endswith("/")]
        if not names:
            raise RemoteFailed(f"{asset}:{version} of the registry {registry} has no file")
        return bytes(client.download_blob(names[0]).readall())


def find(workspace: Workspace, registry: str | None, name: str, version: str) -> Registered | None:
    """A model where an environment takes it from: its registry, else the workspace."""
    return find_model(workspace, registry, name, version) if registry else models.find(workspace, name, version)


def _signed(workspace: Workspace, registry: str, name: str, version: str, uri: str, what: str) -> str:
    url = registries.url(workspace, registry, f"datarefs/{name}/versions/{version}")
    body = {"assetId": f"azureml://registries/{registry}/data/{name}/versions/{version}", "blobUri": uri}
    reference = workspace.send("POST", url, what, json=body).json()["blobReferenceForConsumption"]
    credential = reference.get("credential") or {}
    return str(credential.get("sasUri") or reference["blobUri"])
