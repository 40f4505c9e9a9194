"""Blobs in pieces: blocks and their lists, and appending.

It must not read a blob. Source: the Blob service REST API, operations on block blobs and append blobs.
"""

import base64
from xml.etree import ElementTree

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blobs
from azureml_emulator.services.storage.blob import address_of, blob_not_found, check, check_md5, require, stated
from azureml_emulator.services.storage.blob_protocol import (
    changed,
    check_lease,
    element,
    hashed,
    require_container,
    storage_call,
    xml,
)
from azureml_emulator.services.storage.lease import NONE

MOST_BLOCKS = 50_000


@hashed
@storage_call("w")
def put_block(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=block: keep a block until a list commits it."""
    require_container(request, emulator)
    block = request.query.get("blockid", "")
    try:
        decoded = base64.b64decode(block, validate=True)
    except ValueError:
        decoded = b""
    if not 0 < len(decoded) <= 64:
        raise ServiceError(
            400, "InvalidQueryParameterValue", "Value for one of the query parameters is not valid: blockid."
        )
    before = blobs.get(emulator, address_of(request))
    check_lease(request, emulator, before.lease if before else NONE, "Blob", reading=False)
    if before is not None and before.kind != "BlockBlob":
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    waiting = blobs.staged(emulator, address_of(request))
    if any(len(other) != len(block) for other in waiting):
        raise ServiceError(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.")
    md5 = check_md5(request)
    blobs.stage(emulator, address_of(request), block, request.body)
    return Reply(201, None, {"Content-MD5": md5, "x-ms-request-server-encrypted": "true"})


@storage_call("w")
def put_block_list(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=blocklist: make the blob of the blocks listed."""
    require_container(request, emulator)
    address = address_of(request)
    before = blobs.get(emulator, address)
    check(request, emulator, before)
    try:
        listed = [(str(item.text), item.tag) for item in ElementTree.fromstring(request.body)]  # noqa: S314 - loopback
    except ElementTree.ParseError as error:
        raise ServiceError(400, "InvalidXmlDocument", "The specified XML is not syntactically valid.") from error
    if len(listed) > MOST_BLOCKS:
        raise ServiceError(400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks.")
    try:
        blob = blobs.commit(
            emulator, address, listed, **{**stated(request), "md5": request.headers.get("x-ms-blob-content-md5")}
        )
    except KeyError:
        raise ServiceError(400, "InvalidBlockList", "The specified block list is invalid.") from None
    return Reply(201, None, changed(blob))


@storage_call("r")
def get_block_list(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=blocklist."""
    require_container(request, emulator)
    address, wanted = address_of(request), request.query.get("blocklisttype", "committed").lower()
    blob, waiting = blobs.get(emulator, address), blobs.staged(emulator, address)
    if blob is None and not waiting:
        raise blob_not_found()
    committed = _blocks("CommittedBlocks", blob.blocks if blob else []) if wanted != "uncommitted" else ""
    uncommitted = (
        _blocks("UncommittedBlocks", [(name, size) for name, (_, size) in waiting.items()])
        if wanted != "committed"
        else ""
    )
    headers = {"x-ms-blob-content-length": str(blob.size), **changed(blob)} if blob else {}
    return xml(f"<BlockList>{committed}{uncommitted}</BlockList>", headers=headers)


@hashed
@storage_call("aw")
def append_block(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=appendblock."""
    address, blob = require(request, emulator)
    check(request, emulator, blob)
    if blob.kind != "AppendBlob":
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    position = request.headers.get("x-ms-blob-condition-appendpos")
    if position is not None and int(position) != blob.size:
        raise ServiceError(412, "AppendPositionConditionNotMet", "The append position condition specified was not met.")
    most = request.headers.get("x-ms-blob-condition-maxsize")
    if most is not None and blob.size + len(request.body) > int(most):
        raise ServiceError(412, "MaxBlobSizeConditionNotMet", "The max blob size condition specified was not met.")
    check_md5(request)
    grown = blobs.append(emulator, address, request.body)
    headers = {"x-ms-blob-append-offset": str(blob.size), "x-ms-blob-committed-block-count": str(grown.appended)}
    return Reply(201, None, {**changed(grown), **headers})


def _blocks(name: str, blocks: list[tuple[str, int]]) -> str:
    shown = (f"<Block>{element('Name', block)}{element('Size', size)}</Block>" for block, size in blocks)
    return f"<{name}>{''.join(shown)}</{name}>"
