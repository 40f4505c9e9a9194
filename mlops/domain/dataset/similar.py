"""Finds a conversation that is nearly the same as one already kept.

It must not decide what happens to it. Method: the text is normalised (Unicode NFKC, lower case, single spaces) and cut
into all runs of 16 bytes; two texts are near duplicates if the Jaccard index of these sets reaches the threshold.
Candidates come from one-permutation min-hashing (32 bins of the hash space, 8 bands of 4 bins), and each candidate is
then verified by its exact Jaccard index, so nothing is dropped on an estimate. At an index of 0.9 a pair is found with
a probability of 99.98 %, at 0.85 with 99.7 % (1 - (1 - s^4)^8). All arithmetic is on 64-bit unsigned integers in a
fixed byte order, so every machine finds the same.
"""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]
T = TypeVar("T")

SHINGLE_BYTES = 16
BINS, BANDS = 32, 8
MAX_COMPARED = 16  # in one bucket; many short texts may share a bucket, and comparing all would be quadratic
_FIRST, _SECOND, _MIX = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))
_EDGES = np.arange(BINS, dtype=np.uint64) << np.uint64(59)
ABSENT = 0xFFFFFFFFFFFFFFFF  # the key of a band without any shingle
_NOTHING = np.uint64(ABSENT)


def compared(line: bytes) -> str:
    """What of a row's line is compared: its turns without the system message."""
    return "\n".join(message["content"] for message in json.loads(line)["messages"] if message["role"] != "system")


def normalise(text: str) -> bytes:
    """The text as it is compared."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.lower().split()).encode("utf-8", "surrogatepass")


def shingles(text: str) -> Hashes:
    """Hashes of every run of 16 bytes of the normalised text; repeated runs repeat. Empty for a shorter text."""
    data = normalise(text)
    if len(data) < SHINGLE_BYTES:
        return np.empty(0, dtype=np.uint64)
    halves: Hashes = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,)).astype(np.uint64)
    hashes: Hashes = (halves[:-8] * _FIRST) ^ (halves[8:] * _SECOND)
    hashes ^= hashes >> np.uint64(33)
    hashes *= _MIX
    return hashes


def signature(text: str) -> tuple[int, ...]:
    """One key for each band; equal keys in any band make a pair a candidate. Empty for a text too short to compare."""
    hashes = shingles(text)
    if not len(hashes):
        return ()
    minima, empty = _minima(hashes)
    bands = np.where(empty, _NOTHING, minima).reshape(BANDS, -1)
    keys = bands[:, 0].copy()
    for column in range(1, bands.shape[1]):
        keys = (keys ^ (keys >> np.uint64(31))) * _FIRST + bands[:, column]
    keys[empty.reshape(BANDS, -1).all(axis=1)] = _NOTHING
    return tuple(keys.tolist())


def _minima(hashes: Hashes) -> tuple[Hashes, NDArray[np.bool_]]:
    """The smallest hash in each bin (top five bits) and which bins have none.

    Of a long text only hashes that are small within their bin are sorted; a bin they leave empty means sort them all.
    """
    if len(hashes) > 16 * BINS:
        few = hashes[(hashes << np.uint64(5)) < np.uint64(2**64 * 12 * BINS // len(hashes))]
        few.sort()
        minima, empty = _first_of_bins(few)
        if not empty.any():
            return minima, empty
    return _first_of_bins(np.sort(hashes))


def _first_of_bins(ordered: Hashes) -> tuple[Hashes, NDArray[np.bool_]]:
    starts = np.searchsorted(ordered, _EDGES)
    ends = np.append(starts[1:], len(ordered))
    return ordered[np.minimum(starts, len(ordered) - 1)], starts == ends


def similarity(one: str, other: str) -> float:
    """The Jaccard index of the two texts' shingles, 0 to 1; 0 when either is too short to compare."""
    first, second = _distinct(shingles(one)), _distinct(shingles(other))
    if not len(first) or not len(second):
        return 0.0
    common = len(first) + len(second) - len(_distinct(np.concatenate([first, second])))
    return common / (len(first) + len(second) - common)


def _distinct(hashes: Hashes) -> Hashes:
    """Sorted in place, each once: some five times as fast as `np.unique`, which hashes."""
    hashes.sort()
    first = np.ones(len(hashes), dtype=bool)
    np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
    return hashes[first]


@dataclass
class SimilarityIndex(Generic[T]):
    """Conversations kept so far. `text_of` gives a kept item's text again, for the verification."""

    threshold: float
    text_of: Callable[[T], str]
    _buckets: list[dict[int, list[T]]] = field(default_factory=lambda: [{} for _ in range(BANDS)])

    def find(self, keys: tuple[int, ...], item: T) -> tuple[T, float] | None:
        """A kept item that is similar enough, and how similar it is (0 to 1)."""
        candidates: dict[int, T] = {}
        for bucket, key in zip(self._buckets, keys, strict=False):
            if key != ABSENT:
                candidates.update((id(kept), kept) for kept in bucket.get(key, ()))
        if not candidates:
            return None
        text = self.text_of(item)
        for kept in candidates.values():
            score = similarity(text, self.text_of(kept))
            if score >= self.threshold:
                return kept, score
        return None

    def keep(self, keys: tuple[int, ...], item: T) -> None:
        """Remember an item."""
        for bucket, key in zip(self._buckets, keys, strict=False):
            if key != ABSENT:
                kept = bucket.setdefault(key, [])
                if len(kept) < MAX_COMPARED:
                    kept.append(item)
