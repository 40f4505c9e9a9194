"""Data Lake Storage Gen2: files and folders by the protocol that datastores of that type are written with.

A file is the blob of the same name, and a folder is an empty blob that says so in its metadata, as the real service
shows them to Blob clients. What a Data Lake client reads it mostly asks Blob Storage for. Access control lists are not
kept. Source: the Data Lake Storage Gen2 REST API, as azure-storage-file-datalake 12 speaks it.
"""

import base64
import functools
from collections.abc import Callable, Iterator

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blobs
from azureml_emulator.services.storage.blob_protocol import (
    VERSION,
    Handler,
    authorize,
    changed,
    check_conditions,
    check_lease,
    http_date,
    require_container,
)
from azureml_emulator.services.storage.blobs import FOLDER, Blob, BlobAddress

PAGE = 5000
_CODES = {"ContainerNotFound": "FilesystemNotFound", "BlobAlreadyExists": "PathAlreadyExists"}  # of blobs, of paths
_OWNER = {"owner": "$superuser", "group": "$superuser", "permissions": "rw-r-----"}


def lake_call(needed: str) -> Callable[[Handler], Handler]:
    """A handler of the service: checked for a credential that grants one of `needed`, with errors as JSON."""

    def wrap(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def call(request: Request, emulator: Emulator) -> Reply:
            try:
                authorize(request, emulator, needed)
                require_container(request, emulator)
                reply = handler(request, emulator)
            except ServiceError as error:
                code = _CODES.get(error.code, error.code)
                body: Json = {"error": {"code": code, "message": error.message}}
                reply = Reply(error.status, body, {"x-ms-error-code": code, **error.headers})
            common = {"x-ms-version": request.headers.get("x-ms-version", VERSION)}
            return Reply(reply.status, reply.body, {**common, **reply.headers})

        return call

    return wrap


@lake_call("cw")
def create(request: Request, emulator: Emulator) -> Reply:
    """PUT ?resource=file or directory, with the folders above. What was there is replaced, unless it may not be."""
    place, kind = _place(request), request.query.get("resource")
    if kind not in ("file", "directory"):
        raise ServiceError(400, "InvalidQueryParameterValue", f"The value {kind!r} of resource is not valid.")
    before = blobs.get(emulator, place)
    check_conditions(request, before.etag if before else None, before.modified if before else None, reading=False)
    if before:
        check_lease(request, emulator, before.lease, "Blob", reading=False)
        if _is_folder(before) != (kind == "directory"):
            raise ServiceError(409, "ResourceTypeMismatch", "The resource of that name is of the other type.")
    for above in _folders_above(place.name):
        folder = place._replace(name=above)
        if blobs.get(emulator, folder) is None:
            blobs.put(emulator, folder, b"", metadata={FOLDER: "true"})
    stated = _properties(request)
    blobs.drop_blocks(emulator, place)
    if kind == "directory":
        made = before or blobs.put(emulator, place, b"", metadata={**stated, FOLDER: "true"})
    else:
        made = blobs.put(emulator, place, b"", metadata=stated)
    return Reply(201, None, changed(made))


@lake_call("aw")
def update(request: Request, emulator: Emulator) -> Reply:
    """PATCH ?action=append keeps bytes for a position; ?action=flush makes them the file's up to a position."""
    place, action = _place(request), request.query.get("action")
    found = _require(emulator, place)
    check_lease(request, emulator, found.lease, "Blob", reading=False)
    if action not in ("append", "flush"):
        raise ServiceError(501, "NotEmulated", f"The emulator does not do the action {action} on a path.")
    try:
        position = int(request.query.get("position", ""))
    except ValueError:
        text = "The value of position must be a number."
        raise ServiceError(400, "InvalidQueryParameterValue", text) from None
    if action == "append":
        blobs.stage(emulator, place, _block(position), request.body)
        return Reply(202, None, {"x-ms-request-server-encrypted": "true"})
    check_conditions(request, found.etag, found.modified, reading=False)
    return Reply(200, None, changed(_flush(emulator, place, found, position)))


@lake_call("d")
def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE a file, or a folder with what is in it, which must be asked for."""
    place = _place(request)
    found = _require(emulator, place)
    check_conditions(request, found.etag, found.modified, reading=False)
    check_lease(request, emulator, found.lease, "Blob", reading=False)
    below = list(blobs.walk(emulator, place._replace(name=f"{place.name}/"))) if _is_folder(found) else []
    if below and request.query.get("recursive", "false").lower() != "true":
        text = "The recursive query parameter value must be true to delete a non-empty directory."
        raise ServiceError(409, "DirectoryNotEmpty", text)
    for one in (*below, found):
        blobs.delete(emulator, place._replace(name=one.name))
    return Reply(200)


@lake_call("rl")
def properties(request: Request, emulator: Emulator) -> Reply:
    """HEAD a path."""
    found = _require(emulator, _place(request))
    check_conditions(request, found.etag, found.modified, reading=True)
    stated = ",".join(
        f"{key}={base64.b64encode(value.encode()).decode()}" for key, value in found.metadata.items() if key != FOLDER
    )
    said = {
        "Content-Length": str(found.size),
        "Content-Type": found.content_type,
        "x-ms-resource-type": "directory" if _is_folder(found) else "file",
        "x-ms-properties": stated,
        **{f"x-ms-{key}": value for key, value in _OWNER.items()},
    }
    return Reply(200, None, {**changed(found), **said})


@lake_call("l")
def list_paths(request: Request, emulator: Emulator) -> Reply:
    """GET ?resource=filesystem: the paths of a file system or below one of its folders, in pages."""
    query = request.query
    top = query.get("directory", "").strip("/")
    base = BlobAddress(request.params["account"], request.params["container"], f"{top}/" if top else "")
    if top:
        _require(emulator, base._replace(name=top))
    deep = query.get("recursive", "false").lower() == "true"
    try:
        most = min(int(query.get("maxResults") or PAGE), PAGE)
    except ValueError:
        raise ServiceError(400, "InvalidQueryParameterValue", "The value of maxResults must be a number.") from None
    after = base64.b64decode(query.get("continuation", "")).decode()
    shown: list[Json] = []
    headers: dict[str, str] = {}
    for one in blobs.walk(emulator, base, after=after):
        if not deep and "/" in one.name[len(base.name) :]:
            continue
        if len(shown) == most:
            headers["x-ms-continuation"] = base64.b64encode(one.name.encode()).decode()
            break
        shown.append(_shown(one))
    return Reply(200, {"paths": shown}, headers)


def _flush(emulator: Emulator, place: BlobAddress, found: Blob, position: int) -> Blob:
    """The file with what was appended to it. Raises 400 where bytes before the position are missing."""
    waiting = {int(base64.b64decode(block)): block for block in blobs.staged(emulator, place)}
    parts: list[tuple[str, str]] = [(block, "Committed") for block, _ in found.blocks]
    end = found.size
    sizes = {block: size for block, (_, size) in blobs.staged(emulator, place).items()}
    for start in sorted(waiting):
        if start == end and end < position:
            parts.append((waiting[start], "Uncommitted"))
            end += sizes[waiting[start]]
    if end != position:
        raise ServiceError(400, "InvalidFlushPosition", "The uploaded data is not contiguous or is not of that length.")
    if not position or position == found.size:
        return found
    return blobs.commit(emulator, place, parts, metadata=found.metadata, content_type=found.content_type)


def _block(position: int) -> str:
    return base64.b64encode(f"{position:032d}".encode()).decode()


def _place(request: Request) -> BlobAddress:
    return BlobAddress(request.params["account"], request.params["container"], request.params["blob"].strip("/"))


def _require(emulator: Emulator, place: BlobAddress) -> Blob:
    found = blobs.get(emulator, place)
    if found is None:
        raise ServiceError(404, "PathNotFound", "The specified path does not exist.")
    return found


def _is_folder(found: Blob) -> bool:
    return found.metadata.get(FOLDER) == "true"


def _folders_above(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    return ("/".join(parts[: count + 1]) for count in range(len(parts)))


def _properties(request: Request) -> dict[str, str]:
    """`x-ms-properties`: names with values in base64."""
    pairs = (pair.partition("=") for pair in request.headers.get("x-ms-properties", "").split(",") if pair)
    try:
        return {name.strip(): base64.b64decode(value).decode() for name, _, value in pairs}
    except ValueError as error:
        text = "The value for one of the HTTP headers is not in the correct format."
        raise ServiceError(400, "InvalidHeaderValue", text) from error


def _shown(one: Blob) -> Json:
    folder: Json = {"isDirectory": "true"} if _is_folder(one) else {}
    return {
        "name": one.name,
        **folder,
        "contentLength": str(one.size),
        "etag": one.etag.strip('"'),
        "lastModified": http_date(one.modified),
        **_OWNER,
    }
