"""VM sizes of a region with their family, and the vCPU quota of a family, read from ARM.

It must not judge. The SDK's own size objects lack the family, without which no quota can be found.
"""

from typing import Any

from mlops.azure.workspace import Workspace
from mlops.domain.machines import Machine, Quota

API = "2024-10-01"


def sizes(workspace: Workspace) -> frozenset[str]:
    """The names of the region's sizes, in lower case."""
    return frozenset(str(one.get("name")).lower() for one in _sizes(workspace))


def machine(workspace: Workspace, name: str) -> Machine | None:
    """A size of the region, whatever the case of its name; None when the region has none of that name."""
    item = next((one for one in _sizes(workspace) if str(one.get("name")).lower() == name.lower()), None)
    if item is None:
        return None
    return Machine(
        name=str(item["name"]),
        family=str(item.get("family") or ""),
        vcpus=int(item.get("vCPUs") or 0),
        gpus=int(item.get("gpus") or 0),
        memory_gb=float(item.get("memoryGB") or 0),
        disk_gb=float(item.get("maxResourceVolumeMB") or 0) / 1024,
        low_priority=bool(item.get("lowPriorityCapable", True)),
    )


def quota(workspace: Workspace, family: str) -> Quota | None:
    """Use and limit of a family; None when the region lists no such family."""
    return quotas(workspace).get(family.lower())


def quotas(workspace: Workspace) -> dict[str, Quota]:
    """Every quota of the region by its name and by what people call it, in lower case without blanks."""
    found: dict[str, Quota] = {}
    url: str | None = _url(workspace, "usages")
    while url:
        page = workspace.send("GET", url, "read the quota of the region").json()
        for item in page.get("value", []):
            named, one = item.get("name") or {}, Quota(int(item.get("currentValue") or 0), int(item.get("limit") or 0))
            for key in ("value", "localizedValue"):
                if text := str(named.get(key) or ""):
                    found.setdefault("".join(text.lower().split()), one)
        url = page.get("nextLink")
    return found


def _sizes(workspace: Workspace) -> list[dict[str, Any]]:
    what = "list the VM sizes of the region"
    return workspace.handed_on(
        ("sizes", workspace.location),
        lambda: list(workspace.send("GET", _url(workspace, "vmSizes"), what).json()["value"]),
    )


def _url(workspace: Workspace, what: str) -> str:
    scope = f"/subscriptions/{workspace.subscription_id}/providers/Microsoft.MachineLearningServices"
    return f"{workspace.cloud.arm}{scope}/locations/{workspace.location}/{what}?api-version={API}"
