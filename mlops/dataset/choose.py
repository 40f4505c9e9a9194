"""Leaves out rows that stand twice, are not sampled, or are not drawn by their weight; each is accounted for.

It must not judge a row by itself, and must not write a file.
"""

from collections.abc import Sequence

import numpy as np

from mlops.dataset import select
from mlops.dataset.minhash import Integers
from mlops.dataset.near import Measured, nearly_equal
from mlops.dataset.options import Options, TrainingShape
from mlops.dataset.rejections import RejectionLog
from mlops.dataset.spill import SpillFiles
from mlops.dataset.table import Table, draws
from mlops.domain.dataset.rows import Reason, Source
from mlops.domain.dataset.sampling import named, width_of
from mlops.domain.dataset.similar import of_line, shingles
from mlops.domain.dataset.sources import spec_of, weight_of
from mlops.domain.dataset.validate import BYTES_PER_TOKEN


def distinct(table: Table, spill: SpillFiles, log: RejectionLog, near: float | None) -> Integers:
    """The rows without those that stand twice; each of these is rejected."""

    def reject(place: int, kept: int, reason: Reason, how: str) -> None:
        row, other = table[place], table[kept]
        of = log.sources[int(other["source"])]
        if row["test"] != other["test"]:
            reason = Reason.LEAKAGE
        detail = f"{how} a row of {of.name} {of.split}".rstrip()
        log.reject(log.sources[int(row["source"])], int(row["position"]), reason, detail, spill.line(row))
        stays[place] = False

    stays = np.ones(len(table), dtype=bool)
    order = select.ranked(table, log.sources)
    for pair in select.equal(table, order):
        reject(pair.row, pair.other, Reason.DUPLICATE, "the same as")
    if near is not None:
        curated = np.array([source.kind == "curated" for source in log.sources], dtype=bool)[table["source"]]
        index_of = Measured(lambda place: shingles(of_line(spill.line(table[place]))))
        for found in nearly_equal(table["signature"], order[stays[order]], curated, near, index_of):
            reject(found.row, found.other, Reason.NEAR_DUPLICATE, f"{found.index:.0%} of the text is that of")
    return np.flatnonzero(stays)


def sampled(table: Table, kept: Integers, spill: SpillFiles, log: RejectionLog, options: Options) -> Integers:
    """The rows that the shares and caps of their sources leave, each drawn by its own hash and whatever the seed."""
    stays = np.ones(len(table), dtype=bool)
    for number, source in enumerate(log.sources):
        spec = spec_of(source.name, options.sources)
        if spec is None or (spec.share >= 1 and spec.max_rows is None):
            continue
        rows = kept[table["source"][kept] == number]
        numbers = draws(table[rows], "share")
        ordered = rows[np.argsort(numbers, kind="stable")]
        count = (
            int((numbers < np.uint64(min(2**64 - 1, int(spec.share * 2**64)))).sum()) if spec.share < 1 else len(rows)
        )
        count = min(count, spec.max_rows) if spec.max_rows is not None else count
        stays[ordered[count:]] = False
    for place in kept[~stays[kept]].tolist():
        row = table[place]
        source = log.sources[int(row["source"])]
        detail = f"beyond the share or the most rows of {source.name}"
        log.reject(source, int(row["position"]), Reason.NOT_SAMPLED, detail, spill.line(row))
    return kept[stays[kept]]


def weighted(table: Table, train: Integers, spill: SpillFiles, log: RejectionLog, options: Options) -> Integers:
    """The training rows as often as their source's weight says; those that it leaves out are rejected."""
    of_source = np.array([_weight(source, options) for source in log.sources])
    if not len(of_source) or (of_source == 1).all():
        return train
    chosen = select.weighted(table, train, of_source[table["source"][train]], options.seed)
    for place in np.setdiff1d(train, chosen).tolist():
        row = table[place]
        source = log.sources[int(row["source"])]
        detail = f"not drawn by the weight {_weight(source, options):g} of {source.name}"
        log.reject(source, int(row["position"]), Reason.WEIGHT, detail, spill.line(row))
    return chosen


def beyond_window(table: Table, parts: Sequence[Integers], window: int) -> tuple[int, int]:
    """Rows that are longer than the base model's window by the estimate, and how many tokens of them it never sees."""
    tokens = table["tokens"][np.unique(np.concatenate(parts))].astype(np.int64)
    over = tokens[tokens > window]
    return len(over), int((over - window).sum())


def shape_of(table: Table, train: Integers) -> TrainingShape:
    """What the training rows are like, each as often as it is trained on."""
    learned = int(table["learned"][train].sum(dtype=np.int64))
    return TrainingShape(
        _histogram(table["characters"][train]), _histogram(table["turns"][train]), learned // BYTES_PER_TOKEN
    )


def _histogram(values: Integers) -> tuple[tuple[str, int], ...]:
    low, high = int(values.min()), int(values.max())
    return tuple(named(low, high, np.bincount((values.astype(np.int64) - low) // width_of(low, high)).tolist()))


def _weight(source: Source, options: Options) -> float:
    return weight_of(source, options.sources, options.weights)
