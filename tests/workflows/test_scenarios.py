"""What the workflows do with what `mlops` answers: which jobs run, in which order, and how they end."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.workflows import payloads
from tests.workflows.conftest import Play

PUSH: dict[str, object] = {"ref": "refs/heads/main"}
ALL = {"plan": {"outputs": {"train": "true", "release": "true", "promote": "true", "job": "", "model": ""}}}
SUBMITTED = {"submit": {"outputs": {"job": "ft-1", "submitted": "true"}}}
TRAINED = {"watch": {"outputs": {"finished": "true", "status": "Completed"}}}
FINISHED = {**TRAINED, "evaluate": {"outputs": {"finished": "true", "jobs": "ev-1 ev-2"}}}
REGISTERED = {"register": {"outputs": {"model": "m:3"}}}

PROMOTION = ["promote/promote/environments", "promote/promote/first (staging)", "promote/promote/second (production)"]
ROAD = ["plan", "train", "release", *PROMOTION]
REGIONS = """
environments:
  dev: {}
  staging: {}
  production-eu: {}
  production-us: {after: staging}
gate: {rules: [{metric: eval_loss, max: 4}]}
"""


def promoted(
    environment: str,
    *,
    model: str = "m:3",
    commit: str = "",
    reason: str = "",
    hold: str = "--keep-hold",
    owner: str = "--no-take-over",
    budget: str = "--within-budget",
) -> list[str]:
    """The call that promotes a model."""
    start = ["promote", environment, "--model", model, "--commit", commit]
    return [*start, "--reason", reason, "--no-allow-older", hold, owner, "--no-skip-earlier", budget]


def answers(*parts: dict[str, Any]) -> dict[str, Any]:
    return {verb: answer for part in parts for verb, answer in part.items()}


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


def test_production_follows_staging_and_not_its_failure(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "all"}}
    seen = play("promote", "workflow_dispatch", payload, {"promote staging": {"exit": 7}})
    assert seen.calls == [promoted("staging")]
    assert not seen.done.succeeded


def test_production_can_be_asked_for_alone(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "production"}}
    assert play("promote", "workflow_dispatch", payload, {}).calls == [promoted("production")]


def test_by_hand_an_older_model_can_be_asked_for_and_one_that_was_not_in_staging(play: Play) -> None:
    consent = {"allow-older": "true", "skip-earlier": "true", "reason": "an outage"}
    payload = {"inputs": {"model": "m:1", "environment": "production", **consent}}
    (call,) = play("promote", "workflow_dispatch", payload, {}).calls
    wanted = promoted("production", model="m:1", reason="an outage")[:-5]
    assert call == [*wanted, "--allow-older", "--keep-hold", "--no-take-over", "--skip-earlier", "--within-budget"]


def test_staging_can_be_asked_for_alone(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "staging"}}
    assert play("promote", "workflow_dispatch", payload, {}).calls == [promoted("staging")]


def test_a_hold_is_released_and_a_budget_gone_over_by_a_person_with_a_reason(play: Play) -> None:
    said = {"reason": "a false alarm", "release-hold": "true", "over-budget": "true"}
    inputs = {"model": "m:3", "environment": "all", **said}
    calls = play("promote", "workflow_dispatch", {"inputs": inputs}, {}).calls
    wanted = {"reason": "a false alarm", "hold": "--release-hold", "budget": "--over-budget"}
    assert calls == [promoted(name, **wanted) for name in ("staging", "production")]


def test_a_person_moves_the_endpoints_to_this_repository(play: Play) -> None:
    inputs = {"model": "m:3", "environment": "all", "take-over": "true"}
    calls = play("promote", "workflow_dispatch", {"inputs": inputs}, {}).calls
    assert calls == [promoted(name, owner="--take-over") for name in ("staging", "production")]


def test_four_environments_go_in_three_waves_and_two_of_them_side_by_side(play: Play, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(REGIONS)
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "all"}}
    seen = play("promote", "workflow_dispatch", payload, {}, params=params)
    assert seen.calls[:2] == [promoted("dev"), promoted("staging")]
    assert sorted(seen.calls[2:]) == [promoted("production-eu"), promoted("production-us")]
    assert (list(seen.done.jobs)[1:3], seen.done.skipped) == (["first (dev)", "second (staging)"], ["fourth"])
    assert set(list(seen.done.jobs)[3:]) == {"third (production-eu)", "third (production-us)"}


def test_a_failed_environment_keeps_what_comes_after_it_and_not_what_is_beside_it(play: Play, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text(REGIONS.replace("{after: staging}", "{after: staging}\n  archive: {after: production-us}"))
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "production-eu production-us archive"}}
    seen = play("promote", "workflow_dispatch", payload, {"promote production-us": {"exit": 7}}, params=params)
    assert sorted(seen.calls) == [promoted("production-eu"), promoted("production-us")]
    assert not seen.done.succeeded


def test_a_name_that_is_no_environment_is_refused_before_anybody_is_asked_to_approve(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"model": "m:3", "environment": "staging prod"}}
    seen = play("promote", "workflow_dispatch", payload, {})
    assert (seen.calls, seen.done.succeeded) == ([], False)
    assert any("there is no environment 'prod'" in note.message for note in seen.done.annotations)


def test_what_a_frozen_staging_did_not_get_does_not_go_to_production(play: Play) -> None:
    frozen = {"promote staging": {"outputs": {"outcome": "frozen", "stops": "true"}}}
    seen = play("promote", "workflow_dispatch", {"inputs": {"model": "m:3", "environment": "all"}}, frozen)
    assert seen.calls == [promoted("staging")]
    assert seen.done.succeeded


def test_the_schedule_cleans_up(play: Play) -> None:
    assert play("cleanup", "schedule", {"schedule": "23 4 * * *"}, {}).calls == [["cleanup", "--apply"]]


def test_by_hand_cleanup_is_a_dry_run_unless_told(play: Play) -> None:
    assert play("cleanup", "workflow_dispatch", {"inputs": {"apply": "false"}}, {}).calls == [["cleanup", "--dry-run"]]


def test_a_tick_that_registers_promotes(play: Play) -> None:
    seen = play(
        "resume",
        "schedule",
        {"schedule": "7 * * * *"},
        {"resume": {"outputs": {"model": "m:4", "environment": "all"}}},
    )
    assert seen.verbs == ["resume", "promote", "promote"]


def test_a_tick_takes_up_a_promotion_where_it_was_cut_off(play: Play) -> None:
    """The run is an old one, and staging serves its model already."""
    cut_off = {"resume": {"outputs": {"model": "m:3", "environment": "production", "commit": "c0ffee"}}}
    seen = play("resume", "schedule", {"schedule": "7,22,37,52 * * * *"}, cut_off)
    assert seen.calls == [["resume"], promoted("production", commit="c0ffee")]
    skipped = {f"promote/promote/{job}" for job in ("second", "third", "fourth")} | {"report", "report-promotion"}
    assert set(seen.done.skipped) == skipped


def test_a_tick_that_registers_one_run_and_refuses_another_is_red_and_promotes(play: Play) -> None:
    found = {"resume": {"outputs": {"model": "m:4", "environment": "all"}, "exit": 4}}
    seen = play("resume", "workflow_dispatch", {}, found)
    assert seen.verbs == ["resume", "promote", "promote"]
    assert not seen.done.succeeded


def test_a_tick_that_refuses_its_run_promotes_nothing(play: Play) -> None:
    seen = play("resume", "workflow_dispatch", {}, {"resume": {"outputs": {"model": ""}, "exit": 4}})
    assert seen.verbs == ["resume"]
    assert [found.code for found in seen.done.exits] == [4]


@pytest.mark.parametrize(
    ("workflow", "event", "reported"),
    [("resume", "schedule", True), ("resume", "repository_dispatch", True), ("resume", "workflow_dispatch", False)],
)
def test_an_unattended_failure_is_reported_and_one_that_somebody_watches_is_not(
    play: Play, workflow: str, event: str, reported: bool
) -> None:
    seen = play(workflow, event, {"action": "training-ended"}, {workflow: {"exit": 7}})
    assert seen.calls == [[workflow], *([["report", "--workflow", workflow]] if reported else [])]
    assert not seen.done.succeeded


def test_a_failed_cleanup_is_reported(play: Play) -> None:
    seen = play("cleanup", "schedule", {"schedule": "23 4 * * *"}, {"cleanup": {"exit": 3}})
    assert seen.calls[1:] == [["report", "--workflow", "cleanup"]]


@pytest.mark.parametrize(("code", "verbs"), [(0, []), (1, [["report", "--workflow", "parity"]])])
def test_what_the_service_answers_otherwise_is_reported(play: Play, code: int, verbs: list[list[str]]) -> None:
    play.program("make", f'#!/bin/sh\n[ "$1" != parity-azure ] || exit {code}\n')
    assert play("parity", "workflow_dispatch", {"inputs": {"size": "Standard_D2s_v3"}}, {}).calls == verbs


@pytest.mark.parametrize(
    ("event", "payload", "targets"),
    [
        ("workflow_dispatch", {}, ["release-files TAG="]),
        ("push", {"ref": "refs/tags/v0.1.0"}, ["release-files TAG=v0.1.0", "github-release TAG=v0.1.0"]),
    ],
)
def test_a_tag_becomes_a_release_and_a_trial_publishes_nothing(
    play: Play, tmp_path: Path, event: str, payload: dict[str, str], targets: list[str]
) -> None:
    """Downloads, attestation and PyPI need servers that are not here; PyPI is off until a variable says otherwise."""
    said = tmp_path / "made"
    play.program("make", f'#!/bin/sh\necho "$*" >> {said}\n')
    done = play("release", event, payload, {}).done
    assert said.read_text().splitlines() == targets
    ran = {"build"} if event == "workflow_dispatch" else {"build", "attest", "github"}
    assert set(done.jobs) == ran
    assert done.succeeded


@pytest.mark.parametrize(
    ("event", "pages", "ran"),
    [("push", "pages", ["build", "publish"]), ("push", "", ["build"]), ("pull_request", "pages", ["build"])],
)
def test_the_documentation_is_published_from_main_and_only_where_a_variable_says_so(
    play: Play, tmp_path: Path, event: str, pages: str, ran: list[str]
) -> None:
    """The build has a test of its own; what publishes needs servers that are not here."""
    said = tmp_path / "made"
    play.program("make", f'#!/bin/sh\necho "$*" >> {said}\n')
    payload = payloads.pull_request(of_a_fork=True) if event == "pull_request" else payloads.push("docs/cost.md")
    done = play("docs", event, payload, {}, also={"MLOPS_DOCS": pages}).done
    assert (said.read_text(), list(done.jobs), done.succeeded) == ("docs-site\n", ran, True)


def test_a_tick_without_news_promotes_nothing(play: Play) -> None:
    assert play(
        "resume", "repository_dispatch", {"action": "training-ended"}, {"resume": {"outputs": {"model": ""}}}
    ).verbs == ["resume"]


def test_a_rollback_names_its_environment(play: Play) -> None:
    payload: dict[str, object] = {"inputs": {"environment": "production", "reason": "worse; $(id)"}}
    said = ["rollback", "production", "--reason", "worse; $(id)"]
    assert play("rollback", "workflow_dispatch", payload, {}).calls == [said]


@pytest.mark.parametrize(
    ("workflow", "event", "payload"),
    [("train", "push", PUSH), ("resume", "schedule", {"schedule": "7"}), ("cleanup", "schedule", {"schedule": "7"})],
)
def test_nothing_starts_by_itself_where_no_workspace_is_configured(
    play: Play, workflow: str, event: str, payload: dict[str, object]
) -> None:
    seen = play(workflow, event, payload, {}, configured=False)
    assert seen.done.succeeded
    assert not seen.done.jobs
    assert not seen.calls


def test_every_environment_is_checked(play: Play) -> None:
    seen = play("auth-check", "workflow_dispatch", {}, {})
    assert seen.verbs == ["doctor"] * 4  # once for the settings of the repository
    checks = {f"check ({name})" for name in ("training", "staging", "production")}
    assert set(seen.done.jobs) == {"repository", "settings", "environments", *checks}
    assert seen.done.succeeded


def test_a_workspace_that_the_repository_does_not_name_is_found(play: Play) -> None:
    assert play("auth-check", "workflow_dispatch", {}, {}, configured=False).done.jobs["repository"] == "failure"


@pytest.mark.parametrize(
    ("due", "failing", "result"),
    [
        (("test", "rehearse"), "nothing", "success"),
        (("test", "rehearse"), "rehearse", "failure"),
        (("test", "rehearse"), "test", "failure"),
        (("rehearse",), "test", "success"),  # a team changed its parameters: the programs' own tests are not due
        ((), "rehearse", "success"),  # only documents changed
        (None, "nothing", "failure"),  # the check failed, so nothing is known to be unnecessary
    ],
)
def test_the_required_check_is_green_when_all_that_had_to_run_passed(
    play: Play, due: tuple[str, ...] | None, failing: str, result: str
) -> None:
    """Of a pull request from a fork, too: nothing here needs a variable or a token."""
    play.program("make", f'#!/bin/sh\n[ "$1" != {failing} ]\n')
    payload = {"action": "opened", "pull_request": {"number": 7, "head": {"repo": {"fork": True}}}}
    told = (
        {"product": str("test" in due).lower(), "rehearse": str("rehearse" in due).lower()} if due is not None else {}
    )
    said = {"check": {"outputs": told, "exit": 0 if told else 2}}
    seen = play("ci", "pull_request", payload, said, configured=False)
    assert seen.calls[0] == ["check", "--base", "HEAD^1"]
    assert seen.done.jobs["required"] == result
    ran = {name.partition(" ")[0] for name in seen.done.jobs}
    assert ran & {"test", "rehearse"} == set(due or ())


def test_by_hand_cleanup_applies_when_told(play: Play) -> None:
    assert play("cleanup", "workflow_dispatch", {"inputs": {"apply": "true"}}, {}).calls == [["cleanup", "--apply"]]


@pytest.mark.parametrize(("still_open", "turned"), [("true", []), ("false", ["off"])])
def test_a_tick_that_finds_nothing_open_is_the_last(play: Play, still_open: str, turned: list[str]) -> None:
    poll = {"resume": {"outputs": {"model": "", "environment": "", "open": still_open}}}
    seen = play("poll", "schedule", {"schedule": "7,22,37,52 * * * *"}, poll)
    assert seen.done.code == 0
    assert (seen.calls, seen.polling) == ([["resume"]], turned)
