"""The calls on the pages of a page blob: write them, clear them, list what was written.

The blob itself is made and changed in `blob`.

Source: the Blob service REST API, Put Page and Get Page Ranges.
"""

import base64
import hashlib
import operator
import re

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blob as blob_calls
from azureml_emulator.services.storage import blob_containers, page_stated, pages
from azureml_emulator.services.storage.blob_protocol import changed, element, storage_call, xml
from azureml_emulator.services.storage.blobs import Blob
from azureml_emulator.services.storage.pages import PAGE, PAGE_BLOB, Range

MOST_AT_ONCE = 4 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_IF = {"le": operator.le, "lt": operator.lt, "eq": operator.eq}


@storage_call("w")
def put_page(request: Request, emulator: Emulator) -> Reply:
    """PUT ?comp=page: writes pages, or clears them."""
    address, blob = blob_calls.require(request, emulator)
    blob_calls.check(request, emulator, blob)
    _check(request, blob)
    if "x-ms-copy-source" in request.headers:
        raise ServiceError(501, "NotEmulated", "The emulator does not write pages from a URL.")
    where, what = _range(request, blob), request.headers.get("x-ms-page-write", "").lower()
    if what not in ("update", "clear"):
        raise page_stated.header("x-ms-page-write")
    length = where[1] - where[0] + 1
    if what == "update" and length > MOST_AT_ONCE:
        text = "The request body is too large and exceeds the maximum permissible limit."
        raise ServiceError(413, "RequestBodyTooLarge", text)
    if len(request.body) != (length if what == "update" else 0):
        raise page_stated.header("Content-Length")
    blob_calls.check_md5(request)
    made = pages.write(emulator, address, blob, where, request.body if what == "update" else None)
    md5 = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
    said = {"Content-MD5": md5} if what == "update" else {}
    return Reply(201, None, {**changed(made), **said, page_stated.SEQUENCE: str(made.sequence)})


@storage_call("r")
def get_ranges(request: Request, emulator: Emulator) -> Reply:
    """GET ?comp=pagelist: what was written, in order."""
    _, blob = blob_calls.require(request, emulator)
    blob_calls.check(request, emulator, blob, reading=True)
    _check(request, blob)
    if "prevsnapshot" in request.query or "x-ms-previous-snapshot-url" in request.headers:
        raise ServiceError(501, "NotEmulated", "The emulator does not compare the pages of snapshots.")
    asked = "x-ms-range" in request.headers or "range" in request.headers
    found = pages.within(blob, _range(request, blob) if asked else (0, max(blob.size - 1, 0)))
    after = blob_containers.unmark(request.query.get("marker", ""))
    left = [one for one in found if one[0] >= int(after or 0)]
    size = blob_containers.size_of(request.query)
    shown = "".join(
        f"<PageRange>{element('Start', first)}{element('End', last)}</PageRange>" for first, last in left[:size]
    )
    more = blob_containers.mark(str(left[size][0])) if len(left) > size else ""
    headers = {**changed(blob), "x-ms-blob-content-length": str(blob.size)}
    headers.pop("x-ms-request-server-encrypted")
    return xml(f"<PageList>{shown}{element('NextMarker', more)}</PageList>", headers=headers)


def _check(request: Request, blob: Blob) -> None:
    """It is a page blob, and its sequence number is as the request says."""
    if blob.kind != PAGE_BLOB:
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    for name, fits in _IF.items():
        header = f"x-ms-if-sequence-number-{name}"
        if header in request.headers and not fits(blob.sequence, page_stated.number(request, header)):
            text = "The sequence number condition specified was not met."
            raise ServiceError(412, "SequenceNumberConditionNotMet", text)


def _range(request: Request, blob: Blob) -> Range:
    stated = request.headers.get("x-ms-range") or request.headers.get("range")
    if not stated:
        text = "An HTTP header that's mandatory for this request is not specified."
        raise ServiceError(400, "MissingRequiredHeader", text)
    match = _RANGE.fullmatch(stated.strip())
    first, last = (int(match[1]), int(match[2])) if match else (1, 0)
    if first % PAGE or (last + 1) % PAGE or not first < last < blob.size:
        raise ServiceError(416, "InvalidPageRange", "The page range specified is invalid.")
    return first, last
