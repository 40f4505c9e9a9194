"""Lines of `act --json --verbose` 0.2.89, as it printed them, and what they mean."""

import json
from typing import Any

import pytest

from mlops.actions.events import (
    Annotation,
    Event,
    Exit,
    JobEnded,
    StepEnded,
    StepOutput,
    StepStarted,
    Summary,
    Text,
    Trouble,
    parse,
)

CALLERS = {"call it/called/": "c/called/"}


def line(**parts: Any) -> str:
    usual = {"job": "w/the first one", "jobID": "a", "level": "info", "matrix": {}, "stage": "Main", "stepID": ["0"]}
    return json.dumps({"msg": "", **usual, **parts})


@pytest.mark.parametrize(
    ("given", "event"),
    [
        (line(msg="⭐ Run Main echo hi", step="echo hi", stepID=["0"]), StepStarted("a", "echo hi")),
        (line(msg="⭐ Run Set up job", step="Set up job"), None),
        (
            line(msg="  ❌  Failure", step="s", stepResult="failure", executionTime=1_500_000_000),
            StepEnded("a", "s", "failure", 1.5),
        ),
        (line(level="debug", step="s", stepResult="skipped"), StepEnded("a", "s", "skipped", 0.0)),
        (line(msg="⭐ Run Main make", step="s", stepID=["1", "0"]), None),
        (line(step="s", stepID=["1", "0"], stepResult="success"), None),
        (line(step="s", stage="Post", stepResult="success"), None),
        (line(level="error", msg="exit status 4", step="s"), Exit("a", "s", 4)),
        (line(level="debug", msg="exit status 4", step="s"), None),
        (line(raw_output=True, msg="hello\r\n", step="s"), Text("a", "s", "hello")),
        (line(raw_output=True, msg="⭐ Run me", step="s"), Text("a", "s", "⭐ Run me")),
        (line(command="set-output", name="x", arg="1", step="s", stepID=["id"]), StepOutput("a", "id", "x", "1")),
        (line(command="summary", content="# T", step="s"), Summary("a", "s", "# T")),
        (
            line(command="error", arg="why", kvPairs={"title": "T", "file": "f", "line": "3"}),
            Annotation("a", "error", "T", "why", "f", "3"),
        ),
        (line(command="notice", arg="so", kvPairs=None), Annotation("a", "notice", "", "so")),
        (line(command="debug", arg="so"), None),
        (line(jobResult="success", msg="🏁  Job succeeded"), JobEnded("a", "success")),
        (line(level="debug", jobResult="skipped", msg="Skipping job"), JobEnded("a", "skipped")),
        (
            line(msg="🚧  Skipping unsupported platform -- Try"),
            Trouble("a", "🚧  Skipping unsupported platform -- Try"),
        ),
        (line(level="warning", msg="Couldn't get a valid docker connection: no DOCKER_HOST"), None),
        (line(level="warning", msg="Unable to load etag from /tmp/act/schema.etag: open: no such file"), None),
        (line(level="debug", msg="evaluating expression"), None),
        ("Error: yaml: line 3", Trouble("", "Error: yaml: line 3")),
        ("", None),
    ],
)
def test_a_line_of_act_is_one_event_or_none(given: str, event: Event | None) -> None:
    assert parse(given, CALLERS) == event


@pytest.mark.parametrize(
    ("job", "id", "matrix", "key"),
    [
        ("w/the first one", "a", {}, "a"),
        ("name/with/slashes/the first one", "a", {}, "a"),
        ("w/x and so-1   ", "m", {"e": "x"}, "m (x)"),
        ("w/t-2", "t", {"os": "a", "python": 3.13}, "t (a, 3.13)"),
        ("call it/called/zed / zed", "z", {}, "c/called/z"),
    ],
)
def test_a_job_is_known_by_ids_and_not_by_names(job: str, id: str, matrix: dict[str, object], key: str) -> None:
    assert parse(line(job=job, jobID=id, matrix=matrix, jobResult="success"), CALLERS) == JobEnded(key, "success")
