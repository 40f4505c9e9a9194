"""Azure Monitor's metrics of online endpoints, computed from the requests that really arrived.

It must not write anything. Points of an interval without traffic have a time and no value; before the endpoint was made
there are none; the newest minutes are missing, as ingestion is late.
Sources: supported metrics of workspaces/onlineEndpoints; the REST API and its examples (GetMetric.json: the names
of dimensions in lower case; GetMetricError.json: FULL is answered with the interval that the span is).
"""

import math
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from azureml_emulator.core.body_types import stated
from azureml_emulator.core.clock import parse
from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import authorize, tokens
from azureml_emulator.services.entra.actions import Asked
from azureml_emulator.services.online_endpoints.endpoint_resource import KIND, OnlineEndpoint
from azureml_emulator.services.workspaces import scope

AUDIENCES = ("https://metrics.monitor.azure.com", "https://metrics.monitor.azure.com/")
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
RETENTION = timedelta(days=93)
MOST_SERIES = 10  # with a filter, unless `top` says otherwise
AGGREGATIONS = ("average", "count", "maximum", "minimum", "total")
# the value of a dimension of a row of `Visible`; latencies are only kept by deployment
DIMENSIONS: dict[str, Callable[[Any], str]] = {
    "deployment": lambda row: str(row[1]),
    "statusCode": lambda row: str(row[2]),
    "statusCodeClass": lambda row: f"{row[2] // 100}xx",
    "modelStatusCode": lambda row: str(row[3]),
}
LATENCY_DIMENSIONS = ("deployment",)
_TIME = itemgetter(0)
_CONDITION = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)
_JOINTS = re.compile(r"[\s()]*(?:\b(?:and|or)\b)?[\s()]*", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """What is asked: metrics, a time span, the seconds of a point, the wanted values of dimensions (`*` is any)."""

    names: tuple[str, ...]
    since: float
    until: float
    interval: int
    text: str  # the interval as it is answered
    wanted: dict[str, set[str]] = field(default_factory=dict)
    top: int = MOST_SERIES


@dataclass(frozen=True)
class Visible:
    """What Monitor has of one endpoint for a query: where points start and end, in seconds, and the requests."""

    first: float
    last: float
    rows: list[tuple[float, str, int, int, float]]  # at, deployment, status, model status, milliseconds


def for_resource(request: Request, emulator: Emulator) -> Reply:
    """GET {endpoint}/providers/Microsoft.Insights/metrics."""
    workspace = scope.require(request, emulator)
    endpoint = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if endpoint is None:
        what = f"workspaces/{workspace.name}/{KIND}/{request.params['name']}"
        raise scope.not_found(what, request.params["rg"])
    return Reply(200, _answer(emulator, OnlineEndpoint.read(endpoint), read_query(request.query, emulator.clock.now())))


def batch(request: Request, emulator: Emulator) -> Reply:
    """POST metrics:getBatch of up to 50 resources of one region and subscription."""
    principal = tokens.check(request.headers.get("authorization", ""), AUDIENCES)
    ids = stated(request.json(), {"resourceids": ["text"]}).get("resourceids") or []
    if not 0 < len(ids) <= MOST_RESOURCES:
        raise bad_request(f"1 to {MOST_RESOURCES} resource ids are needed, not {len(ids)}.")
    query = read_query(request.query, emulator.clock.now())
    values = []
    for id in ids:
        authorize.demand(emulator, principal, Asked("Microsoft.Insights/metrics/read", id))
        found = emulator.store.get(id)
        if found is None or found.kind != KIND:
            raise bad_request(f"The resource {id} was not found.", code="ResourceNotFound")
        endpoint = OnlineEndpoint.read(found)
        if endpoint.location.lower() != request.params["region"].lower():
            raise bad_request(f"The resource {id} is not in the region {request.params['region']}.")
        if not id.lower().startswith(f"/subscriptions/{request.params['sub']}/".lower()):
            raise bad_request(f"The resource {id} is not in the subscription {request.params['sub']}.")
        span = {"starttime": _iso(query.since), "endtime": _iso(query.until)}
        values.append({**_answer(emulator, endpoint, query), **span, "resourceid": id})
    return Reply(200, {"values": values})


def read_query(stated: dict[str, str], now: datetime) -> Query:
    """The query string of either call. Raises 400 with the service's words where they are known."""
    namespace = stated.get("metricnamespace") or NAMESPACE
    known = {name.lower(): name for name in METRICS} if namespace.lower() == NAMESPACE.lower() else {}
    asked = [name.strip() for name in stated.get("metricnames", "").split(",") if name.strip()]
    unknown = [name for name in asked if name.lower() not in known]
    if unknown or not asked:
        text = (
            f"Failed to find metric configuration for provider: Microsoft.MachineLearningServices, resource Type: "
            f"workspaces/onlineEndpoints, metric: {','.join(unknown)}, Valid metrics: {','.join(known.values())}"
        )
        raise bad_request(text)
    names = tuple(known[name.lower()] for name in asked)
    _check_aggregations(stated.get("aggregation") or "average")
    since, until = _span(stated, now)
    text = (stated.get("interval") or "PT1M").upper()
    if text == "FULL":
        step, text = max(60, int(until - since)), _duration(until - since)
    elif text in INTERVALS:
        step = INTERVALS[text]
    else:
        grains = ",".join(_clock_text(seconds) for seconds in INTERVALS.values())
        raise bad_request(f"Invalid time grain duration: {text}, supported ones are: {grains}")
    wanted = _filter(stated.get("filter") or stated.get("$filter") or "", names)
    top = int(stated["top"]) if stated.get("top", "").isdecimal() else MOST_SERIES
    return Query(names, since, until, step, text, wanted, top)


def _check_aggregations(text: str) -> None:
    for name in (part.strip().lower() for part in text.split(",")):
        if name not in AGGREGATIONS:
            raise bad_request(f"Invalid aggregation {name!r}; one of {', '.join(AGGREGATIONS)}.")
        if name != "average":
            raise bad_request(f"These metrics do not support the aggregation {name}; supported: Average.")


def _span(stated: dict[str, str], now: datetime) -> tuple[float, float]:
    """From and to, in whole minutes; the last hour when nothing is said."""
    try:
        if stated.get("starttime"):
            since, until = parse(stated["starttime"]), parse(stated["endtime"]) if stated.get("endtime") else now
        elif "/" in stated.get("timespan", ""):
            since, until = (parse(part) for part in stated["timespan"].split("/"))
        else:
            since, until = now - timedelta(hours=1), now
    except ValueError as error:
        raise bad_request(f"The time span cannot be read: {error}") from error
    if since >= until:
        raise bad_request(f"The start time {_iso(since.timestamp())} is not before the end time.")
    return since.timestamp() // 60 * 60, until.timestamp() // 60 * 60


def _filter(text: str, names: tuple[str, ...]) -> dict[str, set[str]]:
    """`a eq 'x' and b eq 'y' or b eq 'z'`: `or` joins values of one dimension, `and` joins dimensions."""
    if _JOINTS.sub("", _CONDITION.sub("", text)).strip():
        raise bad_request(f"The filter {text!r} is not understood; the emulator knows eq, and, or.")
    allowed = tuple(DIMENSIONS) if all(name == "RequestsPerMinute" for name in names) else LATENCY_DIMENSIONS
    proper = {name.lower(): name for name in allowed}
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, value in _CONDITION.findall(text):
        if name.lower() not in proper:
            raise bad_request(f"Metric: {names[0]} does not support requested dimension combination: {name.lower()}")
        wanted[proper[name.lower()]].add(value)
    return dict(wanted)


def _answer(emulator: Emulator, endpoint: OnlineEndpoint, query: Query) -> Json:
    visible = _visible(emulator, endpoint, query)
    return {
        "cost": 0,
        "timespan": f"{_iso(query.since)}/{_iso(query.until)}",
        "interval": query.text,
        "namespace": NAMESPACE,
        "resourceregion": endpoint.location,
        "value": [_metric(endpoint, query, name, visible) for name in query.names],
    }


def _visible(emulator: Emulator, endpoint: OnlineEndpoint, query: Query) -> Visible:
    """Points lie on a grid that begins at the start of the span; the grid's points outside the endpoint's life go."""
    now = emulator.clock.now()
    lag = float(emulator.store.setting(LAG_SETTING, str(LAG_SECONDS)))
    made = parse(endpoint.system_data["createdAt"]).timestamp()
    first = max(query.since, made, (now - RETENTION).timestamp())
    last = min(query.until, (now.timestamp() - lag) // 60 * 60)
    start = query.since + (first - query.since) // query.interval * query.interval
    rows = emulator.store.database.execute(
        "SELECT at, deployment, status, model_status, milliseconds FROM requests "
        "WHERE endpoint = ? AND mirrored = 0 AND at >= ? AND at < ? ORDER BY at",
        (endpoint.name.lower(), first, last),
    ).fetchall()
    return Visible(start, last, rows)


def _metric(endpoint: OnlineEndpoint, query: Query, name: str, visible: Visible) -> Json:
    # a request that was refused before any container has no latency
    rows = visible.rows if name == "RequestsPerMinute" else [row for row in visible.rows if row[4]]
    groups: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    if not query.wanted:
        groups[()] = rows
    for row in rows if query.wanted else ():
        group = tuple(DIMENSIONS[key](row) for key in query.wanted)
        if all(value in asked or "*" in asked for value, asked in zip(group, query.wanted.values(), strict=True)):
            groups[group].append(row)
    busiest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[: query.top]
    series = [
        {
            "metadatavalues": [
                {"name": {"value": key.lower(), "localizedValue": key.lower()}, "value": value}
                for key, value in zip(query.wanted, group, strict=True)
            ],
            "data": points(name, members, visible.first, visible.last, query.interval),
        }
        for group, members in busiest
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


def points(name: str, rows: list[Any], first: float, last: float, step: int) -> list[Json]:
    """One point a step from `first` to before `last`, from rows in order of time; `average` where there is one."""
    found: list[Json] = []
    low = bisect_left(rows, first, key=_TIME)
    for index in range(max(0, math.ceil((last - first) / step))):
        begin = first + index * step
        high = bisect_left(rows, begin + step, lo=low, key=_TIME)
        found.append({"timeStamp": _iso(begin), **_value(name, rows[low:high])})
        low = high
    return found


def _value(name: str, rows: list[Any]) -> Json:
    """The average over the minutes that had traffic; nothing when none had."""
    if not rows:
        return {}
    if name == "RequestsPerMinute":
        return {"average": len(rows) / len({row[0] // 60 for row in rows})}
    times = sorted(row[4] for row in rows)
    if name in PERCENTILES:
        return {"average": times[math.ceil(PERCENTILES[name] / 100 * len(times)) - 1]}
    return {"average": sum(times) / len(times)}


@lru_cache(maxsize=1 << 16)  # fifty resources share one grid of times
def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(seconds: float) -> str:
    """An ISO 8601 duration of whole minutes."""
    days, rest = divmod(int(seconds) // 60, 1440)
    hours, minutes = divmod(rest, 60)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "") or "PT0M"


def _clock_text(seconds: int) -> str:
    """As the service writes time grains: 00:01:00, 1.00:00:00."""
    days, rest = divmod(seconds, 86400)
    return (f"{days}." if days else "") + f"{rest // 3600:02}:{rest % 3600 // 60:02}:00"
