"""Who is to blame when a deployment fails or does not answer: the cause, and whether it says anything of the model.

Source: how-to-troubleshoot-online-endpoints of the Azure ML documentation: error codes of deployments, and the status
codes of the scoring host.
"""

from dataclasses import dataclass
from enum import StrEnum

UNREACHED = -1  # stands where a status would: the scoring host was never reached, or the connection broke


class Blame(StrEnum):
    """Why something failed. Only `MODEL` is a reason to call a model bad."""

    NETWORK = "network"
    RIGHT = "right"
    QUOTA = "quota"
    IMAGE = "image"
    OUT_OF_MEMORY = "out of memory"
    DISK = "disk"
    SETTINGS = "settings"
    SERVICE = "service"
    MODEL = "model"

    @property
    def blames_model(self) -> bool:
        """Whether the model is bad by it."""
        return self is Blame.MODEL

    @property
    def passes(self) -> bool:
        """Whether the same attempt may succeed later although nobody changed anything."""
        return self in (Blame.NETWORK, Blame.SERVICE)


_OF_STATUS = {
    UNREACHED: Blame.NETWORK,
    401: Blame.RIGHT,
    403: Blame.RIGHT,
    404: Blame.SERVICE,
}


def of_status(status: int) -> Blame:
    """The cause of an answer of the scoring host that is no usable one.

    401 and 403 are answered before a model is asked; 404 by the router, which does not know the deployment
    yet. All others come from the container, or from its limits, and are judged as the model's.
    """
    return _OF_STATUS.get(status, Blame.MODEL)


@dataclass(frozen=True)
class KnownError:
    """What a code, or a line of a container's log, stands for."""

    sign: str  # what to look for, in any case
    cause: Blame
    meaning: str
    fix: str


_QUOTA = "ask for more quota, delete what is not used, or choose another instance_type; upgrades keep 20 % back"
# Log lines first: they say more than the code that the service sums them up with.
KNOWN: tuple[KnownError, ...] = (
    KnownError("CUDA out of memory", Blame.OUT_OF_MEMORY, "the model does not fit into the GPU's memory",
          "choose a larger instance_type"),
    KnownError("Perhaps out of memory", Blame.OUT_OF_MEMORY,
          "the server was killed, since it needed more memory than there is",
          "choose a larger instance_type"),
    KnownError("No space left on device", Blame.DISK, "the model does not fit onto the disk",
          "choose a size with more disk"),
    KnownError("no MLmodel file", Blame.MODEL, "the model's folder is not one of MLflow",
          "register it with `mlops register`"),
    KnownError("ModuleNotFoundError", Blame.MODEL, "the image lacks a package of the model's",
          "pin it in the model's requirements"),
    KnownError("OutOfQuota", Blame.QUOTA,
          "vCPUs, disk, memory, endpoints or role assignments are used up",
          _QUOTA),
    KnownError("Not enough quota", Blame.QUOTA, "too few vCPUs of this VM family are free",
          _QUOTA),
    KnownError("ImageBuildFailure", Blame.IMAGE, "the container image did not build",
          "read the build log in the workspace's storage; check that the workspace may reach its container registry"),
    KnownError("WorkspaceManagedNetworkNotReady", Blame.NETWORK,
          "the workspace's managed network is not there yet",
          "provision it: az ml workspace provision-network; then run this again"),
    KnownError("SecretsInjectionError", Blame.RIGHT,
          "the container could not read a secret that its variables name",
          "let the endpoint's identity read it, and check its name"),
    KnownError("OperationCanceled", Blame.SERVICE, "a change of higher priority canceled this one",
          "run this again in a minute"),
    KnownError("ResourceNotFound", Blame.RIGHT,
          "something that it refers to is gone, or the endpoint may not read it",
          "check that model and environment exist, and that the endpoint's identity may read storage and registry"),
    KnownError("BadArgument", Blame.SETTINGS, "a setting of the deployment is not accepted",
          "read the message; correct params.yaml"),
    KnownError("ResourceNotReady", Blame.MODEL,
          "the container crashed, or its probes failed until they were given up",
          "read the container's log; raise serving.liveness_initial_delay_seconds if the model loads slowly"),
    KnownError("InternalServerError", Blame.SERVICE, "the service failed",
          "run this again; if it goes on, ask Azure's support"),
)  # fmt: skip


def explain(text: str) -> KnownError | None:
    """The first that a message or a log shows; None when it shows none."""
    lowered = text.lower()
    return next((known for known in KNOWN if known.sign.lower() in lowered), None)
