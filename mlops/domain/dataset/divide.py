"""Decides which of equal rows stays, which part each row belongs to, and in which order a part is written.

It must not look at anything but the rows: no order of arrival, no count of other rows, no Python `hash()`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from mlops.domain.dataset.gather import Gathering, Row
from mlops.domain.dataset.rows import Reason, Source


def distinct(gathering: Gathering) -> list[Row]:
    """The rows without those that stand twice; each of these is rejected. Curated rows must be distinct already.

    Of two that are equal or nearly equal a curated one stays before one of the dataset, and there a test row before
    a training row; of the same rank, the one whose digest is smaller.
    """
    seen: dict[bytes, Row] = {}
    kept: list[Row] = []
    for row in sorted(gathering.rows, key=_rank):
        twin, near = seen.get(row.digest), None
        if row.source.kind == "dataset" and not twin:
            near = gathering.index.find(row.keys, row)
        other = near[0] if near else twin
        if other:
            equal = Reason.NEAR_DUPLICATE if near else Reason.DUPLICATE
            detail = f"{'nearly ' if near else ''}the same as a row of {other.source.name} {other.source.split}"
            reason = equal if other.part == row.part else Reason.LEAKAGE
            gathering.reject(row.source, row.position, reason, detail.rstrip(), json.loads(row.line))
            continue
        seen[row.digest] = row
        if row.source.kind == "dataset":
            gathering.index.keep(row.keys, row)
        kept.append(row)
    return kept


def _rank(row: Row) -> tuple[int, bytes, Source, bytes]:
    rank = 0 if row.source.kind == "curated" else 1 if row.part == "test" else 2
    return rank, row.digest, row.source, row.line


def hold_out(curated: Sequence[Row], share: float) -> None:
    """Move curated rows to the test part, each by its own hash and whatever the seed."""
    for row in _drawn(curated, "curated-test", share):
        row.part = "test"


def divide(rows: Sequence[Row], validation_share: float, seed: int) -> dict[str, list[Row]]:
    """Part ("train", "validation", "test") -> its rows, shuffled by seed."""
    train = [row for row in rows if row.part == "train"]
    validation = _drawn(train, f"validation:{seed}", validation_share)
    drawn = {row.digest for row in validation}
    parts = {
        "train": [row for row in train if row.digest not in drawn],
        "validation": validation,
        "test": [row for row in rows if row.part == "test"],
    }
    return {part: sorted(chosen, key=lambda row: _draw(row, f"order:{seed}")) for part, chosen in parts.items()}


def weighted(gathering: Gathering, rows: Sequence[Row], weights: Mapping[str, float], seed: int) -> list[Row]:
    """Training rows repeated by the weight of their source, and shuffled by seed.

    2.5 is twice, and a third time for half of the rows; which half is decided by each row's own hash.
    """
    if not weights:
        return list(rows)
    placed: list[tuple[int, Row]] = []
    for row in rows:
        weight = weight_of(row.source, weights)
        copies = int(weight) + (_draw(row, f"weight:{seed}") < int((weight - int(weight)) * 2**64))
        if not copies:
            detail = f"not drawn by the weight {weight:g} of {row.source.name}"
            gathering.reject(row.source, row.position, Reason.WEIGHT, detail, json.loads(row.line))
        placed += [(_draw(row, f"order:{seed}:{copy}" if copy else f"order:{seed}"), row) for copy in range(copies)]
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


def weight_of(source: Source, weights: Mapping[str, float]) -> float:
    """The weight of the first pattern that a source's name fits; 1 where none does."""
    return next((weight for pattern, weight in weights.items() if fnmatchcase(source.name, pattern)), 1.0)


def _drawn(rows: Sequence[Row], salt: str, share: float) -> list[Row]:
    """The rows whose own number falls into the share; at least one of two or more, unless the share is 0."""
    if share <= 0 or len(rows) < 2:
        return []
    numbers = [(_draw(row, salt), row) for row in rows]
    limit = int(share * 2**64)
    return [row for number, row in numbers if number < limit] or [min(numbers, key=lambda pair: pair[0])[1]]


def _draw(row: Row, salt: str) -> int:
    """A number from 0 to 2^64 that belongs to this row and purpose, the same on every machine."""
    return int.from_bytes(hashlib.sha256(salt.encode() + b"\0" + row.digest).digest()[:8], "big")
