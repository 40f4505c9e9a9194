"""What requests state of a page blob: its length, its sequence number; and how one is made and changed by it.

It must not know the calls on pages (`blob_pages`).
Source: the Blob service REST API, Put Blob and Set Blob Properties.
"""

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import pages
from azureml_emulator.services.storage.blob_protocol import changed
from azureml_emulator.services.storage.blobs import Blob, BlobAddress
from azureml_emulator.services.storage.pages import PAGE, PAGE_BLOB

SEQUENCE = "x-ms-blob-sequence-number"


def create(request: Request, emulator: Emulator, address: BlobAddress, labels: dict[str, object]) -> Reply:
    """PUT a page blob: as long as it says, and of zeros."""
    if request.body:
        raise header("Content-Length")
    sequence = number(request, SEQUENCE) if SEQUENCE in request.headers else 0
    blob = pages.create(emulator, address, size(request), sequence=sequence, **labels)
    return Reply(201, None, changed(blob))


def changes(request: Request, emulator: Emulator, blob: Blob) -> dict[str, object]:
    """What PUT ?comp=properties changes of a page blob only: its length and its sequence number."""
    resized, action = "x-ms-blob-content-length" in request.headers, request.headers.get("x-ms-sequence-number-action")
    if (resized or action) and blob.kind != PAGE_BLOB:
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    found: dict[str, object] = pages.resize(emulator, blob, size(request)) if resized else {}
    if action:
        found["sequence"] = _sequence(request, blob, action.lower())
    return found


def _sequence(request: Request, blob: Blob, action: str) -> int:
    if action == "increment" and SEQUENCE not in request.headers:
        return blob.sequence + 1
    if action not in ("max", "update"):
        raise header("x-ms-sequence-number-action")
    stated = number(request, SEQUENCE)
    return max(stated, blob.sequence) if action == "max" else stated


def size(request: Request) -> int:
    """How long a page blob is to be: whole pages. Raises a 400."""
    if "x-ms-blob-content-length" not in request.headers:
        text = "An HTTP header that's mandatory for this request is not specified."
        raise ServiceError(400, "MissingRequiredHeader", text)
    found = number(request, "x-ms-blob-content-length")
    if found % PAGE:
        raise header("x-ms-blob-content-length")
    return found


def number(request: Request, name: str) -> int:
    """The number that a header says. Raises a 400."""
    text = request.headers.get(name, "")
    if not text.isdecimal():
        raise header(name)
    return int(text)


def header(name: str) -> ServiceError:
    """The 400 for a header that is not understood."""
    text = f"The value for one of the HTTP headers is not in the correct format: {name}."
    return ServiceError(400, "InvalidHeaderValue", text)
