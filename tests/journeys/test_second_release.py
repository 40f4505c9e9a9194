"""A second release and what people decide of it: a canary beside the first, roll back, hold, freeze, promote by name.

One emulator serves all of it, in order, from the state that a first release left.
"""

import json
import re
import shlex
from typing import Any

from tests.documented import documented
from tests.journeys.conftest import Clone, FirstRelease

CURATED = "data/curated/training.jsonl"
FIRST, SECOND = "phi-3-mini-ultrachat:1", "phi-3-mini-ultrachat:2"
seen: dict[str, Any] = {}


def test_a_person_brings_the_live_model_back_to_staging_which_cleanup_deleted(released: Clone) -> None:
    assert released.rehearse("--until", "emulator")[0] == 0
    done = released.dispatch("promote", model=FIRST, environment="staging")
    assert done.succeeded, done.cause()
    staging, production = released.run("status")["environments"]
    assert (staging["live"]["model"], production["live"]["model"]) == (FIRST, FIRST)
    ((seen["endpoint"], seen["served"]),) = [
        (production["endpoint"], one["deployment"]) for one in production["serves"]
    ]


def test_one_changed_conversation_is_new_data_a_new_run_and_a_canary(
    released: Clone, first_release: FirstRelease
) -> None:
    line = json.loads((released.folder / CURATED).read_text().splitlines()[0])
    answer = line["messages"][-1]["content"]
    released.replace(
        CURATED,
        json.dumps(answer, ensure_ascii=False)[1:-1],
        json.dumps(f"{answer} In short.", ensure_ascii=False)[1:-1],
    )
    code, printed, record = released.rehearse("--until", "push")
    assert code == 0, printed
    assert record["data"] != first_release.record["data"]
    assert record["job"] != first_release.record["job"]
    assert record["model"] == "phi-3-mini-ultrachat:2"
    summaries = released.summaries()
    old = seen["served"]
    released.mlops(
        "emulator", "exec", "--state", str(released.state), "--", "mlops", "report", "site", "--out", "build/site"
    )
    (newest, _) = json.loads((released.folder / "build" / "site" / "data.json").read_text())["models"]
    beside = newest["details"]["answers"]
    assert (beside["other"], len(beside["scores"]) > 9) == ("phi-3-mini-ultrachat:1", True)
    for share in (f"({old} 90 %, model-2 10 %)", f"({old} 50 %, model-2 50 %)", "(model-2 100 %)"):
        assert share in summaries
    assert "phi-3-mini-ultrachat:1 (all traffic in production)" in summaries
    assert "conversations: +1 -1" in summaries
    assert "median of 1 completed run on 1 x Standard" in summaries
    assert "| phi-3-mini-ultrachat:1 | ev-" in summaries, "the champion answered the new questions, too"
    seen["second"] = record


