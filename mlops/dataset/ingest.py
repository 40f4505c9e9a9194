"""Puts the rows of every source into the spool, and keeps account of rows that are not valid.

It must not decide which of two equal rows stays.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import polars as pl

from mlops.dataset.curated import CuratedFiles
from mlops.dataset.frames import Judged, Limits, judge, pack
from mlops.dataset.rejections import Account
from mlops.dataset.spool import Spool
from mlops.dataset.table import Batch, draws
from mlops.domain.dataset.rows import Input

AT_ONCE = 1000  # rows that are judged together
# Frames are judged in threads: polars, numpy and hashing leave the interpreter to others most of the time.
WORKERS = min(4, max(2, os.cpu_count() or 2))
AHEAD = 2 * WORKERS  # under way at once


@dataclass(frozen=True)
class Gathering:
    """Where rows go. `order_salt` gives each its place among all; `progress` is told how many more were read."""

    spool: Spool
    account: Account
    limits: Limits
    order_salt: str
    progress: Callable[[int], None]

    def add_curated(self, curated: CuratedFiles) -> None:
        """Add the team's own rows."""
        for source in curated.sources:
            number, own = self.account.open(source), [row for row in curated.rows if row.source == source]
            removed = [one for one in curated.removed if one.source == source]
            self.account.read[source] += len(own) + len(removed)
            for one in removed:
                self.account.reject(source, one.position, one.fault.reason, one.fault.what, one.line)
            if own:
                batch = pack([row.found for row in own])
                batch.rows["source"], batch.rows["position"] = number, [row.position for row in own]
                self.spool.add(self._ordered(batch))
        self.account.personal.update(curated.personal)
        self.account.redacted.update(curated.redacted)

    def add_dataset(self, given: Input) -> None:
        """Add the valid rows of one split of a public dataset; count the others."""
        account, source = self.account, given.source
        number = account.open(source)
        for judged in _in_threads(_portions(given.rows), self._judged):
            at = account.read[source]
            rows = judged.batch.rows
            rows["source"], rows["test"], rows["position"] = number, given.part == "test", at + judged.places
            self.spool.add(judged.batch)
            for one in judged.rejected:
                account.reject(source, at + one.place, one.fault.reason, one.fault.what, one.value)
            account.personal.update(judged.personal)
            account.redacted.update(judged.redacted)
            account.read[source] += judged.count
            self.progress(judged.count)

    def _judged(self, portion: Any) -> Judged:
        judged = judge(portion, self.limits)
        self._ordered(judged.batch)
        return judged

    def _ordered(self, batch: Batch) -> Batch:
        batch.rows["order"] = draws(batch.rows, self.order_salt)
        return batch


def _portions(rows: Iterable[Any]) -> Iterator[pl.DataFrame | list[Mapping[str, Any]]]:
    """Parts of frames as they come, and other rows in lists."""
    pending: list[Mapping[str, Any]] = []
    for row in rows:
        if isinstance(row, pl.DataFrame):
            yield from row.iter_slices(AT_ONCE)
            continue
        pending.append(row)
        if len(pending) == AT_ONCE:
            yield pending
            pending = []
    if pending:
        yield pending


def _in_threads(portions: Iterator[Any], work: Callable[[Any], Judged]) -> Iterator[Judged]:
    """The results in the order of the portions; only a few are under way at once, so that memory stays flat."""
    pending: deque[Future[Judged]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for portion in portions:
            pending.append(pool.submit(work, portion))
            if len(pending) > AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
