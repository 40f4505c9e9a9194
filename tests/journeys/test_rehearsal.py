"""The whole road as a user walks it: release, change nothing, a runner that is refused, a serving setting.

One emulator serves all of it, in order, through the real workflow files, act and the real SDK.
"""

import json
import re
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops.actions import read
from tests.journeys.conftest import Clone, FirstRelease

# Calls to Azure that a step of the first release may make, polls left out. Lower them where they fall.
MOST_CALLS = {
    "plan": 13,
    "prepare": 12,
    "compute": 5,
    "submit": 7,
    "watch": 12,  # one for each step that is seen at work
    "evaluate": 31,
    "gate": 18,
    "register": 18,
    "promote": 46,
    "cleanup": 32,
}
seen: dict[str, Any] = {}


def jobs(clone: Clone, *workflows: str) -> set[str]:
    folder = clone.folder / ".github" / "workflows"
    expected = {f"{name} {job.key}" for name in workflows for job in read(folder / f"{name}.yml").expected()}
    # they run when something went wrong, or for environments that this project does not have
    never = re.compile(r" report/|/refuse$|/(third|fourth)$")
    return {job for job in expected if not never.search(job)}


def page(clone: Clone, path: str) -> str:
    """A page of the emulator's own."""
    port = json.loads((clone.state / "emulator.json").read_text())["control_port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        return str(answer.read(), "utf-8")


def test_a_push_becomes_a_released_model_and_staging_is_deleted(first_release: FirstRelease) -> None:
    record, printed = first_release.record, first_release.printed
    assert first_release.code == 0, printed
    ran = {name.partition(" (")[0] for name in record["jobs"]}  # a job of a matrix says of what
    assert ran == jobs(first_release.left, "train", "cleanup"), "exactly the jobs that the files define"
    assert set(record["jobs"].values()) == {"success"}
    assert "each mlops command is a fork" in printed
    assert record["verdict"] == "pass"
    assert record["model"] == "phi-3-mini-ultrachat:1"
    assert "rougeL" in record["metrics"], "the model answered the held-out conversations"
    assert record["question"]["prediction"]
    assert record["question"]["ground truth"]
    (gone,) = record["deleted"]
    assert re.fullmatch(r"chat-staging-[0-9a-f]{6} by cleanup", gone)


def test_a_step_asks_no_more_of_azure_than_it_did(first_release: FirstRelease) -> None:
    made = {step: calls for step, calls in first_release.record["calls"].items() if "mlops polling" not in step}
    too_many = {step: calls for step, calls in made.items() if calls > MOST_CALLS.get(step.split()[-1], 0)}
    assert not too_many, made
    assert {step.split()[-1] for step in made} >= set(MOST_CALLS)


def test_the_record_and_the_summaries_lie_where_the_table_says(first_release: FirstRelease) -> None:
    (folder,) = (first_release.left.folder / "build" / "rehearsals").iterdir()
    summaries = (folder / "summaries.md").read_text()
    assert "xychart-beta" in summaries
    assert "### Registered phi-3-mini-ultrachat:1" in summaries
    assert json.loads((folder / "record.json").read_text()) == first_release.record
    (model,) = json.loads((folder / "site" / "data.json").read_text())["models"]
    assert model["training_cost"] > 0


def test_nothing_changed_is_nothing_done_and_says_why(released: Clone, first_release: FirstRelease) -> None:
    """With a start of Python for each command, as on a runner: the same is seen."""
    code, printed, record = replace(released, binaries=Path(sys.executable).parent).rehearse("--plain-starts")
    assert code == 0
    assert "is a fork" not in printed
    assert record["jobs"] == {"train plan": "success"}
    assert record["job"] == first_release.record["job"]
    assert "phi-3-mini-ultrachat:1 has all traffic in production" in printed


def test_a_runner_that_may_not_ask_the_endpoint_finds_out_before_a_deployment_is_paid_for(
    released: Clone, first_release: FirstRelease
) -> None:
    released.replace("params.yaml", "request_timeout_ms: 90000", "request_timeout_ms: 60000")
    assert (
        released.mlops("emulator", "fault", "--state", str(released.state), "scoring.score: 403 always").returncode == 0
    )
    code, printed, record = released.rehearse("--until", "push")
    assert code == 6
    assert "refuses to be asked from here" in printed
    assert record["jobs"]["train promote/promote/first (staging)"] == "failure"
    assert "train promote/promote/second (production)" not in record["jobs"]
    status = released.mlops("emulator", "exec", "--state", str(released.state), "--", "mlops", "--json", "status")
    staging, production = json.loads(status.stdout)["result"]["environments"]
    assert (staging["serves"], [one["deployment"] for one in production["serves"]]) == ([], ["model-1"])
    assert (staging["live"], production["live"]["model"]) == (None, "phi-3-mini-ultrachat:1")
    assert (production["live"]["job"], production["live"]["verdict"]) == (first_release.record["job"], "pass")
    assert production["use"]["requests"] >= 1 or production["use"]["idle"]
    assert production["cost_a_day"] > 0
    seen["endpoint"] = production["endpoint"]
    past = released.mlops("emulator", "exec", "--state", str(released.state), "--", "mlops", "--json", "history")
    deleted = [one for one in json.loads(past.stdout)["result"]["events"] if one["kind"] == "deleted by cleanup"]
    assert [(one["environment"], one["model"]) for one in deleted] == [("staging", "phi-3-mini-ultrachat:1")]


def test_a_changed_serving_setting_is_released_by_a_push_that_trains_nothing(
    released: Clone, first_release: FirstRelease
) -> None:
    assert released.mlops("emulator", "faults", "--state", str(released.state), "--clear").returncode == 0
    code, printed, record = released.rehearse("--until", "push")
    assert code == 0, printed
    assert record["job"] == first_release.record["job"]
    assert set(record["jobs"]) == {
        "train plan",
        "train promote/promote/environments",
        "train promote/promote/first (staging)",
        "train promote/promote/second (production)",
    }
    summaries = released.summaries()
    assert "| production | request_timeout_ms | 90000 | 60000 | by a new deployment |" in summaries
    (name,) = set(re.findall(r"model-1-[0-9a-f]{6}", summaries.partition("production: ")[2]))
    assert f"({name} 10 %, model-1 90 %)" in summaries or f"(model-1 90 %, {name} 10 %)" in summaries
    training, endpoint = page(released, f"jobs/{record['job']}"), page(released, f"endpoints/{seen['endpoint']}")
    assert "loss by step" in training
    assert endpoint.count("<polyline") >= 3, "requests, and the traffic of two deployments"


def test_each_identity_asked_only_what_its_role_was_written_from(released: Clone) -> None:
    """The emulator refuses an action that a role has not; this one says it of calls, which the documents list."""
    made, new = released.calls_of_roles()
    assert all(made[kind] for kind in ("train", "release", "cleanup"))
    assert not any(new.values()), f"make roles LOG={released.state}/requests.log takes in: {new}"
