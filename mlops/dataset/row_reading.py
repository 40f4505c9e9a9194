"""The rows of a file in the form of ours, whatever format they are in; what is read is judged elsewhere.

It imports nothing heavy: whoever only looks for something in the team's files needs no numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import tee

from mlops.dataset.formats import records
from mlops.domain.dataset import formats
from mlops.domain.dataset.formats import pairs, threads, trees
from mlops.domain.dataset.formats.turns import Converted
from mlops.domain.dataset.rows import Fault, Place, Read, Reason, ending
from mlops.domain.dataset.sources import SourceSpec, spec_of

ALWAYS_DATA = (".jsonl", ".ndjson", ".parquet")  # a file with such an ending is meant as data, whatever is in it


def rows_of(path: str, data: bytes, specs: Sequence[SourceSpec] = ()) -> Iterator[Read] | None:
    """The rows of a file in our own format; one in another is converted where its entry of `specs` says so.

    None for a file that may be something else than data, and in which no conversations are recognised.
    """
    spec = spec_of(path, specs)
    rows, again = tee(records(path, data, spec.encoding if spec else "utf-8"))
    if spec and spec.explains:
        return _converted(rows, spec)
    first = [value for _, (_, value) in zip(range(formats.LOOKED_AT), again, strict=False)]
    meant = ending(path) in ALWAYS_DATA or any(isinstance(value, Fault) for value in first)
    if not meant and all(formats.recognise(value) is None for value in first):
        return None
    return _explained(path, rows)


def _explained(path: str, rows: Iterable[Read]) -> Iterator[Read]:
    """Rows without `messages` get a fault that names the format they have, and how to import it."""
    for place, value in rows:
        if isinstance(value, dict) and "messages" not in value:
            known = formats.recognise(value)
            if known:
                other = "name the file and its format in data.sources of params.yaml, or import it:"
                fix = f"{other} `mlops data import {path}`"
                yield place, Fault(Reason.SCHEMA, f"this is {known.title}, not our format", fix)
                continue
        yield place, value


def _converted(rows: Iterator[Read], spec: SourceSpec) -> Iterator[Read]:
    """Rows of another format as rows of ours."""
    for place, found in explain(rows, spec):
        yield place, {"messages": list(found.messages)} if isinstance(found, Converted) else found


def explain(rows: Iterator[Read], spec: SourceSpec) -> Iterator[tuple[Place, Converted | Fault]]:
    """Rows of a file as messages: by a mapping, by named columns, by a named format, or as they are recognised."""
    faults: list[tuple[Place, Fault]] = []

    def objects() -> Iterator[tuple[Place, dict[str, object]]]:
        for place, value in rows:
            if isinstance(value, dict):
                yield place, value
            else:
                bad = value if isinstance(value, Fault) else Fault(Reason.SCHEMA, "a row must be an object")
                faults.append((place, bad))

    if spec.mapping:
        yield from threads.of_threads(objects(), spec.mapping)
    elif spec.format == formats.GROUPED:
        yield from trees.of_messages(objects())
    elif spec.columns:
        for place, row in objects():
            yield place, pairs.of_columns(row, spec.columns)
    else:
        for place, _, found in formats.convert(rows, spec.format):
            yield place, found
    yield from faults
