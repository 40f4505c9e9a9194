"""Data assets of the workspace: the three files of one preparation, uploaded once for each digest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops.azure import at_once, bulk, datastores
from mlops.azure.failures import NotFound, translated
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.tags import RECIPE_TAG
from mlops.errors import RemoteFailed

ROLES = ("train", "validation", "test")
API = "2024-10-01"
KEPT = ("description", "properties", "dataType", "dataUri", "isAnonymous", "isArchived")  # what a PUT repeats
RECIPES = 8  # of 30 characters each, and a space between: they fit into a tag


def asset_name(name: str, role: str) -> str:
    """The data asset of a role: train, validation or test."""
    return f"{name}-{role}"


def find_by_recipe(workspace: Workspace, name: str, recipe: str) -> tuple[str, dict[str, str]] | None:
    """Version and tags of the data that was made from a recipe, if all three files are there."""
    if known := workspace.handed(_made_from(name, recipe)):
        version, every = str(known["version"]), known["tags"]
        for role in ROLES:
            workspace.remember(_seen(asset_name(name, role), version), {"tags": dict(every[role])})
        return version, dict(every["test"])
    path = f"data/{quote(asset_name(name, 'test'))}/versions?api-version={API}&listViewType=ActiveOnly"
    try:
        versions = bulk.listing(workspace, path, f"list the data assets {name}")
    except NotFound:
        return None
    for item in versions:
        version, stated = str(item["name"]), plain_tags(item["properties"].get("tags"))
        if recipe in stated.get(RECIPE_TAG, "").split() and _whole(workspace, name, version):
            others = {role: tags(workspace, asset_name(name, role), version) for role in ROLES if role != "test"}
            workspace.hand_on(_made_from(name, recipe), {"version": version, "tags": {**others, "test": stated}})
            return version, stated
    return None


def _whole(workspace: Workspace, name: str, version: str) -> bool:
    """Whether all files of a version are there; what is there stays, so that is asked once."""
    there = workspace.remembered(("data files", name, version), lambda: {"test"})
    unknown = [role for role in ROLES if role not in there]
    found = at_once.each(lambda role: _get(workspace, asset_name(name, role), version), unknown)
    for role, stated in zip(unknown, found, strict=True):
        if stated is not None:
            there.add(role)
            workspace.remember(_seen(asset_name(name, role), version), stated)
    return len(there) == len(ROLES)


def tags(workspace: Workspace, name: str, version: str) -> dict[str, str] | None:
    """The tags of a data asset as this process saw them first, or None when two looks say that it is gone."""
    known: dict[str, Any] | None = workspace.known(_seen(name, version))
    found = known or _get(workspace, name, version) or _get(workspace, name, version)
    return None if found is None else plain_tags(found.get("tags"))


def hand_on_absence(workspace: Workspace, name: str, recipe: str) -> None:
    """That nothing is made from a recipe yet, for the step of the workflow job that makes it."""
    workspace.hand_on(("not prepared", name, recipe), True)


def is_known_absent(workspace: Workspace, name: str, recipe: str) -> bool:
    """Whether an earlier step found nothing: who then makes it all the same finds what there is by its digest."""
    return workspace.handed(("not prepared", name, recipe)) is True


def _made_from(name: str, recipe: str) -> tuple[str, str, str]:
    return "prepared", name, recipe


def _seen(name: str, version: str) -> tuple[str, str, str]:
    return "data", name, version


def exists(workspace: Workspace, name: str, version: str) -> bool:
    """Whether a data asset has this version."""
    return _get(workspace, name, version) is not None


def upload(
    workspace: Workspace, name: str, version: str, files: Mapping[str, Path], tags: Mapping[str, str]
) -> list[str]:
    """Make the assets that are missing, side by side, and give what was made; those that are there note the recipe."""

    def one(role: str) -> str | None:
        asset = asset_name(name, role)
        if found := _get(workspace, asset, version):
            _note(workspace, asset, version, found, tags.get(RECIPE_TAG, ""))
            return None
        _make(workspace, asset, version, files[role].name, files[role], tags)
        return f"{asset}:{version}"

    made = [name for name in at_once.each(one, ROLES) if name]
    if len(made) == len(ROLES):
        kept = {"version": version, "tags": {role: dict(tags) for role in ROLES}}
        workspace.hand_on(_made_from(name, tags.get(RECIPE_TAG, "")), kept)
    return made


def _note(workspace: Workspace, asset: str, version: str, found: dict[str, Any], recipe: str) -> None:
    """Another recipe made the same files: without its name they would be wanted, and prepared, again and again."""
    stated = plain_tags(found.get("tags"))
    known = stated.get(RECIPE_TAG, "").split()
    if recipe and recipe not in known:
        kept = {key: found[key] for key in KEPT if found.get(key) is not None}
        body = {**kept, "tags": {**stated, RECIPE_TAG: " ".join([recipe, *known][:RECIPES])}}
        what = f"tag the data asset {asset}:{version}"
        workspace.send("PUT", _url(workspace, asset, version), what, json={"properties": body})


def upload_text(workspace: Workspace, asset: str, version: str, text: str, tags: Mapping[str, str]) -> None:
    """Make one version of a data asset that is a file of JSON lines."""
    _make(workspace, asset, version, f"{asset}.jsonl", text.encode("utf-8"), tags)


def _make(
    workspace: Workspace, asset: str, version: str, file: str, content: bytes | Path, tags: Mapping[str, str]
) -> None:
    """One version of a file, as the SDK's `data.create_or_update` leaves it."""
    what = f"upload {asset}:{version}"
    from mlops.azure import uploads  # of `prepare` and `evaluate`; who looks uploads nothing

    address = uploads.file(workspace, file, content, uploads.Asset(asset, version), what)
    if address is None:
        _make_by_sdk(workspace, asset, version, file, content, tags)
        return
    stated = {"isAnonymous": False, "isArchived": False, "properties": {}, "tags": dict(tags)}
    body = {"properties": {**stated, "dataUri": address, "dataType": "uri_file"}}
    workspace.send("PUT", _url(workspace, asset, version), what, json=body)


