"""Blobs: bytes in files below the emulator's folder, their properties in the store.

It must not know HTTP or Azure ML. A file is written once under a name of its own and never changed, except that
append and page blobs are written to; so a rolled-back request loses nothing and no blob name ever becomes a path. All
functions are called on the thread of the store.
"""

import base64
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from azureml_emulator.core import clouds
from azureml_emulator.core.clock import iso
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage.lease import NONE, Lease

COPY_BUFFER = 1024 * 1024
_INHERITED = ("kind", "content_type", "headers", "metadata", "md5", "blocks", "pages", "sequence")  # by a copy
FOLDER = "hdi_isfolder"  # in the metadata of an empty blob that is a folder of Data Lake Storage


class BlobAddress(NamedTuple):
    """Where a blob is. An empty name means the whole container."""

    account: str
    container: str
    name: str = ""

    @property
    def url(self) -> str:
        """As the storage service addresses it."""
        host = clouds.here(f"{self.account}.blob.core.windows.net")
        return f"https://{host}/{self.container}" + (f"/{self.name}" if self.name else "")


@dataclass(frozen=True)
class Blob:
    """A committed blob. Times are of the emulator's clock; `kind` is BlockBlob, AppendBlob or PageBlob."""

    name: str
    file: str  # relative to the folder of blobs
    size: int
    etag: str
    created: str
    modified: str
    kind: str = "BlockBlob"
    content_type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)  # content-encoding, cache-control, ...
    metadata: dict[str, str] = field(default_factory=dict)
    md5: str | None = None  # base64, as Content-MD5
    blocks: list[tuple[str, int]] = field(default_factory=list)  # committed block ids and sizes
    appended: int = 0  # committed appends of an append blob
    pages: list[tuple[int, int]] = field(default_factory=list)  # of a page blob: first and last bytes written
    sequence: int = 0  # number that a page blob is given
    copy: dict[str, str] = field(default_factory=dict)  # x-ms-copy-* of the last copy into it
    lease: Lease = NONE
    tags: dict[str, str] = field(default_factory=dict)
    tier: str = ""  # that was set; empty: the account's
    waking: tuple[str, str] = ("", "")  # of an archived blob: the tier that it comes back to, and when
    snapshot: str = ""  # when it was taken, of a snapshot


def get(emulator: Emulator, address: BlobAddress) -> Blob | None:
    """The blob, or None."""
    row = emulator.store.database.execute(
        "SELECT body FROM blobs WHERE account = ? AND container = ? AND name = ?", address
    ).fetchone()
    return _blob(row[0]) if row else None


def walk(emulator: Emulator, address: BlobAddress, *, after: str = "") -> Iterator[Blob]:
    """Blobs whose name starts with `address.name`, in byte order, from the name `after` on (inclusive)."""
    first = max(address.name, after)
    rows = emulator.store.database.execute(
        "SELECT name, body FROM blobs WHERE account = ? AND container = ? AND name >= ? ORDER BY name",
        (address.account, address.container, first),
    )
    for name, body in rows:
        if not name.startswith(address.name):
            return
        yield _blob(body)


def put(emulator: Emulator, address: BlobAddress, data: bytes | bytearray, **properties: Any) -> Blob:
    """Create or replace a blob with these bytes; `properties` are fields of Blob."""
    file = _new_file(emulator)
    (emulator.blobs / file).write_bytes(data)
    if "md5" not in properties:
        properties["md5"] = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    return _replace(emulator, address, file, len(data), **properties)


def put_file(emulator: Emulator, address: BlobAddress, source: Path, **properties: Any) -> Blob:
    """Create or replace a blob with a copy of a local file."""
    file = _new_file(emulator)
    shutil.copyfile(source, emulator.blobs / file)
    return _replace(emulator, address, file, source.stat().st_size, **properties)


