"""The pages of a page blob: which were written, and their bytes in a file as long as the blob.

It must not know a request.
"""

from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blobs
from azureml_emulator.services.storage.blobs import Blob, BlobAddress

PAGE = 512
PAGE_BLOB = "PageBlob"
Range = tuple[int, int]  # the first and the last byte


def create(emulator: Emulator, address: BlobAddress, size: int, **properties: object) -> Blob:
    """A blob of that many zeros; `properties` are fields of Blob."""
    blob = blobs.put(emulator, address, b"", **{**properties, "kind": PAGE_BLOB, "md5": None})
    _lengthen(emulator, blob, size)
    return blobs.keep(emulator, address, size=size)


def write(emulator: Emulator, address: BlobAddress, blob: Blob, where: Range, data: bytes | bytearray | None) -> Blob:
    """Bytes at a range of pages, or none: cleared ones are zeros again and not listed."""
    first, last = where
    with blobs.path_of(emulator, blob).open("r+b") as out:
        out.seek(first)
        out.write(bytes(last - first + 1) if data is None else data)
    left = _without(blob.pages, where)
    return blobs.change(emulator, address, pages=left if data is None else _joined([*left, where]))


def resize(emulator: Emulator, blob: Blob, size: int) -> dict[str, object]:
    """Cut the blob or add zeros; what changes of its fields."""
    _lengthen(emulator, blob, size)
    return {"size": size, "pages": _without(blob.pages, (size, max(size, blob.size)))}


def within(blob: Blob, where: Range) -> list[Range]:
    """What was written inside a range."""
    first, last = where
    cut = ((max(one, first), min(other, last)) for one, other in blob.pages)
    return [(one, other) for one, other in cut if one <= other]


def _lengthen(emulator: Emulator, blob: Blob, size: int) -> None:
    with blobs.path_of(emulator, blob).open("r+b") as out:
        out.truncate(size)


def _without(ranges: list[Range], where: Range) -> list[Range]:
    first, last = where
    parts = [part for one, other in ranges for part in ((one, min(other, first - 1)), (max(one, last + 1), other))]
    return sorted((one, other) for one, other in parts if one <= other)


def _joined(ranges: list[Range]) -> list[Range]:
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
