"""Leaves out rows that stand twice, are not sampled, or are not drawn by their weight; each is accounted for.

It must not judge a row by itself, and must not write a file.
"""

from collections.abc import Sequence

import numpy as np

from mlops.dataset import select
from mlops.dataset.minhash import Integers
from mlops.dataset.options import Options
from mlops.dataset.rejections import Account
from mlops.dataset.spool import Spool
from mlops.dataset.table import Table, draws
from mlops.domain.dataset.rows import Reason, Source
from mlops.domain.dataset.similar import compared, similarity
from mlops.domain.dataset.sources import spec_of, weight_of


def distinct(table: Table, spool: Spool, account: Account, near: float | None) -> Integers:
    """The rows without those that stand twice; each of these is rejected."""

    def reject(twin: select.Twin) -> None:
        row, other = table[twin.row], table[twin.other]
        of = account.sources[int(other["source"])]
        detail = f"{'nearly ' if twin.near else ''}the same as a row of {of.name} {of.split}".rstrip()
        reason = Reason.NEAR_DUPLICATE if twin.near else Reason.DUPLICATE
        if row["test"] != other["test"]:
            reason = Reason.LEAKAGE
        account.reject(account.sources[int(row["source"])], int(row["position"]), reason, detail, spool.line(row))
        stays[twin.row] = False

    stays = np.ones(len(table), dtype=bool)
    order = select.ranked(table, account.sources)
    for twin in select.equal(table, order):
        reject(twin)
    if near is not None:
        curated = np.array([source.kind == "curated" for source in account.sources], dtype=bool)[table["source"]]

        def similar(one: int, other: int) -> float:
            return similarity(compared(spool.line(table[one])), compared(spool.line(table[other])))

        for twin in select.nearly_equal(table, order[stays[order]], curated, near, similar):
            reject(twin)
    return np.flatnonzero(stays)


def sampled(table: Table, kept: Integers, spool: Spool, account: Account, options: Options) -> Integers:
    """The rows that the shares and caps of their sources leave, each drawn by its own hash and whatever the seed."""
    stays = np.ones(len(table), dtype=bool)
    for number, source in enumerate(account.sources):
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
        source = account.sources[int(row["source"])]
        detail = f"beyond the share or the most rows of {source.name}"
        account.reject(source, int(row["position"]), Reason.NOT_SAMPLED, detail, spool.line(row))
    return kept[stays[kept]]


def weighted(table: Table, train: Integers, spool: Spool, account: Account, options: Options) -> Integers:
    """The training rows as often as their source's weight says; those that it leaves out are rejected."""
    of_source = np.array([_weight(source, options) for source in account.sources])
    if not len(of_source) or (of_source == 1).all():
        return train
    chosen = select.weighted(table, train, of_source[table["source"][train]], options.seed)
    for place in np.setdiff1d(train, chosen).tolist():
        row = table[place]
        source = account.sources[int(row["source"])]
        detail = f"not drawn by the weight {_weight(source, options):g} of {source.name}"
        account.reject(source, int(row["position"]), Reason.WEIGHT, detail, spool.line(row))
    return chosen


def beyond_window(table: Table, parts: Sequence[Integers], window: int) -> tuple[int, int]:
    """Rows that are longer than the base model's window by the estimate, and how many tokens of them it never sees."""
    tokens = table["tokens"][np.unique(np.concatenate(parts))].astype(np.int64)
    over = tokens[tokens > window]
    return len(over), int((over - window).sum())


def _weight(source: Source, options: Options) -> float:
    return weight_of(source, options.sources, options.weights)
