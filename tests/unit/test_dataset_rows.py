"""Reading curated files: every row with its place, or the reason why it cannot be read."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops.dataset.formats import records
from mlops.domain.dataset.rows import Fault, Place, Reason

ROW = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
LINE = json.dumps(ROW).encode()


def test_a_line_is_a_row_and_blank_lines_are_not() -> None:
    rows = list(records("data/a.jsonl", LINE + b"\n\n   \n" + LINE))
    assert rows == [(Place("data/a.jsonl", line=1), ROW), (Place("data/a.jsonl", line=4), ROW)]


def test_windows_line_ends_and_a_byte_order_mark_are_accepted() -> None:
    rows = list(records("a.jsonl", b"\xef\xbb\xbf" + LINE + b"\r\n" + LINE + b"\r\n"))
    assert [value for _, value in rows] == [ROW, ROW]


def test_a_line_separator_inside_a_text_does_not_end_the_row() -> None:
    row = {"messages": [{"role": "user", "content": "one\u2028two\x0bthree"}]}
    assert [value for _, value in records("a.jsonl", json.dumps(row, ensure_ascii=False).encode())] == [row]


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        (b'{"messages": [}', Reason.NOT_JSON, 15),
        (b"{'messages': []}", Reason.NOT_JSON, 2),
        (b'{"a": "\xc3\xa9\xff"}', Reason.NOT_UTF8, 9),
        (LINE + b" trailing", Reason.NOT_JSON, len(LINE) + 2),
        (b"[" * 100_000, Reason.NOT_JSON, None),
        (b"9" * 5000, Reason.NOT_JSON, None),
        (b"\0", Reason.NOT_JSON, 1),
    ],
)
def test_a_line_that_cannot_be_decoded_says_why_and_where(line: bytes, reason: Reason, column: int | None) -> None:
    ((place, fault),) = records("data/b.jsonl", line)
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.column) == (reason, column)
    assert str(fault.problem(place)).startswith("data/b.jsonl:1")
    assert fault.fix


def test_utf16_with_its_mark_is_read_and_without_it_is_refused() -> None:
    assert [value for _, value in records("a.jsonl", (LINE * 2).decode().encode("utf-16"))] == [ROW, ROW]
    ((_, fault),) = records("a.jsonl", LINE.decode().encode("utf-16-le"))
    assert isinstance(fault, Fault)
    assert fault.reason == Reason.NOT_JSON


def test_parquet_rows_are_read_with_their_number() -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([ROW, ROW]), buffer)
    assert list(records("data/a.PARQUET", buffer.getvalue())) == [
        (Place("data/a.PARQUET", row=1), ROW),
        (Place("data/a.PARQUET", row=2), ROW),
    ]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1 not really PAR1", LINE])
def test_bytes_that_are_not_parquet_are_one_fault(data: bytes) -> None:
    ((_, fault),) = records("a.parquet", data)
    assert isinstance(fault, Fault)
    assert fault.reason == Reason.UNREADABLE_FILE


def test_a_git_lfs_pointer_is_named_as_such() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    ((_, fault),) = records("a.jsonl", pointer)
    assert isinstance(fault, Fault)
    assert "git lfs pull" in fault.fix
