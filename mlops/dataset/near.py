"""Finds rows that are nearly the same, curated and public ones by one rule: candidates by MinHash, then exact measure.

Two rows are candidates when a band of their signatures is equal (locality-sensitive hashing) and the share of equal
numbers is not far below the limit. Each candidate is measured exactly, so nothing is left out on an estimate.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlops.dataset.minhash import Integers
from mlops.dataset.table import ABSENT, BINS
from mlops.domain.dataset.similar import Hashes, jaccard

SLACK = 0.3  # an estimate from 16 numbers may be so far below the index that is then measured
NARROW = 0.6  # limits from which a band has two numbers; below it has one, which finds more and costs more
WHOLE_BUCKET = 256  # rows of one bucket that all meet each other
NEIGHBOURS = 16  # in a larger bucket each meets so many that are next to it in order of their signatures, and the first
MOST = 24  # candidates of a row that are measured, the likeliest first
AT_ONCE = 200_000  # pairs that are compared together


@dataclass(frozen=True)
class NearPair:
    """A row that is nearly the same as another one that stays: places, and the Jaccard index."""

    row: int
    other: int
    index: float


class Measured:
    """The exact measure between rows, each of which is read once while it is needed again soon."""

    def __init__(self, shingles: Callable[[int], Hashes]) -> None:
        self._shingles = shingles
        self._known: dict[int, Hashes] = {}

    def __call__(self, one: int, other: int) -> float:
        """The Jaccard index of two rows."""
        return jaccard(self._of(one), self._of(other))

    def _of(self, row: int) -> Hashes:
        if row not in self._known:
            if len(self._known) > 64:  # a few hundred kilobytes each at most
                self._known.pop(next(iter(self._known)))
            self._known[row] = self._shingles(row)
        return self._known[row]


def nearly_equal(
    signatures: Integers,
    order: Integers,
    protected: Sequence[bool] | Integers,
    limit: float,
    index_of: Callable[[int, int], float],
) -> Iterator[NearPair]:
    """Rows that are nearly the same as one that stays and stands before them in the order.

    `index_of` measures two rows exactly; those that are `protected` are never left out.
    """
    kept = np.ones(len(order), dtype=bool)
    for later, earlier in _candidates(signatures, order, limit):
        row = int(order[later])
        if protected[row]:
            continue
        for place in earlier:
            if kept[place] and (index := index_of(row, int(order[place]))) >= limit:
                kept[later] = False
                yield NearPair(row, int(order[place]), index)
                break


def _candidates(signatures: Integers, order: Integers, limit: float) -> Iterator[tuple[int, list[int]]]:
    """Place in the order, ascending -> earlier places that may be near, the likeliest first."""
    width = 2 if limit >= NARROW else 1
    found: list[Integers] = []
    for band in range(0, BINS, width):
        for later, earlier in _pairs(signatures, order, slice(band, band + width)):
            alike = _alike(signatures, order[later], order[earlier])
            likely = alike >= limit - SLACK
            found.append(np.stack([later[likely], earlier[likely], (alike[likely] * 1000).astype(np.int64)], axis=1))
    if not found:
        return
    pairs = np.unique(np.concatenate(found), axis=0)
    pairs = pairs[np.lexsort((pairs[:, 1], -pairs[:, 2], pairs[:, 0]))]
    laters, starts = np.unique(pairs[:, 0], return_index=True)
    ends = np.append(starts, len(pairs))[1:]
    for later, start, end in zip(laters.tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield later, pairs[start : min(end, start + MOST), 1].tolist()


def _pairs(signatures: Integers, order: Integers, band: slice) -> Iterator[tuple[Integers, Integers]]:
    """Pairs of rows whose band is equal, the later one first; a band without any number says nothing."""
    numbers = signatures[order, band]
    together = np.zeros(len(order), dtype=np.uint64)  # the band and the place: it sorts faster than places by bands
    for column in range(numbers.shape[1]):
        together = together << np.uint64(16) | numbers[:, column]
    together = together << np.uint64(32) | np.arange(len(order), dtype=np.uint64)
    together = together[(numbers != ABSENT).any(axis=1)]
    together.sort()
    by_key, ordered = (together & np.uint64(0xFFFFFFFF)).astype(np.int64), together >> np.uint64(32)
    same = ordered[1:] == ordered[:-1]
    shared = np.append(False, same) | np.append(same, False) if len(ordered) else np.empty(0, dtype=bool)
    places, ordered = by_key[shared], ordered[shared]
    first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    start = np.flatnonzero(first)
    sizes = np.diff(np.append(start, len(ordered)))
    small = np.repeat(sizes <= WHOLE_BUCKET, sizes)
    yield from _all_pairs(places[small], ordered[small])
    for at, size in zip(start.tolist(), sizes.tolist(), strict=True):
        if size > WHOLE_BUCKET:
            yield from _neighbours(signatures[order[places[at : at + size]]], places[at : at + size])


def _all_pairs(places: Integers, bucket: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Each with every other of its bucket, which is named by a number; its members stand side by side, ascending."""
    if not len(places):
        return
    starts = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
    rank = np.arange(len(places)) - np.repeat(starts, np.diff(np.append(starts, len(places))))
    for distance in range(1, int(rank.max()) + 1):
        later = np.flatnonzero(rank >= distance)
        yield from _sliced(places[later], places[later - distance])


def _neighbours(signatures: Integers, places: Integers) -> Iterator[tuple[Integers, Integers]]:
    """In a large bucket: those next to each other by their whole signature, and each with the first."""
    by_signature = places[np.lexsort(signatures.T[::-1])]
    for distance in range(1, NEIGHBOURS + 1):
        one, other = by_signature[distance:], by_signature[:-distance]
        yield from _sliced(np.maximum(one, other), np.minimum(one, other))
    earliest = int(places.min())
    yield from _sliced(places[places > earliest], np.full(len(places) - 1, earliest))


def _sliced(later: Integers, earlier: Integers) -> Iterator[tuple[Integers, Integers]]:
    for start in range(0, len(later), AT_ONCE):
        yield later[start : start + AT_ONCE], earlier[start : start + AT_ONCE]


def _alike(signatures: Integers, later: Integers, earlier: Integers) -> Integers:
    """Of each pair the share of equal numbers, of the bins that either fills."""
    one, other = signatures[later], signatures[earlier]
    used = (one != ABSENT) | (other != ABSENT)
    shares: Integers = ((one == other) & used).sum(axis=1) / np.maximum(1, used.sum(axis=1))
    return shares
