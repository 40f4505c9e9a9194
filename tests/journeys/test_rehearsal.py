"""The whole road as a user walks it: release, change nothing, a serving setting, one conversation, roll back.

One emulator serves all of it, in order, through the real workflow files, act and the real SDK.
"""

import json
import re
import shlex
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops.actions import read
from mlops.cli.rehearse import roles as rehearsal
from mlops.params import load
from tests.documented import documented
from tests.journeys.conftest import Clone
from tests.project import PARAMS_FILE
from tools import roles

CURATED = "data/curated/training.jsonl"
# Calls to Azure that a step of the first release may make, polls left out. Lower them where they fall.
MOST_CALLS = {
    "plan": 18,
    "prepare": 13,
    "compute": 17,
    "submit": 15,
    "watch": 12,  # one for each step that is seen at work
    "evaluate": 40,
    "gate": 25,
    "register": 30,
    "promote": 48,
    "cleanup": 34,
}
FIRST, SECOND = "phi-3-mini-ultrachat:1", "phi-3-mini-ultrachat:2"
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


def test_a_push_becomes_a_released_model_and_staging_is_deleted(clone: Clone) -> None:
    code, printed, record = clone.rehearse()
    assert code == 0, printed
    ran = {name.partition(" (")[0] for name in record["jobs"]}  # a job of a matrix says of what
    assert ran == jobs(clone, "train", "cleanup"), "exactly the jobs that the files define"
    assert set(record["jobs"].values()) == {"success"}
    assert "each mlops command is a fork" in printed
    assert record["verdict"] == "pass"
    assert record["model"] == "phi-3-mini-ultrachat:1"
    assert "rougeL" in record["metrics"], "the model answered the held-out conversations"
    assert record["question"]["prediction"]
    assert record["question"]["ground truth"]
    (gone,) = record["deleted"]
    assert re.fullmatch(r"chat-staging-[0-9a-f]{6} by cleanup", gone)
    seen["first"] = record


def test_a_step_asks_no_more_of_azure_than_it_did() -> None:
    made = {step: calls for step, calls in seen["first"]["calls"].items() if "mlops polling" not in step}
    too_many = {step: calls for step, calls in made.items() if calls > MOST_CALLS.get(step.split()[-1], 0)}
    assert not too_many, made
    assert {step.split()[-1] for step in made} >= set(MOST_CALLS)


def test_the_record_and_the_summaries_lie_where_the_table_says(clone: Clone) -> None:
    (folder,) = (clone.folder / "build" / "rehearsals").iterdir()
    summaries = (folder / "summaries.md").read_text()
    assert "xychart-beta" in summaries
    assert "### Registered phi-3-mini-ultrachat:1" in summaries
    assert json.loads((folder / "record.json").read_text()) == seen["first"]
    (model,) = json.loads((folder / "site" / "data.json").read_text())["models"]
    assert model["training_cost"] > 0


def test_nothing_changed_is_nothing_done_and_says_why(clone: Clone) -> None:
    """With a start of Python for each command, as on a runner: the same is seen."""
    code, printed, record = replace(clone, binaries=Path(sys.executable).parent).rehearse("--plain-starts")
    assert code == 0
    assert "is a fork" not in printed
    assert record["jobs"] == {"train plan": "success"}
    assert record["job"] == seen["first"]["job"]
    assert "phi-3-mini-ultrachat:1 has all traffic in production" in printed


def test_a_runner_that_may_not_ask_the_endpoint_finds_out_before_a_deployment_is_paid_for(clone: Clone) -> None:
    clone.replace("params.yaml", "request_timeout_ms: 90000", "request_timeout_ms: 60000")
    assert clone.mlops("emulator", "fault", "--state", str(clone.state), "scoring.score: 403 always").returncode == 0
    code, printed, record = clone.rehearse("--until", "push")
    assert code == 6
    assert "refuses to be asked from here" in printed
    assert record["jobs"]["train promote/promote/first (staging)"] == "failure"
    assert "train promote/promote/second (production)" not in record["jobs"]
    status = clone.mlops("emulator", "exec", "--state", str(clone.state), "--", "mlops", "--json", "status")
    staging, production = json.loads(status.stdout)["result"]["environments"]
    assert (staging["serves"], [one["deployment"] for one in production["serves"]]) == ([], ["model-1"])
    assert (staging["live"], production["live"]["model"]) == (None, "phi-3-mini-ultrachat:1")
    assert (production["live"]["job"], production["live"]["verdict"]) == (seen["first"]["job"], "pass")
    assert production["use"]["requests"] >= 1 or production["use"]["idle"]
    assert production["cost_a_day"] > 0
    seen["endpoint"] = production["endpoint"]
    past = clone.mlops("emulator", "exec", "--state", str(clone.state), "--", "mlops", "--json", "history")
    deleted = [one for one in json.loads(past.stdout)["result"]["events"] if one["kind"] == "deleted by cleanup"]
    assert [(one["environment"], one["model"]) for one in deleted] == [("staging", "phi-3-mini-ultrachat:1")]


