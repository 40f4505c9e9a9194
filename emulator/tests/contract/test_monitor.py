"""Azure Monitor through the unmodified client: what arrived is counted, idle minutes have no value, it comes late."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import (
    Call,
    arm,
    asker,
    delete_endpoint,
    deploy,
    make_endpoint,
    set_traffic,
    workspace_id,
)

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

NAME = "monitor-served"
NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
ASKED = 5
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def now(address: Address) -> datetime:
    return datetime.fromisoformat(process.control(address, "GET", "/status")["now"].replace("Z", "+00:00"))


def resource(name: str = NAME) -> str:
    return f"{workspace_id()}/onlineEndpoints/{name}"


@pytest.fixture(scope="module")
def used(api: Call, emulator_address: Address, ml_client: "MLClient") -> Iterator[datetime]:
    """An endpoint two hours old that was asked five times, an hour after it was made; gives the time of the asking."""
    make_endpoint(ml_client, NAME)
    deploy(ml_client, NAME, "blue")
    set_traffic(ml_client, NAME, blue=100)
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 3600})
    moment = now(emulator_address)
    ask = asker(api, ml_client, NAME)
    for _ in range(ASKED):
        assert ask().status == 200
    assert ask(**{"azureml-model-deployment": "none"}).status == 404
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 3600})
    yield moment
    delete_endpoint(ml_client, NAME)


def query(address: Address, *metrics: str, **more: Any) -> Any:
    from azure.identity import DefaultAzureCredential
    from azure.monitor.querymetrics import MetricAggregationType, MetricsClient

    end = now(address)
    given = {"timespan": (end - 3 * HOUR, end), "granularity": MINUTE, **more}
    client = MetricsClient("https://eastus.metrics.monitor.azure.com", DefaultAzureCredential())
    (result,) = client.query_resources(
        resource_ids=[resource()],
        metric_namespace=NAMESPACE,
        metric_names=list(metrics) or ["RequestsPerMinute"],
        aggregations=[MetricAggregationType.AVERAGE],
        **given,
    )
    return result


def values(metric: Any) -> list[float]:
    return [point.average for series in metric.timeseries for point in series.data if point.average is not None]


def test_what_arrived_is_counted_minute_by_minute(emulator_address: Address, used: datetime) -> None:
    (metric,) = query(emulator_address).metrics
    (series,) = metric.timeseries
    busy = [point for point in series.data if point.average]
    assert sum(point.average for point in busy) == ASKED + 1
    assert all(used - MINUTE < point.timestamp <= used + MINUTE for point in busy)


def test_idle_minutes_have_a_time_and_no_value(emulator_address: Address, used: datetime) -> None:
    (metric,) = query(emulator_address).metrics
    assert len([point for point in metric.timeseries[0].data if point.average is None]) > 60


def test_there_are_no_points_before_the_endpoint_was_made_nor_of_the_newest_minutes(
    emulator_address: Address, used: datetime
) -> None:
    points = query(emulator_address).metrics[0].timeseries[0].data
    assert used - HOUR - 2 * MINUTE < points[0].timestamp <= used - HOUR + MINUTE
    late = now(emulator_address) - points[-1].timestamp
    assert 4 * MINUTE <= late < 6 * MINUTE


def test_how_late_it_is_can_be_set(emulator_address: Address, used: datetime) -> None:
    process.control(emulator_address, "PUT", "/settings/monitor.lag_seconds", {"value": "600"})
    points = query(emulator_address).metrics[0].timeseries[0].data
    process.control(emulator_address, "PUT", "/settings/monitor.lag_seconds", {"value": ""})
    assert now(emulator_address) - points[-1].timestamp >= 11 * MINUTE


def test_a_filter_takes_some_and_tells_whose_they_are(emulator_address: Address, used: datetime) -> None:
    (metric,) = query(emulator_address, filter="deployment eq 'blue' or deployment eq 'green'").metrics
    assert [series.metadata_values for series in metric.timeseries] == [{"deployment": "blue"}]
    assert sum(values(metric)) == ASKED
    (classes,) = query(emulator_address, filter="statusCodeClass eq '*'").metrics
    assert [series.metadata_values["statuscodeclass"] for series in classes.timeseries] == ["2xx", "4xx"]
    (both,) = query(emulator_address, filter="deployment eq 'blue' and statusCode eq '404'").metrics
    assert both.timeseries == []


def test_latencies_are_ordered_as_percentiles_are(emulator_address: Address, used: datetime) -> None:
    names = ("RequestLatency", "RequestLatency_P50", "RequestLatency_P90", "RequestLatency_P95", "RequestLatency_P99")
    metrics = query(emulator_address, *names, granularity=HOUR).metrics
    assert [metric.name for metric in metrics] == list(names)
    assert {str(metric.unit) for metric in metrics} == {"MilliSeconds"}
    average, *percentiles = (max(values(metric)) for metric in metrics)
    assert percentiles[0] > 0
    assert 0 < average <= percentiles[-1], "a mean may lie below the median, but not above the largest"
    assert percentiles == sorted(percentiles)


@pytest.mark.parametrize(("grain", "most"), [("PT5M", 36), ("PT1H", 3), ("PT6H", 1), ("P1D", 1), ("FULL", 1)])
def test_an_interval_groups_the_minutes(
    api: Call, emulator_address: Address, used: datetime, grain: str, most: int
) -> None:
    end = now(emulator_address)
    path = f"onlineEndpoints/{NAME}/providers/Microsoft.Insights/metrics"
    span = f"{(end - 3 * HOUR).strftime('%Y-%m-%dT%H:%M:%SZ')}/{end.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    url = arm(f"{path}?metricnames=RequestsPerMinute&timespan={span}&interval={grain}&aggregation=Average")
    answer = api("GET", url).json()
    points = answer["value"][0]["timeseries"][0]["data"]
    assert 0 < len(points) <= most
    assert any(point.get("average") for point in points)
    assert answer["interval"] == ("PT3H" if grain == "FULL" else grain)
    assert answer["namespace"] == NAMESPACE


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("metricnames=Nothing", "RequestsPerMinute"),
        ("", "RequestsPerMinute"),
        ("metricnames=RequestsPerMinute&interval=PT3M", "supported ones are: 00:01:00,"),
        ("metricnames=RequestsPerMinute&timespan=yesterday/today", "time span"),
        ("metricnames=RequestsPerMinute&timespan=2026-02-02T00:00:00Z/2026-02-01T00:00:00Z", "before the end"),
        ("metricnames=RequestsPerMinute&aggregation=Total", "Average"),
        ("metricnames=RequestsPerMinute&$filter=colour eq 'red'", "dimension"),
        ("metricnames=RequestLatency&$filter=statusCode eq '200'", "dimension"),
        ("metricnames=RequestsPerMinute&$filter=deployment sw 'b'", "not understood"),
    ],
)
def test_what_cannot_be_asked_is_refused(api: Call, used: datetime, asked: str, said: str) -> None:
    url = arm(f"onlineEndpoints/{NAME}/providers/Microsoft.Insights/metrics?{asked}".replace(" ", "%20"))
    answer = api("GET", url)
    assert answer.status == 400
    assert said in answer.json()["error"]["message"]


def test_the_batch_call_needs_a_token_and_resources_that_exist(api: Call, used: datetime) -> None:
    from azure.identity import DefaultAzureCredential

    subscription = workspace_id().split("/")[2]

    def status(region: str, *ids: str, **more: Any) -> int:
        url = f"https://{region}.metrics.monitor.azure.com/subscriptions/{subscription}/metrics:getBatch"
        body, signed = {"resourceids": list(ids)}, {"token": False, "Authorization": f"Bearer {bearer}", **more}
        return api("POST", f"{url}?api-version=2024-02-01&metricnames=RequestsPerMinute", body, **signed).status

    bearer = DefaultAzureCredential().get_token("https://metrics.monitor.azure.com/.default").token
    assert status("eastus", resource()) == 200
    assert status("eastus", resource(), token=True, Authorization="") == 401, "a token for another audience"
    assert status("eastus", resource(), Authorization="") == 401
    assert status("eastus", resource("monitor-none")) == 400
    assert status("westus", resource()) == 400
    assert status("eastus") == 400
    assert status("eastus", *[resource()] * 51) == 400
