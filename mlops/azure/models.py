"""Models registered in the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops.azure.agree import agreed
from mlops.azure.failures import is_not_found, translated
from mlops.azure.translate import made_at, plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.registry.registration import KnownVersion
from mlops.domain.tags import FINGERPRINT_TAG
from mlops.errors import MlopsError


@dataclass(frozen=True)
class Registered:
    """A version of a registered model."""

    name: str
    version: str
    id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    registered: datetime | None = None
    job: str = ""

    @property
    def label(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"


def versions(workspace: Workspace, name: str, *, archived: bool = False) -> list[Registered]:
    """Every version, newest first as the service lists them; those that were archived only when asked for."""
    from azure.ai.ml.constants import ListViewType

    view = ListViewType.ALL if archived else ListViewType.ACTIVE_ONLY
    with translated(f"list the versions of {name}"):
        try:
            return [_registered(item) for item in workspace.ml.models.list(name=name, list_view_type=view)]
        except Exception as error:
            if is_not_found(error):
                return []
            raise


def find(workspace: Workspace, name: str, version: str) -> Registered | None:
    """One version, or None."""
    with translated(f"read the model {name}:{version}"):
        try:
            return _registered(workspace.ml.models.get(name, version=version))
        except Exception as error:
            if is_not_found(error):
                return None
            raise


def register(
    workspace: Workspace, name: str, version: str, path: str, *, description: str, tags: Mapping[str, str]
) -> Registered:
    """Register the MLflow model at a path, such as the output of a job."""
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model

    entity = Model(
        name=name,
        version=version,
        path=path,
        type=AssetTypes.MLFLOW_MODEL,
        description=description,
        tags=dict(tags),
    )
    with translated(f"register {name}:{version} from {path}"):
        return _registered(workspace.ml.models.create_or_update(entity))


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

    def known(self) -> list[KnownVersion]:
        """Every version, archived ones too."""
        found = versions(self.workspace, self.name, archived=True)
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


def set_tags(workspace: Workspace, name: str, version: str, tags: Mapping[str, str | None]) -> None:
    """Change tags of a version; a value of None removes one."""
    what, seen = f"tag the model {name}:{version}", []

    def look() -> dict[str, str]:
        seen.append(workspace.ml.models.get(name, version=version))
        return plain_tags(seen[-1].tags)

    with translated(what):
        merged = {**agreed(look, what), **tags}
        found = seen[-1]
        found.tags = {key: value for key, value in merged.items() if value is not None}
        workspace.ml.models.create_or_update(found)


def _registered(item: Any) -> Registered:
    made_by = str(item.job_name or "")
    return Registered(str(item.name), str(item.version), str(item.id), plain_tags(item.tags), made_at(item), made_by)
