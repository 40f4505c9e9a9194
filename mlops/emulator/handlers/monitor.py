"""Azure Monitor's metrics of online endpoints, computed from the requests that really arrived.

Points of an interval without traffic have a time and no value; before the endpoint was made there are none; the newest
minutes are missing, as ingestion is late. Source: supported metrics of workspaces/onlineEndpoints; metrics REST API.
"""

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.emulator.clock import parse
from mlops.emulator.errors import ServiceError
from mlops.emulator.handlers import workspace as workspaces
from mlops.emulator.request import Json, Reply, Request
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
PERCENTILES = {"RequestLatency_P50": 50, "RequestLatency_P90": 90, "RequestLatency_P95": 95, "RequestLatency_P99": 99}
METRICS = {"RequestsPerMinute": "Count", "RequestLatency": "MilliSeconds", **dict.fromkeys(PERCENTILES, "MilliSeconds")}
INTERVALS = {
    "PT1M": 60,
    "PT5M": 300,
    "PT15M": 900,
    "PT30M": 1800,
    "PT1H": 3600,
    "PT6H": 21600,
    "PT12H": 43200,
    "P1D": 86400,
}
LAG_SETTING, LAG_SECONDS = "monitor.lag_seconds", 180
MOST_RESOURCES = 50
DIMENSIONS = ("deployment", "statusCode", "statusCodeClass")
_CONDITION = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """What is asked: metrics, a time span, an interval in seconds (0 = the whole span), a filter on dimensions."""

    names: tuple[str, ...]
    since: datetime
    until: datetime
    interval: int
    conditions: tuple[tuple[str, str], ...]
    text: str  # the interval as it was written


def for_resource(request: Request, emulator: Emulator) -> Reply:
    """GET {endpoint}/providers/Microsoft.Insights/metrics."""
    workspace = workspaces.require(request, emulator)
    endpoint = emulator.store.get(f"{workspace.id}/onlineEndpoints/{request.params['name']}")
    if endpoint is None:
        what = f"workspaces/{workspace.name}/onlineEndpoints/{request.params['name']}"
        raise workspaces.not_found(what, request.params["rg"])
    query = _query(request.query, emulator)
    return Reply(200, _answer(emulator, endpoint, query))


def batch(request: Request, emulator: Emulator) -> Reply:
    """POST metrics:getBatch of up to 50 resources of one region."""
    ids = [str(id) for id in request.json().get("resourceids") or []]
    if not 0 < len(ids) <= MOST_RESOURCES:
        raise ServiceError(400, "BadRequest", f"1 to {MOST_RESOURCES} resource ids are needed, not {len(ids)}.")
    stated = {**request.query}
    query = _query(stated, emulator)
    values = []
    for id in ids:
        endpoint = emulator.store.get(id)
        if endpoint is None:
            raise ServiceError(400, "ResourceNotFound", f"The resource {id} was not found.")
        values.append(
            {
                **_answer(emulator, endpoint, query),
                "resourceid": id,
                "starttime": _iso(query.since),
                "endtime": _iso(query.until),
            }
        )
    return Reply(200, {"values": values})


def _query(stated: dict[str, str], emulator: Emulator) -> Query:
    names = tuple(name for name in stated.get("metricnames", "").split(",") if name)
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        text = (
            f"Failed to find metric configuration for provider, resource Type: {NAMESPACE}, "
            f"metric: {', '.join(unknown)}. Valid metrics: {','.join(METRICS)}"
        )
        raise ServiceError(400, "BadRequest", text)
    now = emulator.clock.now()
    since, until = _span(stated, now)
    text = stated.get("interval") or "PT1M"
    if text.upper() != "FULL" and text not in INTERVALS:
        raise ServiceError(400, "BadRequest", f"Invalid time grain {text}; one of {', '.join(INTERVALS)}, FULL.")
    conditions = tuple(_CONDITION.findall(stated.get("filter") or stated.get("$filter") or ""))
    for name, _ in conditions:
        if name not in DIMENSIONS:
            raise ServiceError(400, "BadRequest", f"The dimension {name} is not one of {', '.join(DIMENSIONS)}.")
    return Query(names, since, until, INTERVALS.get(text, 0), conditions, text)


