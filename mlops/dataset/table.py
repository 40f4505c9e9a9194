"""What is kept of each row in memory: 99 bytes, whatever its length. Its text waits in the spill files.

It must not decide anything about a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import xxhash
from numpy.typing import NDArray

Table: TypeAlias = NDArray[np.void]
Buffer: TypeAlias = bytes | memoryview
BINS = 16
ABSENT = 0  # in a bin of a signature: no shingle
ROW = np.dtype([
    ("digest", ">u8", (2,)),  # of the messages: equal conversations have equal digests
    ("whole", "<u8"),  # of the rest of the line, to order rows that differ in prompt or prompt_id alone
    ("order", "<u8"),  # its place among all others, from 0 to 2^64
    ("offset", "<u8"), ("length", "<u4"),  # of the line in the spill
    ("characters", "<u4"), ("tokens", "<u4"), ("turns", "<u4"),
    ("learned", "<u4"),  # bytes of the answers
    ("source", "<u2"), ("position", "<u4"), ("test", "?"),
    ("signature", "<u2", (BINS,)),  # for the search for near duplicates
])  # fmt: skip
HEAD = len(b'{"messages":')


@dataclass(frozen=True)
class Batch:
    """Valid rows on their way into the spill: what is known of them (`order` and `offset` not yet), and their lines.

    A line is its head, `{"messages":[...]`, and its tail, `,"prompt":...,"prompt_id":...}` with a line feed.
    """

    rows: Table
    heads: Sequence[Buffer]
    tails: Sequence[bytes]


def fill(rows: Table, heads: Sequence[Buffer], tails: Sequence[bytes]) -> None:
    """Set what follows from the lines themselves: digests and lengths."""
    hashed, whole = xxhash.xxh3_128_digest, xxhash.xxh3_64_intdigest
    digests = b"".join([hashed(head[HEAD:]) for head in heads])
    rows["digest"] = np.frombuffer(digests, dtype=">u8").reshape(-1, 2)
    rows["whole"] = [whole(tail) for tail in tails]
    rows["length"] = [len(head) + len(tail) for head, tail in zip(heads, tails, strict=True)]


def draws(rows: Table, salt: str) -> NDArray[np.uint64]:
    """A number from 0 to 2^64 for each row that belongs to it and the purpose, the same on every machine."""
    start, digest = salt.encode() + b"\0", rows["digest"].tobytes()
    number = xxhash.xxh3_64_intdigest
    found = (number(start + digest[at : at + 16]) for at in range(0, len(digest), 16))
    return np.fromiter(found, dtype=np.uint64, count=len(rows))


def concatenated(chunks: list[Table]) -> Table:
    """All rows in one table. The list is emptied on the way, so that memory does not hold them twice."""
    found = np.empty(sum(map(len, chunks)), dtype=ROW)
    at = len(found)
    while chunks:
        chunk = chunks.pop()
        found[at - len(chunk) : at] = chunk
        at -= len(chunk)
    return found
