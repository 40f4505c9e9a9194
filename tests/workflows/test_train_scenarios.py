"""What `train` does with what `mlops` answers: which jobs run, in which order, and how they end."""

import re

from tests.workflows.answers import (
    ALL,
    FINISHED,
    PUSH,
    REGISTERED,
    ROAD,
    SUBMITTED,
    TRAINED,
    answers,
    promoted,
)
from tests.workflows.conftest import Play


def test_a_push_walks_the_whole_road_in_order(play: Play) -> None:
    seen = play("train", "push", PUSH, answers(ALL, SUBMITTED, FINISHED, REGISTERED))
    assert seen.done.succeeded
    assert [job for job in seen.done.jobs if job != "polling"] == ROAD
    assert seen.polling == ["on"]
    commit = seen.calls[-1][5]
    assert seen.calls == [
        ["plan", "--no-force"],
        ["plan", "--no-force"],  # again, when it is its turn
        ["prepare"],
        ["compute"],
        ["submit", "--no-force", "--within-budget", "--reason", ""],
        ["watch", "--job", "ft-1", "--ok-if-unfinished"],
        ["evaluate", "--job", "ft-1", "--ok-if-unfinished"],
        ["gate", "--job", "ft-1"],
        ["register", "--job", "ft-1"],
        promoted("staging", commit=commit),
        promoted("production", commit=commit),
    ]
    assert re.fullmatch("[0-9a-f]{40}", commit), "the commit that asks for it"


def test_nothing_to_do_runs_the_plan_and_no_more(play: Play) -> None:
    plan = {
        "plan": {"outputs": {"train": "false", "release": "false", "promote": "false", "job": "ft-1", "model": "m:3"}}
    }
    seen = play("train", "push", PUSH, plan)
    assert seen.done.succeeded
    assert seen.done.jobs == {"plan": "success"}
    assert sorted(seen.done.skipped) == ["polling", "promote", "release", "train"]


def test_a_run_that_was_submitted_before_is_carried_on(play: Play) -> None:
    plan = {"plan": {"outputs": {"train": "false", "release": "true", "promote": "true", "job": "ft-9", "model": ""}}}
    seen = play("train", "push", PUSH, answers(plan, FINISHED, REGISTERED))
    assert seen.verbs == ["plan", "watch", "evaluate", "gate", "register", "promote", "promote"]
    assert seen.calls[1][:3] == ["watch", "--job", "ft-9"]


def test_a_registered_model_is_promoted_without_training(play: Play) -> None:
    plan = {
        "plan": {"outputs": {"train": "false", "release": "false", "promote": "true", "job": "ft-1", "model": "m:3"}}
    }
    seen = play("train", "push", PUSH, plan)
    assert seen.verbs == ["plan", "promote", "promote"]


def test_a_refusal_of_the_gate_ends_the_road(play: Play) -> None:
    refused = {"gate": {"outputs": {"verdict": "refuse"}, "exit": 4}}
    seen = play("train", "push", PUSH, answers(ALL, SUBMITTED, FINISHED, refused))
    assert not seen.done.succeeded
    assert seen.verbs[-1] == "gate"
    assert [found.code for found in seen.done.exits] == [4]
    assert seen.done.jobs["release"] == "failure"
    assert seen.done.skipped == ["promote"]
    assert [step.result for step in seen.done.steps if step.step == "mlops register"] == ["skipped"]


def test_a_run_that_goes_on_ends_green_and_is_left_to_resume(play: Play) -> None:
    running = {"watch": {"outputs": {"finished": "false", "status": "Running"}}}
    seen = play("train", "push", PUSH, answers(ALL, SUBMITTED, running))
    assert seen.done.succeeded
    assert seen.verbs[-1] == "watch"


def test_an_evaluation_that_goes_on_is_left_to_resume_before_anything_is_judged(play: Play) -> None:
    scoring = {"evaluate": {"outputs": {"finished": "false", "jobs": "ev-1"}}}
    seen = play("train", "push", PUSH, answers(ALL, SUBMITTED, TRAINED, scoring))
    assert seen.done.succeeded
    assert seen.verbs[-1] == "evaluate"


def test_a_forced_run_that_goes_on_does_not_promote_the_model_of_the_earlier_run(play: Play) -> None:
    plan = {"plan": {"outputs": {"train": "true", "release": "true", "promote": "true", "job": "", "model": "m:3"}}}
    running = {"watch": {"outputs": {"finished": "false", "status": "Running"}}}
    payload: dict[str, object] = {"inputs": {"reason": "again", "force": "true", "over-budget": "true"}}
    seen = play("train", "workflow_dispatch", payload, answers(plan, SUBMITTED, running))
    assert seen.done.succeeded
    assert seen.verbs == ["plan", "plan", "prepare", "compute", "submit", "watch"]
    assert ["submit", "--force", "--over-budget", "--reason", "again"] in seen.calls


def test_a_failed_submission_stops_before_the_watch(play: Play) -> None:
    seen = play("train", "push", PUSH, answers(ALL, {"compute": {"exit": 6}}))
    assert seen.verbs == ["plan", "plan", "prepare", "compute"]
    assert [found.code for found in seen.done.exits] == [6]
    assert sorted(seen.done.skipped) == ["polling", "promote", "release"]


def test_a_push_that_a_newer_one_overtook_while_it_waited_submits_nothing(play: Play) -> None:
    due = {"train": "true", "release": "true", "promote": "true", "job": "", "model": ""}
    overtaken = {"train": "false", "release": "false", "promote": "false", "job": "", "model": ""}
    seen = play("train", "push", PUSH, {"plan": {"in turn": [{"outputs": due}, {"outputs": overtaken}]}})
    assert seen.done.succeeded
    assert (seen.verbs, seen.polling) == (["plan", "plan"], [])
    assert sorted(seen.done.skipped) == ["polling", "promote", "release"]


def test_a_dry_run_only_plans(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"reason": "look", "force": "true", "dry-run": "true"}}
    seen = play("train", "workflow_dispatch", payload, answers(ALL))
    assert seen.calls == [["plan", "--force"]]
