"""Base models and pipeline components of a registry, as the domain knows them."""

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from mlops.azure import bulk
from mlops.azure.failures import NotFound, translated
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.interface import of_spec
from mlops.domain.training.parameters import Component
from mlops.domain.training.spec import LATEST
from mlops.errors import BadInput, MlopsError, Problem

KEYS = {"models": "model.version", "components": "training.component_version"}  # of params.yaml
VERSIONS = 12  # of a component, looked at to explain what one of them lacks
API = "2024-10-01"  # of the workspace
REGISTRY_API = "2021-10-01-dataplanepreview"


def url(workspace: Workspace, registry: str, path: str, query: str = "") -> str:
    """The address of a thing in a registry, at the host that serves it; of the workspace's own where none is named."""
    if not registry:
        return f"{workspace.url}/{path}?api-version={API}{query}"
    what = f"find the registry {registry}"
    stated = (
        f"{workspace.cloud.discovery}/registrymanagement/v1.0/registries/{quote(registry)}/discovery?api-version=v1.0"
    )
    place = workspace.handed_on(("registry", registry), lambda: workspace.send("GET", stated, what).json())
    return (
        f"{str(place['primaryRegionResourceProviderUri']).rstrip('/')}/mferp/managementfrontend"
        f"/subscriptions/{place['subscriptionId']}/resourceGroups/{place['resourceGroup']}"
        f"/providers/Microsoft.MachineLearningServices/registries/{registry}/{path}?api-version={REGISTRY_API}{query}"
    )


def find(workspace: Workspace, registry: str, kind: str, name: str, version: str) -> dict[str, Any] | None:
    """A version of a model, component or data asset as the registry, or the workspace, shows it now; or None."""
    place = url(workspace, registry, f"{kind}/{quote(name)}/versions/{quote(version)}")
    return workspace.look(place, f"read {name}:{version} of {_holder(registry)}")


def base_model(workspace: Workspace, registry: str, name: str, version: str) -> BaseModel:
    """A model of a registry; `latest` is resolved. Raises BadInput when it does not exist."""
    found = _get(workspace, registry, "models", name, version)
    stated = found["properties"]
    return BaseModel(
        name=name,
        version=str(found["name"]),
        id=str(found["id"]),
        tags=plain_tags(stated.get("tags")),
        properties=plain_tags(stated.get("properties")),
        # the newer form, and whether it is archived, are what azure-ai-ml 1.35 leaves out of its entity
        system_metadata=dict(stated.get("systemMetadata") or stated.get("system_metadata") or {}),
        archived=bool(stated.get("isArchived")),
    )


def model_names(workspace: Workspace, registry: str) -> list[str]:
    """Every model of a registry that has a version which is not archived, or had one: by name, each once."""
    first = url(workspace, registry, "models", "&listViewType=All")
    listed = bulk.pages(workspace, first, f"list the models of the registry {registry}")
    return sorted({str(item["name"]) for item in listed})


def newest_version(workspace: Workspace, registry: str, name: str) -> str | None:
    """The newest version of a model that is not archived; None where all are."""
    first = url(workspace, registry, f"models/{quote(name)}/versions")
    listed = bulk.pages(workspace, first, f"list the versions of {name} in the registry {registry}")
    return max((str(item["name"]) for item in listed), key=_order, default=None)


def component(workspace: Workspace, registry: str, name: str, version: str) -> Component:
    """A component's interface. Raises BadInput when it does not exist."""
    return _component(_get(workspace, registry, "components", name, version))


def sdk_component(workspace: Workspace, registry: str, component: Component) -> Any:
    """The SDK's own object of a component, for building a job; of the same one, the same.

    It is made of the answer that was read already, as `components.get` of azure-ai-ml 1.35 makes it of its own.
    """

    def read() -> Any:
        with translated(f"read {component.name}, version {component.version}, of {_holder(registry)}"):
            try:
                from azure.ai.ml._restclient.arm_ml_service.models import ComponentVersion
            except ImportError:  # another version of the SDK, which has to read it itself
                client = workspace.registry(registry) if registry else workspace.ml
                found = client.components.get(component.name, version=component.version)
            else:
                from azure.ai.ml.entities import Component as SdkComponent

                shown = deepcopy(_get(workspace, registry, "components", component.name, component.version))
                found = SdkComponent._from_rest_object(ComponentVersion._deserialize(shown, []))
        # The SDK writes the whole graph as YAML for the docstring of a function, unless it has the text: a third of the
        # time that building a job takes.
        found._yaml_str = getattr(found, "_yaml_str", None) or found.id
        return found

    return workspace.remembered(("sdk component", registry, component.name, component.version), read)


def _holder(registry: str) -> str:
    return f"the registry {registry}" if registry else "the workspace"


def other_versions(workspace: Workspace, registry: str, component: Component) -> list[Component]:
    """The newest further versions of a component with their interfaces, newest first; what cannot be read is left out.

    Only asked for to explain an error, so a failure here must not hide that one.
    """
    found: list[Component] = []
    with suppress(MlopsError):
        first, what = (
            url(workspace, registry, f"components/{quote(component.name)}/versions"),
            f"list the versions of {component.name}",
        )
        listed = [str(item["name"]) for item in bulk.pages(workspace, first, what, VERSIONS)]
        wanted = [version for version in sorted(listed, key=_order, reverse=True) if version != component.version]
        found.extend(_component(_get(workspace, registry, "components", component.name, version)) for version in wanted)
    return found


def _order(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in version.split("."))


def _component(found: Mapping[str, Any]) -> Component:
    return of_spec(found["properties"]["componentSpec"], str(found["name"]), str(found["id"]))


def _get(workspace: Workspace, registry: str, kind: str, name: str, version: str) -> dict[str, Any]:
    """A version as the registry shows it; a pinned one never changes, so it is read once."""
    what = f"{name}, version {version}, of {_holder(registry)}"
    key = (registry, kind, name, version)
    stays = workspace.handed_on if registry and version != LATEST else workspace.remembered
    try:
        return stays(key, lambda: _read(workspace, registry, kind, name, version, f"read {what}"))
    except NotFound:
        hint = (
            "archived versions do not count as latest: pin a version"
            if version == LATEST
            else f"see the catalog of {_holder(registry)} for names and versions"
        )
        near = _near(workspace, registry, name) if kind == "models" else ""
        raise BadInput(Problem(f"there is no {what}", "params.yaml", fix=near or hint, key=KEYS[kind])) from None


def _read(workspace: Workspace, registry: str, kind: str, name: str, version: str, what: str) -> dict[str, Any]:
    """One version itself. The latest is the one made last that is not archived, and is listed with less than it has."""
    path = f"{kind}/{quote(name)}/versions"
    if version == LATEST:
        newest = url(workspace, registry, path, "&$orderBy=createdtime%20desc&$top=1")
        listed = workspace.send("GET", newest, what).json().get("value")
        if not listed:
            raise NotFound(Problem(what, why="it has no version that is not archived"))
        version = str(listed[0]["name"])
    return dict(workspace.send("GET", url(workspace, registry, f"{path}/{quote(version)}"), what).json())


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
        import difflib

        near = difflib.get_close_matches(name.lower(), by_lower, n=1)
        return f"perhaps you meant {by_lower[near[0]]}; `mlops models` lists what is offered" if near else ""
    return ""
