"""Texts with the kinds of personal data and secrets in them, for tests and `benchmarks/personal.py`.

A secret is broken by a bar in the file, so that no scanner of repositories takes it for a real one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BAR = "\u00a6"


@dataclass(frozen=True)
class Labelled:
    """A text and what a person sees in it."""

    text: str
    kinds: frozenset[str]


def labelled() -> Iterator[Labelled]:
    """Every text of the file."""
    lines = (Path(__file__).parent / "personal" / "labelled.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        yield Labelled(row["text"].replace(BAR, ""), frozenset(row["kinds"]))
