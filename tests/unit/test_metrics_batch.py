"""What is asked of Azure Monitor is what Microsoft's own client asks: the same request, the same token."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from azure.monitor.querymetrics import MetricAggregationType, MetricsClient
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from mlops.azure import connections, metrics_batch, traffic_metrics
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.clouds import PUBLIC

UNTIL = datetime(2026, 11, 29, 12, 30, 1, 123456, UTC)
SINCE = UNTIL - timedelta(hours=2)
FILTER = "deployment eq '*' and statusCode eq '*'"
ENDPOINT = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e"
)
SERIES = {
    "metadatavalues": [
        {"name": {"value": "deployment"}, "value": "blue"},
        {"name": {"value": "statuscode"}, "value": "200"},
    ],
    "data": [{"timeStamp": "2026-11-29T12:00:00Z", "average": 3.0}, {"timeStamp": "2026-11-29T12:01:00Z"}],
}
ANSWER = {
    "values": [
        {
            "starttime": "2026-11-29T10:30:00Z",
            "endtime": "2026-11-29T12:30:00Z",
            "interval": "PT1M",
            "resourceid": ENDPOINT,
            "resourceregion": "eastus",
            "value": [{"id": "i", "name": {"value": "RequestsPerMinute"}, "type": "t", "timeseries": [SERIES]}],
        }
    ]
}


class Wire(HTTPAdapter):
    """Keeps what is sent, and answers as Azure Monitor."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str | None, str, dict[str, list[str]], Any]] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """No network."""
        place = urlsplit(str(request.url))
        query, body = (
            parse_qs(place.query),
            json.loads(bytes(request.body or b"") if isinstance(request.body, bytes) else str(request.body)),
        )
        self.sent.append((request.method, f"{place.netloc}{place.path}", query, body))
        told = BytesIO(json.dumps(ANSWER).encode())
        headers = {"Content-Type": "application/json"}
        return self.build_response(request, HTTPResponse(told, headers, 200, preload_content=False))

    def transport(self, *_: Any, **__: Any) -> RequestsTransport:
        """One over it."""
        session = requests.Session()
        session.mount("https://", self)
        return RequestsTransport(session=session)


class Asked:
    """A credential that keeps for what a token is wanted."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("t", 4_000_000_000)


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, Wire, Asked]:
    wire, credential = Wire(), Asked()
    monkeypatch.setattr(connections, "of", wire.transport)
    found = Workspace(Target("azure", "s", "g", "w", "told", cloud=PUBLIC), credential)
    found.remember(("description",), {"location": "eastus", "properties": {"a": 1}})
    return found, wire, credential


def test_the_request_and_its_token_are_those_of_microsofts_client(workspace: tuple[Workspace, Wire, Asked]) -> None:
    here, wire, credential = workspace
    query = {
        "metricnamespace": "N",
        "metricnames": "RequestsPerMinute",
        "aggregation": "Average",
        "interval": "PT1M",
        "filter": FILTER,
        "top": "200",
    }
    ours = metrics_batch.ask(here, [ENDPOINT], SINCE, UNTIL, query, "look")
    host = "https://eastus.metrics.monitor.azure.com"
    MetricsClient(host, credential, transport=wire.transport()).query_resources(
        resource_ids=[ENDPOINT],
        metric_namespace="N",
        metric_names=["RequestsPerMinute"],
        timespan=(SINCE, UNTIL),
        granularity=timedelta(minutes=1),
        aggregations=[MetricAggregationType.AVERAGE],
        filter=FILTER,
        max_results=200,
    )
    assert ours == ANSWER["values"]
    assert wire.sent[0] == wire.sent[1]
    assert credential.scopes == ["https://metrics.monitor.azure.com/.default"] * 2


def test_a_point_without_a_value_is_no_point(workspace: tuple[Workspace, Wire, Asked]) -> None:
    counted = traffic_metrics.by_deployment(workspace[0], "e", since=SINCE, until=UNTIL)
    assert counted.by_deployment["blue"].requests == {200: 3.0}
    assert counted.until == datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
