"""The calls on a blob's tags and its tier, which change neither ETag nor time."""

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blob, blob_tags, blob_tiers, blobs
from azureml_emulator.services.storage.blob_protocol import storage_call, xml


@storage_call("rt")
def get_tags(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=tags."""
    _, found = blob.require(request, emulator)
    return xml(f"<Tags>{blob_tags.tag_set(found.tags)}</Tags>")


@storage_call("wt")
def set_tags(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=tags: replaces all of them."""
    address, found = blob.require(request, emulator)
    blob.check(request, emulator, found)
    blob.check_md5(request)
    blobs.keep(emulator, address, tags=blob_tags.of_body(request.body))
    return Reply(204)


@storage_call("w")
def set_tier(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=tier: at once, but from the archive, which takes hours (202)."""
    address, found = blob.require(request, emulator)
    blob.check(request, emulator, found, reading=True)
    wanted = blob_tiers.stated(request).get("tier", "")
    if not wanted:
        raise ServiceError(
            400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified."
        )
    if found.kind != "BlockBlob":
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    priority = request.headers.get("x-ms-rehydrate-priority", "")
    changes = blob_tiers.set_to(emulator, found, wanted, priority)
    blobs.keep(emulator, address, **changes)
    return Reply(202 if changes["waking"] != ("", "") else 200)
