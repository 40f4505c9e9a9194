"""The lines of all rows while it is not yet known which of them stay and in which order.

It must not know what a line says. A row goes to one of 128 partitions by its place in the order (`Table["order"]`), so
the files are later written partition by partition: only one is read from at a time, and then its space on the disk is
free again for the next. What fits into some megabytes never touches the disk.
"""

import os
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops.dataset.table import Batch, Buffer, Table, concatenated

PARTITIONS = 128
_SHIFT = np.uint64(64 - 7)
VECTOR = 1000  # pieces that are written at once; systems allow 1024
PENDING_BYTES = 32_000_000  # lines that wait in memory


def partitions_of(order: NDArray[Any]) -> NDArray[np.int64]:
    """The partition of each place in the order; it never falls where the place rises."""
    found: NDArray[np.int64] = (order >> _SHIFT).astype(np.int64)
    return found


class SpillFiles:
    """Add batches, then `table` once, then `line` and `read`. The folder must exist; its owner removes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, FileIO] = {}
        self._ends = [0] * PARTITIONS
        self._pending: list[list[Buffer]] = [[] for _ in range(PARTITIONS)]
        self._waiting = 0
        self._chunks: list[Table] = []
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Append the rows of a batch, and set their `offset`."""
        rows, ends, pending = batch.rows, self._ends, self._pending
        offsets = []
        for partition, head, tail in zip(partitions_of(rows["order"]).tolist(), batch.heads, batch.tails, strict=True):
            offsets.append(ends[partition])
            ends[partition] += len(head) + len(tail)
            pending[partition] += (head, tail)
        rows["offset"] = offsets
        self._chunks.append(rows)
        self.rows += len(rows)
        self._waiting += int(rows["length"].sum(dtype="u8"))
        if self._waiting > PENDING_BYTES:
            self._flush()

    @property
    def on_disk(self) -> bool:
        """Whether there were more lines than wait in memory."""
        return bool(self._files)

    def table(self) -> Table:
        """All rows in the order in which they came. They are handed over: call it once, and add nothing after it."""
        if self._files:
            self._flush()
        else:
            self._pending = [[b"".join(lines)] if lines else [] for lines in self._pending]
        return concatenated(self._chunks)

    def line(self, row: np.void) -> bytes:
        """The line of a row."""
        line = bytearray(int(row["length"]))
        self.read(int(row["order"] >> _SHIFT), int(row["offset"]), memoryview(line))
        return bytes(line)

    def read(self, partition: int, offset: int, target: memoryview) -> None:
        """Fill the target with what stands at a place."""
        if not self._files:
            target[:] = memoryview(self._pending[partition][0])[offset : offset + len(target)]
        elif os.preadv(self._files[partition].fileno(), [target], offset) < len(target):
            raise OSError(f"{self._path(partition)} has no {len(target)} bytes at {offset}")

    def expect(self, number: int) -> None:
        """Let the system fetch a partition that is read soon: its lines are read in another order."""
        if number in self._files and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._files[number].fileno(), 0, 0, os.POSIX_FADV_WILLNEED)

    def forget(self, number: int) -> None:
        """Give the space of a partition back."""
        self._pending[number] = []
        if number in self._files:
            self._files.pop(number).close()
            self._path(number).unlink()

    def close(self) -> None:
        """Release the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _flush(self) -> None:
        for number, lines in enumerate(self._pending):
            if lines and number not in self._files:
                self._files[number] = FileIO(self._path(number), "w+")
            for first in range(0, len(lines), VECTOR):
                _write_all(self._files[number].fileno(), lines[first : first + VECTOR])
            lines.clear()
        self._waiting = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"partition-{number:03}"


def _write_all(file: int, lines: list[Buffer]) -> None:
    written = os.writev(file, lines)
    if written < sum(map(len, lines)):  # a full disk says why with the next bytes
        rest = memoryview(b"".join(lines))[written:]
        while rest:
            rest = rest[os.write(file, rest) :]
