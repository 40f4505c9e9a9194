"""The emulator's stand-in for ultrachat_200k: real schema and file names, real talk, the same bytes each time."""

import hashlib
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from azureml_emulator.services.huggingface import ultrachat


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ultrachat.RepoFile]:
    """Built in the user's cache for an emulator."""
    made = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(made / "cache"))
        return ultrachat.shared(made / "one")


def rows(files: dict[str, ultrachat.RepoFile], split: str) -> list[dict[str, object]]:
    return [row for path in ultrachat.FILES[split] for row in pq.read_table(files[path].local).to_pylist()]


def test_a_second_look_builds_nothing(files: dict[str, ultrachat.RepoFile]) -> None:
    some = next(iter(files.values()))
    before = some.local.stat().st_mtime_ns
    ultrachat.repository(some.local.parents[1] if some.local.parent.name != "data" else some.local.parents[2])
    assert some.local.stat().st_mtime_ns == before


def test_one_build_in_the_users_cache_serves_every_emulator(
    files: dict[str, ultrachat.RepoFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = files["README.md"].local.parents[2]
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert ultrachat.shared(tmp_path / "other") == files
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # where no folder can be made
    monkeypatch.setattr(ultrachat, "_build", lambda root: (root / "files.json").write_text("[]"))
    ultrachat.shared(tmp_path / "one")
    assert [path.name for path in (tmp_path / "one").iterdir()] == [files["README.md"].local.parent.name]


def test_one_that_is_not_whole_is_made_again_and_another_build_gives_the_same_bytes(
    files: dict[str, ultrachat.RepoFile], tmp_path: Path
) -> None:
    shutil.copytree(files["README.md"].local.parents[1], tmp_path, dirs_exist_ok=True)
    broken = ultrachat.repository(tmp_path)["README.md"].local
    whole = broken.read_bytes()
    broken.write_bytes(whole[:10])
    again = ultrachat.repository(tmp_path)
    assert broken.read_bytes() == whole
    assert {path: (file.size, file.etag) for path, file in again.items()} == {
        path: (file.size, file.etag) for path, file in files.items()
    }


def test_hashes_are_those_of_the_files(files: dict[str, ultrachat.RepoFile]) -> None:
    for file in files.values():
        data = file.local.read_bytes()
        assert file.size == len(data)
        if file.path.endswith(".parquet"):
            assert file.sha256 == hashlib.sha256(data).hexdigest()


def test_the_schema_and_the_sizes_are_as_promised(files: dict[str, ultrachat.RepoFile]) -> None:
    train, test = rows(files, "train_sft"), rows(files, "test_sft")
    assert 140 <= round(0.05 * len(train)) <= 170
    assert 500 <= len(test) <= 700
    schema = pq.read_schema(files[ultrachat.FILES["train_sft"][0]].local)
    assert (
        str(schema.field("messages").type).replace("element", "item")
        == "list<item: struct<content: string, role: string>>"
    )
    for row in train:
        messages = row["messages"]
        assert isinstance(messages, list)
        assert [m["role"] for m in messages] == ["user", "assistant"] * (len(messages) // 2)
        assert row["prompt"] == messages[0]["content"]
        assert row["prompt_id"] == hashlib.sha256(str(row["prompt"]).encode()).hexdigest()


@pytest.mark.parametrize("part", ["train", "test"])
def test_the_generation_splits_lack_only_the_last_answer(files: dict[str, ultrachat.RepoFile], part: str) -> None:
    for sft, gen in zip(rows(files, f"{part}_sft"), rows(files, f"{part}_gen"), strict=True):
        assert isinstance(sft["messages"], list)
        assert gen == {**sft, "messages": sft["messages"][:-1]}


def test_the_card_says_what_it_is(files: dict[str, ultrachat.RepoFile]) -> None:
    card = files["README.md"].local.read_text(encoding="utf-8")
    assert "This is not UltraChat 200k" in card
    assert "chitchat-dataset" in card
    assert f"num_examples: {len(rows(files, 'train_sft'))}" in card
