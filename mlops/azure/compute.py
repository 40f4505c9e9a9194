"""GPU clusters of the workspace: read and made."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mlops.azure.failures import translated
from mlops.azure.translate import plain_tags
from mlops.azure.workspace import Workspace
from mlops.domain.tags import OWNER_TAG, REPOSITORY_TAG
from mlops.domain.training.checks import Cluster

API = "2023-08-01-preview"


def find(workspace: Workspace, name: str) -> Cluster | None:
    """The compute of that name, or None. The SDK's entity leaves out how many nodes are up and why a making failed."""
    url = f"{workspace.url}/computes/{quote(name)}?api-version={API}"
    found = workspace.look(url, f"read the compute {name}")
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
    """Make a cluster that scales to zero, and wait for it."""
    from azure.ai.ml.entities import AmlCompute

    cluster = AmlCompute(
        name=name,
        size=size,
        min_instances=0,
        max_instances=max_nodes,
        idle_time_before_scale_down=idle_seconds,
        tier=tier,
        tags=dict(tags),
        location=workspace.location,  # else the SDK reads the workspace itself, and believes any answer
    )
    with translated(f"create the cluster {name} of {size}"):
        workspace.ml.compute.begin_create_or_update(cluster).result()


def _errors(found: list[Any]) -> str:
    """Messages of a list of ARM errors, each once."""
    errors = [item.get("error") or item for item in found if isinstance(item, dict)]
    return "; ".join(dict.fromkeys(str(one.get("message") or one.get("code") or "") for one in errors)).strip("; ")
