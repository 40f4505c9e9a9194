"""Models registered in the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops.azure.failures import is_not_found, translated
from mlops.azure.jobs import OUTPUT
from mlops.azure.translate import made_at, plain_tags
from mlops.azure.workspace import Workspace

FINGERPRINT_TAG = "mlops-fingerprint"


@dataclass(frozen=True)
class Registered:
    """A version of a registered model."""

    name: str
    version: str
    id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    registered: datetime | None = None

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
    workspace: Workspace, name: str, version: str, job: str, *, description: str, tags: Mapping[str, str]
) -> Registered:
    """Register the MLflow model that a job made."""
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model

    entity = Model(
        name=name,
        version=version,
        path=f"azureml://jobs/{job}/outputs/{OUTPUT}",
        type=AssetTypes.MLFLOW_MODEL,
        description=description,
        tags=dict(tags),
    )
    with translated(f"register {name}:{version} from {job}"):
        return _registered(workspace.ml.models.create_or_update(entity))


def set_tags(workspace: Workspace, name: str, version: str, tags: Mapping[str, str | None]) -> None:
    """Change tags of a version; a value of None removes one."""
    with translated(f"tag the model {name}:{version}"):
        found = workspace.ml.models.get(name, version=version)
        merged = {**plain_tags(found.tags), **tags}
        found.tags = {key: value for key, value in merged.items() if value is not None}
        workspace.ml.models.create_or_update(found)


def next_version(known: list[Registered]) -> str:
    """One more than the largest number in use."""
    return str(max((int(item.version) for item in known if item.version.isdecimal()), default=0) + 1)


def _registered(item: Any) -> Registered:
    return Registered(str(item.name), str(item.version), str(item.id), plain_tags(item.tags), made_at(item))
