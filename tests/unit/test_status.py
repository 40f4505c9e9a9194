"""`mlops status`: the next step by what is found, approvals as GitHub tells them, and the screen."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from mlops.cli.session import Session
from mlops.domain.cleanup.plan import Because, Kind
from mlops.domain.cleanup.status import Status
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentState, EndpointState
from mlops.domain.release.drift import Drift, DriftKind
from mlops.domain.release.next_step import Standing, next_step
from mlops.domain.serving.settings import HowApplied, SettingChange
from mlops.domain.training.run import JobState
from mlops.domain.training.time_left import TimeLeft
from mlops.flow.cleanup.cleanup import CleanupItem
from mlops.flow.release import approvals, schedules
from mlops.flow.release.approvals import Approval, Approvals
from mlops.flow.release.live import EndpointUse, EnvironmentStatus, LiveModel, ServedModel
from mlops.flow.release.released_diff import ReleasedDiff
from mlops.flow.release.schedules import Schedules, WorkflowOff
from mlops.flow.release.status import CleanupForecast, StatusResult
from mlops.flow.training.under_way import RunUnderWay
from mlops.github_api import GitHub
from mlops.views import status as view
from tests.unit.github_imitation import GitHubImitation, serve
from tests.unit.test_views import printed

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
SERVED = (ServedModel("model-3", "chat:3", DeploymentState.SUCCEEDED, 100, 1),)
LIVE = LiveModel("chat:3", AT, "octocat", "ada", "ft-0123456789ab-1", "c0ffee00" * 5, "pass", "all rules pass")
HELD = {"2": AuditEntry(AT, "eve", "it was rude")}
STAGING = EnvironmentStatus(
    "staging", "chat-staging", EndpointState.ABSENT, (), None, None, {}, None, None, None, currency="USD"
)
PRODUCTION = EnvironmentStatus(
    "production", "chat-production", EndpointState.SUCCEEDED, SERVED, AuditEntry(AT, "octocat", ""), None, HELD,
    AuditEntry(AT, "ada", "an audit"), None, None, LIVE, EndpointUse(120, 2, 812.4, AT), 88.08, "USD",
    (SettingChange("request_timeout_ms", "5000", "9000", HowApplied.NEW_DEPLOYMENT),),
)  # fmt: skip
IDLE = CleanupItem(
    "", Kind.ENDPOINT, "chat-old", None, Status.MARKED, Because.WAITING, "no request for 7 days; waits until then",
    True, False, 1, {}, AT,
)  # fmt: skip
RESULT = StatusResult(
    recipe="ab" * 16,
    data_version="cd" * 16,
    fingerprint="0123456789ab",
    job="ft-0123456789ab-2",
    job_state=JobState.RUNNING,
    refusal=None,
    model=None,
    environments=(STAGING, PRODUCTION),
    under_way=(RunUnderWay("ft-0123456789ab-2", JobState.RUNNING, AT, "", "finetune", TimeLeft(42, 125, 2)),),
    approvals=Approvals((Approval("production", "https://github.example/run/7", "train push abc", AT),)),
    schedules=Schedules((WorkflowOff("cleanup", "disabled_fork"),)),
    promotes=(),
    compared=ReleasedDiff(None),
    cleanup=CleanupForecast((IDLE,), 24),
    drift=(Drift("production", DriftKind.TRAFFIC, "traffic was moved"),),
    next_verb="watch",
    why="ft-0123456789ab-2 is Running",
    next_step="mlops watch",
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Standing(None), "`mlops plan`"),
        (Standing("submit"), "mlops submit"),
        (Standing("promote", ["staging", "production"]), "mlops promote staging"),
        (Standing("promote", ["staging"], waiting=["https://x/1"]), "https://x/1"),
        (Standing("submit", changed_by_hand=["production"]), "mlops promote production --accept-drift"),
        (Standing(None, refused=True), "mlops gate --explain"),
        (Standing(None, held={"production": "3"}, frozen=["production"]), "version 3 is held in production"),
        (Standing(None, frozen=["production"]), "mlops thaw production"),
        (Standing(None, under_way=["ft-1"]), "mlops watch --job ft-1"),
    ],
)
def test_the_next_step_is_computed(found: Standing, expected: str) -> None:
    assert expected in next_step(found)


def test_one_screen_has_what_is_live_goes_on_waits_and_is_held() -> None:
    text = " ".join(printed(view.report(RESULT)).split())
    for expected in (
        "chat:3", "2026-11-28 12:00 UTC by octocat", "approved by", "commit c0ffee00", "pass: all rules pass",
        "model-3 100 %", "120 requests, 2 failed, p95 812 ms", "88.08 USD", "9000 instead of 5000",
        "42 %, 2 min 5 s left by 2 earlier runs", "waits for approval of production", "https://github.example/run/7",
        "production is frozen since", "an audit", "version 2 is held in production", "it was rude",
        "cleanup, later: marked the endpoint chat-old", "changed by hand in production", "version cdcdcdcd…", "Absent",
        "cleanup is disabled_fork on GitHub: idle endpoints stay, and cost",
    ):  # fmt: skip
        assert expected in text, expected


def test_the_environments_fit_a_terminal_of_eighty_columns_side_by_side() -> None:
    long = replace(STAGING, endpoint="phi-3-mini-u-b7f0-staging-eb15e6")
    report = view.report(replace(RESULT, environments=(long, replace(PRODUCTION, endpoint=long.endpoint))))
    shown = io.StringIO()
    report.print(Console(file=shown, width=80, force_terminal=True, color_system=None))
    assert any("staging" in row and "production" in row for row in shown.getvalue().splitlines() if "frozen" not in row)
    assert any(re.search(r"live\s+nothing\s+chat:3", row) for row in shown.getvalue().splitlines())


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (EndpointUse(gap="it may not be read"), "not known: it may not be read"),
        (EndpointUse(0, 0, None, None, idle=True), "none in 30 days"),
        (EndpointUse(0, 0, None, AT - timedelta(days=3), idle=True), "idle since 2026-11-25 12:00 UTC"),
        (EndpointUse(1, 0, 90.0, AT), "1 request, p95 90 ms"),
    ],
)
def test_use_that_is_not_known_is_not_zero(use: EndpointUse, expected: str) -> None:
    shown = replace(RESULT, environments=(replace(PRODUCTION, use=use),))
    assert expected in " ".join(printed(view.report(shown)).split())


def test_approvals_are_those_that_github_says(monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"id": 7, "status": "waiting", "display_title": "train", "html_url": "u7", "updated_at": "2026-11-28T12:00Z"}
    other = {**run, "id": 8, "status": "completed"}
    pending: dict[str, list[dict[str, Any]]] = {"7": [{"environment": {"name": "production"}}]}
    with serve(GitHubImitation(runs=[run, other], pending=pending)) as github:
        environ: Mapping[str, str] = github.environment()
        assert approvals.found(lambda: GitHub.of_repository(environ)).waiting == (
            Approval("production", "u7", "train", AT),
        )
        github.refuse = {"pending_deployments": 403}
        assert "403" in approvals.found(lambda: GitHub.of_repository(environ)).gap
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert "GITHUB_TOKEN" in approvals.found(lambda: GitHub.of_repository({})).gap


@pytest.mark.parametrize("under_way", [False, True])
def test_a_schedule_that_is_off_is_told_and_polling_only_while_it_is_needed(under_way: bool) -> None:
    states = {"train.yml": "active", "cleanup.yml": "disabled_inactivity", "poll.yml": "disabled_manually"}
    with serve(GitHubImitation(workflows=states)) as github:
        environ: Mapping[str, str] = github.environment()
        off = schedules.found(lambda: GitHub.of_repository(environ), run_under_way=under_way).off
        wanted = [WorkflowOff("resume", "missing"), WorkflowOff("cleanup", "disabled_inactivity")]
        assert list(off) == wanted + [WorkflowOff("poll", "disabled_manually")] * under_way
        github.refuse = {"workflows": 403}
        assert "403" in schedules.found(lambda: GitHub.of_repository(environ), run_under_way=under_way).gap
    text = "\n".join(view.report(replace(RESULT, schedules=Schedules(off))).lines)
    assert "push .github/workflows/resume.yml to the default branch" in text
    assert "gh workflow enable cleanup.yml" in text
    assert ("gh workflow enable poll.yml" in text) == under_way


def test_watching_looks_until_somebody_ends_it() -> None:
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Session(environ={}).again(lambda: None, seconds=15, pause=pause)
    assert looks == [15, 15, 15]
