"""The messages of many rows side by side: as columns, and their texts as one piece of UTF-8.

It must not decide anything about a row.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mlops.dataset.minhash import Integers

SEPARATORS = "^[\x1c-\x1f]"  # spaces to Python, not to polars: a text that begins so is looked at closely
ROLES = {"user": 0, "assistant": 1, "system": 2}
OTHER = 3


@dataclass(frozen=True)
class Parts:
    """The messages of a frame's rows, one after the other; their texts also as one piece of UTF-8 with offsets."""

    content: pl.Series
    code: Integers  # role of each message
    row: Integers  # row of each message
    starts: Integers  # first message of each row
    counts: Integers
    data: Integers  # bytes of all of them
    offsets: Integers
    characters: Integers  # of each message

    def sums(self, values: Integers) -> Integers:
        """The sum over the messages of each row."""
        found: Integers = np.add.reduceat(values.astype(np.int64), self.starts)
        return found

    def owners(self, places: Integers) -> Integers:
        """The messages that hold these places of `data`; both ascend."""
        found: Integers = np.unique(np.searchsorted(self.offsets, places, side="right") - 1)
        return found

    def with_text(self) -> Integers:
        """Which messages are more than spaces. One that begins with a visible ASCII character needs no closer look."""
        filled = self.offsets[:-1] < self.offsets[1:]
        found = np.zeros(len(filled), dtype=bool)
        if not filled.any():
            return found
        first = self.data[self.offsets[:-1][filled]]
        found[filled] = (first > ord(" ")) & (first < ord("\x7f"))
        unclear = np.flatnonzero(filled & ~found)
        if len(unclear):
            bare = self.content.gather(unclear).str.strip_chars()
            found[unclear] = ((bare.str.len_bytes() > 0) & ~bare.str.contains(SEPARATORS)).fill_null(False).to_numpy()
        return found

    def with_nul(self) -> Integers:
        """Which messages hold a zero byte; hardly any does, and one look at all of them says so."""
        found = np.zeros(len(self.code), dtype=bool)
        if np.count_nonzero(self.data) < len(self.data):
            found[self.owners(np.flatnonzero(self.data == 0))] = True
        return found


def parts_of(content: pl.Series, role: pl.Series, counts: Integers) -> Parts:
    """The messages of rows that have so many each, and at least one."""
    code = np.full(len(role), OTHER, dtype=np.int8)
    for name, number in ROLES.items():
        code[(role == name).fill_null(False).to_numpy()] = number
    filled = content.fill_null("")
    array = filled.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(data if data else b"", dtype=np.uint8)[places[0] : places[-1]]
    return Parts(
        content,
        code,
        np.repeat(np.arange(len(counts)), counts),
        np.cumsum(counts) - counts,
        counts,
        text,
        places - places[0],
        filled.str.len_chars().to_numpy(),
    )
