"""Events as GitHub sends them: which workflows they start, what those do, and what happens in a fork."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mlops import actions
from tests.workflows import payloads
from tests.workflows.answers import promoted
from tests.workflows.conftest import Play

ROOT = Path(__file__).resolve().parents[2]
CRONS = {"poll": "7,22,37,52 * * * *", "resume": "7 5 * * 1,3,5", "cleanup": "23 4 * * *"}
DUE = {"product": "false", "rehearse": "true"}  # what the check says of a change of parameters or data


def started(event: str, payload: dict[str, Any], *changed: str) -> set[str]:
    found = actions.started_by(ROOT, event, ref="refs/heads/main", changed=changed, payload=payload)
    return {flow.path.stem for flow in found} - {"docs"}  # it builds documents, and no model


@pytest.mark.parametrize(
    ("changed", "trains"),
    [
        (["params.yaml"], True),
        (["data/curated/a.jsonl"], True),
        (["data/new/folder/a.parquet"], True),
        (["README.md", "docs/x.md", "data/curated/a.jsonl"], True),
        (["data/old.jsonl", "archive/old.jsonl"], True),  # renamed out of data/: a deleted and a new file
        (["data/README.md"], False),
        (["data/deep/NOTES.md", "mlops/x.py"], False),
        (["params.yaml.orig", "docs/params.schema.json", "tests/data/a.jsonl"], False),
        ([".github/workflows/train.yml"], False),
        (["mydata/a.jsonl", "config/params.yaml"], False),
    ],
)
def test_a_push_trains_by_the_files_that_it_changes(changed: list[str], trains: bool) -> None:
    assert started("push", payloads.push(*changed), *changed) == ({"ci", "train"} if trains else {"ci"})


@pytest.mark.parametrize("workflow", sorted(CRONS))
def test_a_schedule_starts_its_workflow_alone(workflow: str) -> None:
    assert started("schedule", payloads.schedule(CRONS[workflow])) == {workflow}


def test_the_bridge_sends_what_the_document_says_and_resume_takes_it(play: Play) -> None:
    """With a payload of the bridge's own, too: nothing in it is read."""
    text = (ROOT / "docs" / "events.md").read_text()
    sent = [json.loads(found) for found in re.findall(r"`(\{\"event_type\".*?\})`", text)]
    by_hand = re.findall(r"gh api repos/OWNER/REPO/dispatches -f event_type=(\S+)", text)
    assert len(sent) == len(by_hand) == 1
    (body,) = sent
    assert set(body) <= {"event_type", "client_payload"}
    assert by_hand == [body["event_type"]]
    assert len(body["event_type"]) <= 100  # GitHub's limit
    arrives = payloads.repository_dispatch(body["event_type"], runId="ft-1; id", status="Completed")
    assert started("repository_dispatch", arrives) == {"resume"}
    assert play("resume", "repository_dispatch", arrives, {}).calls == [["resume"]]
    assert started("repository_dispatch", payloads.repository_dispatch("another")) == set()


@pytest.mark.parametrize("of_a_fork", [True, False], ids=["of a fork", "of a branch"])
def test_a_pull_request_is_planned_without_any_credential(play: Play, of_a_fork: bool) -> None:
    payload = payloads.pull_request(of_a_fork=of_a_fork)
    assert started("pull_request", payload) == {"ci"}
    play.program("make", "#!/bin/sh\nexit 0\n")
    seen = play("ci", "pull_request", payload, {"check": {"outputs": DUE}}, configured=False)
    assert seen.done.succeeded
    *looked, (report, what, *told) = seen.calls
    assert looked == [["check", "--base", "HEAD^1"], ["plan", "--offline", "--base", "HEAD^1"]]
    assert [report, what, *told[:3]] == ["report", "change", "--base", "HEAD^1", "--out"], "kept for the comment"


def test_a_fork_without_configuration_is_green_and_does_nothing_but_check_its_project(play: Play) -> None:
    """Every event that comes by itself, one after the other, and what each of its workflows does."""
    changed = ["params.yaml", "data/curated/a.jsonl"]
    by_itself = [("push", payloads.push(*changed, fork=True))]
    by_itself += [("schedule", payloads.schedule(cron, fork=True)) for cron in CRONS.values()]
    play.program("make", "#!/bin/sh\nexit 0\n")
    done: dict[str, list[str]] = {}
    for event, payload in by_itself:
        for flow in sorted(started(event, payload, *changed)):
            said = {"check": {"outputs": DUE}}
            seen = play(flow, event, payload, said, configured=False)
            assert seen.done.succeeded, f"{event}: {flow}"
            done[flow] = sorted(seen.done.jobs)
            base = ["--base", str(payload.get("before", ""))]
            assert seen.calls == ([["check", *base], ["plan", "--offline", *base]] if flow == "ci" else [])
    assert done == {"ci": ["check", "rehearse", "required"], "train": [], "poll": [], "resume": [], "cleanup": []}


def test_what_a_person_types_is_one_word_and_never_a_program(play: Play) -> None:
    """Inputs reach the shell as variables; what looks like a command stays a word."""
    model = 'm:3"; touch stolen; echo "$(id)'
    seen = play("promote", "workflow_dispatch", payloads.dispatch("promote", model=model, environment="staging"), {})
    assert seen.calls == [promoted("staging", model=model)]
    asked = payloads.dispatch("train", reason="`id`", force="false", dry_run="true")
    assert play("train", "workflow_dispatch", asked, {}).calls == [["plan", "--no-force"]]