def test_a_changed_serving_setting_is_released_by_a_push_that_trains_nothing(clone: Clone) -> None:
    assert clone.mlops("emulator", "faults", "--state", str(clone.state), "--clear").returncode == 0
    code, printed, record = clone.rehearse("--until", "push")
    assert code == 0, printed
    assert record["job"] == seen["first"]["job"]
    assert set(record["jobs"]) == {
        "train plan",
        "train promote/promote/environments",
        "train promote/promote/first (staging)",
        "train promote/promote/second (production)",
    }
    summaries = (sorted((clone.folder / "build" / "rehearsals").iterdir())[-1] / "summaries.md").read_text()
    assert "| production | request_timeout_ms | 90000 | 60000 | by a new deployment |" in summaries
    (name,) = set(re.findall(r"model-1-[0-9a-f]{6}", summaries.partition("production: ")[2]))
    assert f"({name} 10 %, model-1 90 %)" in summaries or f"(model-1 90 %, {name} 10 %)" in summaries
    seen["served"] = name
    training, endpoint = page(clone, f"jobs/{record['job']}"), page(clone, f"endpoints/{seen['endpoint']}")
    assert "loss by step" in training
    assert endpoint.count("<polyline") >= 3, "requests, and the traffic of two deployments"


def test_one_changed_conversation_is_new_data_a_new_run_and_a_canary(clone: Clone) -> None:
    line = json.loads((clone.folder / CURATED).read_text().splitlines()[0])
    answer = line["messages"][-1]["content"]
    clone.replace(
        CURATED,
        json.dumps(answer, ensure_ascii=False)[1:-1],
        json.dumps(f"{answer} In short.", ensure_ascii=False)[1:-1],
    )
    code, printed, record = clone.rehearse("--until", "push")
    assert code == 0, printed
    assert record["data"] != seen["first"]["data"]
    assert record["job"] != seen["first"]["job"]
    assert record["model"] == "phi-3-mini-ultrachat:2"
    summaries = (sorted((clone.folder / "build" / "rehearsals").iterdir())[-1] / "summaries.md").read_text()
    old = seen["served"]
    clone.mlops("emulator", "exec", "--state", str(clone.state), "--", "mlops", "report", "site", "--out", "build/site")
    (newest, _) = json.loads((clone.folder / "build" / "site" / "data.json").read_text())["models"]
    beside = newest["details"]["answers"]
    assert (beside["other"], len(beside["scores"]) > 9) == ("phi-3-mini-ultrachat:1", True)
    for share in (f"({old} 90 %, model-2 10 %)", f"({old} 50 %, model-2 50 %)", "(model-2 100 %)"):
        assert share in summaries
    assert "phi-3-mini-ultrachat:1 (all traffic in production)" in summaries
    assert "conversations: +1 -1" in summaries
    assert "median of 1 completed run on 1 x Standard" in summaries
    assert "| phi-3-mini-ultrachat:1 | ev-" in summaries, "the champion answered the new questions, too"
    seen["second"] = record


def test_the_commands_of_the_documents_run_as_they_stand(clone: Clone) -> None:
    """In one shell of the emulator; what stands for a name of the reader's is put in. The rest has its reason."""
    chat = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]}
    (clone.folder / "chat.json").write_text(json.dumps(chat))
    (clone.folder / "metrics.json").write_text(json.dumps({"eval_loss": 1.0}))
    names = {  # the champion answered the questions of the second run; the base model is not asked in this project
        " 7 live": " 2 1",
        "ft-0f3a5c7e9b1d-1 base": f"{seen['second']['job']} 1",
        "ft-0f3a5c7e9b1d-1": seen["first"]["job"],
        "ft-5b1f00aa12cd-1": seen["second"]["job"],
        "/tmp/prepared": "build/prepared",
    }
    commands = list(dict.fromkeys(one.plain for one in documented() if not one.reason))
    script = "\n".join(
        f'{{ {command}; }} > said.txt 2>&1 || {{ echo "$? of {shlex.quote(command)}"; tail -5 said.txt; }}'
        for command in commands
    )
    for shown, real in names.items():
        script = script.replace(shown, real)
    script = f"export MLOPS_TARGET=emulator MLOPS_EMULATOR_DIR={clone.state}\n{script}"  # as after `rehearse --keep`
    (clone.folder / "commands.sh").write_text(script)
    done = clone.mlops("emulator", "exec", "--state", str(clone.state), "--", "sh", "commands.sh")
    ended = re.findall(r"^(\d+) of (.*)$", done.stdout, re.MULTILINE)
    assert len(commands) >= 20
    assert [one for one in ended if not (one[0] == "4" and "mlops gate" in one[1])] == [], done.stdout


