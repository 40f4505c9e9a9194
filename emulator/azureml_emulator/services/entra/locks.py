"""Locks of Microsoft.Authorization: what they forbid at Resource Manager, to whomever, owners too.

A lock holds for its scope and all that is below it, and nothing that holds a locked thing may be deleted. It must not
know a resource. Source: "Lock your Azure resources" of Microsoft Learn; the data plane (blobs, scoring) knows none.
"""

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.state import Emulator

KIND, TYPE = "armResources", "microsoft.authorization/locks"
READ_ONLY = "readonly"
OPERATIONS = {"DELETE": "delete", "PUT": "write", "PATCH": "write", "POST": "action"}


def refuse(emulator: Emulator, method: str, path: str) -> None:
    """Raise ARM's 409 where a lock forbids a call. Locks themselves may be changed by who has the right to."""
    if method not in OPERATIONS or f"/providers/{TYPE}" in path.lower():
        return
    asked = path.lower().rstrip("/")
    for lock in emulator.store.every(KIND, within=f"/providers/{TYPE}/"):
        if method != "DELETE" and str(lock.body["properties"].get("level")).lower() != READ_ONLY:
            continue
        held = lock.id.lower().rpartition("/providers/")[0]
        if _at_or_below(asked, held) or (method == "DELETE" and _at_or_below(held, asked)):
            text = (
                f"The scope '{path}' cannot perform {OPERATIONS[method]} operation because following scope(s) are "
                f"locked: '{held}'. Please remove the lock and try again."
            )
            raise ServiceError(409, "ScopeLocked", text, plain=True)


def _at_or_below(place: str, scope: str) -> bool:
    return place == scope or place.startswith(f"{scope}/")
