"""Puts the rows of every source into the spill files, and writes down rows that are not valid.

It must not decide which of two equal rows stays.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import polars as pl

from mlops.dataset.curated import CuratedFiles
from mlops.dataset.frames import Judged, Limits, judge
from mlops.dataset.pack import pack
from mlops.dataset.rejections import RejectionLog
from mlops.dataset.row_reading import explain
from mlops.dataset.spill import SpillFiles
from mlops.dataset.table import Batch, draws
from mlops.domain.dataset.formats.turns import Converted
from mlops.domain.dataset.rows import Fault, Input, Place, Read
from mlops.domain.dataset.sources import SourceSpec

AT_ONCE = 1000  # rows that are judged together
# Frames are judged in threads: polars, numpy and hashing leave the interpreter to others most of the time.
WORKERS = min(4, max(2, os.cpu_count() or 2))
AHEAD = WORKERS + 1  # under way at once, beside the one that is taken out


@dataclass(frozen=True)
class Ingest:
    """Where rows go. `order_salt` gives each its place among all; `progress` is told how many more were read."""

    spill: SpillFiles
    log: RejectionLog
    limits: Limits
    order_salt: str
    progress: Callable[[int], None]

    def add_curated(self, curated: CuratedFiles) -> None:
        """Add the team's own rows."""
        for source in curated.sources:
            number, own = self.log.open(source), [row for row in curated.rows if row.source == source]
            removed = [one for one in curated.removed if one.source == source]
            self.log.read[source] += len(own) + len(removed)
            for one in removed:
                self.log.reject(source, one.position, one.fault.reason, one.fault.what, one.line)
            if own:
                batch = pack([row.found for row in own])
                batch.rows["source"], batch.rows["position"] = number, [row.position for row in own]
                self.spill.add(self._ordered(batch))
        self.log.personal.update(curated.personal)
        self.log.redacted.update(curated.redacted)

    def add_dataset(self, given: Input) -> None:
        """Add the valid rows of one split of a public dataset; count the others."""
        log, source = self.log, given.source
        number = log.open(source)
        for judged in _in_threads(_batches(given.rows), self._judged):
            at = log.read[source]
            rows = judged.batch.rows
            rows["source"], rows["test"], rows["position"] = number, given.part == "test", at + judged.places
            self.spill.add(judged.batch)
            for one in judged.rejected:
                held = {} if isinstance(one.value, Fault) else one.value
                log.reject(source, at + one.place, one.fault.reason, one.fault.what, held)
            log.personal.update(judged.personal)
            log.redacted.update(judged.redacted)
            log.read[source] += judged.count
            self.progress(judged.count)

    def _judged(self, rows: Any) -> Judged:
        judged = judge(rows, self.limits)
        self._ordered(judged.batch)
        return judged

    def _ordered(self, batch: Batch) -> Batch:
        batch.rows["order"] = draws(batch.rows, self.order_salt)
        return batch


def explained(given: Input, spec: SourceSpec) -> Input:
    """A split in another format, as `data.sources` explains it: rows of ours, and faults for those that are none."""

    def places() -> Iterator[Read]:
        number = 0
        for row in given.rows:
            for each in row.iter_rows(named=True) if isinstance(row, pl.DataFrame) else (row,):
                number += 1
                yield Place(given.source.name, row=number), each

    found = (value for _, value in explain(places(), spec))
    rows = ({"messages": list(one.messages)} if isinstance(one, Converted) else one for one in found)
    return replace(given, rows=rows)


def _batches(rows: Iterable[Any]) -> Iterator[pl.DataFrame | list[Mapping[str, Any] | Fault]]:
    """Parts of frames as they come, and other rows in lists."""
    pending: list[Mapping[str, Any] | Fault] = []
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


def _in_threads(batches: Iterator[Any], work: Callable[[Any], Judged]) -> Iterator[Judged]:
    """The results in the order of the batches; only a few are under way at once, so that memory stays flat.

    One batch alone needs no thread.
    """
    pending: deque[Future[Judged]] = deque()
    begun = list(islice(batches, 2))
    if len(begun) < 2:
        yield from map(work, begun)
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        for rows in chain(begun, batches):
            pending.append(pool.submit(work, rows))
            if len(pending) > AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
