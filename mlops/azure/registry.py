"""Base models and pipeline components of a registry, as the domain knows them."""

from typing import Any

from mlops.azure.failures import is_not_found, translated
from mlops.azure.translate import plain_tags, word
from mlops.azure.workspace import Workspace
from mlops.domain.base_model import BaseModel
from mlops.domain.parameters import Component, Input
from mlops.errors import BadInput, Problem

LATEST = "latest"
DISCOVERY = "https://eastus.api.azureml.ms/registrymanagement/v1.0"  # the same for every region of the public cloud
REGISTRY_API = "2021-10-01-dataplanepreview"


def base_model(workspace: Workspace, registry: str, name: str, version: str) -> BaseModel:
    """A model of a registry; `latest` is resolved. Raises BadInput when it does not exist."""
    found = _get(workspace, registry, "models", name, version)
    stated = _properties(workspace, str(found.id))
    return BaseModel(
        name=str(found.name),
        version=str(found.version),
        id=str(found.id),
        tags=plain_tags(found.tags),
        properties=plain_tags(found.properties),
        system_metadata=dict(stated.get("systemMetadata") or stated.get("system_metadata") or {}),
        archived=bool(stated.get("isArchived")),
    )


def component(workspace: Workspace, registry: str, name: str, version: str) -> tuple[Component, Any]:
    """A component's interface, and the SDK's own object for building a job. Raises BadInput when it does not exist."""
    found = _get(workspace, registry, "components", name, version)
    inputs = {key: _input(key, item) for key, item in found.inputs.items()}
    return Component(str(found.name), str(found.version), str(found.id), inputs, tuple(found.outputs)), found


def _get(workspace: Workspace, registry: str, kind: str, name: str, version: str) -> Any:
    operations = getattr(workspace.registry(registry), kind)
    wanted = {"label": LATEST} if version == LATEST else {"version": version}
    what = f"{name}, version {version}, of the registry {registry}"
    try:
        with translated(f"read {what}"):
            return operations.get(name, **wanted)
    except Exception as error:
        if is_not_found(error.__cause__ if isinstance(error.__cause__, Exception) else error):
            hint = (
                "archived versions do not count as latest: pin a version"
                if version == LATEST
                else "see the registry's catalog for names and versions"
            )
            raise BadInput(Problem(f"there is no {what}", "params.yaml", fix=hint)) from None
        raise


def _properties(workspace: Workspace, id: str) -> dict[str, Any]:
    """What the registry says of a version; azure-ai-ml 1.35 drops the newer form and whether it is archived."""
    _, _, _, registry, _, name, _, version = id.split("/")
    what = f"read {name}:{version} of the registry {registry}"
    place = workspace.send("GET", f"{DISCOVERY}/registries/{registry}/discovery?api-version=v1.0", what).json()
    path = (
        f"mferp/managementfrontend/subscriptions/{place['subscriptionId']}/resourceGroups/{place['resourceGroup']}"
        f"/providers/Microsoft.MachineLearningServices/registries/{registry}/models/{name}/versions/{version}"
    )
    url = f"{str(place['primaryRegionResourceProviderUri']).rstrip('/')}/{path}?api-version={REGISTRY_API}"
    return dict(workspace.send("GET", url, what).json().get("properties") or {})


def _input(name: str, item: Any) -> Input:
    default = getattr(item, "default", None)
    return Input(
        name=name,
        type=word(item.type),
        optional=bool(getattr(item, "optional", False)),
        default=None if default is None else str(default),
        enum=tuple(str(choice) for choice in (getattr(item, "enum", None) or ())),
        minimum=_number(getattr(item, "min", None)),
        maximum=_number(getattr(item, "max", None)),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
