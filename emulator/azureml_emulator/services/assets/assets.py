"""What versioned assets share: containers, versions, listing, labels, archiving, immutability.

It must not know what one kind of asset is; `Assets` is told by its fields and by the hook `prepare`.
Source: Microsoft.MachineLearningServices workspaces/{data,models,codes,environments,components} (ARM).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from azureml_emulator.core import arm
from azureml_emulator.core.errors import ServiceError, bad_request, error_object
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import NOT_STATED, AssetContainer, Version
from azureml_emulator.services.workspaces import scope

NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9\-_.]{0,254}")
_VERSION = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9\-_.]*")
_SHARED: Json = {"description": None, "tags": {}, "properties": {}, "isArchived": False}
DEFAULT_VERSION = "azureml_default"  # what the SDK asks for when a program names no version of a component
STATED_ITSELF = "_stated"  # of a container that somebody PUT, and not only one of its versions
PATHS_ARE_FIXED = "Asset paths cannot be updated."  # the SDK compares with this very sentence


@dataclass(frozen=True)
class Draft:
    """A version about to be kept: what is asked for, on top of what it has already (`before`, None for a new one)."""

    emulator: Emulator
    workspace: Resource
    name: str
    version: str
    properties: Json
    before: Json | None


class Assets:
    """The handlers of one kind of asset."""

    plural = ""  # as in the path
    word = ""  # as in messages
    uri = ""  # the property that says where the content is
    fixed: ClassVar[tuple[str, ...]] = ()  # properties that a version keeps for ever
    empty: ClassVar[Json] = {}  # properties that a version shows though nobody set them
    longest_version = 255
    containers_have_a_state = True  # recorded of environments, components and models in 2026

    def prepare(self, draft: Draft) -> Json:
        """The properties of a version to keep, checked and completed."""
        return draft.properties

    def of_container(self, properties: Json) -> Json:
        """What a container inherits from its first version."""
        return {}

    def scope(self, request: Request, emulator: Emulator) -> Resource:
        """What holds the assets that a route is about: the workspace, or for a subclass a registry."""
        return scope.require(request, emulator)

    def list_containers(self, request: Request, emulator: Emulator) -> Reply:
        """GET the containers that are not anonymous, newest first."""
        workspace = self.scope(request, emulator)
        found = emulator.store.children(workspace.id, self.plural, newest_first=True, after=arm.after(request))
        chosen = (item for item in _viewed(request, found) if not AssetContainer.read(item).is_anonymous)
        return arm.stored_page(request, chosen, lambda item: self.show_container(emulator, item))

    def get_container(self, request: Request, emulator: Emulator) -> Reply:
        """GET one container with its latest and next version."""
        return Reply(200, self.show_container(emulator, self._container(request, emulator)))

    def put_container(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a container: description, tags, properties, archived or not."""
        workspace = self.scope(request, emulator)
        before = emulator.store.get(self._id(workspace, request.params["name"]))
        stated = request.json().get("properties") or {}
        made = self.keep_container(emulator, workspace, request.params["name"], stated, stated_itself=True)
        return Reply(200 if before else 201, self.show_container(emulator, made))

    def delete_container(self, request: Request, emulator: Emulator) -> Reply:
        """DELETE a container and its versions."""
        workspace = self.scope(request, emulator)
        found = emulator.store.get(self._id(workspace, request.params["name"]))
        if found is None:
            return Reply(204)
        emulator.store.delete(found.id)
        return Reply(200)

    def list_versions(self, request: Request, emulator: Emulator) -> Reply:
        """GET versions, newest first unless `$orderBy` says otherwise. A name that is not there has none."""
        workspace = self.scope(request, emulator)
        newest_first = "asc" not in request.query.get("$orderBy", "createdtime desc")
        base = self._id(workspace, request.params["name"])
        kind = f"{self.plural}/versions"
        found = emulator.store.children(base, kind, newest_first=newest_first, after=arm.after(request))
        return arm.stored_page(request, selected(request, found), self.show)

    def get_version(self, request: Request, emulator: Emulator) -> Reply:
        """GET one version."""
        workspace = self.scope(request, emulator)
        name, version = request.params["name"], request.params["version"]
        found = self.find(emulator, workspace, name, version)
        if found is None:
            raise self.missing(name, version)
        return Reply(200, self.show(found))

    def get_label(self, request: Request, emulator: Emulator) -> Reply:
        """GET what a label stands for; only `latest` is managed."""
        workspace = self.scope(request, emulator)
        name, label = request.params["name"], request.params["label"]
        found = self.latest(emulator, workspace, name) if label == "latest" else None
        if found is None:
            raise self.missing(name, label)
        return Reply(200, self.show(found))

    def put_version(self, request: Request, emulator: Emulator) -> Reply:
        """PUT a version, and its container when it is the first. Raises 400 for what it may not be or become."""
        workspace = self.scope(request, emulator)
        name, version = request.params["name"], request.params["version"]
        before = self.find(emulator, workspace, name, version)
        made = self.create(emulator, workspace, name, version, request.json().get("properties") or {})
        return Reply(200 if before else 201, self.show(made))

    def delete_version(self, request: Request, emulator: Emulator) -> Reply:
        """DELETE a version."""
        workspace = self.scope(request, emulator)
        found = self.find(emulator, workspace, request.params["name"], request.params["version"])
        if found is None:
            return Reply(204)
        emulator.store.delete(found.id)
        return Reply(200)

    def create(self, emulator: Emulator, workspace: Resource, name: str, version: str, stated: Json) -> Resource:
        """Create or change a version; also for jobs that register their outputs. Raises 400 as `put_version` does."""
        self._check_names(name, version)
        before = self.find(emulator, workspace, name, version)
        old: Json = Version.read(before).stated if before else {}
        wanted = {key: value for key, value in stated.items() if value is not None or key not in old}
        prepared = self.prepare(Draft(emulator, workspace, name, version, {**old, **wanted}, old or None))
        changed = [key for key in self.fixed if before and prepared.get(key) != old.get(key)]
        if changed:
            raise self.immutable(name, version, changed[0])
        properties = {**_SHARED, "isAnonymous": False, **self.empty, **prepared}
        for key, value in _SHARED.items():
            properties[key] = value if properties[key] is None else properties[key]
        inherited = {**self.of_container(properties), **({"isAnonymous": True} if properties["isAnonymous"] else {})}
        container = self.keep_container(emulator, workspace, name, inherited)
        body = {"properties": properties, "systemData": arm.system_data(emulator.clock, before)}
        id = f"{container.id}/versions/{version}"
        return emulator.store.put(id, body, parent=container.id, kind=f"{self.plural}/versions", name=version)

    def find(self, emulator: Emulator, workspace: Resource, name: str, version: str) -> Resource | None:
        """A version by name and number, archived or not."""
        return emulator.store.get(f"{self._id(workspace, name)}/versions/{version}")

    def latest(self, emulator: Emulator, workspace: Resource, name: str) -> Resource | None:
        """The version created last that is not archived."""
        found = emulator.store.children(self._id(workspace, name), f"{self.plural}/versions", newest_first=True)
        return next((item for item in found if not Version.read(item).is_archived), None)

    def next_version(self, emulator: Emulator, workspace: Resource, name: str) -> str:
        """One more than the highest version that is a number."""
        return _after(emulator.store.names(self._id(workspace, name), f"{self.plural}/versions"))

    def show(self, resource: Resource) -> Json:
        """A version as it is answered."""
        return arm.envelope(resource, f"workspaces/{self.plural}/versions")

    def show_container(self, emulator: Emulator, resource: Resource) -> Json:
        """A container as it is answered: with its latest and next version."""
        shown = arm.envelope(resource, f"workspaces/{self.plural}")
        kind = f"{self.plural}/versions"
        names = emulator.store.names(resource.id, kind)
        newest = emulator.store.children(resource.id, kind, newest_first=True)
        active = (item.name for item in newest if not Version.read(item).is_archived)
        extra = {"latestVersion": next(active, names[-1] if names else None), "nextVersion": _after(names)}
        extra |= {"provisioningState": "Succeeded"} if self.containers_have_a_state else {}
        return {**shown, "properties": {**AssetContainer.read(resource).visible, **extra}}

    def immutable(self, name: str, version: str, changed: str) -> ServiceError:
        """What answers a change of what a version keeps for ever."""
        return ServiceError(400, "UserError", PATHS_ARE_FIXED, target=changed)

    def missing(self, name: str, version: str = "") -> ServiceError:
        """The 404 for an asset that is not there."""
        wanted = f"{name}:{version}" if version else name
        text = "The specified resource was not found."
        detail = error_object(
            f"{self.word.title()}NotFound", f"{self.word.title()} {wanted} was not found in the workspace."
        )
        return ServiceError(404, "UserError", text, details=[detail])

    def _container(self, request: Request, emulator: Emulator) -> Resource:
        workspace = self.scope(request, emulator)
        found = emulator.store.get(self._id(workspace, request.params["name"]))
        if found is None:
            raise self.missing(request.params["name"])
        return found

    def keep_container(
        self, emulator: Emulator, workspace: Resource, name: str, stated: Json, *, stated_itself: bool = False
    ) -> Resource:
        """Make a container or change what is stated of it: by itself, or by the way of one of its versions."""
        self._check_names(name)
        id = self._id(workspace, name)
        before = emulator.store.get(id)
        old = AssetContainer.read(before).stated if before else _SHARED
        stated = {key: value for key, value in stated.items() if key not in NOT_STATED and value is not None}
        body: Json = {"properties": {**old, **stated}, "systemData": arm.system_data(emulator.clock, before)}
        if stated_itself or (before and before.body.get(STATED_ITSELF)):
            body[STATED_ITSELF] = True
        return emulator.store.put(id, body, parent=workspace.id, kind=self.plural, name=name)

    def _check_names(self, name: str, version: str = "1") -> None:
        if not NAME.fullmatch(name):
            raise bad_request(
                f"Invalid {self.word} name {name!r}: it must begin with a letter, digit or underscore, have at most "
                "255 characters and hold only letters, digits, '-', '_' and '.'.",
                code="UserError",
                target="name",
            )
        if not _VERSION.fullmatch(version) or len(version) > self.longest_version:
            raise bad_request(
                f"Invalid {self.word} version {version!r}: at most {self.longest_version} characters, and only "
                "letters, digits, '-', '_' and '.'.",
                code="UserError",
                target="version",
            )

    def _id(self, workspace: Resource, name: str) -> str:
        return f"{workspace.id}/{self.plural}/{name}"


