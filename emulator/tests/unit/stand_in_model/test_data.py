"""The data rules of the preprocess node: formats, columns, splits, filters, truncation, failures and their words."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_emulator.stand_in_model.data import read_records
from azureml_emulator.stand_in_model.model_folder import BASE_FOLDER
from azureml_emulator.stand_in_model.preprocess import Prepared, Row, batch_of, prepare, split, window
from azureml_emulator.stand_in_model.report import NodeError
from azureml_emulator.stand_in_model.tokenizer import Tokenizer

TOKENIZER = Tokenizer.load(BASE_FOLDER / "tokenizer.json")
Record = dict[str, Any]


class Lines:
    """A reporter that keeps the log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)

    def metric(self, name: str, value: float, step: int | None) -> None:
        raise AssertionError(f"preprocess has no metrics: {name} {value} {step}")

    def property(self, name: str, value: str) -> None:
        raise AssertionError(f"the node sets the properties: {name} {value}")


def _row(n: int = 0, **more: Any) -> Record:
    messages = [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"Answer {n}."}]
    return {"messages": messages, **more}


def _rows(count: int) -> list[Record]:
    return [_row(n) for n in range(count)]


def _prepare(
    train: list[Record], validation: list[Record] | None = None, limit: int = -1, lines: Lines | None = None
) -> Prepared:
    return prepare(
        TOKENIZER, train, validation if validation is not None else _rows(2),
        max_seq_length=limit, context=256, reporter=lines or Lines(),
    )  # fmt: skip


def _write_jsonl(path: Path, rows: list[Record]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n", encoding="utf-8")


def _write_table(path: Path, rows: list[Record]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(["messages", "prompt"])
        writer.writerows([json.dumps(row["messages"]), "x"] for row in rows)


WRITERS: dict[str, Callable[[Path, list[Record]], object]] = {
    ".jsonl": _write_jsonl,
    ".json": lambda path, rows: path.write_text(json.dumps(rows)),
    ".csv": _write_table,
    ".tsv": _write_table,
    ".parquet": lambda path, rows: pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path),
}


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_each_format_gives_the_same_conversations(suffix: str, tmp_path: Path) -> None:
    rows = [
        *_rows(3),
        {"messages": [{"role": "user", "content": 'Zeile 1\n"Ü",\t2'}, {"role": "assistant", "content": "é"}]},
    ]
    path = tmp_path / f"train{suffix}"
    WRITERS[suffix](path, rows)
    assert [record["messages"] for record in read_records(path)] == [row["messages"] for row in rows]


def test_json_lines_in_a_json_file_are_read_too(tmp_path: Path) -> None:
    _write_jsonl(tmp_path / "train.json", _rows(2))
    assert read_records(tmp_path / "train.json") == _rows(2)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("train.txt", "", "train.txt: the supported data formats are .jsonl"),
        ("train.jsonl", '{"messages": []}\n{oops\n', "train.jsonl, line 2: is not JSON"),
        ("train.jsonl", "[1]\n", "train.jsonl, line 1: is a list"),
        ("train.json", "3", "train.json, row 1: is a int"),
        ("train.parquet", "no parquet", "train.parquet: is not a parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_its_name_and_line(
    name: str, content: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(NodeError, match=text) as failure:
        read_records(tmp_path / name)
    assert failure.value.code == "ACFTDataException"


@pytest.mark.parametrize(
    ("given_validation", "given_test", "sizes"),
    [(False, False, (80, 10, 10)), (False, True, (80, 20, 3)), (True, False, (80, 2, 20)), (True, True, (100, 2, 3))],
)
def test_a_missing_split_is_cut_off_the_end_of_train_in_place(
    given_validation: bool, given_test: bool, sizes: tuple[int, int, int]
) -> None:
    rows = _rows(100)
    parts = split(rows, _rows(2) if given_validation else None, _rows(3) if given_test else None)
    assert tuple(len(part) for part in parts) == sizes
    assert list(parts[0]) == rows[: sizes[0]]
    if not given_validation:
        assert list(parts[1]) == rows[80 : 80 + sizes[1]]


def test_other_columns_are_dropped_and_told() -> None:
    lines = Lines()
    prepared = _prepare([_row(n, prompt="x", prompt_id="y") for n in range(10)], lines=lines)
    assert len(prepared.train) == 10
    assert any("prompt, prompt_id" in line for line in lines.lines)


def test_rows_without_a_conversation_are_filtered_out() -> None:
    bad: list[Record] = [
        {"messages": ""},
        {"messages": []},
        {"messages": None},
        {},
        {"messages": [{"role": "user", "content": "alone"}]},
        {**_row(), "tools": []},
    ]
    assert len(_prepare([*bad, *_rows(10)]).train) == 10


@pytest.mark.parametrize(
    ("train", "validation", "code", "text"),
    [
        (_rows(9), _rows(2), "ACFTDataException", "Training dataset has 9 non-null samples, which is fewer than 10"),
        ([*_rows(9), {"messages": []}], _rows(2), "ACFTDataException", "has 9 non-null samples"),
        ([], _rows(2), "ACFTDataException", "Found no examples after data preprocessing for the train data"),
        (_rows(10), [], "ACFTDataException", "Found no examples after data preprocessing for the validation data"),
        ([{"text": "x"}] * 10, _rows(2), "ACFTDataException", r"Dataset Columns: \['text'\]"),
        (
            [*_rows(10), {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None}]}],
            _rows(2),
            "ACFTValidationException",
            r"Failure while applying chat template to dataset: .*message 1 \(assistant\).* \(train row 11",
        ),
        (
            [*_rows(10), {"messages": "a text"}],
            _rows(2),
            "ACFTValidationException",
            "Failure while applying chat template",
        ),
        (
            [{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}] * 10,
            _rows(2),
            "ACFTUserException",
            "No assistant tokens found after preprocessing",
        ),
    ],
)
def test_data_that_the_real_component_refuses_is_refused_in_its_words(
    train: list[Record], validation: list[Record], code: str, text: str
) -> None:
    with pytest.raises(NodeError, match=text) as failure:
        _prepare(train, validation)
    assert failure.value.code == code


