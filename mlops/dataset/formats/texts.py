"""Rows of text files: JSON lines, JSON documents, and tables with commas, semicolons or tabs.

Byte order marks, CRLF and blank lines are accepted; an encoding is never guessed.
"""

import csv
import io
import json as json_library
from collections.abc import Iterator, Mapping
from typing import Any

from mlops.domain.dataset.rows import Fault, Place, Read, Reason

UTF8_MARK = b"\xef\xbb\xbf"
WIDE_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
LISTS = ("data", "rows", "conversations", "examples", "items", "train", "records", "tickets", "messages", "dialogs")
DELIMITERS = ",;\t|"
LARGEST_CELL = 2**26
ROW_FIX = "one JSON object on each line, and no comments"


def json_lines(path: str, data: bytes, encoding: str = "utf-8") -> Iterator[Read]:
    """One value on each line. A file whose lines are no values by themselves may be one document."""
    data = _plain(data, encoding)
    first = next((line for line in data.split(b"\n", 50) if line.strip()), b"")
    opens = first.lstrip()[:1]
    if opens == b"[" or (opens == b"{" and isinstance(_decode(first), Fault)):
        whole = _document(path, data)
        if isinstance(whole, list):
            return iter(whole)
    return _lines(path, data)


def json(path: str, data: bytes, encoding: str = "utf-8") -> Iterator[Read]:
    """A list of rows, an object with such a list, or values one after the other."""
    data = _plain(data, encoding)
    whole = _document(path, data)
    if isinstance(whole, list):
        return iter(whole)
    first = data.lstrip().partition(b"\n")[0]
    many = first.startswith(b"{") and not isinstance(_decode(first), Fault)
    return _lines(path, data) if many else iter([whole])


def table(path: str, data: bytes, encoding: str = "utf-8") -> Iterator[Read]:
    """Rows of a table whose first line names the columns."""
    try:
        text = _plain(data, encoding).decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        what = f"byte 0x{error.object[error.start]:02x} is not valid UTF-8"
        fix = "save the table as UTF-8, or name its encoding: --encoding cp1252"
        yield Place(path, line=line), Fault(Reason.NOT_UTF8, what, fix)
        return
    skipped = 0
    if text[:4].lower() == "sep=":  # what Excel writes above a table
        text, skipped = text.partition("\n")[2], 1
    if not text.strip():
        return
    csv.field_size_limit(LARGEST_CELL)
    yield from _cells(path, csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text)), skipped)


def _cells(path: str, reader: Any, skipped: int) -> Iterator[Read]:
    names: list[str] = []
    try:
        start = 1
        for cells in reader:
            at, start = start + skipped, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(names):
                what = f"{len(cells)} cells, but the first line names {len(names)} columns"
                fault = Fault(Reason.SCHEMA, what, "put cells with line breaks or separators into quotation marks")
                yield Place(path, line=at), fault
                continue
            yield Place(path, line=at), dict(zip(names, cells, strict=True))
    except csv.Error as error:
        yield Place(path, line=reader.line_num), Fault(Reason.SCHEMA, f"not a table: {error}", "export it again")


def _delimiter(path: str, text: str) -> str:
    if path.lower().removesuffix(".gz").removesuffix(".zst").endswith(".tsv"):
        return "\t"
    head = text.lstrip().partition("\n")[0]
    return max(DELIMITERS, key=head.count)


def _plain(data: bytes, encoding: str) -> bytes:
    """The text as UTF-8 without a mark; bytes that are none stay, and are told where they stand."""
    if data.startswith(UTF8_MARK):
        return data[len(UTF8_MARK) :]
    wide = WIDE_MARKS.get(data[:2])
    if wide is None and encoding.lower().replace("-", "") == "utf8":
        return data
    try:
        return data.decode(wide or encoding).encode("utf-8", "surrogatepass")
    except UnicodeError:
        return data


def _document(path: str, data: bytes) -> list[Read] | Read:
    """The rows of a file that is one value, or several that go over lines; else a fault with its place."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        fault = Fault(Reason.NOT_UTF8, f"byte 0x{data[error.start]:02x} is not valid UTF-8", "save the file as UTF-8")
        return Place(path, line=data.count(b"\n", 0, error.start) + 1), fault
    decode, at = json_library.JSONDecoder().raw_decode, _skip(text, 0)
    found: list[object] = []
    while at < len(text):
        try:
            value, end = decode(text, at)
        except json_library.JSONDecodeError as error:
            what = f"not valid JSON: {error.msg}"
            return Place(path, line=error.lineno), Fault(Reason.NOT_JSON, what, "export it again", error.colno)
        except (ValueError, RecursionError) as error:
            what = f"JSON that cannot be read: {type(error).__name__}"
            return Place(path), Fault(Reason.NOT_JSON, what, "export it again")
        found.append(value)
        at = _skip(text, end)
    rows = _inside(found[0]) if len(found) == 1 else found
    return [(Place(path, row=number), value) for number, value in enumerate(rows, start=1)]


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _inside(value: object) -> list[object]:
    """The rows in a document."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        lists = [one for key in LISTS if isinstance(one := value.get(key), list) and one and isinstance(one[0], dict)]
        turns = lists and any(key in lists[0][0] for key in ("role", "from", "speaker"))
        if lists and not turns:
            return list(lists[0])
    return [value]


def _lines(path: str, data: bytes) -> Iterator[Read]:
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
        value: object = json_library.loads(text)
    except json_library.JSONDecodeError as error:
        return Fault(Reason.NOT_JSON, f"not valid JSON: {error.msg}", ROW_FIX, error.colno)
    except (ValueError, RecursionError) as error:  # a number with thousands of digits; nesting without end
        what = f"JSON that cannot be read: {type(error).__name__}"
        return Fault(Reason.NOT_JSON, what, "write plain messages, as data/README.md shows")
    return value
