"""Preparation as a whole: what is kept, what is dropped and why, what is an error, what the manifest says."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from mlops.dataset import Options
from mlops.domain.dataset import SHAPE_COLUMNS, Input, Manifest, Reason, Source, conversations, sample, shape
from mlops.domain.dataset.policies import Policies
from mlops.errors import BadInput
from tests.prepared import Prepared
from tests.prepared import prepared as prepare

TRAIN, TEST = Source("a/b", "dataset", "r1", "train_sft"), Source("a/b", "dataset", "r1", "test_sft")


def row(number: int, answer: str = "") -> dict[str, Any]:
    """A conversation that no other number has, long enough to be compared."""
    topic = hashlib.sha256(str(number).encode()).hexdigest()
    text = answer or f"answer {topic[32:]} and {topic[:32]}"
    return {"messages": [{"role": "user", "content": f"question {topic}"}, {"role": "assistant", "content": text}]}


def lines(*rows: dict[str, Any]) -> bytes:
    """A curated file."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)


def run(
    train: list[dict[str, Any]], test: list[dict[str, Any]] | None = None, curated: bytes = b"", **options: Any
) -> Prepared:
    """Prepare with one public dataset and one curated file."""
    inputs = [Input(TRAIN, "train", train), Input(TEST, "test", test or [])]
    return prepare(inputs, [("data/c.jsonl", curated)] if curated else [], Options(**options))


def prompts(prepared: Prepared, name: str) -> set[str]:
    return {each["prompt"] for each in conversations(prepared.files[name])}


def test_lines_are_canonical_json_in_utf8() -> None:
    prepared = run([row(n, "Grüße, 日本 \u2028 ok") for n in range(20)])
    for line in prepared.files["train.jsonl"].splitlines(keepends=True):
        value = json.loads(line)
        assert json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" == line.decode()
        assert set(value) == {"messages", "prompt", "prompt_id"}


def test_the_test_split_is_the_test_file_and_the_rest_is_divided() -> None:
    prepared = run([row(n) for n in range(200)], [row(n) for n in range(1000, 1030)])
    manifest = prepared.manifest
    assert (manifest.rows("test"), manifest.rows("train") + manifest.rows("validation")) == (30, 200)
    assert 8 <= manifest.rows("validation") <= 36


def test_bad_public_rows_are_dropped_and_counted() -> None:
    bad = [{"messages": []}, {"messages": row(1)["messages"][:1]}, {"text": "x"}, row(2), row(2)]
    prepared = run([row(n) for n in range(100, 120)] + bad)
    assert prepared.manifest.rejected == {"duplicate": 1, "empty": 1, "last_turn": 1, "schema": 1}
    assert [(source.split, source.read, source.kept) for source in prepared.manifest.sources] == [
        ("test_sft", 0, 0),
        ("train_sft", 25, 21),
    ]
    assert {rejection["position"] for rejection in prepared.rejections} <= {20, 21, 22, 23, 24}


def test_all_faults_of_curated_files_are_told_at_once_with_their_places() -> None:
    data = lines(row(1), {"messages": []}) + b"{broken\n" + lines(row(1), row(3))
    with pytest.raises(BadInput) as caught:
        run([row(n) for n in range(100, 130)], curated=data)
    assert [(p.where, p.line, p.column is not None) for p in caught.value.problems] == [
        ("data/c.jsonl", 2, False),
        ("data/c.jsonl", 3, True),
        ("data/c.jsonl", 4, False),
    ]
    assert "data/c.jsonl:1" in caught.value.problems[2].what
    assert all(p.fix and p.why for p in caught.value.problems)


def test_nothing_of_the_dataset_is_read_when_a_curated_file_is_wrong() -> None:
    def untouched() -> Any:
        raise AssertionError("the dataset was read")
        yield

    with pytest.raises(BadInput):
        prepare([Input(TRAIN, "train", untouched())], [("data/c.jsonl", b"nonsense")], Options())