def copy(emulator: Emulator, source: BlobAddress, address: BlobAddress, **properties: Any) -> Blob:
    """Create or replace a blob with the content and properties of another, which must exist."""
    found = get(emulator, source)
    assert found is not None, source
    inherited = {name: getattr(found, name) for name in _INHERITED}
    file = _new_file(emulator)
    shutil.copyfile(emulator.blobs / found.file, emulator.blobs / file)
    return _replace(emulator, address, file, found.size, **{**inherited, **properties})


def append(emulator: Emulator, address: BlobAddress, data: bytes | bytearray) -> Blob:
    """Grow an append blob, which must exist."""
    found = get(emulator, address)
    assert found is not None, address
    path = emulator.blobs / found.file
    with path.open("r+b") as out:
        out.truncate(found.size)  # drop what a rolled-back request left behind
        out.seek(found.size)
        out.write(data)
    return _save(
        emulator, address, _stamped(emulator, replace(found, size=found.size + len(data), appended=found.appended + 1))
    )


def change(emulator: Emulator, address: BlobAddress, **properties: Any) -> Blob:
    """Set properties of a blob that exists; its ETag and time change."""
    found = get(emulator, address)
    assert found is not None, address
    return _save(emulator, address, _stamped(emulator, replace(found, **properties)))


def keep(emulator: Emulator, address: BlobAddress, **properties: Any) -> Blob:
    """Set the lease, tags or tier of a blob that exists: neither ETag nor time changes."""
    found = get(emulator, address)
    assert found is not None, address
    return _save(emulator, address, replace(found, **properties))


def at(address: BlobAddress, snapshot: str) -> BlobAddress:
    """Where a snapshot of a blob is kept; with neither name nor snapshot, where all of a container are."""
    name = f"{address.name}\0{snapshot}" if address.name else ""
    return address._replace(container=f"{address.container}?", name=name)


def snapshots(emulator: Emulator, address: BlobAddress) -> Iterator[Blob]:
    """The snapshots of a blob, oldest first."""
    return walk(emulator, at(address, ""))


def take_snapshot(emulator: Emulator, address: BlobAddress, stamp: str, **properties: Any) -> Blob:
    """Keep a blob, which must exist, as it is: with its ETag and its times."""
    found = get(emulator, address)
    assert found is not None, address
    file = _new_file(emulator)
    shutil.copyfile(emulator.blobs / found.file, emulator.blobs / file)
    return _save(emulator, at(address, stamp), replace(found, file=file, snapshot=stamp, lease=NONE, **properties))


def delete_all(emulator: Emulator, container: BlobAddress) -> None:
    """Remove all blobs of a container, and their snapshots."""
    for place in (container, at(container, "")):
        for name, *_ in emulator.store.database.execute(
            "SELECT name FROM blobs WHERE account = ? AND container = ?", place[:2]
        ).fetchall():
            delete(emulator, place._replace(name=name))


def delete(emulator: Emulator, address: BlobAddress) -> None:
    """Remove a blob and its uncommitted blocks."""
    found = get(emulator, address)
    emulator.store.database.execute("DELETE FROM blobs WHERE account = ? AND container = ? AND name = ?", address)
    drop_blocks(emulator, address)
    if found:
        (emulator.blobs / found.file).unlink(missing_ok=True)


def stage(emulator: Emulator, address: BlobAddress, block: str, data: bytes | bytearray) -> None:
    """Keep an uncommitted block of a blob that may not exist yet."""
    replaced = staged(emulator, address).get(block)
    file = _new_file(emulator)
    (emulator.blobs / file).write_bytes(data)
    emulator.store.database.execute(
        "INSERT OR REPLACE INTO blob_blocks (account, container, name, block, file, size) VALUES (?,?,?,?,?,?)",
        (*address, block, file, len(data)),
    )
    if replaced:
        (emulator.blobs / replaced[0]).unlink(missing_ok=True)


def staged(emulator: Emulator, address: BlobAddress) -> dict[str, tuple[str, int]]:
    """Uncommitted blocks: id -> (file, size)."""
    rows = emulator.store.database.execute(
        "SELECT block, file, size FROM blob_blocks WHERE account = ? AND container = ? AND name = ?", address
    )
    return {block: (file, size) for block, file, size in rows}


