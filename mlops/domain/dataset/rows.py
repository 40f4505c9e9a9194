"""What a row is on its way from a source to a file: its source, its place, the reason it may be refused.

It must not judge a row and must not read files; bytes are passed in.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from mlops.errors import Problem

Part = Literal["train", "test"]
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
    TOO_LONG = "too_long"
    PERSONAL_DATA = "personal_data"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    LEAKAGE = "leakage"
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


def read_curated(path: str, data: bytes) -> Iterator[Read]:
    """Every row of a curated file with its place: the decoded value, or the fault that kept it from being decoded.

    `path` is relative to the repository and its ending says the format. Blank lines, CRLF and a UTF-8 byte order
    mark are accepted in .jsonl files.
    """
    if data.startswith(LFS_POINTER):
        fault = Fault(Reason.UNREADABLE_FILE, "this is a Git LFS pointer, not data", "run `git lfs pull`")
        return iter([(Place(path), fault)])
    return _parquet(path, data) if path.lower().endswith(".parquet") else _json_lines(path, data)


def _json_lines(path: str, data: bytes) -> Iterator[Read]:
    if data.startswith(BYTE_ORDER_MARK):
        data = data[len(BYTE_ORDER_MARK) :]
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield Place(path, line=number), _decode(line)


def _decode(line: bytes) -> object | Fault:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode("utf-8")) + 1
        what = f"byte 0x{line[error.start]:02x} is not valid UTF-8"
        return Fault(Reason.NOT_UTF8, what, "save the file as UTF-8", column)
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        fix = "one JSON object on each line, and no comments"
        return Fault(Reason.NOT_JSON, f"not valid JSON: {error.msg}", fix, error.colno)
    except (ValueError, RecursionError) as error:  # a number with thousands of digits; nesting without end
        what = f"JSON that cannot be read: {type(error).__name__}"
        return Fault(Reason.NOT_JSON, what, "write plain messages, as data/README.md shows")
    return value


def _parquet(path: str, data: bytes) -> Iterator[Read]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
        rows = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: text that is not UTF-8
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        what = f"not a readable Parquet file: {first_line}"
        yield Place(path), Fault(Reason.UNREADABLE_FILE, what, "write it again, e.g. with pandas")
        return
    for number, row in enumerate(rows, start=1):
        yield Place(path, row=number), row
