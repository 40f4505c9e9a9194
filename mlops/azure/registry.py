"""Base models and pipeline components of a registry, as the domain knows them."""

import difflib
from contextlib import suppress
from itertools import islice
from typing import Any

from mlops.azure.failures import NotFound, translated
from mlops.azure.translate import plain_tags, word
from mlops.azure.workspace import Workspace
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.parameters import Component, ComponentInput
from mlops.domain.training.spec import LATEST
from mlops.errors import BadInput, MlopsError, Problem

KEYS = {"models": "model.version", "components": "training.component_version"}  # of params.yaml
VERSIONS = 12  # of a component, looked at to explain what one of them lacks
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


def model_names(workspace: Workspace, registry: str) -> list[str]:
    """Every model of a registry that has a version which is not archived, or had one: by name, each once."""
    from azure.ai.ml.constants import ListViewType

    with translated(f"list the models of the registry {registry}"):
        listed = workspace.registry(registry).models.list(list_view_type=ListViewType.ALL)
        return sorted({str(item.name) for item in listed})


def newest_version(workspace: Workspace, registry: str, name: str) -> str | None:
    """The newest version of a model that is not archived; None where all are."""
    with translated(f"list the versions of {name} in the registry {registry}"):
        listed = [str(item.version) for item in workspace.registry(registry).models.list(name=name)]
    return max(listed, key=_order, default=None)


def component(workspace: Workspace, registry: str, name: str, version: str) -> tuple[Component, Any]:
    """A component's interface, and the SDK's own object for building a job. Raises BadInput when it does not exist."""
    found = _get(workspace, registry, "components", name, version)
    return _component(found), found


def other_versions(workspace: Workspace, registry: str, component: Component) -> list[Component]:
    """The newest further versions of a component with their interfaces, newest first; what cannot be read is left out.

    Only asked for to explain an error, so a failure here must not hide that one.
    """
    found: list[Component] = []
    with suppress(MlopsError), translated(f"list the versions of {component.name}"):
        operations = workspace.registry(registry).components
        listed = [str(item.version) for item in islice(operations.list(name=component.name), VERSIONS)]
        wanted = [version for version in sorted(listed, key=_order, reverse=True) if version != component.version]
        found.extend(_component(operations.get(component.name, version=version)) for version in wanted)
    return found


def _order(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in version.split("."))


def _component(found: Any) -> Component:
    inputs = {key: _input(key, item) for key, item in found.inputs.items()}
    return Component(str(found.name), str(found.version), str(found.id), inputs, tuple(found.outputs))


def _get(workspace: Workspace, registry: str, kind: str, name: str, version: str) -> Any:
    operations = getattr(workspace.registry(registry), kind)
    wanted = {"label": LATEST} if version == LATEST else {"version": version}
    what = f"{name}, version {version}, of the registry {registry}"
    try:
        with translated(f"read {what}"):
            return operations.get(name, **wanted)
    except NotFound:
        hint = (
            "archived versions do not count as latest: pin a version"
            if version == LATEST
            else "see the registry's catalog for names and versions"
        )
        near = _near(workspace, registry, name) if kind == "models" else ""
        raise BadInput(Problem(f"there is no {what}", "params.yaml", fix=near or hint, key=KEYS[kind])) from None


def _near(workspace: Workspace, registry: str, name: str) -> str:
    """The model that was perhaps meant, or the versions that a known name has; empty where nothing is near.

    Only asked for to explain an error, so a failure here must not hide that one.
    """
    with suppress(MlopsError):
        every = model_names(workspace, registry)
        if name in every:
            newest = newest_version(workspace, registry, name)
            return f'its newest version is "{newest}"' if newest else ""
        by_lower = {one.lower(): one for one in every}
        near = difflib.get_close_matches(name.lower(), by_lower, n=1)
        return f"perhaps you meant {by_lower[near[0]]}; `mlops models` lists what is offered" if near else ""
    return ""


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


def _input(name: str, item: Any) -> ComponentInput:
    default = getattr(item, "default", None)
    return ComponentInput(
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