def test_the_commands_of_the_documents_run_as_they_stand(released: Clone, first_release: FirstRelease) -> None:
    """In one shell of the emulator; what stands for a name of the reader's is put in. The rest has its reason."""
    chat = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}]}
    (released.folder / "chat.json").write_text(json.dumps(chat))
    (released.folder / "metrics.json").write_text(json.dumps({"eval_loss": 1.0}))
    names = {  # the champion answered the questions of the second run; the base model is not asked in this project
        " 7 live": " 2 1",
        "ft-0f3a5c7e9b1d-1 base": f"{seen['second']['job']} 1",
        "ft-0f3a5c7e9b1d-1": first_release.record["job"],
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
    script = f"export MLOPS_TARGET=emulator MLOPS_EMULATOR_DIR={released.state}\n{script}"  # as after `rehearse --keep`
    (released.folder / "commands.sh").write_text(script)
    done = released.mlops("emulator", "exec", "--state", str(released.state), "--", "sh", "commands.sh")
    ended = re.findall(r"^(\d+) of (.*)$", done.stdout, re.MULTILINE)
    assert len(commands) >= 20
    assert [one for one in ended if not (one[0] == "4" and "mlops gate" in one[1])] == [], done.stdout


def test_a_rollback_returns_to_the_model_before_and_a_poll_does_not_undo_it(released: Clone) -> None:
    done = released.dispatch("rollback", environment="production", reason="it is rude")
    assert done.succeeded, done.cause()
    assert done.output("rollback", "deployment") == seen["served"]
    found = released.run("resume")
    assert found["promotion"] is None
    newest = next(one for one in found["runs"] if one["run"] == seen["second"]["job"])
    assert newest["done"] == "nothing"
    assert newest["why"].startswith("phi-3-mini-ultrachat:2 is held in production since")


def test_no_push_promotes_the_held_model_and_it_says_who_decided_that_and_why(released: Clone) -> None:
    code, printed, record = released.rehearse("--until", "push")
    assert code == 0, printed
    assert record["jobs"] == {"train plan": "success"}
    assert "phi-3-mini-ultrachat:2 is held in production since" in printed
    assert "because: it is rude" in printed


def test_a_frozen_production_ends_green_with_the_reason_and_changes_nothing(released: Clone) -> None:
    assert released.run("freeze", "production", "--reason", "the fair")["changed"]
    done = released.dispatch("promote", model=SECOND, environment="production", release_hold="true", reason="it is not")
    assert done.succeeded, done.cause()
    assert done.output("promote", "outcome") == "frozen"
    assert "production is frozen since" in str(done.summaries)
    assert "because: the fair" in str(done.summaries)
    assert done.output("promote", "deployment") == seen["served"]
    assert released.run("thaw", "production")["changed"]


def test_production_is_refused_what_was_rolled_back_in_staging(released: Clone) -> None:
    assert released.dispatch("rollback", environment="staging", reason="rude here, too").succeeded
    done = released.dispatch("promote", model=SECOND, environment="production", release_hold="true", reason="it is not")
    assert done.jobs == {"environments": "success", "first (production)": "failure"}
    assert [one.code for one in done.exits] == [2]
    assert "passed staging, and was rolled back there since" in done.cause()


def test_a_person_promotes_it_by_name_and_a_404_that_comes_once_takes_nothing_down(released: Clone) -> None:
    released.control("POST", "/faults", {"rule": f"endpoints.get {seen['endpoint']}: 404 once"})
    done = released.dispatch(
        "promote", model=SECOND, environment="all", release_hold="true", reason="it was the prompt"
    )
    assert done.succeeded, done.cause()
    (fault,) = released.control("GET", "/faults")["faults"]
    assert fault["met"]
    released.control("DELETE", "/faults")
    staging, production = released.run("status")["environments"]
    assert (staging["live"]["model"], production["live"]["model"]) == (SECOND, SECOND)
    assert (staging["held"], production["held"]) == ({}, {})
    told = "\n".join(one.markdown for one in done.summaries)
    assert f"({seen['served']} 90 %, model-2 10 %)" in told, "beside the live one, and not in its place"
    assert "it was the prompt" in told


def test_a_person_who_moves_traffic_in_the_middle_is_not_overrun(released: Clone) -> None:
    moved: list[str] = []

    def on_line(line: str) -> None:
        if not moved and "production: canary: " in line:
            moved.append(line)
            released.by_hand(seen["endpoint"], {"model-2": 70, seen["served"]: 30})

    patient = ("environments.production.bake_seconds=3",)
    first = {"model": FIRST, "environment": "production", "allow_older": "true", "reason": "back to the first"}
    done = released.dispatch("promote", heard=on_line, settings=patient, **first)
    assert moved
    assert done.jobs["first (production)"] == "failure"
    assert f"somebody else changed {seen['endpoint']}" in done.cause()
    _, production = released.run("status")["environments"]
    assert {one["deployment"]: one["traffic"] for one in production["serves"]} == {"model-2": 70, seen["served"]: 30}


def test_each_identity_asked_only_what_its_role_was_written_from(released: Clone) -> None:
    """The emulator refuses an action that a role has not; this one says it of calls, which the documents list."""
    made, new = released.calls_of_roles()
    assert all(made[kind] for kind in ("train", "release", "cleanup"))
    assert not any(new.values()), f"make roles LOG={released.state}/requests.log takes in: {new}"
