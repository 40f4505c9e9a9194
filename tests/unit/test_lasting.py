"""What is kept of a job that has ended is found again for that job alone."""

from pathlib import Path
from typing import Any

import pytest

from mlops.azure import lasting
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace

MADE = "2026-01-01T00:00:00Z"


def workspace(cache: Path | None, name: str = "here", made: str = MADE, job: str = "ft-1") -> Workspace:
    credential: Any = None
    found = Workspace(Target("azure", "sub", "group", name, ""), credential, cache)
    found.remember(("job", job), {"systemData": {"createdAt": made}})
    return found


def test_another_process_finds_it(tmp_path: Path) -> None:
    lasting.keep(workspace(tmp_path), "ft-1", "answers", ["a", None])
    assert lasting.recall(workspace(tmp_path), "ft-1", "answers") == ["a", None]


@pytest.mark.parametrize(
    "other", [{"name": "there"}, {"made": "2026-01-02T00:00:00Z"}, {"job": "ft-2"}], ids=["workspace", "time", "job"]
)
def test_what_is_of_another_job_is_not_taken(tmp_path: Path, other: dict[str, str]) -> None:
    lasting.keep(workspace(tmp_path), "ft-1", "answers", "a")
    assert lasting.recall(workspace(tmp_path, **other), "ft-1", "answers") is None
    assert lasting.recall(workspace(tmp_path), "ft-1", "times") is None


def test_nothing_is_kept_of_a_job_that_goes_on_or_without_a_folder(tmp_path: Path) -> None:
    going_on = workspace(tmp_path)
    going_on.remember(("job", "ft-1"), None)
    for one in (going_on, workspace(None), workspace(tmp_path / "file" / "below")):
        (tmp_path / "file").touch()
        lasting.keep(one, "ft-1", "answers", "a")
        assert lasting.recall(one, "ft-1", "answers") is None


def test_what_is_no_json_or_cannot_be_read_is_left(tmp_path: Path) -> None:
    one = workspace(tmp_path)
    lasting.keep(one, "ft-1", "metrics", {"loss": float("nan")})
    assert lasting.recall(one, "ft-1", "metrics") is None
    lasting.keep(one, "ft-1", "metrics", {"loss": 1.0})
    next((tmp_path / "jobs").iterdir()).write_text("{")
    assert lasting.recall(one, "ft-1", "metrics") is None


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "MOST", 3)
    for number in range(5):
        lasting.keep(workspace(tmp_path, job=f"ft-{number}"), f"ft-{number}", "answers", number)
    assert len(list((tmp_path / "jobs").iterdir())) == 3
    assert lasting.recall(workspace(tmp_path, job="ft-4"), "ft-4", "answers") == 4
