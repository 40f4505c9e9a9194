"""Blobs: put, blocks, append, copy, get, properties, metadata, delete.

It must not know containers' listings (`blob_containers`) nor how bytes are kept (`mlops.emulator.blobs`).
Source: the Blob service REST API, operations on blobs.
"""

import base64
import hashlib
import re
import uuid
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from mlops.emulator import blobs
from mlops.emulator.blobs import Address, Blob
from mlops.emulator.errors import ServiceError
from mlops.emulator.handlers.blob_protocol import (
    changed,
    check_conditions,
    element,
    http_date,
    metadata_of,
    require_container,
    storage_call,
    xml,
)
from mlops.emulator.request import Reply, Request
from mlops.emulator.state import Emulator

MOST_BLOCKS = 50_000
_KEPT = ("content-encoding", "content-language", "cache-control", "content-disposition")
_SOURCE_HOST = re.compile(r"(?P<account>[^.]+)\.blob\.core\.windows\.net", re.IGNORECASE)


@storage_call("cw")
def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a whole blob, from the body or, with x-ms-copy-source, from another blob."""
    require_container(request, emulator)
    address = _address(request)
    before = blobs.get(emulator, address)
    _check(request, before)
    if "x-ms-copy-source" in request.headers:
        return _copy(request, emulator, address)
    kind = request.headers.get("x-ms-blob-type")
    if kind not in ("BlockBlob", "AppendBlob"):
        raise ServiceError(
            400,
            "InvalidHeaderValue",
            "The value for one of the HTTP headers is not in the correct format: x-ms-blob-type.",
        )
    if kind == "AppendBlob" and request.body:
        raise ServiceError(400, "InvalidHeaderValue", "An append blob is created empty.")
    _check_md5(request)
    blob = blobs.put(emulator, address, request.body, kind=kind, **_said(request))
    blobs.drop_blocks(emulator, address)
    return Reply(201, None, {**changed(blob), "Content-MD5": str(blob.md5)})


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
    waiting = blobs.staged(emulator, _address(request))
    if any(len(other) != len(block) for other in waiting):
        raise ServiceError(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.")
    md5 = _check_md5(request)
    blobs.stage(emulator, _address(request), block, request.body)
    return Reply(201, None, {"Content-MD5": md5, "x-ms-request-server-encrypted": "true"})


@storage_call("w")
def put_block_list(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=blocklist: make the blob of the blocks listed."""
    require_container(request, emulator)
    address = _address(request)
    before = blobs.get(emulator, address)
    _check(request, before)
    try:
        listed = [(str(item.text), item.tag) for item in ElementTree.fromstring(request.body)]  # noqa: S314 - loopback
    except ElementTree.ParseError as error:
        raise ServiceError(400, "InvalidXmlDocument", "The specified XML is not syntactically valid.") from error
    if len(listed) > MOST_BLOCKS:
        raise ServiceError(400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks.")
    try:
        blob = blobs.commit(
            emulator, address, listed, **{**_said(request), "md5": request.headers.get("x-ms-blob-content-md5")}
        )
    except KeyError:
        raise ServiceError(400, "InvalidBlockList", "The specified block list is invalid.") from None
    return Reply(201, None, changed(blob))


@storage_call("r")
def get_block_list(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=blocklist."""
    require_container(request, emulator)
    address, wanted = _address(request), request.query.get("blocklisttype", "committed").lower()
    blob, waiting = blobs.get(emulator, address), blobs.staged(emulator, address)
    if blob is None and not waiting:
        raise _blob_not_found()
    committed = _blocks("CommittedBlocks", blob.blocks if blob else []) if wanted != "uncommitted" else ""
    uncommitted = (
        _blocks("UncommittedBlocks", [(name, size) for name, (_, size) in waiting.items()])
        if wanted != "committed"
        else ""
    )
    headers = {"x-ms-blob-content-length": str(blob.size), **changed(blob)} if blob else {}
    return xml(f"<BlockList>{committed}{uncommitted}</BlockList>", headers=headers)


@storage_call("aw")
def append_block(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=appendblock."""
    address, blob = _require(request, emulator)
    _check(request, blob)
    if blob.kind != "AppendBlob":
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    position = request.headers.get("x-ms-blob-condition-appendpos")
    if position is not None and int(position) != blob.size:
        raise ServiceError(412, "AppendPositionConditionNotMet", "The append position condition specified was not met.")
    most = request.headers.get("x-ms-blob-condition-maxsize")
    if most is not None and blob.size + len(request.body) > int(most):
        raise ServiceError(412, "MaxBlobSizeConditionNotMet", "The max blob size condition specified was not met.")
    _check_md5(request)
    grown = blobs.append(emulator, address, request.body)
    headers = {"x-ms-blob-append-offset": str(blob.size), "x-ms-blob-committed-block-count": str(grown.appended)}
    return Reply(201, None, {**changed(grown), **headers})


@storage_call("r")
def get(request: Request, emulator: Emulator) -> Reply:
    """GET or HEAD a blob, whole or a range."""
    _, blob = _require(request, emulator)
    _check(request, blob, reading=True)
    headers = _properties(blob)
    if request.method == "HEAD":
        return Reply(200, None, {**headers, "Content-Length": str(blob.size)})
    asked = request.headers.get("x-ms-range") or request.headers.get("range")
    with blobs.path_of(emulator, blob).open("rb") as content:
        if not asked:
            return Reply(200, content.read(blob.size), headers)
        first, last = _range(asked, blob)
        content.seek(first)
        data = content.read(last - first + 1)
    if blob.md5:
        headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
    if request.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
        headers["Content-MD5"] = _md5(data)
    return Reply(206, data, {**headers, "Content-Range": f"bytes {first}-{last}/{blob.size}"})


@storage_call("r")
def get_metadata(request: Request, emulator: Emulator) -> Reply:
    """GET or HEAD ?comp=metadata."""
    _, blob = _require(request, emulator)
    _check(request, blob, reading=True)
    return Reply(200, None, {**changed(blob), **_metadata(blob)})


@storage_call("w")
def set_metadata(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=metadata: replaces all of it."""
    address, blob = _require(request, emulator)
    _check(request, blob)
    return Reply(200, None, changed(blobs.change(emulator, address, metadata=metadata_of(request))))


@storage_call("w")
def set_properties(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=properties: replaces the content headers."""
    address, blob = _require(request, emulator)
    _check(request, blob)
    said = {key: value for key, value in _said(request).items() if key != "metadata"}
    return Reply(
        200, None, changed(blobs.change(emulator, address, **said, md5=request.headers.get("x-ms-blob-content-md5")))
    )


@storage_call("d")
def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a blob."""
    address, blob = _require(request, emulator)
    _check(request, blob)
    blobs.delete(emulator, address)
    return Reply(202, None, {"x-ms-delete-type-permanent": "true"})


@storage_call("rwdlac")
def not_emulated(request: Request, emulator: Emulator) -> Reply:
    """Leases, snapshots, tags, tiers, pages, queries: said plainly instead of misread as another operation."""
    what = request.query.get("comp") or "this operation"
    raise ServiceError(501, "NotEmulated", f"The emulator does not have {request.method} {what} of the blob service.")


def _copy(request: Request, emulator: Emulator, address: Address) -> Reply:
    parts = urlsplit(request.headers["x-ms-copy-source"])
    host = _SOURCE_HOST.fullmatch(parts.hostname or "")
    container, _, name = unquote(parts.path).lstrip("/").partition("/")
    if not host:
        raise ServiceError(400, "InvalidSourceBlobUrl", "The source URL for this copy operation is invalid.")
    source = Address(host["account"].lower(), container, name)
    if blobs.get(emulator, source) is None:
        code = "BlobNotFound" if source.account == address.account else "CannotVerifyCopySource"
        raise ServiceError(404, code, "The specified blob does not exist.")
    said = {
        "x-ms-copy-id": str(uuid.uuid4()),
        "x-ms-copy-status": "success",
        "x-ms-copy-source": parts._replace(query="").geturl(),
    }
    given = {"metadata": metadata_of(request)} if metadata_of(request) else {}
    blob = blobs.copy(emulator, source, address, copy=said, **given)
    is_put = "x-ms-blob-type" in request.headers  # Put Blob From URL
    return Reply(201 if is_put else 202, None, {**changed(blob), **({} if is_put else said)})


def _check(request: Request, blob: Blob | None, *, reading: bool = False) -> None:
    check_conditions(request, blob.etag if blob else None, blob.modified if blob else None, reading=reading)


def _require(request: Request, emulator: Emulator) -> tuple[Address, Blob]:
    require_container(request, emulator)
    found = blobs.get(emulator, _address(request))
    if found is None:
        raise _blob_not_found()
    return _address(request), found


def _blob_not_found() -> ServiceError:
    return ServiceError(404, "BlobNotFound", "The specified blob does not exist.")


def _address(request: Request) -> Address:
    return Address(request.params["account"], request.params["container"], request.params["blob"])


def _said(request: Request) -> dict[str, object]:
    """The content type, content headers and metadata that a write states."""
    headers = request.headers
    kind = headers.get("x-ms-blob-content-type") or headers.get("content-type")
    is_list = request.query.get("comp") == "blocklist"
    if is_list or not kind:
        kind = headers.get("x-ms-blob-content-type") or "application/octet-stream"
    kept = {name: headers[f"x-ms-blob-{name}"] for name in _KEPT if headers.get(f"x-ms-blob-{name}")}
    return {"content_type": kind, "headers": kept, "metadata": metadata_of(request)}


def _properties(blob: Blob) -> dict[str, str]:
    said = {
        "ETag": blob.etag,
        "Last-Modified": http_date(blob.modified),
        "Content-Type": blob.content_type,
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-blob-type": blob.kind,
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
    }
    if blob.kind == "BlockBlob":
        said |= {"x-ms-access-tier": "Hot", "x-ms-access-tier-inferred": "true"}
    else:
        said["x-ms-blob-committed-block-count"] = str(blob.appended)
    if blob.md5:
        said["Content-MD5"] = blob.md5
    if blob.copy:
        said |= {
            **blob.copy,
            "x-ms-copy-progress": f"{blob.size}/{blob.size}",
            "x-ms-copy-completion-time": http_date(blob.modified),
        }
    return {**said, **blob.headers, **_metadata(blob)}


def _metadata(blob: Blob) -> dict[str, str]:
    return {f"x-ms-meta-{name}": text for name, text in blob.metadata.items()}


def _range(asked: str, blob: Blob) -> tuple[int, int]:
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.strip())
    first = int(match[1]) if match else 0
    if not match or first >= blob.size:
        text = "The range specified is invalid for the current size of the resource."
        raise ServiceError(416, "InvalidRange", text, headers={"Content-Range": f"bytes */{blob.size}"})
    return first, min(int(match[2]) if match[2] else blob.size - 1, blob.size - 1)


def _check_md5(request: Request) -> str:
    md5 = _md5(request.body)
    if request.headers.get("content-md5", md5) != md5:
        text = "The MD5 value specified in the request did not match with the MD5 value calculated by the server."
        raise ServiceError(400, "Md5Mismatch", text)
    return md5


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _blocks(name: str, blocks: list[tuple[str, int]]) -> str:
    shown = (f"<Block>{element('Name', block)}{element('Size', size)}</Block>" for block, size in blocks)
    return f"<{name}>{''.join(shown)}</{name}>"
