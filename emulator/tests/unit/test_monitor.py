"""The arithmetic of the emulated Azure Monitor, without a server: grids, averages, filters, dimensions, retention."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.core.clock import iso
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra.tokens import sign
from azureml_emulator.services.online_endpoints import monitor

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e"
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """An endpoint made at START, and a clock that stands thirty days later."""
    made = Emulator(tmp_path)
    body = {"location": "eastus", "systemData": {"createdAt": iso(START)}}
    made.store.put(ID, body, parent="/w", kind="onlineEndpoints", name="e")
    offset = START + timedelta(days=30) - made.clock.now()
    made.store.set_setting("clock.offset", str(offset.total_seconds()))
    yield made
    made.close()


TOKEN = sign({"aud": monitor.AUDIENCES[0], "exp": time.time() + 3600})


def arrive(emulator: Emulator, minutes: float, *, milliseconds: float = 10, status: int = 200, **more: Any) -> None:
    """One request, so many minutes after START."""
    at = (START + timedelta(minutes=minutes)).timestamp()
    row = ("e", more.get("deployment", "blue"), at, status, status, milliseconds, int(more.get("mirrored", False)))
    emulator.store.database.execute("INSERT INTO requests VALUES (?,?,?,?,?,?,?)", row)


def series(
    emulator: Emulator, *, hours: float = 1, since: datetime = START, metric: str = "RequestsPerMinute", **more: str
) -> list[dict[str, Any]]:
    """The time series of one metric over so many hours."""
    query = {"metricnames": metric, "starttime": iso(since), "endtime": iso(since + hours * HOUR), **more}
    request = Request(
        "POST",
        "eastus.metrics.monitor.azure.com",
        "/",
        query_string="&".join(f"{name}={value}" for name, value in query.items()),
        headers={"authorization": f"Bearer {TOKEN}"},
        body=json.dumps({"resourceids": [ID]}).encode(),
        params={"sub": "s", "region": "eastus"},
    )
    found: list[dict[str, Any]] = monitor.batch(request, emulator).body["values"][0]["value"][0]["timeseries"]
    return found


def averages(found: list[dict[str, Any]]) -> dict[str, float]:
    """Time of day -> average, of the only series."""
    (one,) = found
    return {point["timeStamp"][11:16]: point["average"] for point in one["data"] if "average" in point}


def test_a_minute_counts_its_requests(emulator: Emulator) -> None:
    for minutes in (5, 5.5, 5.99, 7):
        arrive(emulator, minutes)
    found = series(emulator)
    assert averages(found) == {"12:05": 3, "12:07": 1}
    assert [point["timeStamp"][11:16] for point in found[0]["data"]] == [f"12:{minute:02}" for minute in range(60)]


def test_a_longer_interval_averages_the_minutes_that_had_traffic(emulator: Emulator) -> None:
    for minutes in (5, 5.5, 20, 65):
        arrive(emulator, minutes)
    assert averages(series(emulator, hours=2, interval="PT1H")) == {"12:00": 1.5, "13:00": 1}
    assert averages(series(emulator, hours=2, interval="FULL")) == {"12:00": pytest.approx(4 / 3)}


def test_the_grid_begins_where_the_span_does_and_points_where_the_endpoint_does(emulator: Emulator) -> None:
    arrive(emulator, 10)
    found = series(emulator, since=START - 2.5 * HOUR, hours=5, interval="PT1H")
    assert [point["timeStamp"][11:16] for point in found[0]["data"]] == ["11:30", "12:30", "13:30"]
    assert averages(found) == {"11:30": 1}


def test_before_the_endpoint_and_after_the_lag_there_is_nothing(emulator: Emulator) -> None:
    assert series(emulator, since=START - 3 * HOUR, hours=2) == []
    now = emulator.clock.now()
    assert series(emulator, since=now - timedelta(minutes=3), hours=0.04) == []
    emulator.store.set_setting(monitor.LAG_SETTING, "0")
    assert len(series(emulator, since=now - timedelta(minutes=3), hours=0.05)[0]["data"]) == 3


def test_what_is_older_than_the_retention_is_gone(emulator: Emulator) -> None:
    arrive(emulator, 5)
    assert averages(series(emulator, interval="PT1H"))
    emulator.clock.advance(timedelta(days=64).total_seconds())
    assert series(emulator, interval="PT1H") == []


def test_requests_of_an_earlier_endpoint_of_the_same_name_do_not_count(emulator: Emulator) -> None:
    arrive(emulator, -30)
    assert averages(series(emulator, since=START - HOUR, hours=3, interval="FULL")) == {}


def test_mirrored_requests_do_not_count(emulator: Emulator) -> None:
    arrive(emulator, 5, mirrored=True)
    assert averages(series(emulator)) == {}


def test_percentiles_are_of_the_requests_that_a_container_answered(emulator: Emulator) -> None:
    for milliseconds in range(1, 101):
        arrive(emulator, 5, milliseconds=milliseconds)
    arrive(emulator, 5, milliseconds=0, status=429)
    for name, expected in (("", 50.5), ("_P50", 50), ("_P90", 90), ("_P95", 95), ("_P99", 99)):
        assert averages(series(emulator, metric=f"RequestLatency{name}")) == {"12:05": expected}


def test_or_joins_values_of_a_dimension_and_and_joins_dimensions(emulator: Emulator) -> None:
    for deployment, status in (("blue", 200), ("blue", 424), ("green", 200), ("red", 200)):
        arrive(emulator, 5, deployment=deployment, status=status)

    def groups(text: str, top: str = "10") -> list[list[str]]:
        found = series(emulator, filter=text.replace(" ", "%20"), top=top)
        return sorted([pair["value"] for pair in one["metadatavalues"]] for one in found)

    assert groups("deployment eq 'blue' or deployment eq 'red'") == [["blue"], ["red"]]
    assert groups("deployment eq '*'") == [["blue"], ["green"], ["red"]]
    assert groups("deployment eq '*'", top="1") == [["blue"]]
    assert groups("(deployment eq 'blue') and (statusCodeClass eq '4xx')") == [["blue", "4xx"]]
    assert groups("STATUSCODE eq '*' and deployment eq 'blue'") == [["200", "blue"], ["424", "blue"]]
    assert groups("deployment eq 'nobody'") == []


@pytest.mark.parametrize(
    "stated",
    [
        {"metricnames": ""},
        {"metricnames": "RequestsPerMinute,Other"},
        {"metricnames": "RequestsPerMinute", "metricnamespace": "Microsoft.Storage/storageAccounts"},
        {"metricnames": "RequestsPerMinute", "interval": "PT2H"},
        {"metricnames": "RequestsPerMinute", "aggregation": "average,total"},
        {"metricnames": "RequestsPerMinute", "starttime": "soon"},
        {"metricnames": "RequestsPerMinute", "filter": "deployment ne 'blue'"},
        {"metricnames": "RequestsPerMinute,RequestLatency", "filter": "statusCode eq '200'"},
    ],
)
def test_a_query_that_the_service_refuses_is_refused(stated: dict[str, str]) -> None:
    with pytest.raises(ServiceError) as caught:
        monitor.read_query(stated, START)
    assert caught.value.status == 400


def test_names_ignore_case_and_the_last_hour_is_the_default() -> None:
    found = monitor.read_query({"metricnames": "requestsperminute, REQUESTLATENCY"}, START)
    assert found.names == ("RequestsPerMinute", "RequestLatency")
    assert (found.until - found.since, found.interval, found.text) == (3600, 60, "PT1M")
