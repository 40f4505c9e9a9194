"""A few numbers for each conversation by which near duplicates find each other: its MinHash signature.

It must not decide what is near (`mlops.domain.dataset.similar` measures that exactly). One permutation: every shingle
gets a number, the numbers go to 16 bins, and of each bin the smallest stays. The share of equal numbers of two
signatures estimates their Jaccard index. The order of the numbers begins with a cheap hash of a shingle's first three
bytes, so of a long text only the shingles with a small one have to be looked at: the smallest of each bin are among
them. All arithmetic is on unsigned integers in a fixed byte order, so every machine finds the same.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlops.dataset.table import ABSENT, BINS
from mlops.domain.dataset.similar import SHINGLE_BYTES, Bytes, Hashes, mixed

Integers: TypeAlias = NDArray[Any]
# How many of 256 values of the cheap hash are looked at, in turn, until no bin of a text is empty. All are the last.
SHARES = (4, 16, 64, 256)
BLOCK = 1 << 17  # bytes that are worked on together: they stay in the processor's cache
_BYTE_FACTORS = tuple(np.uint8(n) for n in (0x9D, 0x5B, 0xE3))
_SPACE = np.uint8(ord(" "))
_SPACES = np.full(
    BLOCK + SHINGLE_BYTES, _SPACE, dtype=np.uint8
)  # numpy has vector instructions for the larger of two arrays only
_NOTHING = np.uint32(0xFFFFFFFF)


def signatures(text: Bytes, starts: Integers, ends: Integers) -> Integers:
    """Shape (rows, 16), uint16. Row `i` is the bytes `text[starts[i]:ends[i]]`; rows ascend and do not overlap.

    A bin without any shingle holds `ABSENT`.
    """
    found = np.full((len(starts), BINS), _NOTHING, dtype=np.uint32)
    rows = np.flatnonzero(ends - starts >= SHINGLE_BYTES)
    starts, ends = starts[rows], ends[rows]
    for share in SHARES if len(rows) else ():
        _smallest(found, text, starts, ends, rows, share)
        few = np.flatnonzero((found[rows] == _NOTHING).any(axis=1))
        if not len(few):
            break
        rows, sizes = rows[few], ends[few] - starts[few]
        text = np.concatenate([text[start : start + size] for start, size in zip(starts[few], sizes, strict=True)])
        ends = np.cumsum(sizes)
        starts = ends - sizes
    short = (found % np.uint32(0xFFFF) + np.uint32(1)).astype(np.uint16)
    short[found == _NOTHING] = ABSENT
    return short


def _smallest(found: Integers, text: Bytes, starts: Integers, ends: Integers, rows: Integers, share: int) -> None:
    """Put the smallest numbers of each row into its bins."""
    blocks = zip(*_blocks(text[starts[0] : ends[-1]], share), strict=True)
    places, cheap, hashed = (np.concatenate(each) for each in blocks)
    places += starts[0]
    counts = np.diff(np.searchsorted(places, np.append(starts, ends[-1])))
    whole = np.flatnonzero(places <= np.repeat(ends - SHINGLE_BYTES, counts))
    hashed = hashed[whole]
    numbers = (cheap[whole].astype(np.uint32) << np.uint32(24)) | (hashed >> np.uint64(40)).astype(np.uint32)
    bins = np.repeat(rows * BINS, counts)[whole]
    bins += (hashed & np.uint64(BINS - 1)).view(np.int64)
    np.minimum.at(found.reshape(-1), bins, numbers)


def _blocks(text: Bytes, share: int) -> Iterator[tuple[Integers, Bytes, Hashes]]:
    """Where shingles begin whose cheap hash is below the share, that hash, and the whole one.

    Shingles that are compared as equal have the same ones: letters of one case, and a line feed as a space.
    """
    folded: Bytes = np.empty(BLOCK + SHINGLE_BYTES, dtype=np.uint8)
    hashed: Bytes = np.empty(BLOCK, dtype=np.uint8)
    small = np.empty(BLOCK, dtype=bool)
    for start in range(0, len(text) - SHINGLE_BYTES + 1, BLOCK):
        part = text[start : start + BLOCK + SHINGLE_BYTES - 1]
        part = np.maximum(part, _SPACES[: len(part)], out=folded[: len(part)])
        part |= _SPACE
        size = len(part) - SHINGLE_BYTES + 1
        one = hashed[:size]
        np.multiply(part[:size], _BYTE_FACTORS[0], out=one)
        one ^= part[1 : size + 1]
        one *= _BYTE_FACTORS[1]
        one += part[2 : size + 2]
        one *= _BYTE_FACTORS[2]
        chosen = sparse(np.less(one, np.uint8(share), out=small[:size])) if share < 256 else np.arange(size)
        eight: Hashes = np.ndarray((len(part) - 7,), dtype="<u8", buffer=part, strides=(1,))
        yield chosen + start, one[chosen], mixed(eight[chosen], eight[chosen + 8])


def sparse(chosen: NDArray[np.bool_]) -> Integers:
    """Where few are true, as `np.flatnonzero`: eight are looked at together, which takes a third of its time."""
    whole = len(chosen) // 8 * 8
    words = chosen[:whole].view(np.uint64)
    some = np.flatnonzero(words != 0)
    within = np.flatnonzero(words[some].view(bool))
    places = (some << 3)[within >> 3]
    places += within & 7
    rest = np.flatnonzero(chosen[whole:])
    return np.append(places, rest + whole) if len(rest) else places
