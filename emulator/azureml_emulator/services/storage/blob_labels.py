"""The calls on blobs' tags and tiers, which change neither ETag nor time."""

from itertools import islice

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blob, blob_containers, blob_tags, blob_tiers, blobs, tag_query
from azureml_emulator.services.storage.blob_protocol import element, storage_call, xml
from azureml_emulator.services.storage.blobs import Blob, BlobAddress


@storage_call("rt")
def get_tags(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=tags."""
    _, found = blob.require(request, emulator)
    blob.check(request, emulator, found, reading=True)
    return xml(f"<Tags>{blob_tags.tag_set(found.tags)}</Tags>")


@storage_call("wt")
def set_tags(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=tags: replaces all of them."""
    address, found = blob.require(request, emulator)
    blob.check(request, emulator, found)
    blob.check_md5(request)
    blobs.keep(emulator, address, tags=blob_tags.of_body(request.body))
    return Reply(204)


@storage_call("f")
def find(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=blobs: the blobs of the account, or of one container, that the tags in `where` fit."""
    account, stated = request.params["account"], request.query.get("where", "")
    try:
        fits = tag_query.search(stated)
    except ValueError as error:
        text = f"Error parsing query at or near character position 1: {error}."
        raise ServiceError(400, "InvalidQueryParameterValue", text) from None
    only, after = request.params.get("container"), blob_containers.unmark(request.query.get("marker", ""))
    names = [only] if only else sorted(one.name for one in blob_containers.of_account(emulator, account))
    every = ((name, one) for name in names for one in blobs.walk(emulator, BlobAddress(account, name)))
    chosen = (
        (container, one)
        for container, one in every
        if one.tags and not one.snapshot and fits({**one.tags, tag_query.CONTAINER: container})
        if f"{container}/{one.name}" >= after
    )
    size = blob_containers.size_of(request.query)
    found = list(islice(chosen, size + 1))
    shown = "".join(_element(container, one) for container, one in found[:size])
    more = blob_containers.mark(f"{found[size][0]}/{found[size][1].name}") if len(found) > size else ""
    head = f'<EnumerationResults ServiceEndpoint="https://{request.host}/">{element("Where", stated)}'
    return xml(f"{head}<Blobs>{shown}</Blobs>{element('NextMarker', more)}</EnumerationResults>")


def _element(container: str, one: Blob) -> str:
    said = element("Name", one.name) + element("ContainerName", container)
    return f"<Blob>{said}<Tags>{blob_tags.tag_set(one.tags)}</Tags></Blob>"


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
