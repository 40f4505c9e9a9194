"""Blobs: put, copy, get, properties, metadata, snapshots, delete.

Containers and listings are in `blob_containers`; `blobs` keeps the bytes.
Source: the Blob service REST API, operations on blobs.
"""

import base64
import hashlib
import re
import uuid
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import LARGE, FilePart, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blob_tags, blob_tiers, blobs, page_stated, tag_query
from azureml_emulator.services.storage.blob_protocol import (
    changed,
    check_conditions,
    check_lease,
    hashed,
    http_date,
    metadata_of,
    require_container,
    storage_call,
)
from azureml_emulator.services.storage.blobs import Blob, BlobAddress
from azureml_emulator.services.storage.lease import NONE
from azureml_emulator.services.storage.pages import PAGE_BLOB

_KEPT = ("content-encoding", "content-language", "cache-control", "content-disposition")
_SOURCE_HOST = re.compile(r"(?P<account>[^.]+)\.blob\.core\.windows\.net", re.IGNORECASE)


@hashed
@storage_call("cw")
def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a whole blob, from the body or, with x-ms-copy-source, from another blob."""
    require_container(request, emulator)
    address = address_of(request)
    before = blobs.get(emulator, address)
    check(request, emulator, before)
    if "x-ms-copy-source" in request.headers:
        return _copy(request, emulator, address)
    kind = request.headers.get("x-ms-blob-type")
    if kind not in ("BlockBlob", "AppendBlob", PAGE_BLOB):
        raise ServiceError(
            400,
            "InvalidHeaderValue",
            "The value for one of the HTTP headers is not in the correct format: x-ms-blob-type.",
        )
    if kind == "AppendBlob" and request.body:
        raise ServiceError(400, "InvalidHeaderValue", "An append blob is created empty.")
    check_md5(request)
    labels = {"tags": blob_tags.of_header(request), **blob_tiers.stated(request)}
    if kind == PAGE_BLOB:
        return page_stated.create(request, emulator, address, {**stated(request), **labels})
    said = {"md5": check_md5(request), **stated(request), **labels}
    blob = blobs.put(emulator, address, request.body, kind=kind, **said)
    blobs.drop_blocks(emulator, address)
    return Reply(201, None, {**changed(blob), "Content-MD5": str(blob.md5)})


@storage_call("r")
def get(request: Request, emulator: Emulator) -> Reply:
    """GET or HEAD a blob, whole or a range."""
    _, blob = require(request, emulator)
    check(request, emulator, blob, reading=True)
    headers = _properties(emulator, blob)
    if request.method == "HEAD":  # only here the tier is said
        return Reply(200, None, {**headers, **_tier(emulator, blob), "Content-Length": str(blob.size)})
    blob_tiers.refuse_archived(emulator, blob)
    asked = request.headers.get("x-ms-range") or request.headers.get("range")
    if not asked:
        return Reply(200, _content(emulator, blob, 0, blob.size), headers)
    first, last = _range(asked, blob)
    if blob.md5:
        headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
    hashed = request.headers.get("x-ms-range-get-content-md5", "").lower() == "true"
    data = _content(emulator, blob, first, last - first + 1, at_once=hashed)
    if isinstance(data, bytes) and hashed:
        headers["Content-MD5"] = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    return Reply(206, data, {**headers, "Content-Range": f"bytes {first}-{last}/{blob.size}"})


@storage_call("r")
def get_metadata(request: Request, emulator: Emulator) -> Reply:
    """GET or HEAD ?comp=metadata."""
    _, blob = require(request, emulator)
    check(request, emulator, blob, reading=True)
    return Reply(200, None, {**changed(blob), **_metadata(blob)})


@storage_call("w")
def set_metadata(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=metadata: replaces all of it, but a folder of Data Lake Storage stays one."""
    address, blob = require(request, emulator)
    check(request, emulator, blob)
    kept = {key: blob.metadata[key] for key in (blobs.FOLDER,) if key in blob.metadata}
    return Reply(200, None, changed(blobs.change(emulator, address, metadata={**metadata_of(request), **kept})))


