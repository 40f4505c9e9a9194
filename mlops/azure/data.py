"""Data assets of the workspace: the three files of one preparation, uploaded once for each digest."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops.azure.failures import is_not_found, translated
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.tags import RECIPE_TAG
from mlops.errors import RemoteFailed

ROLES = ("train", "validation", "test")


RECIPES = 8  # of 30 characters each, and a space between: they fit into a tag


def asset_name(name: str, role: str) -> str:
    """The data asset of a role: train, validation or test."""
    return f"{name}-{role}"


def find_by_recipe(workspace: Workspace, name: str, recipe: str) -> tuple[str, dict[str, str]] | None:
    """Version and tags of the data that was made from a recipe, if all three files are there."""
    with translated(f"list the data assets {name}"):
        try:
            versions = list(workspace.ml.data.list(name=asset_name(name, "test")))
        except Exception as error:
            if is_not_found(error):
                return None
            raise
    for item in versions:
        stated = plain_tags(item.tags)
        if recipe in stated.get(RECIPE_TAG, "").split() and all(
            exists(workspace, asset_name(name, role), str(item.version)) for role in ROLES
        ):
            return str(item.version), stated
    return None


def tags(workspace: Workspace, name: str, version: str) -> dict[str, str] | None:
    """The tags of a data asset, or None when it is gone."""
    found = _get(workspace, name, version)
    return None if found is None else plain_tags(found.tags)


def exists(workspace: Workspace, name: str, version: str) -> bool:
    """Whether a data asset has this version."""
    return _get(workspace, name, version) is not None


def upload(
    workspace: Workspace, name: str, version: str, files: Mapping[str, Path], tags: Mapping[str, str]
) -> list[str]:
    """Make the assets that are missing, and give what was made; those that are there note the recipe."""
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Data

    made = []
    for role in ROLES:
        asset = asset_name(name, role)
        if found := _get(workspace, asset, version):
            _note(workspace, found, tags.get(RECIPE_TAG, ""))
            continue
        entity = Data(name=asset, version=version, path=str(files[role]), type=AssetTypes.URI_FILE, tags=dict(tags))
        with translated(f"upload {asset}:{version}"):
            workspace.ml.data.create_or_update(entity)
        made.append(f"{asset}:{version}")
    return made


def _note(workspace: Workspace, found: Any, recipe: str) -> None:
    """Another recipe made the same files: without its name they would be wanted, and prepared, again and again."""
    stated = plain_tags(found.tags)
    known = stated.get(RECIPE_TAG, "").split()
    if recipe and recipe not in known:
        found.tags = {**stated, RECIPE_TAG: " ".join([recipe, *known][:RECIPES])}
        with translated(f"tag the data asset {found.name}:{found.version}"):
            workspace.ml.data.create_or_update(found)


def upload_text(workspace: Workspace, asset: str, version: str, text: str, tags: Mapping[str, str]) -> None:
    """Make one version of a data asset that is a file of JSON lines."""
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Data

    with tempfile.TemporaryDirectory() as folder, translated(f"upload {asset}:{version}"):
        file = Path(folder) / f"{asset}.jsonl"
        file.write_text(text, encoding="utf-8")
        entity = Data(name=asset, version=version, path=str(file), type=AssetTypes.URI_FILE, tags=dict(tags))
        workspace.ml.data.create_or_update(entity)


def read(workspace: Workspace, name: str, role: str, version: str) -> bytes:
    """The content of one file of a data version. Raises RemoteFailed when it is gone."""
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    asset = asset_name(name, role)
    found = _get(workspace, asset, version)
    if found is None:
        raise RemoteFailed(f"the data asset {asset}:{version} is gone")
    with tempfile.TemporaryDirectory() as folder, translated(f"download {asset}:{version}"):
        download_artifact_from_aml_uri(
            uri=str(found.path), destination=folder, datastore_operation=workspace.ml.datastores
        )
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        return files[0].read_bytes()


def _get(workspace: Workspace, name: str, version: str) -> Any | None:
    with translated(f"read the data asset {name}:{version}"):
        try:
            return workspace.ml.data.get(name, version=version)
        except Exception as error:
            if is_not_found(error):
                return None
            raise
