"""Access tiers of block blobs: what is archived cannot be read until it has come back, which takes hours.

Source: the Blob service REST API, Set Blob Tier; Azure Storage, rehydration of archived blobs.
"""

from datetime import timedelta

from azureml_emulator.core.clock import iso, parse
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage.blobs import Blob

ACCOUNT_TIER = "Hot"
TIERS = ("Hot", "Cool", "Cold", "Archive")
WAKING_HOURS = {"high": 1, "standard": 15}  # at most, as documented


def stated(request: Request) -> dict[str, str]:
    """The tier that a write states, as a property of a blob. Raises 400 for one that there is not."""
    asked = request.headers.get("x-ms-access-tier", "")
    if asked and asked not in TIERS:
        text = "The value for one of the HTTP headers is not in the correct format: x-ms-access-tier."
        raise ServiceError(400, "InvalidHeaderValue", text)
    return {"tier": asked} if asked else {}


def now_of(emulator: Emulator, blob: Blob) -> str:
    """The tier that a blob is in; empty where none was set."""
    coming, at = blob.waking
    return coming if coming and parse(at) <= emulator.clock.now() else blob.tier


def refuse_archived(emulator: Emulator, blob: Blob) -> None:
    """Raise a 409 for a blob whose content cannot be read."""
    if now_of(emulator, blob) == "Archive":
        raise ServiceError(409, "BlobArchived", "This operation is not permitted on an archived blob.")


def set_to(emulator: Emulator, blob: Blob, tier: str, priority: str) -> dict[str, object]:
    """The properties of a blob that a change of its tier leaves; from the archive it is on its way for hours."""
    current = now_of(emulator, blob)
    if current == "Archive" and tier != "Archive":
        if blob.waking[0]:
            raise ServiceError(
                409, "BlobBeingRehydrated", "This operation is not permitted because the blob is being rehydrated."
            )
        hours = WAKING_HOURS.get(priority.lower() or "standard")
        if hours is None:
            text = "The value for one of the HTTP headers is not in the correct format: x-ms-rehydrate-priority."
            raise ServiceError(400, "InvalidHeaderValue", text)
        return {"tier": "Archive", "waking": (tier, iso(emulator.clock.now() + timedelta(hours=hours)))}
    return {"tier": tier, "waking": ("", "")}


def shown(emulator: Emulator, blob: Blob) -> dict[str, str]:
    """What is said of a blob's tier: names without `x-ms-` -> texts."""
    current = now_of(emulator, blob)
    if not current:
        return {"access-tier": ACCOUNT_TIER, "access-tier-inferred": "true"}
    said = {"access-tier": current}
    if current == "Archive" and blob.waking[0]:
        said["archive-status"] = f"rehydrate-pending-to-{blob.waking[0].lower()}"
    return said
