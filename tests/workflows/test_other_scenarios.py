"""What the other workflows do with what `mlops` answers: cleanup, reports, releases, documents, the required check."""

from pathlib import Path

import pytest

from tests.workflows import payloads
from tests.workflows.answers import PUSH
from tests.workflows.conftest import Play


def test_the_schedule_cleans_up(play: Play) -> None:
    assert play("cleanup", "schedule", {"schedule": "23 4 * * *"}, {}).calls == [["cleanup", "--apply"]]


def test_by_hand_cleanup_is_a_dry_run_unless_told(play: Play) -> None:
    assert play("cleanup", "workflow_dispatch", {"inputs": {"apply": "false"}}, {}).calls == [["cleanup", "--dry-run"]]


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
