"""Writes the train, validation and test files from the spill, each row at its place, hashing them on the way.

It must not choose rows or decide their order.
"""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np

from mlops.dataset.minhash import Integers
from mlops.dataset.spill import PARTITIONS, PENDING_BYTES, SpillFiles, partitions_of
from mlops.dataset.table import Table
from mlops.domain.dataset.manifest import FILES, FileEntry, percentiles

# As large as the pieces of the spill files: the system then takes the memory that a forgotten partition gave back for
# the next bytes of a file. Larger pieces want larger pages of it, which are fresh ones, and took six times as long.
PIECE_BYTES = PENDING_BYTES // PARTITIONS
BUFFER_BYTES = 4_000_000  # put together while as many are hashed and written; a longer line gets a buffer of its own


@dataclass(frozen=True)
class Ordered:
    """Rows of a part in the order in which they are written. `numbers` ascend, from 0 to 2^64; a row may recur."""

    rows: Integers
    numbers: Integers


def write(folder: Path, table: Table, parts: Mapping[str, Ordered], spill: SpillFiles) -> dict[str, FileEntry]:
    """Write one file for each part, and give what is in it. The spill gives its space back on the way."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(3))
        files = {part: _File(stack.enter_context(FileIO(folder / FILES[part], "w")), pool) for part in parts}
        forgotten: list[Future[None]] = []
        if spill.on_disk:
            every = np.arange(PARTITIONS + 1)
            edges = {part: np.searchsorted(partitions_of(ordered.numbers), every) for part, ordered in parts.items()}
            recur = any((np.diff(np.sort(ordered.rows)) == 0).any() for ordered in parts.values())
            for partition in range(PARTITIONS):
                spill.expect(partition + 1)
                for part, ordered in parts.items():
                    files[part].add(table[ordered.rows[edges[part][partition] : edges[part][partition + 1]]], spill)
                if not recur:  # else a later partition may want a line of this one
                    forgotten.append(pool.submit(spill.forget, partition))
        else:  # there is no space to give back: a part at once, and not in 128 pieces
            for part, ordered in parts.items():
                files[part].add(table[ordered.rows], spill)
        for file in files.values():
            file.finish()
        for future in forgotten:
            future.result()
    return {FILES[part]: _entry(table[ordered.rows], files[part].sha256) for part, ordered in parts.items()}


class _File:
    """A file that is written and hashed in threads while the next bytes are put together."""

    def __init__(self, file: FileIO, pool: ThreadPoolExecutor) -> None:
        self._file, self._pool = file, pool
        self._hash = hashlib.sha256()
        self._under_way: list[Future[None]] = []
        self._next, self._other = bytearray(), bytearray()  # used in turn: fresh memory costs more than the copy
        self._filled = 0

    def add(self, rows: Table, spill: SpillFiles) -> None:
        """Append the lines of rows."""
        lengths = rows["length"].tolist()
        if not self._next:  # most files are small, and memory that nothing is put into costs as much as what is
            self._next = bytearray(min(sum(lengths), BUFFER_BYTES))
        target, at = memoryview(self._next), self._filled
        for place, offset, length in zip(
            partitions_of(rows["order"]).tolist(), rows["offset"].tolist(), lengths, strict=True
        ):
            end = at + length
            if end > len(target):
                self._filled = at
                self._send()
                if len(self._next) < max(length, BUFFER_BYTES):
                    self._next = bytearray(max(length, BUFFER_BYTES))
                target, at, end = memoryview(self._next), 0, length
            spill.read(place, offset, target[at:end])
            at = end
        self._filled = at

    def finish(self) -> None:
        """Wait until all is written, and write what is left: most files have no more, and need no thread."""
        self._settle()
        rest = memoryview(self._next)[: self._filled]
        self._hash.update(rest)
        self._write(rest)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _send(self) -> None:
        self._settle()
        data = memoryview(self._next)[: self._filled]
        self._under_way = [self._pool.submit(self._hash.update, data), self._pool.submit(self._write, data)]
        self._next, self._other, self._filled = self._other, self._next, 0

    def _settle(self) -> None:
        for future in self._under_way:
            future.result()

    def _write(self, rest: memoryview) -> None:
        while rest:
            rest = rest[self._file.write(rest[:PIECE_BYTES]) :]


def _entry(rows: Table, sha256: str) -> FileEntry:
    return FileEntry(
        rows=len(rows),
        bytes=int(rows["length"].sum(dtype="u8")),
        sha256=sha256,
        messages=int(rows["turns"].sum(dtype="u8")),
        tokens=int(rows["tokens"].sum(dtype="u8")),
        characters=percentiles(rows["characters"].tolist()),
        turns=percentiles(rows["turns"].tolist()),
    )
