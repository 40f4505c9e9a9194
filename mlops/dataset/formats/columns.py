"""Rows of Parquet and Arrow files."""

from collections.abc import Callable, Iterator
from typing import Any

from mlops.domain.dataset.rows import Fault, Place, Read, Reason


def parquet(path: str, data: bytes) -> Iterator[Read]:
    """Rows of a Parquet file."""
    import pyarrow.parquet as pq

    return _rows(path, "Parquet", pq.read_table, data)


def arrow(path: str, data: bytes) -> Iterator[Read]:
    """Rows of an Arrow file (also called Feather), or of an Arrow stream, as `datasets` saves them."""
    import pyarrow as pa

    def read(buffer: Any) -> Any:
        try:
            return pa.ipc.open_file(buffer).read_all()
        except pa.ArrowInvalid:
            return pa.ipc.open_stream(data).read_all()

    return _rows(path, "Arrow", read, data)


def _rows(path: str, kind: str, read: Callable[[Any], Any], data: bytes) -> Iterator[Read]:
    import pyarrow as pa

    try:
        rows = read(pa.BufferReader(data)).to_pylist()
    except (pa.ArrowException, OSError, ValueError, TypeError, NotImplementedError) as error:  # text that is not UTF-8
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        what = f"not a readable {kind} file: {first_line}"
        yield Place(path), Fault(Reason.UNREADABLE_FILE, what, "write it again, e.g. with pandas")
        return
    for number, row in enumerate(rows, start=1):
        yield Place(path, row=number), row
