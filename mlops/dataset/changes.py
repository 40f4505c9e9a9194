"""What another weight, share or cap of a source does to the training rows of the preparation before, row by row.

It must not choose rows. The files of the preparation before are still in the folder when it looks.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

from mlops.dataset.minhash import Integers
from mlops.dataset.options import SourceChange
from mlops.dataset.table import HEAD, Table
from mlops.domain.dataset.manifest import FILES, Manifest, SourceEntry
from mlops.domain.dataset.rows import Source
from mlops.domain.dataset.sampling import MANIFEST

_TAIL = b'],"prompt":"'  # a quote within a text is escaped, so the last of these ends the messages


@dataclass(frozen=True)
class Before:
    """The manifest and the training rows of the preparation before."""

    manifest: Manifest
    train: Path

    @classmethod
    def read(cls, folder: Path) -> "Before | None":
        """What lies in the folder, where it is whole."""
        try:
            manifest = Manifest.from_json((folder / MANIFEST).read_bytes())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        train = folder / FILES["train"]
        whole = train.is_file() and train.stat().st_size == manifest.files[train.name].bytes
        return cls(manifest, train) if whole else None


def changes(
    before: Before, now: Sequence[SourceEntry], table: Table, train: Integers, sources: Sequence[Source], path: Path
) -> tuple[SourceChange, ...]:
    """Of each source whose weight, share or cap is another one; each row that came or went is written to the path."""
    known = {(one.name, one.split): one for one in before.manifest.sources}
    pairs = [(known[one.name, one.split], one) for one in now if (one.name, one.split) in known]
    other = [(old, new) for old, new in pairs if _drawn_by(old) != _drawn_by(new)]
    if not other:
        return ()
    was, is_now = _copies(table, train, before.train)
    found = []
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for old, new in other:
            number = next(at for at, one in enumerate(sources) if (one.name, one.split) == (new.name, new.split))
            rows = np.flatnonzero((table["source"] == number) & (was != is_now))
            for row in rows[np.argsort(table["position"][rows])].tolist():
                place = {"source": new.name, "split": new.split, "position": int(table["position"][row])}
                file.write(json.dumps({**place, "before": int(was[row]), "after": int(is_now[row])}) + "\n")
            one, two = was[rows], is_now[rows]
            counts = [(one == 0), (two == 0), (one > 0) & (two > one), (two > 0) & (one > two)]
            numbers = (int(each.sum()) for each in counts)
            found.append(SourceChange(new.name, new.split, _drawn_by(old), _drawn_by(new), *numbers))
    return tuple(found)


def _drawn_by(entry: SourceEntry) -> tuple[float, float, int | None]:
    return entry.weight, entry.share, entry.max_rows


def _copies(table: Table, train: Integers, path: Path) -> tuple[Integers, Integers]:
    """How often each row of the table was trained on, and is. Of rows with the same messages the first counts."""
    old = np.frombuffer(b"".join(_digests(path)), dtype="V16")
    keys, at = np.unique(np.concatenate([table["digest"].copy().view("V16").ravel(), old]), return_inverse=True)
    is_now = np.bincount(at[train], minlength=len(keys))
    was = np.bincount(at[len(table) :], minlength=len(keys))
    rows = at[: len(table)]
    used = np.zeros(len(table), dtype=bool)
    used[train] = True
    order = np.lexsort((np.arange(len(table)), ~used, rows))  # a row that is trained on stands for those equal to it
    first = order[np.append(True, rows[order][1:] != rows[order][:-1])[: len(order)]]
    counted = np.zeros(len(table), dtype=bool)
    counted[first] = True
    return np.where(counted, was[rows], 0), np.where(counted, is_now[rows], 0)


def _digests(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield xxhash.xxh3_128_digest(line[HEAD : line.rfind(_TAIL) + 1])
