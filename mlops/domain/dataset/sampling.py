"""For people who look at prepared data: a few conversations, and the shape of the whole.

It must not print; it gives plain values that a view renders.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops.domain.dataset.manifest import FILES, FileEntry

REJECTED, MANIFEST = "rejected.jsonl", "manifest.json"  # beside the prepared files
BARS = 8

SHAPE_COLUMNS = ("part", "rows", "messages", "tokens (estimate)", "characters p5", "p50", "p95", "max", "bytes")


def conversations(data: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a prepared file: `{"messages": [{"content", "role"}], "prompt", "prompt_id"}`."""
    return (json.loads(line) for line in data.split(b"\n") if line)


def sample(data: bytes, rows: int) -> list[dict[str, Any]]:
    """The first rows of a prepared file. They are a random draw, because files are shuffled by seed."""
    return [row for row, _ in zip(conversations(data), range(rows), strict=False)]


def shape(files: Mapping[str, FileEntry]) -> list[tuple[str | int, ...]]:
    """One tuple per part in the order of `SHAPE_COLUMNS`; lengths of an empty part are 0."""
    table: list[tuple[str | int, ...]] = []
    for part, name in FILES.items():
        entry = files[name]
        lengths = [entry.characters.get(key, 0) for key in ("p5", "p50", "p95", "max")]
        table.append((part, entry.rows, entry.messages, entry.tokens, *lengths, entry.bytes))
    return table


def lengths(values: Sequence[int]) -> list[tuple[str, int]]:
    """A histogram: (range of values, how many) for up to 8 ranges of equal width; the ends belong to it."""
    if not values:
        return []
    low, high = min(values), max(values)
    width = max(1, -(-(high - low + 1) // BARS))
    counts = [0] * ((high - low) // width + 1)
    for value in values:
        counts[(value - low) // width] += 1
    edges = ((low + place * width, min(high, low + (place + 1) * width - 1)) for place in range(len(counts)))
    return [(f"{start} to {end}", count) for (start, end), count in zip(edges, counts, strict=True)]
