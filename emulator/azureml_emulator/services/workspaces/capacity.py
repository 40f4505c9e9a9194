"""A region's VM sizes, and vCPU usage and quota by family.

It must not know a cluster. Source: Microsoft.MachineLearningServices locations/{vmSizes,usages,quotas} (ARM).
"""

from typing import Any

from azureml_emulator.catalog import sizes
from azureml_emulator.core import arm
from azureml_emulator.core.errors import ServiceError, bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.workspaces import quota
from azureml_emulator.services.workspaces.compute_resource import ComputeType


def vm_sizes(request: Request, emulator: Emulator) -> Reply:
    """GET the VM sizes of a location."""
    return Reply(200, {"value": [_show_size(size) for size in sizes.every()]})


def usages(request: Request, emulator: Emulator) -> Reply:
    """GET vCPU use by family, and the total of the region."""
    rows = [
        _usage(request, "usages", family, quota.used(emulator, family), quota.limit(emulator, family))
        for family in sizes.limits()
    ]
    return arm.page(request, [*rows, *_totals(request, emulator, rows)], lambda row: row)


def quotas(request: Request, emulator: Emulator) -> Reply:
    """GET the quota of each family."""
    rows = [_usage(request, "quotas", family, 0, quota.limit(emulator, family)) for family in sizes.limits()]
    return arm.page(request, rows, lambda row: {key: value for key, value in row.items() if key != "currentValue"})


def set_quota(request: Request, emulator: Emulator) -> Reply:
    """PUT {"limit": N} on the control surface: the vCPU quota of a family, or of a tier (`quota.TOTALS`)."""
    wanted = request.json().get("limit")
    known = {family.lower(): family for family in (*sizes.limits(), *quota.TOTALS)}
    family = known.get(request.params["family"].lower())
    if family is None:
        raise ServiceError(
            404, "UnknownFamily", f"No VM family {request.params['family']}; one of {', '.join(known.values())}."
        )
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 0:
        raise bad_request("limit must be a number of vCPUs, 0 or more.")
    quota.set_limit(emulator, family, wanted)
    return Reply(200, {"family": family, "limit": wanted})


def _show_size(size: sizes.Size) -> Json:
    return {
        "name": size.name,
        "family": size.family,
        "vCPUs": size.vcpus,
        "gpus": size.gpus,
        "osVhdSizeMB": 1047552,
        "maxResourceVolumeMB": size.disk * 1024,
        "memoryGB": size.memory,
        "lowPriorityCapable": size.low_priority,
        "premiumIO": True,
        "supportedComputeTypes": [ComputeType.CLUSTER, ComputeType.INSTANCE],
    }


def _usage(request: Request, kind: str, family: str, value: int, limit: int) -> Json:
    p = request.params
    scope = f"/subscriptions/{p['sub']}/providers/{arm.PROVIDER}/locations/{p['location']}/{kind}/{family}"
    return {
        "id": scope,
        "amlWorkspaceLocation": p["location"],
        "type": f"{arm.PROVIDER}/{kind}",
        "unit": "Count",
        "currentValue": value,
        "limit": limit,
        "name": {"value": family, "localizedValue": f"{family} Cluster Dedicated vCPUs"},
    }


def _totals(request: Request, emulator: Emulator, rows: list[dict[str, Any]]) -> list[Json]:
    """The quotas of the region: dedicated machines of all families, and low-priority ones, which have no other."""
    values = {
        quota.DEDICATED: sum(row["currentValue"] for row in rows),
        quota.LOW_PRIORITY: quota.used_at_low_priority(emulator),
    }
    named = {quota.DEDICATED: "Dedicated", quota.LOW_PRIORITY: "LowPriority"}
    found = []
    for key, value in values.items():
        text = f"Total Cluster {named[key]} Regional vCPUs"
        whole = _usage(request, "usages", key, value, quota.total(emulator, key))
        found.append({**whole, "name": {"value": text, "localizedValue": text}})
    return found
