"""A few numbers for each conversation by which near duplicates find each other: its MinHash signature.

It must not decide what is near (`mlops.domain.dataset.similar` measures that exactly). One permutation: every shingle
gets a number, the numbers go to 16 bins, and of each bin the smallest stays. The share of equal numbers of two
signatures estimates their Jaccard index. The order of the numbers begins with a cheap hash of a shingle's first three
bytes, so of a long text only the shingles with a small one have to be looked at: the smallest of each bin are among
them. All arithmetic is on unsigned integers in a fixed byte order, so every machine finds the same.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlops.dataset.table import ABSENT, BINS
from mlops.domain.dataset.similar import SHINGLE_BYTES, Bytes, fold, hashes

Integers: TypeAlias = NDArray[Any]
# How many of 256 values of the cheap hash are looked at, in turn, until a text has shingles enough. All are the last.
SHARES = (5, 40, 256)
ENOUGH = 5 * BINS  # shingles that are looked at; with so many hardly a bin is empty
BLOCK = 1 << 16  # bytes that are worked on together: they stay in the processor's cache
_BYTE_FACTORS = tuple(np.uint8(n) for n in (0x9D, 0x5B, 0xE3))
_NOTHING = np.uint32(0xFFFFFFFF)


def signatures(text: Bytes, starts: Integers, ends: Integers) -> Integers:
    """Shape (rows, 16), uint16. Row `i` is the bytes `text[starts[i]:ends[i]]`; rows ascend and do not overlap.

    A bin without any shingle holds `ABSENT`.
    """
    found = np.full(len(starts) * BINS, _NOTHING, dtype=np.uint32)
    rows = np.flatnonzero(ends - starts >= SHINGLE_BYTES)
    starts, ends = starts[rows], ends[rows]
    for share in SHARES if len(rows) else ():
        seen = _smallest(found, text, starts, ends, rows, share)
        few = np.flatnonzero(seen < ENOUGH)
        if not len(few):
            break
        rows, sizes = rows[few], ends[few] - starts[few]
        text = np.concatenate([text[start : start + size] for start, size in zip(starts[few], sizes, strict=True)])
        ends = np.cumsum(sizes)
        starts = ends - sizes
    short = (found % np.uint32(0xFFFF) + np.uint32(1)).astype(np.uint16)
    short[found == _NOTHING] = ABSENT
    return short.reshape(-1, BINS)


def _smallest(found: Integers, text: Bytes, starts: Integers, ends: Integers, rows: Integers, share: int) -> Integers:
    """Put the smallest numbers of each row into its bins; gives how many shingles of each were looked at."""
    places, cheap = _places(text, share)
    counts = np.diff(np.searchsorted(places, np.append(starts, ends[-1])))
    first = int(np.searchsorted(places, starts[0]))
    places, cheap = places[first : first + int(counts.sum())], cheap[first : first + int(counts.sum())]
    owner = np.repeat(np.arange(len(rows)), counts)
    whole = np.flatnonzero(places + SHINGLE_BYTES <= ends[owner])
    places, cheap, owner = places[whole], cheap[whole], owner[whole]
    hashed = hashes(text, places)
    numbers = (cheap.astype(np.uint32) << np.uint32(24)) | (hashed >> np.uint64(40)).astype(np.uint32)
    bins = rows[owner] * BINS + (hashed & np.uint64(BINS - 1)).astype(np.int64)
    np.minimum.at(found, bins, numbers)
    return np.bincount(owner, minlength=len(rows))


def _places(text: Bytes, share: int) -> tuple[Integers, Integers]:
    """Where shingles begin whose cheap hash is below the share, and that hash."""
    count = len(text) - SHINGLE_BYTES + 1
    places, cheap = [], []
    bytes_of, total, term = (np.empty(BLOCK + 2, dtype=np.uint8) for _ in range(3))
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        part = fold(text[start : start + size + 2], bytes_of[: size + 2])
        one, other = total[:size], term[:size]
        np.multiply(part[:size], _BYTE_FACTORS[0], out=one)
        one ^= np.multiply(part[1 : size + 1], _BYTE_FACTORS[1], out=other)
        one += np.multiply(part[2:], _BYTE_FACTORS[2], out=other)
        chosen = np.flatnonzero(one < share) if share < 256 else np.arange(size)
        cheap.append(one[chosen])
        places.append(chosen + start)
    return np.concatenate(places), np.concatenate(cheap)
