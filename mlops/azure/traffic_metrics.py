"""What Azure Monitor counted of an endpoint, by deployment: requests by status code, and p95 latency.

No series is not zero requests: the newest minutes arrive late, and quiet minutes may be missing.
Source: the supported metrics of Microsoft.MachineLearningServices/workspaces/onlineEndpoints (all at PT1M, Average).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlops.azure import metrics_batch
from mlops.azure.monitor_client import NAMESPACE
from mlops.azure.workspace import Workspace
from mlops.domain.moments import parse_date
from mlops.domain.promote.canary import Numbers

REQUESTS, P95 = "RequestsPerMinute", "RequestLatency_P95"
SOURCE = "Azure Monitor"
MINUTE = timedelta(minutes=1)
MOST_SERIES = 200  # deployments times status codes


@dataclass(frozen=True)
class CountedTraffic:
    """Numbers by deployment, and up to when they are known; None when there is no point yet."""

    by_deployment: dict[str, Numbers]
    until: datetime | None


def by_deployment(workspace: Workspace, endpoint: str, *, since: datetime, until: datetime) -> CountedTraffic:
    """The whole minutes between two moments. Raises our failures, as when the metrics may not be read."""
    counts: dict[str, dict[int, float]] = {}
    slowest: dict[str, float] = {}
    newest: list[datetime] = []
    start = since.replace(second=0, microsecond=0)
    for labels, points in _series(
        workspace, endpoint, REQUESTS, "deployment eq '*' and statusCode eq '*'", start, until
    ):
        status = labels.get("statuscode", "")
        for moment, value in points:
            newest.append(moment)
            known = counts.setdefault(labels.get("deployment", ""), {})
            code = int(status) if status.isdecimal() else 0
            known[code] = known.get(code, 0.0) + value  # an average of one minute at PT1M is that minute's count
    for labels, points in _series(workspace, endpoint, P95, "deployment eq '*'", start, until):
        # Percentiles of minutes cannot be merged exactly; the worst minute is the bound that is judged.
        name = labels.get("deployment", "")
        slowest[name] = max([slowest.get(name, 0.0), *(value for _, value in points)])
    found = {name: Numbers(SOURCE, known, slowest.get(name)) for name, known in counts.items() if name}
    return CountedTraffic(found, max(newest) + MINUTE if newest else None)


def by_hour(workspace: Workspace, endpoint: str, *, since: datetime, until: datetime) -> dict[str, dict[datetime, int]]:
    """Requests of each whole hour by deployment; hours without any are left out. Raises our failures."""
    found: dict[str, dict[datetime, float]] = {}
    start = since.replace(minute=0, second=0, microsecond=0)
    for labels, points in _series(workspace, endpoint, REQUESTS, "deployment eq '*'", start, until):
        hours = found.setdefault(labels.get("deployment", ""), {})
        for moment, value in points:
            hour = moment.replace(minute=0, second=0, microsecond=0)
            hours[hour] = hours.get(hour, 0.0) + value
    return {name: {at: round(count) for at, count in hours.items()} for name, hours in found.items() if name}


def _series(
    workspace: Workspace, endpoint: str, metric: str, filter: str, since: datetime, until: datetime
) -> Iterator[tuple[dict[str, str], list[tuple[datetime, float]]]]:
    query = {
        "metricnamespace": NAMESPACE,
        "metricnames": metric,
        "aggregation": "Average",
        "interval": "PT1M",
        "filter": filter,
        "top": str(MOST_SERIES),
    }
    id, what = f"{workspace.id}/onlineEndpoints/{endpoint}", f"read {metric} of {endpoint}"
    answers = metrics_batch.ask(workspace, [id], since, max(until, since + MINUTE), query, what)
    found = [one for answer in answers for one in answer.get("value") or [] if _value(one.get("name")) == metric]
    for series in (series for one in found for series in one.get("timeseries") or []):
        labels = series.get("metadatavalues") or []
        yield {_value(item.get("name")).lower(): str(item.get("value")) for item in labels}, list(_points(series))


def _points(series: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    for point in series.get("data") or []:
        moment = parse_date(point.get("timeStamp"))
        if moment and point.get("average") is not None:
            yield moment, float(point["average"])


def _value(name: Any) -> str:
    """What Azure Monitor calls a metric or a dimension, beside how it is called in a language."""
    return str((name or {}).get("value", ""))
