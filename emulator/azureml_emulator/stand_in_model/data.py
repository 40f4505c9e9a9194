"""Reads the training files of the pipeline: jsonl, json, csv, tsv, parquet. It must not judge what is in them."""

import ast
import csv
import json
from pathlib import Path
from typing import Any

from azureml_emulator.stand_in_model.report import DATA, NodeError

CHAT_COLUMN = "messages"
FORMATS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
Record = dict[str, Any]


def read_records(path: Path) -> list[Record]:
    """Return the rows of a file. Raises NodeError for an unknown format, or naming a line that cannot be read."""
    readers = {".jsonl": _jsonl, ".json": _json, ".csv": _csv, ".tsv": _csv, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise NodeError(DATA, f"{path.name}: the supported data formats are {', '.join(FORMATS)}")
    try:
        return reader(path)
    except (OSError, UnicodeDecodeError) as error:
        raise NodeError(DATA, f"{path.name}: cannot be read: {error}") from error


def _jsonl(path: Path) -> list[Record]:
    records = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                records.append(_record(json.loads(line.decode("utf-8")), f"{path.name}, line {number}"))
            except ValueError as error:
                raise NodeError(DATA, f"{path.name}, line {number}: is not JSON: {error}") from error
    return records


def _json(path: Path) -> list[Record]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return _jsonl(path)  # pandas and datasets write JSON lines into .json files, too
    rows = document if isinstance(document, list) else [document]
    return [_record(row, f"{path.name}, row {number}") for number, row in enumerate(rows, start=1)]


def _csv(path: Path) -> list[Record]:
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        return [{**row, CHAT_COLUMN: _cell(row[CHAT_COLUMN])} if row.get(CHAT_COLUMN) else dict(row) for row in rows]


def _cell(text: str) -> Any:
    """Return a conversation in a cell of a table: JSON, or Python's notation as pandas writes it, else the text."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError):
            continue
    return text


def _parquet(path: Path) -> list[Record]:
    import pyarrow  # here, as the other formats need not pay for it
    import pyarrow.parquet

    try:
        rows: list[Record] = pyarrow.parquet.read_table(path).to_pylist()
    except pyarrow.ArrowException as error:
        raise NodeError(DATA, f"{path.name}: is not a parquet file: {error}") from error
    return rows


def _record(row: Any, where: str) -> Record:
    if not isinstance(row, dict):
        raise NodeError(DATA, f"{where}: is a {type(row).__name__}, not an object with a column {CHAT_COLUMN!r}")
    return row
