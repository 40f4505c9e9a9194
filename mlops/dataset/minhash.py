"""A few numbers for each conversation by which near duplicates find each other: min-hashing of some of its text.

It must not decide what is near (`mlops.domain.dataset.similar` measures it exactly). Method: of all runs of 16 bytes
those that begin some way after a full stop (how sentences begin says little), or in texts with few of them at certain
letters, are hashed without regard to case and divided into 16 bins of the hash space; of each bin the smallest hash is
kept. The share of equal numbers estimates the Jaccard index. All arithmetic is on unsigned integers in a fixed byte
order, so every machine finds the same.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlops.dataset.table import BINS, FAMILIES

Integers: TypeAlias = NDArray[Any]
ABSENT = 0xFFFFFFFF
RUN = 16
OPENING = 32  # bytes after a full stop that are left out: "In addition to this, it is" stands in every other text
FEW, MANY = 16, 24  # full stops: from FEW on they are used, below MANY the other form is; between them both
_STOP = ord(".")
_FORM = ord(".") & 31  # also that of n and N: some 5 % of the bytes of a text
_CASE = np.uint64(0x2020202020202020)
_FIRST, _SECOND, _MIX = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))


def minima(text: Integers, offsets: Integers, rows: Integers, count: int) -> Integers:
    """Shape (count, 2, 16), uint32. Message `i` is the bytes `text[offsets[i]:offsets[i + 1]]`, of row `rows[i]`.

    A row of -1 leaves a message out. Bins without any hash hold `ABSENT`.
    """
    found = np.full((count, FAMILIES, BINS), ABSENT, dtype=np.uint32)
    if len(text) < RUN:
        return found
    starts, owner = _whole_runs(np.flatnonzero(text == _STOP), 1 + OPENING, offsets, rows)
    stops = np.bincount(owner, minlength=count)
    used = (stops >= FEW)[owner]
    _put(found, 0, text, starts[used], owner[used])
    short = np.flatnonzero((stops < MANY)[rows] & (rows >= 0))
    if len(short):
        firsts, ends = offsets[short], offsets[short + 1]
        joined = np.concatenate([text[start:end] for start, end in zip(firsts, ends, strict=True)])
        begins = np.append(0, np.cumsum(ends - firsts))
        formed = np.flatnonzero((joined & 31) == _FORM)
        _put(found, 1, joined, *_whole_runs(formed, 0, begins, rows[short]))
    return found


def _whole_runs(marks: Integers, after: int, offsets: Integers, rows: Integers) -> tuple[Integers, Integers]:
    """Where runs begin, `after` bytes after a mark, if 16 bytes are left in the message; each with its row."""
    message = np.repeat(np.arange(len(rows)), np.diff(np.searchsorted(marks, offsets)))
    starts = marks + after
    good = (starts + RUN <= offsets[1:][message]) & (rows >= 0)[message]
    return starts[good], rows[message[good]]


def _put(found: Integers, family: int, text: Integers, starts: Integers, owner: Integers) -> None:
    if not len(starts):
        return
    eight: Integers = np.ndarray((len(text) - 7,), dtype="<u8", buffer=text, strides=(1,))
    hashes = ((eight[starts] | _CASE) * _FIRST) ^ ((eight[starts + 8] | _CASE) * _SECOND)
    hashes ^= hashes >> np.uint64(33)
    hashes *= _MIX
    bins = (owner * FAMILIES + family) * BINS + (hashes >> np.uint64(60)).astype(np.int64)
    np.minimum.at(found.reshape(-1), bins, (hashes >> np.uint64(20)).astype(np.uint32))