def commit(emulator: Emulator, address: BlobAddress, blocks: Sequence[tuple[str, str]], **properties: Any) -> Blob:
    """Make a blob of blocks: (id, Latest|Committed|Uncommitted). Raises KeyError with the id that is not there."""
    waiting, before = staged(emulator, address), get(emulator, address)
    committed = _ranges(before)
    file = _new_file(emulator)
    sizes: list[tuple[str, int]] = []
    try:
        with (emulator.blobs / file).open("wb") as out:
            for block, source in blocks:
                if source != "Committed" and block in waiting:
                    part, size = waiting[block]
                    _pour(emulator.blobs / part, 0, size, out)
                elif source != "Uncommitted" and before is not None:
                    offset, size = committed[block]
                    _pour(emulator.blobs / before.file, offset, size, out)
                else:
                    raise KeyError(block)
                sizes.append((block, size))
    except KeyError:
        (emulator.blobs / file).unlink(missing_ok=True)
        raise
    blob = _replace(emulator, address, file, sum(size for _, size in sizes), blocks=sizes, **properties)
    drop_blocks(emulator, address)
    return blob


def drop_blocks(emulator: Emulator, address: BlobAddress) -> None:
    """Forget the uncommitted blocks of a blob."""
    for file, _ in staged(emulator, address).values():
        (emulator.blobs / file).unlink(missing_ok=True)
    emulator.store.database.execute("DELETE FROM blob_blocks WHERE account = ? AND container = ? AND name = ?", address)


def path_of(emulator: Emulator, blob: Blob) -> Path:
    """The file that holds a blob's bytes; it must not be written to."""
    return emulator.blobs / blob.file


def new_etag() -> str:
    """A quoted entity tag in the service's form."""
    return f'"0x8{uuid.uuid4().hex[:14].upper()}"'


def _ranges(blob: Blob | None) -> dict[str, tuple[int, int]]:
    found, offset = {}, 0
    for block, size in blob.blocks if blob else ():
        found[block] = (offset, size)
        offset += size
    return found


def _pour(path: Path, offset: int, size: int, out: Any) -> None:
    with path.open("rb") as source:
        source.seek(offset)
        while size > 0 and (data := source.read(min(size, COPY_BUFFER))):
            out.write(data)
            size -= len(data)


def _new_file(emulator: Emulator) -> str:
    name = uuid.uuid4().hex
    (emulator.blobs / name[:2]).mkdir(exist_ok=True)
    return f"{name[:2]}/{name}"


def _replace(emulator: Emulator, address: BlobAddress, file: str, size: int, **properties: Any) -> Blob:
    before, now = get(emulator, address), iso(emulator.clock.now())
    fresh = Blob(address.name, file, size, new_etag(), before.created if before else now, now, **properties)
    if before:
        fresh = replace(fresh, lease=before.lease.after_write(emulator.clock.now()))
    _save(emulator, address, fresh)
    if before:
        (emulator.blobs / before.file).unlink(missing_ok=True)
    return fresh


def _stamped(emulator: Emulator, blob: Blob) -> Blob:
    now = emulator.clock.now()
    return replace(blob, etag=new_etag(), modified=iso(now), lease=blob.lease.after_write(now))


def _save(emulator: Emulator, address: BlobAddress, blob: Blob) -> Blob:
    emulator.store.database.execute(
        "INSERT OR REPLACE INTO blobs (account, container, name, body) VALUES (?,?,?,?)",
        (*address, json.dumps(asdict(blob))),
    )
    return blob


def _blob(text: str) -> Blob:
    body = json.loads(text)
    lease = Lease(**body["lease"]) if body.get("lease") else NONE
    tuples = {
        "blocks": [(block, size) for block, size in body["blocks"]],
        "pages": [(first, last) for first, last in body.get("pages") or ()],
        "waking": tuple(body.get("waking") or ("", "")),
    }
    return Blob(**{**body, **tuples, "lease": lease})
