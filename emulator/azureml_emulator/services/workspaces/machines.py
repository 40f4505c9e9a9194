"""What a cluster or a compute instance must be: its size, its scale and the quota that it needs.

Source: the refusals of Microsoft.MachineLearningServices workspaces/computes (ARM).
"""

import re
from datetime import timedelta

from azureml_emulator.catalog import sizes
from azureml_emulator.core.errors import ServiceError, error_object
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.workspaces import quota
from azureml_emulator.services.workspaces.compute_resource import Compute, Priority

DEFAULT_IDLE = "PT120S"
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def cluster(emulator: Emulator, stated: Json, before: Compute | None) -> Json:
    """The inner properties of a cluster, checked and completed."""
    wanted = stated.get("properties") or {}
    size = sizes.find(str(wanted.get("vmSize", "")))
    if size is None:
        raise _unknown_size(str(wanted.get("vmSize")))
    scale = {"minNodeCount": 0, "maxNodeCount": 1, **_given(wanted.get("scaleSettings"))}
    scale["nodeIdleTimeBeforeScaleDown"] = scale.get("nodeIdleTimeBeforeScaleDown") or DEFAULT_IDLE
    least, most = int(scale["minNodeCount"]), int(scale["maxNodeCount"])
    if least < 0 or most < 0 or least > most:
        text = f"The scale settings are not valid: minNodeCount {least} must be between 0 and maxNodeCount {most}."
        raise invalid("InvalidPropertyValue", text, "scaleSettings")
    if _seconds(str(scale["nodeIdleTimeBeforeScaleDown"])) is None:
        text = f"nodeIdleTimeBeforeScaleDown {scale['nodeIdleTimeBeforeScaleDown']!r} is not an ISO 8601 duration."
        raise invalid("InvalidPropertyValue", text, "scaleSettings.nodeIdleTimeBeforeScaleDown")
    priority = str(wanted.get("vmPriority") or Priority.DEDICATED)
    if priority not in list(Priority) or (priority == Priority.LOW and not size.low_priority):
        raise invalid(
            "InvalidPropertyValue", f"The VM priority {priority} is not offered for {size.name}.", "vmPriority"
        )
    if before and before.size != size:
        raise invalid(
            "InvalidPropertyUpdate", "The property vmSize of an existing cluster cannot be changed.", "vmSize"
        )
    _check_quota(emulator, size, least, most, low_priority=priority == Priority.LOW)
    common = {
        "osType": "Linux",
        "remoteLoginPortPublicAccess": "NotSpecified",
        "isolatedNetwork": False,
        "subnet": None,
        "virtualMachineImage": None,
        "enableBatchPrivateLink": False,
        "propertyBag": {},
    }
    return {**common, **_given(wanted), "vmSize": size.name.upper(), "vmPriority": priority, "scaleSettings": scale}


def instance(stated: Json) -> Json:
    """The inner properties of a compute instance, checked and completed."""
    wanted = stated.get("properties") or {}
    size = sizes.find(str(wanted.get("vmSize", "")))
    if size is None:
        raise _unknown_size(str(wanted.get("vmSize")))
    common = {
        "applicationSharingPolicy": "Shared",
        "sshSettings": {"sshPublicAccess": "Disabled"},
        "enableNodePublicIp": True,
    }
    return {**common, **_given(wanted), "vmSize": size.name.upper(), "state": "Running", "errors": []}


def check_attached(stated: Json) -> None:
    """Raises the 400 for an attached compute that does not say what it is; nothing is reached there."""
    if not stated.get("resourceId"):
        raise invalid("MissingProperty", "The property resourceId of an attached compute is required.", "resourceId")


def _check_quota(emulator: Emulator, size: sizes.Size, least: int, most: int, *, low_priority: bool) -> None:
    """A cluster must be able to have its least number of nodes, and one at all."""
    nodes = max(least, 1) if most else 0
    family = "low-priority" if low_priority else size.family
    limit = quota.total(emulator, quota.LOW_PRIORITY) if low_priority else quota.limit(emulator, size.family)
    if size.vcpus * nodes > limit:
        raise invalid(
            "ClusterMinNodesExceedCoreQuota",
            f"The specified subscription has a {family} vCPU quota of {limit} and cannot "
            f"accomodate for at least {nodes} requested managed compute node which maps to {size.vcpus * nodes} vCPUs.",
            "vmSize",
        )


def invalid(code: str, text: str, target: str) -> ServiceError:
    """The 400 of a property that is not valid."""
    return ServiceError(
        400, "BadRequest", "The request is invalid.", target=target, details=[error_object(code, text, target)]
    )


def _unknown_size(name: str) -> ServiceError:
    text = (
        f"The specified value {name} for property Cluster.Properties.VMSize is not a supported VM size. "
        "See additional details for supported VM sizes."
    )
    every = ",".join(size.name.upper() for size in sizes.every())
    detail = error_object("InvalidPropertyValue", text, "vmSize", [error_object("SupportedVMSizes", every)])
    return ServiceError(400, "BadRequest", "The request is invalid.", target="vmSize", details=[detail])


def _given(stated: Json | None) -> Json:
    return {key: value for key, value in (stated or {}).items() if value is not None}


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    if not match or text in ("P", "PT"):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
