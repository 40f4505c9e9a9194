"""What a row is on its way from a source to a file: its source, its place, the reason it may be refused.

It must not judge a row and must not read files; bytes are passed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias

from mlops.errors import Problem

Part = Literal["train", "test"]
ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".feather")
PACKED = (".gz", ".zst")


class Reason(StrEnum):
    """Why a row is not used. The values stand in manifests and summaries."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    UNREADABLE_FILE = "unreadable_file"
    SCHEMA = "schema"
    ROLE = "role"
    ALTERNATION = "alternation"
    EMPTY = "empty"
    LAST_TURN = "last_turn"
    UNSUPPORTED = "unsupported"
    CONTROL = "control_tokens"
    TOO_LONG = "too_long"
    PERSONAL_DATA = "personal_data"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    LEAKAGE = "leakage"
    NOT_SAMPLED = "not_sampled"
    WEIGHT = "weight"


@dataclass(frozen=True, order=True)
class Source:
    """Where rows come from. `revision` pins a public dataset; `split` is its split there; both are empty for a file."""

    name: str
    kind: Literal["dataset", "curated"]
    revision: str = ""
    split: str = ""


@dataclass(frozen=True)
class Input:
    """The rows of one split of a public dataset, and the part of our data they belong to.

    `rows` gives mappings, or frames of polars with many rows each, which is how much data goes fast.
    """

    source: Source
    part: Part
    rows: Iterable[Any]


@dataclass(frozen=True)
class Place:
    """Where in a curated file a row stands: a line of a .jsonl file or a row of a .parquet file, from 1."""

    path: str
    line: int | None = None
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else f"{self.path} row {self.row}" if self.row else self.path


@dataclass(frozen=True)
class Fault:
    """Why one row cannot be used, for a count (reason) and for a person (the rest)."""

    reason: Reason
    what: str
    fix: str = ""
    column: int | None = None

    def problem(self, place: Place) -> Problem:
        """The fault as an error that points at the row."""
        what = f"row {place.row}: {self.what}" if place.row else self.what
        return Problem(what, place.path, place.line, self.column, f"rejected as `{self.reason}`", self.fix)


Read: TypeAlias = tuple[Place, object]  # a decoded value, or a Fault


def ending(path: str) -> str:
    """What a file's name says is inside, in lower case, such as `.jsonl` for `A.JSONL.gz`; empty for anything else."""
    place = PurePosixPath(path.lower())
    inner = PurePosixPath(place.stem).suffix if place.suffix in PACKED else place.suffix
    return inner if inner in ENDINGS else ""


@dataclass(frozen=True)
class NotRead:
    """A file of the data folder that is no input, and why."""

    path: str
    reason: str

    @classmethod
    def by_name(cls, path: str) -> "NotRead":
        """A file whose name says already that no rows are in it."""
        place = PurePosixPath(path.lower())
        suffixes = [place.suffix, PurePosixPath(place.stem).suffix]
        known = next((_NO_ROWS[suffix] for suffix in suffixes if suffix in _NO_ROWS), "")
        if place.name.startswith("."):
            known = "a hidden file"
        elif not known and place.suffix:
            known = f"unknown ending {place.suffix}"
        return cls(path, known or "a name without an ending")


@dataclass(frozen=True)
class CuratedCheck:
    """What was found in the team's own files that is no fault."""

    warnings: tuple[Problem, ...]
    not_read: tuple[NotRead, ...]


_SHEET = "a spreadsheet: save it as CSV (UTF-8), then `mlops data import`"
_ARCHIVE = "an archive: unpack it"
_TEXT = "plain text has no turns: write conversations as data/README.md shows"
_NO_ROWS = {
    **dict.fromkeys((".md", ".rst"), "a document"),
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".xlsm"), _SHEET),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz"), _ARCHIVE),
    **dict.fromkeys((".txt", ".pdf", ".docx", ".html", ".rtf"), _TEXT),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".py", ".ipynb", ".sh", ".sql"), "no format of rows"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp3", ".wav", ".mp4"), "no text"),
}
