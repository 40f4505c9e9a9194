"""Decides which of equal rows stays, which part each row belongs to, how often and in which order it is written.

It must not look at anything but the rows: no order of arrival, no count of other rows, no Python `hash()`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlops.dataset.minhash import ABSENT, Integers
from mlops.dataset.table import BINS, FAMILIES, Table, draws
from mlops.domain.dataset.rows import Source

BANDS = 8
MAX_COMPARED = 16  # in one bucket; many texts may share a bucket, and comparing all would be quadratic
AT_ONCE = 100_000  # pairs that are compared together
SLACK = 0.3  # an estimate from 16 numbers may be so far below the index that is then measured


@dataclass(frozen=True)
class Twin:
    """A row that is left out because another one like it stays; both are places in the table."""

    row: int
    other: int
    near: bool


def hold_out(table: Table, share: float) -> None:
    """Move curated rows to the test part, each by its own hash and whatever the seed."""
    table["test"][_drawn(table, np.arange(len(table)), "curated-test", share)] = True


def ranked(table: Table, sources: Sequence[Source]) -> Integers:
    """All rows in the order in which they have a right to stay.

    Of two that are equal or nearly equal a curated one stays before one of the dataset, and there a test row before
    a training row; of the same rank, the one whose digest is smaller.
    """
    curated = np.array([source.kind == "curated" for source in sources], dtype=bool)
    order_of = np.empty(len(sources), dtype=np.int64)
    order_of[sorted(range(len(sources)), key=lambda number: sources[number])] = np.arange(len(sources))
    rank = np.where(curated[table["source"]], 0, np.where(table["test"], 1, 2))
    digest = table["digest"].astype(np.uint64)
    return np.lexsort((table["whole"], order_of[table["source"]], digest[:, 1], digest[:, 0], rank))


def equal(table: Table, order: Integers) -> Iterator[Twin]:
    """Rows with the same messages as one before them in the order."""
    digest = table["digest"].astype(np.uint64)[order]
    by_digest = np.lexsort((np.arange(len(order)), digest[:, 1], digest[:, 0]))
    sorted_digests = digest[by_digest]
    same = np.append(False, (sorted_digests[1:] == sorted_digests[:-1]).all(axis=1))
    first = 0
    for place in np.flatnonzero(same).tolist():
        if not same[place - 1]:
            first = place - 1
        yield Twin(int(order[by_digest[place]]), int(order[by_digest[first]]), near=False)


def nearly_equal(
    table: Table, order: Integers, protected: Integers, threshold: float, similar: Callable[[int, int], float]
) -> Iterator[Twin]:
    """Rows that are nearly the same as one that stays and stands before them in the order.

    `similar` measures two rows exactly; `protected` (curated rows) are never left out.
    """
    kept = np.ones(len(order), dtype=bool)
    for later, earlier in _candidates(table["minima"][order], threshold):
        row = int(order[later])
        if protected[row] or not kept[later]:
            continue
        for place in earlier:
            if kept[place] and similar(row, int(order[place])) >= threshold:
                kept[later] = False
                yield Twin(row, int(order[place]), near=True)
                break


def _candidates(minima: Integers, threshold: float) -> Iterator[tuple[int, list[int]]]:
    """Place in the order -> earlier places that may be near, both ascending."""
    found: dict[int, set[int]] = {}
    for family in range(FAMILIES):
        for band in range(BANDS):
            numbers = minima[:, family, band * BINS // BANDS : (band + 1) * BINS // BANDS]
            for later, earlier in _pairs(numbers):
                likely = _alike(minima, later, earlier) >= threshold - SLACK
                for one, other in zip(later[likely].tolist(), earlier[likely].tolist(), strict=True):
                    found.setdefault(one, set()).add(other)
    return ((later, sorted(found[later])) for later in sorted(found))


def _pairs(numbers: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Rows with the same numbers in a band, and as many earlier ones; each meets the first few of its bucket."""
    present = np.flatnonzero((numbers != ABSENT).any(axis=1))
    keys = numbers[present, 0].astype(np.uint64) << np.uint64(32) | numbers[present, 1]
    by_key = np.argsort(keys, kind="stable")
    places, ordered = present[by_key], keys[by_key]
    first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    start = np.maximum.accumulate(np.where(first, np.arange(len(ordered)), 0))
    rank = np.arange(len(ordered)) - start
    for number in range(min(MAX_COMPARED, int(rank.max(initial=0)))):
        later = np.flatnonzero(rank > number)
        for part in range(0, len(later), AT_ONCE):
            chosen = later[part : part + AT_ONCE]
            yield places[chosen], places[start[chosen] + number]


def _alike(minima: Integers, later: Integers, earlier: Integers) -> Integers:
    """Of each pair the larger share of equal numbers of a family, of the bins that either fills."""
    one, other = minima[later], minima[earlier]
    used = (one != ABSENT) | (other != ABSENT)
    equals = ((one == other) & used).sum(axis=2)
    shares: Integers = (equals / np.maximum(1, used.sum(axis=2))).max(axis=1)
    return shares


def divide(table: Table, kept: Integers, validation_share: float, seed: int) -> dict[str, Integers]:
    """Part ("train", "validation", "test") -> places of its rows."""
    test = kept[table["test"][kept]]
    train = kept[~table["test"][kept]]
    validation = _drawn(table, train, f"validation:{seed}", validation_share)
    return {"train": np.setdiff1d(train, validation, assume_unique=True), "validation": validation, "test": test}


def shuffled(table: Table, places: Integers, seed: int) -> tuple[Integers, Integers]:
    """The rows in the order of the seed, and the number of each in it. One that stands several times has several."""
    ordered = np.sort(places)
    copy = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    numbers = table["order"][ordered]
    for again in range(1, int(copy.max(initial=0)) + 1):
        numbers[copy == again] = draws(table[ordered[copy == again]], f"{order_salt(seed)}:{again}")
    by_number = np.lexsort((table["whole"][ordered], numbers))
    return ordered[by_number], numbers[by_number]


def order_salt(seed: int) -> str:
    """What makes a row's number its place in the order of a seed."""
    return f"order:{seed}"


def weighted(table: Table, places: Integers, weights: Integers, seed: int) -> Integers:
    """Places repeated by their weight: 2.5 is twice, and a third time for half of the rows, each by its own hash."""
    whole = np.floor(weights).astype(np.int64)
    fraction = weights - whole
    extra = draws(table[places], f"weight:{seed}") < (fraction * 2.0**64).astype(np.uint64)
    return np.repeat(places, whole + extra)


def _drawn(table: Table, places: Integers, salt: str, share: float) -> Integers:
    """The rows whose own number falls into the share; at least one of two or more, unless the share is 0."""
    if share <= 0 or len(places) < 2:
        return places[:0]
    numbers = draws(table[places], salt)
    chosen = places[numbers < np.uint64(int(share * 2**64))]
    return chosen if len(chosen) else places[np.argmin(numbers)][np.newaxis]