def _span(stated: dict[str, str], now: datetime) -> tuple[datetime, datetime]:
    if stated.get("starttime"):
        return parse(stated["starttime"]), parse(stated["endtime"]) if stated.get("endtime") else now
    if "/" in stated.get("timespan", ""):
        first, last = stated["timespan"].split("/")
        return parse(first), parse(last)
    return now - timedelta(hours=1), now


def _answer(emulator: Emulator, endpoint: Resource, query: Query) -> Json:
    rows = emulator.store.database.execute(
        "SELECT at, deployment, status, milliseconds FROM requests "
        "WHERE endpoint = ? AND mirrored = 0 AND at >= ? AND at < ?",
        (endpoint.name.lower(), query.since.timestamp(), query.until.timestamp()),
    ).fetchall()
    return {
        "cost": 0,
        "timespan": f"{_iso(query.since)}/{_iso(query.until)}",
        "interval": query.text,
        "namespace": NAMESPACE,
        "resourceregion": endpoint.body["location"],
        "value": [_metric(emulator, endpoint, query, name, rows) for name in query.names],
    }


def _metric(emulator: Emulator, endpoint: Resource, query: Query, name: str, rows: list[Any]) -> Json:
    groups: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for row in rows:
        found = {"deployment": row[1], "statusCode": str(row[2]), "statusCodeClass": f"{row[2] // 100}xx"}
        if all(wanted in ("*", found[key]) for key, wanted in query.conditions):
            groups[tuple(found[key] for key, _ in query.conditions)].append(row)
    if not query.conditions and not groups:
        groups[()] = []
    series = [
        {
            "metadatavalues": [
                {"name": {"value": key, "localizedValue": key}, "value": value}
                for (key, _), value in zip(query.conditions, group, strict=True)
            ],
            "data": _points(emulator, endpoint, query, name, members),
        }
        for group, members in sorted(groups.items())
    ]
    return {
        "id": f"{endpoint.id}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "displayDescription": "",
        "unit": METRICS[name],
        "errorCode": "Success",
        "timeseries": [one for one in series if one["data"]],
    }


def _points(emulator: Emulator, endpoint: Resource, query: Query, name: str, rows: list[Any]) -> list[Json]:
    """One point an interval, from the creation of the endpoint to the end of what has been ingested."""
    lag = float(emulator.store.setting(LAG_SETTING, str(LAG_SECONDS)))
    made = parse(endpoint.body["systemData"]["createdAt"]).timestamp()
    ingested = emulator.clock.now().timestamp() - lag
    first, last = max(query.since.timestamp(), made), min(query.until.timestamp(), ingested)
    if last <= first:
        return []
    step = query.interval or (last - first)
    start = math.floor(first / step) * step if query.interval else first
    buckets: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row[0] < last:
            buckets[int((row[0] - start) // step)].append(row)
    count = math.ceil((last - start) / step)
    return [
        {
            "timeStamp": _iso(datetime.fromtimestamp(start + index * step, UTC)),
            **_value(name, buckets.get(index, []), step),
        }
        for index in range(count)
    ]


def _value(name: str, rows: list[Any], step: float) -> Json:
    """The average over the minutes that had traffic; nothing when none had."""
    if not rows:
        return {}
    if name == "RequestsPerMinute":
        minutes = len({int(row[0] // 60) for row in rows})
        return {"average": len(rows) / (minutes if step > 60 else 1)}
    times = sorted(row[3] for row in rows)
    if name in PERCENTILES:
        return {"average": times[min(len(times) - 1, math.ceil(PERCENTILES[name] / 100 * len(times)) - 1)]}
    return {"average": sum(times) / len(times)}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
