"""Data in Git LFS: a commit holds a pointer, the working tree the data, and what was there before may not be here."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mlops.flow.dataset import diff
from mlops.flow.project import Project
from mlops.flow.release.pull_request_diff import FileChange, conversation_changes
from mlops.params import load
from mlops.views import data_diff
from tests.project import PARAMS_FILE


def rows(*answers: str) -> bytes:
    turns = ([{"role": "user", "content": f"why {one}?"}, {"role": "assistant", "content": one}] for one in answers)
    return b"".join(json.dumps({"messages": each}).encode() + b"\n" for each in turns)


def pointer(data: bytes) -> bytes:
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n".encode()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A commit of three pointers; `same` has not changed, git-lfs fetched what `fetched` held, `gone` is elsewhere."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = Path(shutil.copy2(PARAMS_FILE, tmp_path / "params.yaml"))
    names = ("same", "fetched", "gone")
    contents = {name: rows(f"{name} one", f"{name} two") for name in names}
    for name, data in contents.items():
        (folder / f"{name}.jsonl").write_bytes(pointer(data))
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True)
    (folder / "same.jsonl").write_bytes(contents["same"])
    for name in ("fetched", "gone"):
        (folder / f"{name}.jsonl").write_bytes(rows(f"{name} one", f"{name} three"))
    oid = hashlib.sha256(contents["fetched"]).hexdigest()
    store = tmp_path / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4]
    store.mkdir(parents=True)
    (store / oid).write_bytes(contents["fetched"])
    return Project(load(path), path)


def test_a_pointer_of_a_commit_is_compared_by_its_data_or_not_at_all(project: Project) -> None:
    found = diff.run(project, "HEAD").result
    assert (len(found.added), len(found.removed), len(found.edited), found.unchanged) == (1, 1, 0, 3)
    assert found.invalid == diff.Change(0, 0)
    assert found.not_compared == ("data/gone.jsonl",)
    assert any("data/gone.jsonl was not compared" in line for line in data_diff.report(found).lines)


def test_lines_of_a_pointer_are_no_conversations(project: Project) -> None:
    names = [f"data/{name}.jsonl" for name in ("same", "fetched", "gone")]
    assert conversation_changes(project, "HEAD", names) == [
        FileChange("data/fetched.jsonl", 1, 1),
        FileChange("data/gone.jsonl", None, None),
    ]
