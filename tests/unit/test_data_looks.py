"""`mlops data`: what people see of prepared data, of what was left out, and of a change, in a real clone."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.dataset.formats import records
from mlops.domain.dataset import SourceEntry, lengths
from mlops.domain.dataset.difference import difference
from mlops.domain.dataset.rows import Read
from mlops.errors import BadInput
from mlops.flow.context import Context
from mlops.flow.dataset import data, diff, prepare
from mlops.params import load
from mlops.views import data_diff, data_show, data_stats
from mlops.views import prepare as view
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]


def row(question: str, *answers: str) -> dict[str, Any]:
    """A conversation of one question after the other."""
    turns = [(f"{question} {n}" if n else question, answer) for n, answer in enumerate(answers)]
    pairs = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in turns]
    return {"messages": [message for pair in pairs for message in pair]}


def text(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in rows)


def read(*files: tuple[str, bytes]) -> Iterator[Read]:
    for path, content in files:
        yield from records(path, content)


def test_a_moved_conversation_is_unchanged_and_an_edited_one_is_no_addition() -> None:
    before = [("data/a.jsonl", text(row("one", "x"), row("two", "y"), row("three", "z")))]
    after = [
        ("data/b.jsonl", text(row("two", "y"))),
        ("data/c.jsonl", text(row("one", "longer", "more"), row("four", "w"))),
    ]
    found = difference(read(*before), read(*after))
    assert found.unchanged == 1
    assert [str(one.place) for one in found.removed] == ["data/a.jsonl:3"]
    assert [str(one.place) for one in found.added] == ["data/c.jsonl:2"]
    (edited,) = found.edited
    assert (str(edited.before.place), str(edited.after.place)) == ("data/a.jsonl:1", "data/c.jsonl:1")
    assert edited.messages == [1, 2, 3]
    assert found.numbers["conversations"] == (3, 3)
    assert found.numbers["messages"] == (6, 8)
    assert found.invalid == (0, 0)


def test_two_conversations_with_one_question_are_not_taken_for_edits_of_each_other() -> None:
    before = [("data/a.jsonl", text(row("hello", "a"), row("hello", "b")))]
    after = [("data/a.jsonl", text(row("hello", "c"), row("hello", "d")) + b"broken\n")]
    found = difference(read(*before), read(*after))
    assert (len(found.added), len(found.removed), len(found.edited)) == (2, 2, 0)
    assert found.invalid == (0, 1)


def test_a_histogram_counts_every_value_once() -> None:
    assert lengths([]) == []
    assert lengths([7, 7]) == [("7 to 7", 2)]
    found = lengths(list(range(100, 180)))
    assert [name for name, _ in found][:2] == ["100 to 109", "110 to 119"]
    assert sum(count for _, count in found) == 80


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A project of its own with 30 conversations, committed."""
    (tmp_path / "data").mkdir()
    rows = [row(f"question {n * 7919} about quota number {n}", f"answer {n * 104729}") for n in range(30)]
    (tmp_path / "data" / "own.jsonl").write_bytes(text(*rows))
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)

    def offline() -> Any:
        raise AssertionError("a look at data needs no workspace")

    params = load(PARAMS_FILE)
    params = params.model_copy(update={"data": params.data.model_copy(update={"dataset": None})})
    return Context(params, tmp_path / "params.yaml", offline, lambda _: None)


@pytest.fixture
def prepared(context: Context, tmp_path: Path) -> Path:
    """The files that `mlops prepare --no-upload` leaves."""
    prepare.run(context, out=tmp_path / "out", upload=False)
    return tmp_path / "out"


def test_conversations_are_shown_as_spoken_and_counted(prepared: Path) -> None:
    shown = data_show.report(data.show(prepared, rows=2, split="train", reason=None).result)
    assert [section.lines[1][:6] for section in shown.sections] == ["user: ", "user: "]
    assert shown.sections[0].lines[2].startswith("assistant: answer")
    found = data.stats(prepared).result
    rows = found.manifest.rows("train")
    for bars in (found.characters, found.turns, found.languages):
        assert sum(one.count for one in bars) == rows
    assert [(one.name, one.count) for one in found.languages] == [("other", rows)]
    assert 0 < found.learned_tokens < found.manifest.files["train.jsonl"].tokens
    assert "Characters of a training conversation" in data_stats.report(found).to_markdown()


def test_a_preparation_tells_what_its_files_then_show(context: Context, tmp_path: Path) -> None:
    done = prepare.run(context, out=tmp_path / "out", upload=False).result
    found = data.stats(tmp_path / "out").result
    assert (done.characters, done.turns, done.languages) == (found.characters, found.turns, found.languages)
    assert done.learned_tokens == found.learned_tokens
    report = view.report(done)
    assert report.charts == data_stats.report(found).charts
    assert "training tokens are answers" in report.to_markdown()


def test_of_many_sources_the_largest_are_read_of() -> None:
    entries = [SourceEntry(f"data/{n}.jsonl", "curated", "", "", n, n, {}) for n in range(3000)]
    rows = data_stats.sources(entries).rows
    assert len(rows) == 40
    assert rows[0][0] == "data/2999.jsonl"
    assert rows[-1][0] == "and 2961 more, which --json has"


def test_what_was_rejected_is_shown_with_its_reason_and_text(prepared: Path) -> None:
    manifest = json.loads((prepared / "manifest.json").read_text())
    manifest["sources"][0]["rejected"] = {"last_turn": 2}
    (prepared / "manifest.json").write_text(json.dumps(manifest))
    kept = {"source": "a/b", "split": "s", "position": 4, "reason": "last_turn", "detail": "why"}
    rows = [{**kept, "row": json.dumps(row("halloo", "x"))}, {**kept, "row": '{"cut'}]
    (prepared / "rejected.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    outcome = data.show(prepared, rows=5, split="train", reason="last_turn")
    found = data_show.report(outcome.result).to_markdown()
    assert "a/b s, row 5" in found
    assert "user: halloo" in found
    with pytest.raises(BadInput, match="no row was rejected as 'empty'") as caught:
        data.show(prepared, rows=5, split="train", reason="empty")
    assert caught.value.problems[0].why == "rejected: last_turn 2"


def test_a_change_is_told_in_conversations_and_numbers(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "data" / "own.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[2:]).replace(b'answer 209458"', b'another answer"') + text(row("brand new", "yes")))
    found = diff.run(context.project, "HEAD").result
    report = data_diff.report(found)
    assert report.lines[0] == "1 added, 2 removed, 1 edited, 27 unchanged since HEAD"
    assert [(edit.before, edit.after) for edit in found.edited] == [("data/own.jsonl:3", "data/own.jsonl:1")]
    assert [(turn.message, turn.words) for turn in found.edited[0].turns] == [(1, "{+another +}answer[- 209458-]")]
    assert [one.place for one in found.added] == ["data/own.jsonl:29"]
    assert ("conversations", 30, 29, -1) in report.tables[0].rows


@pytest.mark.parametrize("revision", ["nowhere", "--help", ""])
def test_an_unknown_commit_is_refused(context: Context, revision: str) -> None:
    with pytest.raises(BadInput, match="git knows no commit"):
        diff.run(context.project, revision)


def test_without_prepared_data_the_way_to_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        data.stats(tmp_path)
    assert "mlops prepare --no-upload" in caught.value.problems[0].fix
    with pytest.raises(BadInput) as caught:
        data.show(tmp_path, rows=1, split="test", reason=None)
    assert "mlops prepare --no-upload" in caught.value.problems[0].fix
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(BadInput, match="no manifest of ours"):
        data.stats(tmp_path)
