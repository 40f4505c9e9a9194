"""The error codes of online deployments, each as its cause and what to do about it.

Source: how-to-troubleshoot-online-endpoints of the Azure ML documentation.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownError:
    """What a code, or a line of a container's log, stands for."""

    sign: str  # what to look for, in any case
    cause: str
    fix: str


# Log lines first: they say more than the code that the service sums them up with.
KNOWN: tuple[KnownError, ...] = (
    KnownError("CUDA out of memory", "the model does not fit into the GPU's memory", "choose a larger instance_type"),
    KnownError("No space left on device", "the model does not fit onto the disk", "choose a size with more disk"),
    KnownError("no MLmodel file", "the model's folder is not one of MLflow", "register it with `mlops register`"),
    KnownError("ModuleNotFoundError", "the image lacks a package of the model's", "pin it in the model's requirements"),
    KnownError("OutOfQuota", "vCPUs, disk, memory, endpoints or role assignments of the subscription are used up",
          "ask for more quota, delete what is not used, or choose another instance_type; upgrades keep 20 % back"),
    KnownError("Not enough quota", "too few vCPUs of this VM family are free",
          "ask for more quota, delete what is not used, or choose another instance_type; upgrades keep 20 % back"),
    KnownError("ImageBuildFailure", "the container image did not build",
          "read the build log in the workspace's storage; check that the workspace may reach its container registry"),
    KnownError("WorkspaceManagedNetworkNotReady", "the workspace's managed network is not there yet",
          "provision it: az ml workspace provision-network; then run this again"),
    KnownError("SecretsInjectionError", "the container could not read a secret that its variables name",
          "let the endpoint's identity read it, and check its name"),
    KnownError("OperationCanceled", "a change of higher priority canceled this one", "run this again in a minute"),
    KnownError("ResourceNotFound", "something the deployment refers to is gone, or the endpoint may not read it",
          "check that model and environment exist, and that the endpoint's identity may read storage and registry"),
    KnownError("BadArgument", "a setting of the deployment is not accepted", "read the message; correct params.yaml"),
    KnownError("ResourceNotReady", "the container crashed, or its probes failed until they were given up",
          "read the container's log; raise serving.liveness_initial_delay_seconds if the model loads slowly"),
    KnownError("InternalServerError", "the service failed", "run this again; if it goes on, ask Azure's support"),
)  # fmt: skip


def explain(text: str) -> KnownError | None:
    """The first that a message or a log shows; None when it shows none."""
    lowered = text.lower()
    return next((known for known in KNOWN if known.sign.lower() in lowered), None)