@storage_call("w")
def set_properties(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=properties: replaces the content headers, all of them once it says one; of pages what it says."""
    address, blob = require(request, emulator)
    check(request, emulator, blob)
    said = page_stated.changes(request, emulator, blob)
    if any(f"x-ms-blob-{name}" in request.headers for name in (*_KEPT, "content-type", "content-md5")):
        said |= {key: value for key, value in stated(request).items() if key != "metadata"}
        said["md5"] = request.headers.get("x-ms-blob-content-md5")
    made = blobs.change(emulator, address, **said)
    sequence = {page_stated.SEQUENCE: str(made.sequence)} if made.kind == PAGE_BLOB else {}
    return Reply(200, None, {**changed(made), **sequence})


@storage_call("d")
def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a blob with its snapshots (`x-ms-delete-snapshots: include`), only these, or one of them."""
    address, blob = require(request, emulator)
    check(request, emulator, blob)
    asked = request.headers.get("x-ms-delete-snapshots", "").lower()
    if asked not in ("", "include", "only") or (asked and blob.snapshot):
        text = "The value for one of the HTTP headers is not in the correct format: x-ms-delete-snapshots."
        raise ServiceError(400, "InvalidHeaderValue", text)
    taken = [] if blob.snapshot else list(blobs.snapshots(emulator, address))
    if taken and not asked:
        raise ServiceError(409, "SnapshotsPresent", "This operation is not permitted while the blob has snapshots.")
    for one in taken:
        blobs.delete(emulator, blobs.at(address, one.snapshot))
    if asked != "only":
        blobs.delete(emulator, address)
    return Reply(202, None, {"x-ms-delete-type-permanent": "true"})


@storage_call("cw")
def snapshot(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=snapshot: keeps the blob as it is now, with metadata of its own where the call states some."""
    address, blob = require(request, emulator)
    check(request, emulator, blob, reading=True)
    now = emulator.clock.now()
    while blobs.get(emulator, blobs.at(address, _snapshot_stamp(now))):
        now += timedelta(microseconds=1)
    given = {"metadata": metadata_of(request)} if metadata_of(request) else {}
    taken = blobs.take_snapshot(emulator, address, _snapshot_stamp(now), **given)
    return Reply(201, None, {**changed(taken), "x-ms-snapshot": taken.snapshot})


@storage_call("rwdlac")
def not_emulated(request: Request, emulator: Emulator) -> Reply:
    """Pages, queries, policies: said plainly instead of misread as another operation."""
    what = request.query.get("comp") or "this operation"
    raise ServiceError(501, "NotEmulated", f"The emulator does not have {request.method} {what} of the blob service.")


def _copy(request: Request, emulator: Emulator, address: BlobAddress) -> Reply:
    parts = urlsplit(request.headers["x-ms-copy-source"])
    host = _SOURCE_HOST.fullmatch(parts.hostname or "")
    container, _, name = unquote(parts.path).lstrip("/").partition("/")
    if not host:
        raise ServiceError(400, "InvalidSourceBlobUrl", "The source URL for this copy operation is invalid.")
    source = BlobAddress(host["account"].lower(), container, name)
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


def check(request: Request, emulator: Emulator, blob: Blob | None, *, reading: bool = False) -> None:
    """Lease and conditions of a request on a blob that may not exist."""
    check_tags(request, blob.tags if blob else {})
    check_lease(request, emulator, blob.lease if blob else NONE, "Blob", reading=reading)
    check_conditions(request, blob.etag if blob else None, blob.modified if blob else None, reading=reading)


def check_tags(request: Request, tags: dict[str, str]) -> None:
    """The condition of a request on the tags that a blob has. Raises 400 for one that says nothing, and 412."""
    if "x-ms-if-tags" not in request.headers:
        return
    try:
        fits = tag_query.condition(request.headers["x-ms-if-tags"])
    except ValueError:
        text = "The value for one of the HTTP headers is not in the correct format: x-ms-if-tags."
        raise ServiceError(400, "InvalidHeaderValue", text) from None
    if not fits(tags):
        text = "The condition specified using HTTP conditional header(s) is not met."
        raise ServiceError(412, "ConditionNotMet", text)


def require(request: Request, emulator: Emulator) -> tuple[BlobAddress, Blob]:
    """The blob that a path names and its place. Raises 404."""
    require_container(request, emulator)
    found = blobs.get(emulator, address_of(request))
    if found is None:
        raise blob_not_found()
    return address_of(request), found


def blob_not_found() -> ServiceError:
    """The 404 of a blob."""
    return ServiceError(404, "BlobNotFound", "The specified blob does not exist.")


def address_of(request: Request) -> BlobAddress:
    """Where the blob of a path is, or the snapshot of it that the query names."""
    base = BlobAddress(request.params["account"], request.params["container"], request.params["blob"])
    return blobs.at(base, request.query["snapshot"]) if request.query.get("snapshot") else base


def stated(request: Request) -> dict[str, object]:
    """The content type, content headers and metadata that a write states."""
    headers = request.headers
    kind = headers.get("x-ms-blob-content-type") or headers.get("content-type")
    is_list = request.query.get("comp") == "blocklist"
    if is_list or not kind:
        kind = headers.get("x-ms-blob-content-type") or "application/octet-stream"
    kept = {name: headers[f"x-ms-blob-{name}"] for name in _KEPT if headers.get(f"x-ms-blob-{name}")}
    return {"content_type": kind, "headers": kept, "metadata": metadata_of(request)}


def _tier(emulator: Emulator, blob: Blob) -> dict[str, str]:
    is_tiered = blob.kind == "BlockBlob"
    return {f"x-ms-{name}": text for name, text in blob_tiers.shown(emulator, blob).items()} if is_tiered else {}


def _properties(emulator: Emulator, blob: Blob) -> dict[str, str]:
    said = {
        "ETag": blob.etag,
        "Last-Modified": http_date(blob.modified),
        "Content-Type": blob.content_type,
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-blob-type": blob.kind,
        **{f"x-ms-lease-{name}": text for name, text in blob.lease.shown(emulator.clock.now()).items()},
        "x-ms-server-encrypted": "true",
    }
    if blob.kind == "AppendBlob":
        said["x-ms-blob-committed-block-count"] = str(blob.appended)
    elif blob.kind == PAGE_BLOB:
        said[page_stated.SEQUENCE] = str(blob.sequence)
    if blob.md5:
        said["Content-MD5"] = blob.md5
    if blob.tags:
        said["x-ms-tag-count"] = str(len(blob.tags))
    if blob.snapshot:
        said["x-ms-snapshot"] = blob.snapshot
    if blob.copy:
        said |= {
            **blob.copy,
            "x-ms-copy-progress": f"{blob.size}/{blob.size}",
            "x-ms-copy-completion-time": http_date(blob.modified),
        }
    return {**said, **blob.headers, **_metadata(blob)}


def _content(emulator: Emulator, blob: Blob, first: int, size: int, *, at_once: bool = False) -> bytes | FilePart:
    """Bytes of a blob; many of them stay in the file, of which no others are written over them, until they are sent."""
    file = blobs.path_of(emulator, blob).open("rb", buffering=0)
    part = FilePart(file, first, size)
    if size > LARGE and blob.kind != PAGE_BLOB and not at_once:
        return part
    with part:
        return part.read(0, size)


def _snapshot_stamp(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z"


def _metadata(blob: Blob) -> dict[str, str]:
    return {f"x-ms-meta-{name}": text for name, text in blob.metadata.items()}


def _range(asked: str, blob: Blob) -> tuple[int, int]:
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.strip())
    first, last = (int(match[1]), int(match[2] or blob.size - 1)) if match else (0, 0)
    if not match or not first <= last or first >= blob.size:
        text = "The range specified is invalid for the current size of the resource."
        raise ServiceError(416, "InvalidRange", text, headers={"Content-Range": f"bytes */{blob.size}"})
    return first, min(last, blob.size - 1)


def check_md5(request: Request) -> str:
    """The MD5 of the body. Raises 400 when the client stated another."""
    if request.headers.get("content-md5", request.md5) != request.md5:
        text = "The MD5 value specified in the request did not match with the MD5 value calculated by the server."
        raise ServiceError(400, "Md5Mismatch", text)
    return request.md5
