"""Online endpoints whose deployments stand on an attached Kubernetes cluster.

They serve as managed ones do; nothing is reached on the cluster, so its capacity and its instance types are not
checked. It must not hold what managed endpoints have too (`endpoints`, `deployments`).
Source: Microsoft.MachineLearningServices KubernetesOnlineDeployment, and Azure ML's documentation of extension
deployments for Kubernetes.
"""

from typing import Any

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces.compute_resource import Compute

TYPE = "Kubernetes"
DEFAULT_INSTANCE_TYPE = "defaultinstancetype"  # what the cluster's extension makes
_SHARES = ("cpu", "memory", "gpu")


def cluster(emulator: Emulator, workspace: Resource, stated: Any) -> str | None:
    """The id of the cluster that an endpoint names; None if it is managed. Raises 400 for what is no such cluster."""
    if not stated:
        return None
    name = str(stated).rstrip("/").rpartition("/")[2]
    found = emulator.store.get(f"{workspace.id}/computes/{name}")
    if found is None:
        raise bad_request(f"The compute {name} was not found.", code="BadArgument", target="compute")
    kind = Compute.read(found).type
    if not kind.takes_endpoints:
        text = f"An online endpoint stands on an attached {TYPE} cluster; the compute {name} is of type {kind}."
        raise bad_request(text, code="BadArgument", target="compute")
    return found.id


def checked_type(name: str, compute: str | None, stated: Json) -> str:
    """The compute type of a deployment, which its endpoint's decides. Raises 400 where another is stated."""
    has, wanted = TYPE if compute else "Managed", str(stated.get("endpointComputeType") or "Managed")
    if has != wanted:
        text = f"The endpoint {name} has deployments of compute type {has}, not {wanted}."
        raise bad_request(text, code="BadArgument", target="endpointComputeType")
    return has


def resources(stated: Json) -> Json:
    """What a deployment adds to a managed one's properties. Raises 400 for requests without a name that is known."""
    wanted = stated.get("containerResourceRequirements") or {}
    for part in ("containerResourceRequests", "containerResourceLimits"):
        unknown = sorted(set(wanted.get(part) or {}) - set(_SHARES))
        if unknown:
            raise bad_request(f"{part} has no {', '.join(unknown)}: {', '.join(_SHARES)}.", target=part)
    return {
        "containerResourceRequirements": wanted or None,
        "instanceType": stated.get("instanceType") or DEFAULT_INSTANCE_TYPE,
    }
