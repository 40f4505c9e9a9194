"""Runs the planner of promotions over stage.yaml and rollback.yaml: facts in, the next step out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops import yamls
from mlops.domain.promote import audit
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.domain.promote.planner import next_step
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.steps import DesiredRollout, Progress, Refuse, Step

Case = dict[str, Any]
DAY_0 = datetime(2026, 3, 1, tzinfo=UTC)
NOW = DAY_0 + timedelta(days=10)
NAME = "chat-production"
ENTRY = AuditEntry(NOW, "ada", "it answers worse")


def load(name: str) -> list[Case]:
    cases: list[Case] = yamls.read(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    assert len({case["case"] for case in cases}) == len(cases), f"names in {name} are not unique"
    return cases


def deployment(name: str, given: dict[str, Any]) -> DeploymentFacts:
    version = name.removeprefix("model-")
    day = given["day"] if "day" in given else int(version)
    return DeploymentFacts(
        name=name,
        state=DeploymentState(given.get("state", "Succeeded")),
        model=given.get("model", f"chat:{version}"),
        instance_type=given.get("instance_type", "Standard_A"),
        instance_count=given.get("instance_count", 1),
        created=None if day is None else DAY_0 + timedelta(days=day),
        ours=given.get("ours", True),
        stated_count=given.get("stated_count"),
    )


def facts(given: dict[str, Any] | str) -> EndpointFacts:
    if not isinstance(given, dict):
        return EndpointFacts(NAME, EndpointState.ABSENT, {}, {}, (), {}, ours=True)
    return EndpointFacts(
        name=NAME,
        state=EndpointState(given.get("state", "Succeeded")),
        traffic=given.get("traffic", {}),
        mirror=given.get("mirror", {}),
        deployments=tuple(deployment(name, each) for name, each in given.get("deployments", {}).items()),
        tags=given.get("tags", {}),
        ours=given.get("ours", True),
        auth_mode=given.get("auth_mode", ""),
    )


def check(case: Case, step: Step) -> None:
    assert type(step).__name__ == case["step"], step
    for field, value in case.get("expect", {}).items():
        found = getattr(step, field)
        if field == "tags":  # those that the case names
            found = {key: found[key] for key in value if key in found}
        assert found == value, step
    assert case.get("says", "") in step.why
    if "fix" in case:
        assert isinstance(step, Refuse)
        assert any(case["fix"] in problem.fix for problem in step.problems)
    if "exit" in case:
        assert isinstance(step, Refuse)
        assert step.failure.exit_code == case["exit"]


@pytest.mark.parametrize("case", load("stage.yaml"), ids=lambda case: case["case"].replace(" ", "-"))
def test_next_step(case: Case) -> None:
    version = case["wanted"]
    steps = tuple(case.get("steps", (10, 50, 100)))
    settings = {"allow_older": True, **case.get("settings", {})}
    if "hold" in settings:
        settings["hold"] = audit.read(settings["hold"])
    if "retention" in settings:
        settings["retention"] = timedelta(hours=settings["retention"])
    wanted = DesiredRollout(
        "production", NAME, f"model-{version}", f"chat:{version}", "Standard_A", 1, steps, NOW, **settings
    )
    check(case, next_step(facts(case["endpoint"]), wanted, Progress(**case.get("progress", {}))))


@pytest.mark.parametrize("case", load("rollback.yaml"), ids=lambda case: case["case"].replace(" ", "-"))
def test_rollback_step(case: Case) -> None:
    check(case, rollback_step(facts(case["endpoint"]), NOW, "production", ENTRY))
