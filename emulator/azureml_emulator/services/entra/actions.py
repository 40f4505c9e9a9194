"""The action of Azure's access control that a request is, and the scope it is about.

It must not know who may do it (`roles`). Source: how ARM names operations: type and read, write, delete, or of a POST
its last segment and `action`.
"""

import re
from dataclasses import dataclass

from azureml_emulator.services.entra.roles import BLOBS, ML

VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


@dataclass(frozen=True)
class Asked:
    """What a call wants to do, where; `data` where it is of the data plane."""

    action: str
    scope: str
    data: bool = False


def of_arm(method: str, path: str) -> Asked | None:
    """The action of a call to Azure Resource Manager; None for one that needs no role, such as the list of clouds."""
    parts = [part for part in path.split("/") if part]
    at = max((place for place, part in enumerate(parts) if part.lower() == "providers"), default=-1)
    if at >= 0 and at >= len(parts) - 2 and method in ("GET", "HEAD"):  # all providers, or one: no action of its own
        return Asked("Microsoft.Resources/subscriptions/providers/read", "/" + "/".join(parts[:at]))
    if at < 0:
        if not parts or parts[0].lower() != "subscriptions" or len(parts) < 2:
            return None  # a list of what one may see
        below = {"resources": "/resources"}.get(parts[2].lower(), "/resourceGroups") if len(parts) > 2 else ""
        kind = f"Microsoft.Resources/subscriptions{below}"
        return Asked(f"{kind}/{VERBS.get(method, 'action')}", path)
    namespace, types = "".join(parts[at + 1 : at + 2]), parts[at + 2 :]
    if len(types) < 1:
        return Asked(f"{namespace}/{VERBS.get(method, 'action')}", path)
    names = types[1::2]
    kinds = "/".join([namespace, *types[0::2]])
    whole = "/" + "/".join(parts[: at + 2 + 2 * len(names)])
    return Asked(f"{kinds}/{VERBS.get(method, 'action')}", whole if names else "/" + "/".join(parts[:at]))


def of_workspace(method: str, path: str, route: str) -> Asked | None:
    """The action of a call to a workspace's regional host (run history, MLflow); None where no workspace is named."""
    parts = path.split("/")
    lower = [part.lower() for part in parts]
    if "workspaces" not in lower or "subscriptions" not in lower:
        return None
    end = lower.index("workspaces") + 2
    scope = "/" + "/".join(parts[lower.index("subscriptions") : end])
    reads = method in ("GET", "HEAD") or bool({"search", "query", "list", "get"} & set(re.split(r"[._]", route)))
    kind = "models" if "models" in route else "experiments/runs"
    verb = "read" if reads else "delete" if method == "DELETE" else "write"
    return Asked(f"{ML}/workspaces/{kind}/{verb}", scope)


def of_blob(method: str, scope: str) -> Asked:
    """The data action of a call to storage with a token."""
    verb = {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(method, "write")
    return Asked(f"{BLOBS}/blobs/{verb}", scope, data=True)
