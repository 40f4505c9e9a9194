"""Over random answers of Azure Monitor, faults among them: what was asked, or may have been, is never deleted."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.azure.endpoint_usage import use_of
from mlops.azure.monitor_client import GRAIN, METRIC, Answer, Span
from mlops.domain.cleanup.idle_endpoints import EndpointUsage, IdleEndpointPolicy, ItemState, Known, Unknown, mark_value
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState
from mlops.domain.tags import IDLE_SINCE_TAG
from tests.cleanup_decision import decide

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
MADE, MARK = NOW - timedelta(days=50), NOW - timedelta(hours=30)
POLICY = IdleEndpointPolicy(3, 20, 24, 5, 1.0)
SPAN = Span(NOW - timedelta(days=3), NOW, GRAIN)
HOURS = 72


def answer(chance: random.Random) -> Answer:
    """Seventy-two hours, of which some are missing, without a value, 0, busy or nonsense."""
    kinds: dict[str, Any] = {"none": None, "zero": 0, "busy": 2.5, "text": "2", "nan": float("nan"), "least": 1e-9}
    rare = chance.choice(["none", "zero", "busy", "text", "nan", "least", "missing", "no time"])
    points = []
    for hour in range(HOURS):
        kind = rare if chance.random() < 0.03 else chance.choice(["none", "zero"])
        if kind == "missing":
            continue
        at = (SPAN.since + hour * GRAIN).isoformat().replace("+00:00", "Z")
        point = {"average": kinds.get(kind)} if kinds.get(kind) is not None or kind == "zero" else {}
        points.append({**point, **({} if kind == "no time" else {"timeStamp": at})})
    points = points[chance.choice([0, 0, 0, 0, 5]) : len(points) - chance.choice([0, 0, 1, 40])]
    metric: dict[str, Any] = {"name": {"value": METRIC}, "timeseries": [{"data": points}]}
    fault = chance.choice(["", "", "", "", "errorCode", "no metric", "no series", "no points", "another", "refused"])
    if fault == "errorCode":
        metric["errorCode"] = "InternalError"
    if fault == "no series":
        metric["timeseries"] = []
    if fault == "no points":
        metric["timeseries"] = [{"data": []}]
    if fault == "another":
        metric["name"] = {"value": "Latency"}
    return Unknown("503") if fault == "refused" else {"value": [] if fault == "no metric" else [metric]}


def told_idle(found: Answer) -> bool:
    """Whether the answer, read plainly, says of every hour at its ends and of all points that nobody asked."""
    if isinstance(found, Unknown) or not found["value"]:
        return False
    (metric,) = found["value"]
    points = [point for series in metric["timeseries"] for point in series["data"]]
    if metric["name"]["value"] != METRIC or metric.get("errorCode", "Success") != "Success" or not points:
        return False
    times = {point.get("timeStamp", "") for point in points}
    first, late = SPAN.since, NOW - timedelta(hours=3)
    ends = first.isoformat().replace("+00:00", "Z") in times and max(times) >= late.isoformat().replace("+00:00", "Z")
    return ends and "" not in times and all(point.get("average") in (None, 0) for point in points)


def usage(found: Answer) -> EndpointUsage:
    deployed = DeploymentFacts("blue", DeploymentState.SUCCEEDED, "chat:1", "Standard_A", 1, MADE)
    tags = {IDLE_SINCE_TAG: mark_value(MARK)}
    use = use_of(found, SPAN)
    return EndpointUsage("chat", "staging", True, "Succeeded", MADE, MADE, False, tags, 1, (deployed,), use)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32).map(random.Random))
def test_only_an_answer_that_says_idle_deletes(chance: random.Random) -> None:
    found = answer(chance)
    (item,) = decide([usage(found)], POLICY, NOW).items
    assert (item.state is ItemState.DELETE) == told_idle(found), item.reason


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32).map(random.Random))
def test_a_single_busy_hour_anywhere_keeps(chance: random.Random) -> None:
    found = answer(chance)
    hour = chance.randrange(HOURS)
    at = SPAN.since + hour * GRAIN
    busy = {"timeStamp": at.isoformat().replace("+00:00", "Z"), "average": 0.01}
    if not isinstance(found, Unknown) and found["value"] and found["value"][0]["timeseries"]:
        found["value"][0]["timeseries"][0]["data"].append(busy)
        use = use_of(found, SPAN)
        assert isinstance(use, Unknown) or (isinstance(use, Known) and use.last_request is not None)
        if isinstance(use, Known) and use.last_request:
            assert use.last_request >= at + GRAIN
    (item,) = decide([usage(found)], POLICY, NOW).items
    assert item.state is not ItemState.DELETE or isinstance(found, Unknown)