def _after(names: Iterable[str]) -> str:
    """One more than the highest that is a number."""
    return str(max((int(name) for name in names if name.isdecimal()), default=0) + 1)


def selected(request: Request, found: Iterable[Resource]) -> Iterator[Resource]:
    """The versions that the query of a listing asks for: view type, tags, properties, version, stage, hash."""
    query = request.query
    return (item for item in _viewed(request, found) if _fits(query, Version.read(item)))


def _fits(query: dict[str, str], found: Version) -> bool:
    asked = ((found.tags, query.get("tags") or query.get("$tags")), (found.labels, query.get("properties")))
    pairs = [(there, *pair.partition("=")) for there, text in asked for pair in (text or "").split(",") if pair]
    return (
        all(_has(there, key, value if has_value else None) for there, key, has_value, value in pairs if key)
        and query.get("version") in (None, "", found.name)
        and query.get("stage") in (None, "", found.stage)
        and query.get("hash") in (None, "", found.content)
        and query.get("description", "") in (found.description or "")
    )


def _has(pairs: dict[str, Any], key: str, value: str | None) -> bool:
    return key in pairs and (value is None or str(pairs[key]) == value)


def view_of(request: Request) -> str:
    """The listing's view: activeonly (the default), archivedonly or all. Raises 400 for another.

    azure-ai-ml 1.35 sends a registry the name of its enum's member, `ListViewType.ALL`; that is understood too.
    """
    stated = request.query.get("listViewType") or "ActiveOnly"
    view = stated.rsplit(".", maxsplit=1)[-1].replace("_", "").lower()
    if view not in ("activeonly", "archivedonly", "all"):
        raise bad_request(
            f"The value '{stated}' is not valid for listViewType.", code="UserError", target="listViewType"
        )
    return view


def _viewed(request: Request, found: Iterable[Resource]) -> Iterator[Resource]:
    view = view_of(request)
    return (item for item in found if view == "all" or Version.read(item).is_archived == (view == "archivedonly"))
