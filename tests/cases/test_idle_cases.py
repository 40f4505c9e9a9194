"""Runs the teardown planner over idle.yaml: the use of endpoints in, what becomes of them out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops import yamls
from mlops.domain.cleanup import cost_report
from mlops.domain.cleanup.idle_endpoints import (
    Activity,
    EndpointUsage,
    IdleEndpointPolicy,
    ItemState,
    Known,
    Unknown,
    mark_value,
)
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState
from mlops.domain.tags import IDLE_SINCE_TAG
from tests.cleanup_decision import decide

Case = dict[str, Any]
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
POLICY: dict[str, Any] = {
    "idle_days": 3,
    "grace_hours": 20,
    "minimum_age_hours": 24,
    "max_deletions": 5,
    "max_share": 0.5,
}
KINDS: dict[str, Case] = {"overdue": {"marked": 21}, "idle": {}, "used": {"last": 1}, "foreign": {"ours": False}}
CASES: list[Case] = yamls.read(Path(__file__).with_name("idle.yaml").read_text(encoding="utf-8"))


def ago(*, days: float | None = 0, hours: float = 0) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days, hours=hours)


def activity(given: Case) -> Activity:
    if "unknown" in given:
        return Unknown(given["unknown"])
    start, end = (NOW - timedelta(days=days) for days in given.get("window", (3, 0)))
    last = ago(hours=given["last"]) if "last" in given else None
    return Known(last, given.get("requests", 0), start, end, given.get("points", 72))


def usage(name: str, given: Case) -> EndpointUsage:
    created, deployed = ago(days=given.get("days", 30)), ago(days=given.get("deployed", given.get("days", 30)))
    tags = dict(given.get("tags", {}))
    if "marked" in given:
        tags[IDLE_SINCE_TAG] = mark_value(NOW - timedelta(hours=given["marked"]))
    return EndpointUsage(
        name=name,
        environment="staging",
        ours=given.get("ours", True),
        state=given.get("state", "Succeeded"),
        created=created,
        modified=ago(days=given["modified"]) if "modified" in given else created,
        protected=given.get("protected", False),
        tags=tags,
        instances=1,
        deployments=(
            DeploymentFacts(
                "model-1", DeploymentState(given.get("deployment", "Succeeded")), "chat:1", "Standard_A", 1, deployed
            ),
        ),
        activity=activity(given),
    )


@pytest.mark.parametrize(
    "case", [case for case in CASES if "usage" in case], ids=lambda case: case["case"].replace(" ", "-")
)
def test_verdict_on_one_endpoint(case: Case) -> None:
    spare = [usage(f"spare-{number}", {"last": 1}) for number in range(2)]
    plan = decide([usage("chat", case["usage"]), *spare], IdleEndpointPolicy(**POLICY), NOW)
    item = plan.items[0]
    assert (item.name, item.state.value) == ("chat", case["state"]), item.reason
    assert case.get("reason", "") in item.reason
    assert case.get("exactly", item.reason) == item.reason
    assert plan.refusal is None
    if item.state is ItemState.MARK:
        assert item.marked == NOW


@pytest.mark.parametrize(
    "case", [case for case in CASES if "fleet" in case], ids=lambda case: case["case"].replace(" ", "-")
)
def test_caps_on_a_fleet(case: Case) -> None:
    fleet = [usage(f"{kind}-{number}", KINDS[kind]) for kind, count in case["fleet"].items() for number in range(count)]
    plan = decide(fleet, IdleEndpointPolicy(**{**POLICY, **case.get("policy", {})}), NOW)
    assert len(plan.of(ItemState.DELETE)) == case["deleted"]
    assert len(plan.of(ItemState.MARK)) == case.get("marked", 0)
    if "refusal" in case:
        assert case["refusal"] in (plan.refusal or "nothing was refused")
        assert len(plan.of(ItemState.REFUSED)) == case["fleet"]["overdue"]
        assert all(plan.refusal in item.reason for item in plan.of(ItemState.REFUSED) if plan.refusal)
    else:
        assert plan.refusal is None
    if "hours" in case:
        found = cost_report.cost_report(plan.items, cost_report.planned, {})
        assert [found.saved, found.running] == case["hours"]


def test_case_names_are_unique() -> None:
    names = [case["case"] for case in CASES]
    assert len(set(names)) == len(names)
