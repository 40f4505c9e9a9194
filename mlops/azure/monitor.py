"""How much an endpoint was used, from Azure Monitor, for many endpoints in one call.

Zero traffic shows as points without a value, or as zeros; no series at all, or an error, is not zero but unknown.
Source: the supported metrics of Microsoft.MachineLearningServices/workspaces/onlineEndpoints.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace
from mlops.domain.idle import Activity, Known, Unknown

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
METRIC = "RequestsPerMinute"
BATCH = 50  # resources a call may name
GRAIN = timedelta(hours=1)


def activity(
    workspace: Workspace, endpoint_ids: Sequence[str], *, since: datetime, until: datetime
) -> dict[str, Activity]:
    """Requests of each endpoint between two moments, by lower-case resource id."""
    from azure.monitor.querymetrics import MetricAggregationType, MetricsClient

    client = MetricsClient(f"https://{workspace.location}.metrics.monitor.azure.com", workspace.credential)
    found: dict[str, Activity] = {id.lower(): Unknown("Azure Monitor gave no series for it") for id in endpoint_ids}
    for start in range(0, len(endpoint_ids), BATCH):
        batch = list(endpoint_ids[start : start + BATCH])
        answered: list[str] = []
        with translated("read the traffic of the endpoints"):
            results = client.query_resources(
                resource_ids=batch,
                metric_namespace=NAMESPACE,
                metric_names=[METRIC],
                timespan=(since, until),
                granularity=GRAIN,
                aggregations=[MetricAggregationType.AVERAGE],
                raw_response_hook=lambda reply, ids=answered: ids.extend(_ids(reply.http_response.text())),
            )
        for id, result in zip(answered, results, strict=True):
            found[id.lower()] = _read(result, since, until)
    return found


def _ids(body: str) -> list[str]:
    """Whose series stand where: the client drops the ids, and an endpoint must never be judged by another's traffic."""
    return [str(item["resourceid"]) for item in json.loads(body).get("values", [])]


def _read(result: Any, since: datetime, until: datetime) -> Activity:
    series = [element for metric in result.metrics if metric.name == METRIC for element in metric.timeseries]
    points = [point for element in series for point in element.data]
    if not points:
        return Unknown("Azure Monitor has no points for it")
    minutes = GRAIN.total_seconds() / 60
    busy = [point for point in points if point.average]
    return Known(
        last_request=max((point.timestamp + GRAIN for point in busy), default=None),
        requests=sum(point.average * minutes for point in busy),
        window_start=since,
        window_end=until,
        points=len(points),
    )
