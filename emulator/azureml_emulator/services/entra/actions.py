"""The action of Azure's access control that a request is, and the scope it is about.

It must not know who may do it (`roles`). Source: how ARM names operations: type and read, write, delete, or of a POST
its last segment and `action`; where a provider publishes another name (`operations`), that one. Upper and lower case
are the caller's.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from azureml_emulator.services.entra.roles import BLOBS, ML

KEPT = 1000  # calls whose action is known: a client asks for the same again and again
VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
# The end of what the general rule makes of a path -> what the provider calls it.
_NAMED = (
    (re.compile(r"/labels/read$"), "/versions/read"),  # the newest version
    (re.compile(r"/versions/startPendingUpload/action$", re.IGNORECASE), "/versions/write"),
    (re.compile(r"/workspaces/diagnose/action$"), "/workspaces/diagnose/read"),
    (re.compile(r"/workspaces/managedNetwork/(outboundRules/)?read$"), r"/workspaces/\1read"),  # as in 2022
)
_READS_BY_POST = re.compile(r"runs:query|rundata$|/search$|get-latest-versions$|batchGetResolvedUris$")


@dataclass(frozen=True)
class Asked:
    """What a call wants to do, where; `data` where it is of the data plane."""

    action: str
    scope: str
    data: bool = False


@lru_cache(KEPT)
def of_arm(method: str, path: str) -> Asked | None:
    """The action of a call to Azure Resource Manager; None for one that needs no role, such as the list of clouds."""
    parts = [part for part in path.split("/") if part]
    at = max((place for place, part in enumerate(parts) if part.lower() == "providers"), default=-1)
    if at >= 0 and at >= len(parts) - 2 and method in ("GET", "HEAD"):  # all providers, or one: no action of its own
        return Asked("Microsoft.Resources/subscriptions/providers/read", "/" + "/".join(parts[:at]))
    if at < 0:
        return _outside_providers(method, path, parts)
    namespace, types = "".join(parts[at + 1 : at + 2]), parts[at + 2 :]
    if len(types) < 1:
        return Asked(f"{namespace}/{VERBS.get(method, 'action')}", path)
    if namespace.lower() == ML.lower() and types[0].lower() == "registries" and len(types) > 2:
        return Asked(f"{ML}/registries/assets/{_of_asset(method, types)}", "/" + "/".join(parts[: at + 4]))
    names = types[1::2]
    kinds = "/".join([namespace, *types[0::2]])
    whole = "/" + "/".join(parts[: at + 2 + 2 * len(names)])
    return Asked(_named(f"{kinds}/{VERBS.get(method, 'action')}"), whole if names else "/" + "/".join(parts[:at]))


@lru_cache(KEPT)
def of_workspace(method: str, path: str) -> Asked | None:
    """The action of a call to a workspace's regional host (run history, MLflow); None where no workspace is named."""
    lower = path.lower().split("/")
    if "workspaces" not in lower or "subscriptions" not in lower:
        return None
    end = lower.index("workspaces") + 2
    scope = "/" + "/".join(path.split("/")[lower.index("subscriptions") : end])
    reads = method in ("GET", "HEAD") or _READS_BY_POST.search(path)
    kind, rest = _of_history(lower[1], "/".join(lower[end:])), path.lower()
    deletes = (method == "DELETE" and not rest.endswith(("/tags", "-tag"))) or rest.endswith("mlflow/runs/delete")
    return Asked(f"{ML}/workspaces/{kind}/{'read' if reads else 'delete' if deletes else 'write'}", scope)


def of_blob(method: str, scope: str) -> Asked:
    """The data action of a call to storage with a token."""
    verb = {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(method, "write")
    return Asked(f"{BLOBS}/blobs/{verb}", scope, data=True)


def _outside_providers(method: str, path: str, parts: list[str]) -> Asked | None:
    """Of subscriptions, and of groups and what they hold."""
    lower = [part.lower() for part in parts]
    if lower[:1] != ["subscriptions"] or len(parts) < 2:
        return None  # a list of what one may see
    kind = "Microsoft.Resources/subscriptions"
    if lower[2:3] in (["resources"], ["operationresults"]):
        kind += f"/{lower[2]}"
    elif lower[4:5] == ["resources"]:
        kind += "/resourcegroups/resources"
    elif lower[4:5] == ["deployments"]:
        kind += "/resourcegroups/deployments/operations"
    elif len(parts) > 2:
        kind += "/resourceGroups"
    return Asked(f"{kind}/{VERBS.get(method, 'action')}", path)


def _of_asset(method: str, types: list[str]) -> str:
    """What is in a registry is an asset of it, of whichever kind; a reference to its data is what reads it."""
    if method == "POST":
        return "read" if types[2].lower() == "datarefs" else "write"
    return VERBS.get(method, "write")


def _of_history(service: str, below: str) -> str:
    """What a path of the regional host is about. Source: the MLflow operations in Learn's page on roles."""
    if "/artifacts" in f"/{below}":
        return "metadata/artifacts"
    if service in ("data", "genericasset"):
        return "data/versions"
    if service == "modelregistry" or "model-versions" in below:
        return "models/versions"
    if "registered-models" in below:
        return "models"
    if "mlflow/experiments" in below or re.fullmatch(r"experiment(s|ids)/[^/]+", below):
        return "experiments"
    return "experiments/runs"


def _named(action: str) -> str:
    for pattern, name in _NAMED:
        action = pattern.sub(name, action)
    return action
