"""GPU clusters of the workspace: read and made."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.tags import OWNER_TAG, REPOSITORY_TAG
from mlops.domain.training.checks import Cluster

API = "2023-08-01-preview"
PRIORITIES = {"dedicated": "Dedicated", "low_priority": "LowPriority"}  # our word, which is the SDK's: the service's


def find(workspace: Workspace, name: str) -> Cluster | None:
    """The compute of that name, or None. The SDK's entity leaves out how many nodes are up and why a making failed."""
    found = workspace.look(_url(workspace, name), f"read the compute {name}")
    if found is None:
        return None
    outer, tags = found.get("properties") or {}, plain_tags(found.get("tags"))
    inner = outer.get("properties") or {}
    scale = inner.get("scaleSettings") or {}
    return Cluster(
        name=str(found.get("name") or name),
        type=str(outer.get("computeType") or ""),
        size=str(inner.get("vmSize") or ""),
        state=str(outer.get("provisioningState") or ""),
        max_nodes=int(scale.get("maxNodeCount") or 0),
        min_nodes=int(scale.get("minNodeCount") or 0),
        nodes=int(inner.get("currentNodeCount") or 0),
        low_priority=str(inner.get("vmPriority") or "").lower() == "lowpriority",
        owner=tags.get(OWNER_TAG, ""),
        repository=tags.get(REPOSITORY_TAG, ""),
        errors=_errors([*(outer.get("provisioningErrors") or []), *(inner.get("errors") or [])]),
    )


def create(
    workspace: Workspace,
    name: str,
    size: str,
    *,
    max_nodes: int,
    idle_seconds: int,
    tier: str,
    tags: Mapping[str, str],
) -> None:
    """Ask for a cluster that scales to zero, as the SDK does; whoever asked looks when it is there. Raises Conflict."""
    inner = {
        "vmSize": size,
        "vmPriority": PRIORITIES[tier],
        "scaleSettings": {
            "minNodeCount": 0,
            "maxNodeCount": max_nodes,
            "nodeIdleTimeBeforeScaleDown": iso_duration(idle_seconds),
        },
        "remoteLoginPortPublicAccess": "NotSpecified",
        "enableNodePublicIp": True,
        "osType": "Linux",
    }
    stated = {"computeType": "AmlCompute", "properties": inner, "disableLocalAuth": True}
    body = {"location": workspace.location, "tags": dict(tags), "properties": stated}
    workspace.send("PUT", _url(workspace, name), f"create the cluster {name} of {size}", json=body)


def iso_duration(seconds: int) -> str:
    """A time in the form of ISO 8601, such as PT10M."""
    days, rest = divmod(seconds, 86_400)
    parts = zip((rest // 3600, rest % 3600 // 60, rest % 60), "HMS", strict=True)
    hours = "".join(f"{count}{unit}" for count, unit in parts if count)
    return f"P{f'{days}D' if days else ''}{f'T{hours}' if hours else ''}" if seconds else "P0D"


def _url(workspace: Workspace, name: str) -> str:
    return f"{workspace.url}/computes/{quote(name)}?api-version={API}"


def _errors(found: list[Any]) -> str:
    """Messages of a list of ARM errors, each once."""
    errors = [item.get("error") or item for item in found if isinstance(item, dict)]
    return "; ".join(dict.fromkeys(str(one.get("message") or one.get("code") or "") for one in errors)).strip("; ")
