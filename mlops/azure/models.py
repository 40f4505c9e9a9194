"""Models registered in the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import quote

from mlops.azure import bulk
from mlops.azure.agree import agreed
from mlops.azure.failures import NotFound, Transient, not_azure
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.moments import parse_date
from mlops.domain.registry.registration import KnownVersion
from mlops.domain.tags import DECISIONS, FINGERPRINT_TAG
from mlops.errors import MlopsError

API = "2024-10-01"
# What a PUT says of a version beside its tags, as the SDK's does: the service takes away what is left out.
KEPT = ("description", "properties", "flavors", "modelType", "modelUri", "stage", "isAnonymous", "isArchived")


@dataclass(frozen=True)
class Registered:
    """A version of a registered model."""

    name: str
    version: str
    id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    registered: datetime | None = None
    job: str = ""
    archived: bool = False

    @property
    def label(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"


def versions(workspace: Workspace, name: str, *, archived: bool = False) -> list[Registered]:
    """Every version, newest first as the service lists them; those that were archived only when asked for."""
    path = f"models/{quote(name)}/versions?api-version={API}&listViewType={'All' if archived else 'ActiveOnly'}"
    try:
        found = [_registered(name, item) for item in bulk.listing(workspace, path, f"list the versions of {name}")]
    except NotFound:
        found = []
    if archived:
        workspace.remember(("versions", name), found)
    return found


def seen_versions(workspace: Workspace, name: str) -> list[Registered]:
    """Every version, archived ones too, as this process listed them last; for who tells of them and changes nothing."""
    with workspace.alone(("versions", name)):
        known: list[Registered] | None = workspace.known(("versions", name))
        return versions(workspace, name, archived=True) if known is None else list(known)


def find(workspace: Workspace, name: str, version: str) -> Registered | None:
    """One version, or None."""
    found = workspace.look(_url(workspace, name, version), f"read the model {name}:{version}")
    return None if found is None else _registered(name, found)


def shown(workspace: Workspace, name: str, version: str) -> Registered | None:
    """One version as this process listed it, else as `find`; for who tells of it and changes nothing."""
    listed: list[Registered] = workspace.known(("versions", name)) or []
    return next((one for one in listed if one.version == version), None) or find(workspace, name, version)


def register(
    workspace: Workspace, name: str, version: str, path: str, *, description: str, tags: Mapping[str, str]
) -> Registered:
    """Register the MLflow model at an address, such as the output of a job, as the SDK's `create_or_update` does."""
    stated = {
        "description": description,
        "tags": dict(tags),
        "properties": {},
        "modelType": "mlflow_model",
        "modelUri": path,
        "isAnonymous": False,
        "isArchived": False,
    }
    what, url = f"register {name}:{version} from {path}", _url(workspace, name, version)
    made = workspace.send("PUT", url, what, json={"properties": stated}).json()
    workspace.remember(_written(name, version), dict(tags))
    return _registered(name, made)


@dataclass(frozen=True)
class ModelVersions:
    """The versions of one model, as `mlops.domain.registry.registration` needs them.

    The service keeps a version's path for ever, so of two processes that want the same number one is refused.
    """

    workspace: Workspace
    name: str
    path: str
    description: str
    tags: Mapping[str, str]
    listed: dict[str, Registered] = field(default_factory=dict)  # as the last look showed them
    seen: list[list[Registered]] = field(default_factory=list)  # a look that was made before, and counts as the first

    def known(self) -> list[KnownVersion]:
        """Every version, archived ones too. What it lacks is found by `put`, for who made it has its number."""
        found = self.seen.pop() if self.seen else versions(self.workspace, self.name, archived=True)
        self.listed.clear()
        self.listed.update((item.version, item) for item in found)
        return [KnownVersion(item.version, item.tags.get(FINGERPRINT_TAG, "")) for item in found]

    def put(self, version: str) -> bool:
        """Make a version; False when somebody else has it."""
        if find(self.workspace, self.name, version):  # so that a version is never written over on purpose
            return False
        try:
            register(self.workspace, self.name, version, self.path, description=self.description, tags=self.tags)
        except MlopsError:
            if find(self.workspace, self.name, version) is None:
                raise
            return False
        return True


def set_tags(
    workspace: Workspace,
    name: str,
    version: str,
    tags: Mapping[str, str | None],
    seen: Mapping[str, str] | None = None,
    *,
    if_other: bool = False,
) -> None:
    """Change tags of a version; a value of None removes one. What people decided is told in its model card, too.

    One read is enough where it shows the tags that this process has just written, or those that it has just `seen`,
    else two have to agree. `if_other`: nothing is written where they are as wanted already. Raises NotFound.
    """
    what, url = f"tag the model {name}:{version}", _url(workspace, name, version)

    def look() -> dict[str, Any]:
        return dict(workspace.send("GET", url, what).json()["properties"])

    before, written = look(), workspace.known(_written(name, version))
    if plain_tags(before.get("tags")) != (seen if written is None else written):
        answers = chain([before], iter(look, ...))  # the one that is there already, and then new ones
        before = agreed(lambda: next(answers), what)
    stated = plain_tags(before.get("tags"))
    if if_other and all(stated.get(tag) == value for tag, value in tags.items()):
        return
    merged = {**stated, **tags}
    kept = {key: before[key] for key in KEPT if before.get(key) is not None}
    left = {key: value for key, value in merged.items() if value is not None}
    if "description" in kept and any(name.startswith(DECISIONS) for name in tags):
        from mlops.domain.registry import model_card

        kept["description"] = model_card.with_decisions(kept["description"], left)
    body = {**kept, "tags": left}
    told = workspace.send("PUT", url, what, json={"properties": body}).json()
    kept_there = plain_tags(told.get("properties", {}).get("tags")) if isinstance(told, dict) else {}
    if any(kept_there.get(tag) != value for tag, value in tags.items()):
        raise Transient(not_azure(what, "it does not show the tags that were written"))
    workspace.remember(_written(name, version), left)


def _written(name: str, version: str) -> tuple[str, str, str]:
    return "tags written", name, version


def _url(workspace: Workspace, name: str, version: str) -> str:
    return f"{workspace.url}/models/{quote(name)}/versions/{quote(version)}?api-version={API}"


def _registered(name: str, item: dict[str, Any]) -> Registered:
    stated, made = item["properties"], item.get("systemData") or {}
    return Registered(
        name,
        str(item["name"]),
        str(item["id"]),
        plain_tags(stated.get("tags")),
        parse_date(made.get("createdAt")),
        str(stated.get("jobName") or ""),
        bool(stated.get("isArchived")),
    )
