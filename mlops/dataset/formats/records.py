"""Every row of a file with its place, whatever it is packed in: the decoded value, or why it could not be decoded.

It must not judge a row. What a file is packed in is told by its first bytes, what is inside by its ending.
"""

import gzip
import zlib
from collections.abc import Iterator

from mlops.dataset.formats import columns, texts
from mlops.domain.dataset.rows import Fault, Place, Read, Reason, ending

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
PARQUET, ARROW = b"PAR1", b"ARROW1"
LARGEST = 4 * 2**30  # bytes of an unpacked file
LFS_FIX = "for a workflow see docs/data.md#git-lfs; here run `git lfs pull`"


def records(path: str, data: bytes, encoding: str = "utf-8") -> Iterator[Read]:
    """Every row of a file. `path` is relative to the repository; `encoding` is that of a text without a mark."""
    if data.startswith(LFS_POINTER):
        return iter([_fault(path, "this is a Git LFS pointer, not data", LFS_FIX)])
    try:
        data = _unpacked(data)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        why = str(error) or type(error).__name__
        return iter([_fault(path, f"the file cannot be unpacked: {why}", "pack it again, or unpack it here")])
    if data.startswith(ZIP):
        fix = "save a spreadsheet as CSV (UTF-8); unpack any other archive"
        return iter([_fault(path, "this is a spreadsheet or a zip archive", fix)])
    kind = ending(path)
    if data.startswith(PARQUET) or kind == ".parquet":
        return columns.parquet(path, data)
    if data.startswith(ARROW) or kind in (".arrow", ".feather"):
        return columns.arrow(path, data)
    if kind in (".csv", ".tsv"):
        return texts.table(path, data, encoding)
    return texts.json_lines(path, data, encoding) if kind in (".jsonl", ".ndjson") else texts.json(path, data, encoding)


def _unpacked(data: bytes) -> bytes:
    if data.startswith(GZIP):
        return _limited(gzip.decompress(data))
    if data.startswith(ZSTD):
        import pyarrow as pa

        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return _limited(stream.read(LARGEST + 1))
    return data


def _limited(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise ValueError(f"more than {LARGEST // 2**30} GiB are inside")
    return data


def _fault(path: str, what: str, fix: str) -> Read:
    return Place(path), Fault(Reason.UNREADABLE_FILE, what, fix)
