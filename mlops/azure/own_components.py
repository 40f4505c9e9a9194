"""Components that a team registers in its workspace, from YAML files of its repository."""

from collections.abc import Mapping
from pathlib import Path

from mlops.azure.failures import translated
from mlops.azure.registry import find
from mlops.azure.workspace import Workspace
from mlops.domain.training.parameters import Component


def register(workspace: Workspace, component: Component, file: Path, tags: Mapping[str, str]) -> bool:
    """Register this version, with its code, where it is not there; whether it was made now."""
    if find(workspace, "", "components", component.name, component.version):
        return False
    from azure.ai.ml import load_component

    with translated(f"register the component {component.name}:{component.version}"):
        found = load_component(source=file)
        found.version, found.tags = component.version, {**(found.tags or {}), **tags}
        workspace.ml.components.create_or_update(found, version=component.version)
    return True
