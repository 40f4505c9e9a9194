"""Another weight or share of a source: which training rows of the preparation before came, went, or are repeated."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from mlops.dataset import Options, Prepared, SourceChange, prepare
from mlops.domain.dataset.sources import SourceSpec


def rows(name: str, count: int) -> bytes:
    """A file of so many conversations."""
    asked = [
        [{"role": "user", "content": f"{name} {n * 7919}?"}, {"role": "assistant", "content": f"{n * 104729} it is"}]
        for n in range(count)
    ]
    return b"".join(json.dumps({"messages": one}).encode() + b"\n" for one in asked)


def done(out: Path, **spec: Any) -> Prepared:
    """Two files, the second of which is drawn from as the entry says."""
    files = [("data/a.jsonl", rows("first", 40)), ("data/b.jsonl", rows("second", 60))]
    return prepare([], files, Options(sources=(SourceSpec("data/b.jsonl", **spec),)), out)


def trained(prepared: Prepared) -> Counter[str]:
    """How often each line of the second file is trained on."""
    lines = prepared.files["train.jsonl"].read_text(encoding="utf-8").splitlines()
    return Counter(line for line in lines if '"second ' in line)


def test_each_row_that_came_or_went_is_counted_and_listed(tmp_path: Path) -> None:
    first = done(tmp_path)
    one = trained(first)
    assert first.changes == ()
    assert not (tmp_path / "changes.jsonl").exists()
    second = done(tmp_path, share=0.5, licence="MIT")
    two = trained(second)
    assert second.manifest.digest != first.manifest.digest
    went = len(one) - len(two)
    assert 0 < went < 60
    assert second.changes == (SourceChange("data/b.jsonl", "", (1, 1, None), (1, 0.5, None), 0, went, 0, 0),)
    listed = [json.loads(line) for line in (tmp_path / "changes.jsonl").read_text().splitlines()]
    assert len(listed) == went
    gone = {json.loads(line)["prompt"] for line in one - two}
    assert {f"second {row['position'] * 7919}?" for row in listed} == gone
    assert {(row["source"], row["before"], row["after"]) for row in listed} == {("data/b.jsonl", 1, 0)}
    third = done(tmp_path, weight=2)
    (change,) = third.changes
    assert (change.came, change.went, change.more, change.less) == (went, 0, len(two), 0)
    assert trained(third) == Counter(dict.fromkeys(one, 2))
    (back,) = done(tmp_path, max_rows=10).changes
    assert (back.after, back.came, back.more) == ((1, 1, 10), 0, 0)
    assert back.went + back.less == len(one)


def test_a_licence_alone_changes_no_row_and_a_broken_folder_is_no_preparation(tmp_path: Path) -> None:
    done(tmp_path, share=0.5)
    assert done(tmp_path, share=0.5, licence="MIT").changes == ()
    (tmp_path / "train.jsonl").write_text("cut")
    assert done(tmp_path).changes == ()