def test_a_nearly_equal_curated_row_is_an_error_and_a_public_one_is_dropped() -> None:
    long = "The quota of a region counts virtual cores of a family of machines, not machines. " * 5
    curated = [row(1, long + "End."), row(1, long + "Fine.")]
    with pytest.raises(BadInput, match=r"of the text is that of data/c\.jsonl:1"):
        run([], curated=lines(*curated))
    prepared = run([row(n) for n in range(100, 130)] + curated)
    assert prepared.manifest.near_duplicates == 1
    assert run([row(n) for n in range(100, 130)] + curated, near_duplicates=None).manifest.rejected == {}


def test_of_a_row_in_train_and_test_the_test_copy_stays() -> None:
    shared = row(5)
    prepared = run([row(n) for n in range(100, 130)] + [shared], [shared, row(6)])
    assert prepared.manifest.leakage == 1
    assert shared["messages"][0]["content"] in prompts(prepared, "test.jsonl")
    assert len(prompts(prepared, "test.jsonl")) == 2


def test_a_curated_row_wins_over_its_public_copy() -> None:
    own = [row(n) for n in range(20)]
    prepared = run(own[:10] + [row(n) for n in range(100, 130)], own[10:], curated=lines(*own))
    by_name = {source.name + source.split: source for source in prepared.manifest.sources}
    assert by_name["data/c.jsonl"].kept == 20
    assert by_name["a/btrain_sft"].kept == 30
    assert by_name["a/btest_sft"].kept == 0


def test_editing_one_curated_row_moves_no_other() -> None:
    before = [row(n) for n in range(80)]
    after = [*before[:40], row(999), *before[41:]]
    one, two = (run([], curated=lines(*rows), validation_share=0.2, curated_test_share=0.2) for rows in (before, after))
    for name in one.files:
        changed = prompts(one, name) ^ prompts(two, name)
        assert changed <= {before[40]["messages"][0]["content"], row(999)["messages"][0]["content"]}


def test_another_seed_moves_rows_but_not_into_or_out_of_the_test_file() -> None:
    data = lines(*(row(n) for n in range(100)))
    one, two = run([], curated=data, seed=1), run([], curated=data, seed=2)
    assert prompts(one, "test.jsonl") == prompts(two, "test.jsonl") != set()
    assert prompts(one, "validation.jsonl") != prompts(two, "validation.jsonl")
    assert one.manifest.digest != two.manifest.digest


def test_a_weight_repeats_training_rows_alone_and_a_small_one_draws_some() -> None:
    data, given = lines(*(row(n) for n in range(60))), [row(n) for n in range(100, 160)]
    plain = run(given, curated=data)
    heavy = run(given, curated=data, weights={"data/*": 2.5, "a/b": 0.5})
    for name in ("validation.jsonl", "test.jsonl"):
        assert heavy.files[name] == plain.files[name]
    own, public = ({row(n)["messages"][0]["content"] for n in numbers} for numbers in (range(60), range(100, 160)))
    counts = Counter(each["prompt"] for each in conversations(heavy.files["train.jsonl"]))
    trained = {each["prompt"] for each in conversations(plain.files["train.jsonl"])}
    assert {counts[prompt] for prompt in trained & own} == {2, 3}
    assert {counts[prompt] for prompt in trained & public} == {0, 1}
    rejected = {source.name: dict(source.rejected) for source in heavy.manifest.sources if source.rejected}
    assert rejected == {"a/b": {"weight": sum(counts[prompt] == 0 for prompt in trained & public)}}
    assert all(s.read == s.kept + sum(s.rejected.values()) for s in heavy.manifest.sources)


def test_a_weight_that_fits_no_source_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'date/\*' fits no source") as caught:
        run([row(n) for n in range(30)], weights={"date/*": 2.0})
    assert "a/b" in caught.value.problems[0].why


def test_too_many_estimated_tokens_are_too_long() -> None:
    long = row(1, "word " * 400)
    prepared = run([row(n) for n in range(100, 130)] + [long], max_tokens=200)
    assert prepared.manifest.rejected == {"too_long": 1}
    with pytest.raises(BadInput, match="about 527 tokens, 200 are allowed"):
        run([], curated=lines(long), max_tokens=200)


