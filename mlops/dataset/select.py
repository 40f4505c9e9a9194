"""Decides which of equal rows stays, which part each row belongs to, how often and in which order it is written.

It must not look at anything but the rows: no order of arrival, no count of other rows, no Python `hash()`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlops.dataset.minhash import Integers
from mlops.dataset.table import Table, draws
from mlops.domain.dataset.rows import Source


@dataclass(frozen=True)
class EqualPair:
    """A row that is left out because the same one stays; both are places in the table."""

    row: int
    other: int


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
    first = rank.astype(np.uint64) << np.uint64(62) | digest[:, 0] >> np.uint64(2)
    return _sorted(first, (table["whole"], order_of[table["source"]], digest[:, 1], digest[:, 0]))


def equal(table: Table, order: Integers) -> Iterator[EqualPair]:
    """Rows with the same messages as one before them in the order."""
    digest = table["digest"].astype(np.uint64)[order]
    by_digest = _sorted(digest[:, 0], (np.arange(len(order)), digest[:, 1]))
    sorted_digests = digest[by_digest]
    same = np.append(False, (sorted_digests[1:] == sorted_digests[:-1]).all(axis=1))
    first = 0
    for place in np.flatnonzero(same).tolist():
        if not same[place - 1]:
            first = place - 1
        yield EqualPair(int(order[by_digest[place]]), int(order[by_digest[first]]))


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


def _sorted(first: Integers, others: Sequence[Integers]) -> Integers:
    """`np.lexsort((*others, first))`, six times as fast where hardly any two of the first are equal."""
    order: Integers = np.argsort(first)
    ascending = first[order]
    same = ascending[1:] == ascending[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    some = np.sort(order[tied])  # rows that are equal in everything stay in the order in which they came
    order[tied] = some[np.lexsort((*(key[some] for key in others), first[some]))]
    return order


def _drawn(table: Table, places: Integers, salt: str, share: float) -> Integers:
    """The rows whose own number falls into the share; at least one of two or more, unless the share is 0."""
    if share <= 0 or len(places) < 2:
        return places[:0]
    numbers = draws(table[places], salt)
    chosen = places[numbers < np.uint64(int(share * 2**64))]
    return chosen if len(chosen) else places[np.argmin(numbers)][np.newaxis]
