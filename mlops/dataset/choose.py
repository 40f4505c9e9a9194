"""Leaves out rows that stand twice, are not sampled, or are not drawn by their weight; each is accounted for.

It must not judge a row by itself, and must not write a file.
"""

import json
from collections.abc import Iterator

import numpy as np

from mlops.dataset import select
from mlops.dataset.minhash import Integers
from mlops.dataset.near import Measured, nearly_equal
from mlops.dataset.options import Options, TrainingShape
from mlops.dataset.rejections import RejectionLog
from mlops.dataset.spill import SpillFiles
from mlops.dataset.table import Table, draws
from mlops.dataset.tokens import ChatTokens
from mlops.domain.dataset.rows import Reason, Source
from mlops.domain.dataset.sampling import named, width_of
from mlops.domain.dataset.similar import of_line, shingles
from mlops.domain.dataset.sources import spec_of, weight_of
from mlops.domain.dataset.validate import BYTES_PER_TOKEN

NEAR_WINDOW = 0.5  # of the window: text that has twice as many tokens as the estimate says is rare


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


def beyond_window(
    table: Table, used: Integers, window: int, spill: SpillFiles, tokenizer: ChatTokens | None
) -> tuple[int, int]:
    """Rows that are longer than the base model's window, and how many tokens of them it never sees.

    With a tokenizer those count that are near the window by the estimate, or beyond it.
    """
    tokens = table["tokens"][used].astype(np.int64)
    if tokenizer:
        near = np.flatnonzero(tokens > window * NEAR_WINDOW)
        tokens[near] = list(tokenizer.counts(_messages(table, used[near], spill)))
    over = tokens[tokens > window]
    return len(over), int((over - window).sum())


def refused_by_template(table: Table, used: Integers, spill: SpillFiles, tokenizer: ChatTokens) -> tuple[int, str]:
    """Rows that the base model's chat template refuses, and why. It goes by roles, so of each length one is tried."""
    turns, first, counts = np.unique(table["turns"][used], return_index=True, return_counts=True)
    why = [tokenizer.refused(messages) for messages in _messages(table, used[first], spill)]
    assert len(turns) == len(why)
    refused = [(int(count), reason) for count, reason in zip(counts, why, strict=True) if reason]
    return sum(count for count, _ in refused), refused[0][1] if refused else ""


def _messages(table: Table, places: Integers, spill: SpillFiles) -> Iterator[list[dict[str, str]]]:
    return (json.loads(spill.line(table[place]))["messages"] for place in places)


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
