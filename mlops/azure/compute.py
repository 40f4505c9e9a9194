"""GPU clusters and VM sizes of the workspace."""

from dataclasses import dataclass
from typing import Any

from mlops.azure.failures import is_not_found, translated
from mlops.azure.translate import word
from mlops.azure.workspace import Workspace


@dataclass(frozen=True)
class Cluster:
    """A compute target as it is."""

    name: str
    type: str
    size: str
    state: str  # provisioning state
    max_nodes: int


@dataclass(frozen=True)
class Size:
    """A VM size of the region."""

    name: str
    vcpus: int
    gpus: int
    memory_gb: float


def find(workspace: Workspace, name: str) -> Cluster | None:
    """The compute of that name, or None."""
    with translated(f"read the compute {name}"):
        try:
            found = workspace.ml.compute.get(name)
        except Exception as error:
            if is_not_found(error):
                return None
            raise
    return Cluster(
        name=str(found.name),
        type=word(found.type),
        size=str(getattr(found, "size", "") or ""),
        state=word(found.provisioning_state),
        max_nodes=int(getattr(found, "max_instances", 0) or 0),
    )


def create(workspace: Workspace, name: str, size: str, *, max_nodes: int, idle_seconds: int, tier: str) -> None:
    """Make a cluster that scales to zero, and wait for it."""
    from azure.ai.ml.entities import AmlCompute

    cluster = AmlCompute(
        name=name,
        size=size,
        min_instances=0,
        max_instances=max_nodes,
        idle_time_before_scale_down=idle_seconds,
        tier=tier,
    )
    with translated(f"create the cluster {name} of {size}"):
        workspace.ml.compute.begin_create_or_update(cluster).result()


def sizes(workspace: Workspace) -> dict[str, Size]:
    """VM sizes of the region by lower-case name."""
    with translated("list the VM sizes of the region"):
        found = list(workspace.ml.compute.list_sizes(location=workspace.location))
    return {str(item.name).lower(): _size(item) for item in found}


def _size(item: Any) -> Size:
    # The SDK leaves its own attributes empty and puts the values under the names of the wire (1.35: VmSize.as_dict).
    given = {**vars(item)}
    vcpus = given.get("v_cp_us") or given.get("vCPUs") or 0
    memory = given.get("memory_gb") or given.get("memoryGB") or 0
    return Size(str(item.name), int(vcpus), int(given.get("gpus") or 0), float(memory))