def _make_by_sdk(
    workspace: Workspace, asset: str, version: str, file: str, content: bytes | Path, tags: Mapping[str, str]
) -> None:
    """The same where the datastore is of another kind, such as a data lake; one at a time."""
    import tempfile

    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Data

    with tempfile.TemporaryDirectory() as folder, workspace.alone("the SDK"), translated(f"upload {asset}:{version}"):
        path = content if isinstance(content, Path) else Path(folder) / file
        if isinstance(content, bytes):
            path.write_bytes(content)
        entity = Data(name=asset, version=version, path=str(path), type=AssetTypes.URI_FILE, tags=dict(tags))
        workspace.ml.data.create_or_update(entity)


def read(workspace: Workspace, name: str, role: str, version: str) -> bytes:
    """The content of one file of a data version. Raises RemoteFailed when it is gone."""
    asset = asset_name(name, role)
    found = _get(workspace, asset, version)
    if found is None:
        raise RemoteFailed(f"the data asset {asset}:{version} is gone")
    content = datastores.read(workspace, str(found["dataUri"]), f"download {asset}:{version}")
    if content is None:
        raise RemoteFailed(f"the file of the data asset {asset}:{version} is gone")
    return content


def _url(workspace: Workspace, name: str, version: str) -> str:
    return f"{workspace.url}/data/{quote(name)}/versions/{quote(version)}?api-version={API}"


def _get(workspace: Workspace, name: str, version: str) -> dict[str, Any] | None:
    """The properties of a version, or None."""
    found = workspace.look(_url(workspace, name, version), f"read the data asset {name}:{version}")
    return None if found is None else dict(found["properties"])