def test_truncation_removes_rows_whose_assistant_comes_too_late() -> None:
    late = {"messages": [{"role": "user", "content": "word " * 60}, {"role": "assistant", "content": "late"}]}
    assert len(_prepare([*_rows(10), late], limit=40).train) == 10
    assert len(_prepare([*_rows(10), late]).train) == 11


def test_token_counts_are_of_both_splits_and_not_of_the_piece_that_the_network_reads() -> None:
    long = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "word " * 600}]}
    with_long, without = _prepare([*_rows(10), long]), _prepare(_rows(10))
    assert with_long.assistant_tokens - without.assistant_tokens > 600
    assert max(len(row.tokens) for row in with_long.train) == 257
    assert without.tokens == sum(len(row.tokens) for row in (*without.train, *without.validation))


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=12), st.integers(4, 60))
def test_a_window_is_a_piece_of_its_row_that_the_loss_can_use(turns: list[tuple[int, bool]], context: int) -> None:
    tokens: list[int] = []
    counted: list[bool] = []
    for length, by_assistant in [*turns, (3, True)]:
        tokens += [258 if by_assistant else 261, *range(length)]
        counted += [False, *[by_assistant] * length]
    piece = window(Row(tokens, counted), context)
    assert len(piece.tokens) == min(len(tokens), context + 1)
    assert any(piece.counted[1:])
    at = range(len(tokens) - len(piece.tokens) + 1)
    assert any(tokens[n : n + len(piece.tokens)] == piece.tokens for n in at)


def test_a_batch_is_padded_on_the_right_with_what_the_loss_does_not_count() -> None:
    batch = batch_of([Row([1, 2, 3], [False, True, True]), Row([4, 5], [False, True])], 6)
    assert batch.tokens.tolist() == [[1, 2, 3, 0, 0, 0], [4, 5, 0, 0, 0, 0]]
    assert batch.counted.sum() == batch.targets == 3
