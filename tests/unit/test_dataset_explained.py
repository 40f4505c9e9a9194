"""A public dataset in another format is converted as data.sources explains it; rows that cannot be are counted."""

from pathlib import Path

import polars as pl
import pytest

from mlops.dataset import Options
from mlops.dataset.huggingface import read_parquet
from mlops.domain.dataset import Input, Source, conversations
from mlops.domain.dataset.sources import SourceSpec
from tests.prepared import prepared

SOURCE = Source("a/b", "dataset", "r", "train")


def questions(count: int) -> list[dict[str, str | None]]:
    """Rows of a question and an answer; the third has none."""
    return [
        {"question": f"What is {n} and {n * 7919}?", "answer": f"It is {n * 7920}." if n != 2 else None, "id": str(n)}
        for n in range(count)
    ]


@pytest.mark.parametrize("framed", [True, False])
def test_named_columns(framed: bool) -> None:
    rows = [pl.DataFrame(questions(40))] if framed else questions(40)
    spec = SourceSpec("a/b", columns={"user": "question", "assistant": "answer"}, licence="MIT")
    done = prepared([Input(SOURCE, "train", rows)], [], Options(sources=(spec,)))
    (source,) = done.manifest.sources
    assert (source.read, source.kept, source.licence) == (40, 39, "MIT")
    assert sum(source.rejected.values()) == 1
    assert done.rejections[0]["detail"]
    first = next(iter(conversations(done.files["train.jsonl"])))
    assert [message["role"] for message in first["messages"]] == ["user", "assistant"]
    assert first["messages"][0]["content"].startswith("What is ")


def test_a_named_format() -> None:
    rows = [
        {"conversations": [{"from": "human", "value": f"And {n * 7919}?"}, {"from": "gpt", "value": f"Yes, {n}."}]}
        for n in range(40)
    ]
    done = prepared([Input(SOURCE, "train", rows)], [], Options(sources=(SourceSpec("a/*", "sharegpt"),)))
    assert done.manifest.sources[0].kept == 40


def test_what_is_not_explained_is_rejected_and_counted() -> None:
    own = [
        {"messages": [{"role": "user", "content": f"base {n * 7919}"}, {"role": "assistant", "content": f"yes {n}"}]}
        for n in range(40)
    ]
    inputs = [Input(SOURCE, "train", questions(5)), Input(Source("c/d", "dataset", "r", "train"), "train", own)]
    done = prepared(inputs, [], Options())
    assert done.manifest.rejected == {"schema": 5}


def test_named_columns_are_read_beside_messages(tmp_path: Path) -> None:
    rows = [{**row, "messages": [{"role": "user", "content": "not this"}]} for row in questions(40)]
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    frames = read_parquet([str(tmp_path / "a.parquet")], 40, whole=True)
    spec = SourceSpec("a/b", columns={"user": "question", "assistant": "answer"})
    done = prepared([Input(SOURCE, "train", frames)], [], Options(sources=(spec,)))
    assert done.manifest.sources[0].kept == 39
    assert b"not this" not in b"".join(done.files.values())
