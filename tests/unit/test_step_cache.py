"""What a step of a workflow job hands on is taken by the same job alone, while it is young; else the reason is said."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops import clock
from mlops.azure import step_cache
from mlops.azure.step_cache import LONGEST_SECONDS, StepCache
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace

WORKSPACE, KEY = "/subscriptions/s/workspaces/here", ("models", "Phi", "1")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def environ(folder: Path, **other: str) -> Mapping[str, str]:
    job = {name: f"the {name}" for name in step_cache.OF}
    return {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(folder), **job, **other}


def step(folder: Path, said: list[str] | None = None, **other: str) -> StepCache:
    """Of a process of its own."""
    heard: list[str] = [] if said is None else said
    found = step_cache.of(environ(folder, **other), heard.append)
    assert found
    return found


def the_file(folder: Path) -> Path:
    (found,) = (folder / "mlops" / "facts").iterdir()
    return found


def test_the_next_step_takes_it_and_says_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    step(tmp_path).keep(WORKSPACE, KEY, {"a": [1, None]})
    assert step(tmp_path, said).recall(WORKSPACE.upper(), KEY) == {"a": [1, None]}
    assert step(tmp_path, said).recall(WORKSPACE, ("models", "Phi", "2")) is None
    assert said == []
    assert the_file(tmp_path).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", step_cache.OF)
def test_what_another_job_or_identity_left_is_read_again(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    step(tmp_path, None, **{name: "other"}).keep(WORKSPACE, KEY, 1)
    assert step(tmp_path, said).recall(WORKSPACE, KEY) is None
    assert said == [f"{step_cache.SAID}: it is of another run, job, commit, identity, workspace or proxy"]


@pytest.mark.parametrize(
    ("later", "taken"),
    [(0, True), (LONGEST_SECONDS, True), (LONGEST_SECONDS + 1, False), (-1, False)],
    ids=["at once", "after an hour", "later", "before"],
)
def test_it_is_taken_for_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: float, taken: bool) -> None:
    said: list[str] = []
    step(tmp_path).keep(WORKSPACE, KEY, 1)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=later))
    found = step(tmp_path, said)
    assert found.recall(WORKSPACE, KEY) == (1 if taken else None)
    assert found.recall(WORKSPACE, KEY) == (1 if taken else None)
    assert said == ([] if taken else [f"{step_cache.SAID}: it is older than an hour, or of a time that is not yet"])


@pytest.mark.parametrize(
    "change",
    [
        {"of": {}},
        {"of": None},
        {"workspace": "/subscriptions/s/workspaces/there"},
        {"key": ["models", "Phi", "2"]},
        {"at": "soon"},
        {"at": float("nan")},
    ],
    ids=str,
)
def test_a_forged_file_is_not_taken(tmp_path: Path, change: dict[str, Any]) -> None:
    said: list[str] = []
    step(tmp_path).keep(WORKSPACE, KEY, 1)
    place = the_file(tmp_path)
    place.write_text(json.dumps({**json.loads(place.read_text()), **change}))
    assert step(tmp_path, said).recall(WORKSPACE, KEY) is None
    assert len(said) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000], ids=["empty", "cut", "no object", "deep"])
def test_a_broken_file_is_not_taken(tmp_path: Path, text: str) -> None:
    said: list[str] = []
    step(tmp_path).keep(WORKSPACE, KEY, 1)
    the_file(tmp_path).write_text(text)
    assert step(tmp_path, said).recall(WORKSPACE, KEY) is None
    assert said == [f"{step_cache.SAID}: it is no file of ours"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners of files")
def test_what_another_user_may_write_is_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    step(tmp_path).keep(WORKSPACE, KEY, 1)
    the_file(tmp_path).chmod(0o666)
    assert step(tmp_path, said).recall(WORKSPACE, KEY) is None
    assert said == [f"{step_cache.SAID}: another user owns its file, or may write it"]


def test_where_nothing_can_be_written_nothing_is_handed_on(tmp_path: Path) -> None:
    (tmp_path / "mlops").write_text("in the way")
    said: list[str] = []
    step(tmp_path, said).keep(WORKSPACE, KEY, 1)
    assert step(tmp_path).recall(WORKSPACE, KEY) is None


@pytest.mark.parametrize("lacks", ["GITHUB_ACTIONS", "RUNNER_TEMP", "GITHUB_RUN_ID", "GITHUB_JOB"])
def test_outside_of_a_workflow_job_nothing_is_handed_on(tmp_path: Path, lacks: str) -> None:
    assert step_cache.of(environ(tmp_path, **{lacks: ""}), print) is None


def test_a_workspace_reads_what_stays_once_for_all_steps_of_a_job_and_all_of_it_elsewhere(tmp_path: Path) -> None:
    read: list[int] = []
    credential: Any = None

    def fresh(handed: StepCache | None) -> Workspace:
        return Workspace(Target("azure", "sub", "group", "here", ""), credential, None, handed)

    def look() -> int:
        read.append(1)
        return len(read)

    assert [fresh(step(tmp_path)).handed_on(KEY, look) for _ in range(3)] == [1, 1, 1]
    assert [fresh(None).handed_on(KEY, look) for _ in range(2)] == [2, 3]
    assert fresh(step(tmp_path, GITHUB_SHA="later")).handed_on(KEY, look) == 4
