"""What stands on standard output: for people, for programs, for a comment; and nothing else."""

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from mlops import __main__
from tests.cli.conftest import Run

GOOD = '{"eval_loss": 1.5, "rougeL": 0.3, "train_loss": 1.2}'
BAD = '{"eval_loss": 99, "rougeL": 0.3, "train_loss": 1.2}'
OFFLINE = (["plan", "--offline"], ["plan", "--offline", "--base", "HEAD"], ["gate", "--from-file", "metrics.json"])


@pytest.fixture(autouse=True)
def metrics(project: Path) -> Path:
    """Metrics that pass."""
    path = project / "metrics.json"
    path.write_text(GOOD)
    return path


def on_a_runner(environment: pytest.MonkeyPatch, folder: Path) -> None:
    values = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder), "CI": "true"}
    values |= {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    for name, value in values.items():
        environment.setenv(name, value)


@pytest.mark.parametrize("words", OFFLINE, ids=" ".join)
@pytest.mark.parametrize("runner", [True, False], ids=["on a runner", "at home"])
def test_json_is_one_document_and_nothing_else(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch, words: list[str], runner: bool
) -> None:
    if runner:
        on_a_runner(environment, project)
    told = mlops("--json", *words)
    found: dict[str, Any] = json.loads(told.out)
    assert told.code == 0
    assert (found["verb"], found["ok"], found["problems"]) == (words[0], True, [])
    if words[0] == "gate":
        assert found["result"]["ruling"] == "pass"
    else:
        assert found["result"]["curated_files"] == 1


@pytest.mark.parametrize("words", OFFLINE, ids=" ".join)
def test_markdown_is_what_the_summary_of_a_step_gets(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch, words: list[str]
) -> None:
    on_a_runner(environment, project)
    told = mlops("--markdown", *words)
    assert told.code == 0
    assert told.out.startswith("### ")
    assert (project / "summary").read_text() == told.out
    assert re.search(r"^\| (--- \| |---: \| )+", told.out, re.MULTILINE)


def test_a_refusal_is_a_document_too(mlops: Run, metrics: Path) -> None:
    metrics.write_text(BAD)
    told = mlops("--json", "gate", "--from-file", metrics.name)
    assert told.code == 4
    said = json.loads(told.out)
    assert (said["ok"], said["exit_code"], said["result"]["ruling"]) == (False, 4, "refuse")
    assert [one["key"] for one in said["problems"]] == ["gate.rules.0"]
    assert "The gate refused this model" in told.err


def test_a_command_that_cannot_begin_tells_programs_why(mlops: Run, metrics: Path) -> None:
    metrics.write_text("{")
    told = mlops("--json", "gate", "--from-file", metrics.name)
    said = json.loads(told.out)
    assert told.code == 2
    assert (said["verb"], said["ok"], said["exit_code"], said["result"]) == ("gate", False, 2, None)
    assert [(one["code"], one["file"], bool(one["what"])) for one in said["problems"]] == [
        ("bad-input", metrics.name, True)
    ]


@pytest.mark.parametrize("words", OFFLINE, ids=" ".join)
def test_where_nobody_watches_there_are_no_escape_codes(mlops: Run, words: list[str]) -> None:
    told = mlops(*words)
    assert told.code == 0
    assert "\x1b" not in told.out + told.err


def _all_of(leader: int) -> str:
    """What was written to a terminal whose other end is closed: a read gives what has arrived, the end is EIO."""
    parts = []
    with os.fdopen(leader, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
        while part := terminal.read(65_536):
            parts.append(part)
    return b"".join(parts).decode()


@pytest.mark.parametrize(("no_color", "coloured"), [("1", False), ("", True)])
def test_a_terminal_has_colours_unless_they_are_not_wanted(
    mlops: Run, environment: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    environment.setenv("TERM", "xterm-256color")
    if no_color:
        environment.setenv("NO_COLOR", no_color)
    leader, follower = os.openpty()
    with pytest.MonkeyPatch.context() as patch, os.fdopen(follower, "w", encoding="utf-8") as terminal:
        patch.setattr("sys.argv", ["mlops", "gate", "--from-file", "metrics.json"])
        patch.setattr("sys.stdout", terminal)
        patch.setattr("sys.stderr", terminal)
        assert __main__.main() == 0
    shown = _all_of(leader)
    assert "written to build/verdict.json" in shown
    assert bool(re.search(r"\x1b\[[\d;]*3\d", shown)) is coloured


def test_outputs_of_a_step_are_the_same_in_every_form(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch
) -> None:
    on_a_runner(environment, project)
    written = []
    for option in ([], ["--json"], ["--markdown"]):
        (project / "output").write_text("")
        mlops(*option, "gate", "--from-file", "metrics.json")
        written.append(re.sub(r"end-[0-9a-f]+", "end", (project / "output").read_text()))
    assert written[0].startswith("verdict<<end\npass\nend\n")
    assert len(set(written)) == 1