def test_what_was_rejected_is_kept_for_people_except_personal_data() -> None:
    rows = [{"messages": []}, row(50, "write to jane@acme.com about the quota"), row(2), row(2)]
    prepared = run([row(n) for n in range(100, 130)] + rows, policies=Policies("refuse"))
    kept = {rejection["reason"]: rejection["row"] for rejection in prepared.rejections}
    assert json.loads(kept[Reason.EMPTY]) == {"messages": []}
    assert json.loads(kept[Reason.DUPLICATE])["messages"] == row(2)["messages"]
    assert kept[Reason.PERSONAL_DATA] == ""


def test_a_small_set_still_gets_a_validation_and_a_test_row() -> None:
    prepared = run([], curated=lines(*(row(n) for n in range(13))), validation_share=0.01, curated_test_share=0.01)
    assert prepared.manifest.rows("validation") == prepared.manifest.rows("test") == 1


def test_a_share_of_zero_holds_nothing_out() -> None:
    prepared = run([], curated=lines(*(row(n) for n in range(30))), curated_test_share=0)
    assert prepared.manifest.rows("test") == 0
    assert prepared.files["test.jsonl"] == b""


def test_fewer_than_ten_training_rows_are_refused_with_the_reasons() -> None:
    with pytest.raises(BadInput, match="at least 10 are needed") as caught:
        run([row(n) for n in range(8)] + [{"messages": []}] * 5)
    assert "5 rejected as `empty`" in caught.value.problems[0].why


@pytest.mark.parametrize(("policy", "kept", "warned"), [("warn", 31, 1), ("ignore", 31, 0)])
def test_personal_data_in_a_curated_row_is_told_or_ignored(policy: Any, kept: int, warned: int) -> None:
    data = lines(*(row(n) for n in range(30)), row(50, "write to jane@acme.com about the quota"))
    prepared = run([], curated=data, policies=Policies(policy))
    assert sum(source.kept for source in prepared.manifest.sources) == kept
    assert len(prepared.warnings) == warned
    assert all("acme" not in str(warning) and warning.line == 31 for warning in prepared.warnings)


def test_personal_data_can_be_refused() -> None:
    leaky = row(50, "write to jane@acme.com about the quota")
    with pytest.raises(BadInput, match="email") as caught:
        run([], curated=lines(leaky), policies=Policies("refuse"))
    assert "acme" not in str(caught.value)
    prepared = run([row(n) for n in range(30)] + [leaky], policies=Policies("refuse"))
    assert prepared.manifest.rejected == {Reason.PERSONAL_DATA: 1}
    assert b"acme" not in b"".join(prepared.files.values())


def test_a_public_dataset_of_unanswered_prompts_says_so() -> None:
    with pytest.raises(BadInput) as caught:
        run([{"messages": row(n)["messages"][:1]} for n in range(20)])
    assert "20 rejected as `last_turn`" in caught.value.problems[0].why


def test_the_manifest_describes_the_files_and_survives_a_round_trip() -> None:
    prepared = run([row(n) for n in range(50)], [row(99)])
    manifest = prepared.manifest
    for name, entry in manifest.files.items():
        assert entry.sha256 == hashlib.sha256(prepared.files[name]).hexdigest()
        assert (entry.rows, entry.bytes) == (prepared.files[name].count(b"\n"), len(prepared.files[name]))
        assert entry.characters["min"] <= entry.characters["p50"] <= entry.characters["max"]
    assert len(manifest.digest) == 30
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_the_token_estimate_counts_bytes_and_messages() -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"{n:08d}"}, {"role": "assistant", "content": "日本語" * 4}]}
        for n in range(20)
    ]
    entries = run(rows).manifest.files.values()
    assert sum(entry.tokens for entry in entries) == 20 * ((8 + 36) // 4 + 2 * 4)


def test_looking_at_the_data_gives_rows_and_a_table() -> None:
    prepared = run([row(n) for n in range(50)], [row(99)])
    assert [len(sample(prepared.files["train.jsonl"], n)) for n in (0, 3, 10_000)] == [
        0,
        3,
        prepared.manifest.rows("train"),
    ]
    table = shape(prepared.manifest.files)
    assert [line[0] for line in table] == ["train", "validation", "test"]
    assert all(len(line) == len(SHAPE_COLUMNS) for line in table)