def test_a_rollback_returns_to_the_model_before_and_a_poll_does_not_undo_it(clone: Clone) -> None:
    done = clone.dispatch("rollback", environment="production", reason="it is rude")
    assert done.succeeded, done.cause()
    assert done.output("rollback", "deployment") == seen["served"]
    found = clone.run("resume")
    assert found["promotion"] is None
    newest = next(one for one in found["runs"] if one["run"] == seen["second"]["job"])
    assert newest["done"] == "nothing"
    assert newest["why"].startswith("phi-3-mini-ultrachat:2 is held in production since")


def test_no_push_promotes_the_held_model_and_it_says_who_decided_that_and_why(clone: Clone) -> None:
    code, printed, record = clone.rehearse("--until", "push")
    assert code == 0, printed
    assert record["jobs"] == {"train plan": "success"}
    assert "phi-3-mini-ultrachat:2 is held in production since" in printed
    assert "because: it is rude" in printed


def test_a_frozen_production_ends_green_with_the_reason_and_changes_nothing(clone: Clone) -> None:
    assert clone.run("freeze", "production", "--reason", "the fair")["changed"]
    done = clone.dispatch("promote", model=SECOND, environment="production", release_hold="true", reason="it is not")
    assert done.succeeded, done.cause()
    assert done.output("promote", "outcome") == "frozen"
    assert "production is frozen since" in str(done.summaries)
    assert "because: the fair" in str(done.summaries)
    assert done.output("promote", "deployment") == seen["served"]
    assert clone.run("thaw", "production")["changed"]


def test_production_is_refused_what_was_rolled_back_in_staging(clone: Clone) -> None:
    assert clone.dispatch("rollback", environment="staging", reason="rude here, too").succeeded
    done = clone.dispatch("promote", model=SECOND, environment="production", release_hold="true", reason="it is not")
    assert done.jobs == {"environments": "success", "first (production)": "failure"}
    assert [one.code for one in done.exits] == [2]
    assert "passed staging, and was rolled back there since" in done.cause()


def test_a_person_promotes_it_by_name_and_a_404_that_comes_once_takes_nothing_down(clone: Clone) -> None:
    clone.control("POST", "/faults", {"rule": f"endpoints.get {seen['endpoint']}: 404 once"})
    done = clone.dispatch("promote", model=SECOND, environment="all", release_hold="true", reason="it was the prompt")
    assert done.succeeded, done.cause()
    (fault,) = clone.control("GET", "/faults")["faults"]
    assert fault["met"]
    clone.control("DELETE", "/faults")
    staging, production = clone.run("status")["environments"]
    assert (staging["live"]["model"], production["live"]["model"]) == (SECOND, SECOND)
    assert (staging["held"], production["held"]) == ({}, {})
    told = "\n".join(one.markdown for one in done.summaries)
    assert f"({seen['served']} 90 %, model-2 10 %)" in told, "beside the live one, and not in its place"
    assert "it was the prompt" in told


def test_a_person_who_moves_traffic_in_the_middle_is_not_overrun(clone: Clone) -> None:
    moved: list[str] = []

    def on_line(line: str) -> None:
        if not moved and "production: canary: " in line:
            moved.append(line)
            clone.by_hand(seen["endpoint"], {"model-2": 70, seen["served"]: 30})

    patient = ("environments.production.bake_seconds=3",)
    first = {"model": FIRST, "environment": "production", "allow_older": "true", "reason": "back to the first"}
    done = clone.dispatch("promote", heard=on_line, settings=patient, **first)
    assert moved
    assert done.jobs["first (production)"] == "failure"
    assert f"somebody else changed {seen['endpoint']}" in done.cause()
    _, production = clone.run("status")["environments"]
    assert {one["deployment"]: one["traffic"] for one in production["serves"]} == {"model-2": 70, seen["served"]: 30}


def test_each_identity_asked_only_what_its_role_was_written_from(clone: Clone) -> None:
    """The emulator refuses an action that a role has not; this one says it of calls, which the documents list."""
    kinds = {rehearsal.client(name): kind for name, kind in rehearsal.kinds(load(PARAMS_FILE)).items()}
    recorded = roles.read()
    made = roles.calls([clone.state / "requests.log"], kinds)
    new = {kind: sorted(calls - set(recorded.get(kind, ()))) for kind, calls in made.items()}
    assert all(made[kind] for kind in ("train", "release", "cleanup"))
    assert not any(new.values()), f"make roles LOG={clone.state}/requests.log takes in: {new}"
