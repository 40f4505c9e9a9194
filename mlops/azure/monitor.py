"""How much endpoints were used, from Azure Monitor: fifty in one call, one by one where that fails.

`RequestsPerMinute` is a Count whose only aggregation is Average and whose grain is a minute, so its average over an
hour is taken over the samples that there are. Such an average says that there were requests, but not how many nor when
in the hour: an hour that something hangs on is asked for again by the minute, where the average is the count itself.
A point without a value, or with 0, is no traffic. No series, no points, an error, or points that do not span what was
asked is not zero but unknown. It must not decide what follows.
Source: supported metrics of Microsoft.MachineLearningServices/workspaces/onlineEndpoints; REST API 2024-02-01.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from mlops.azure.failures import translated
from mlops.azure.workspace import ARM, Workspace
from mlops.domain.base_model import parse_date
from mlops.domain.idle import Activity, Known, Unknown
from mlops.errors import MlopsError

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
METRIC = "RequestsPerMinute"
API = "2024-02-01"
BATCH = 50  # resources a call may name
GRAIN, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RETENTION = timedelta(days=92)  # a day less than what is kept, as the kept part moves while we ask
MOST_SERIES = 1000


@dataclass(frozen=True)
class Wanted:
    """One endpoint: since when it is to be measured, and the moments a decision compares its last request with."""

    id: str
    since: datetime
    moments: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class _Span:
    since: datetime
    until: datetime
    grain: timedelta
    by_deployment: bool = False


def activity(workspace: Workspace, wanted: Sequence[Wanted], *, until: datetime) -> dict[str, Activity]:
    """Use of each endpoint up to a moment, by lower-case resource id. Never raises for one that cannot be measured."""
    until = _floor(until, MINUTE)
    found: dict[str, Activity] = {}
    # neighbours in this order look back about equally far, so that a batch asks for little more than each needs
    for batch in _batches(sorted(wanted, key=lambda one: one.since)):
        since = max(_floor(batch[0].since, GRAIN), _floor(until - RETENTION, GRAIN))
        if since >= until:
            found |= {one.id.lower(): Unknown("there is no time to measure yet") for one in batch}
            continue
        answers = _ask(workspace, [one.id for one in batch], _Span(since, until, GRAIN))
        found |= {id: _read(answer, _Span(since, until, GRAIN)) for id, answer in answers.items()}
    return found | _refined(workspace, wanted, found)


def deployments_used(
    workspace: Workspace, endpoint_ids: Sequence[str], *, since: datetime, until: datetime
) -> dict[str, dict[str, datetime] | Unknown]:
    """Last request of each deployment that had one, by lower-case endpoint id: callers may name a deployment at 0 %."""
    span = _Span(max(_floor(since, GRAIN), _floor(until - RETENTION, GRAIN)), _floor(until, MINUTE), GRAIN, True)
    found: dict[str, dict[str, datetime] | Unknown] = {}
    for start in range(0, len(endpoint_ids), BATCH):
        for id, answer in _ask(workspace, endpoint_ids[start : start + BATCH], span).items():
            found[id] = _by_deployment(answer, span)
    return found


def _refined(workspace: Workspace, wanted: Sequence[Wanted], found: Mapping[str, Activity]) -> dict[str, Activity]:
    """Ask by the minute for the last busy hour of those where a moment lies within it."""
    hours: dict[datetime, list[str]] = defaultdict(list)
    for one in wanted:
        use = found.get(one.id.lower())
        if isinstance(use, Known) and use.last_request:
            begin = use.last_request - GRAIN
            if any(begin < moment < use.last_request for moment in one.moments):
                hours[begin].append(one.id)
    better: dict[str, Activity] = {}
    for begin, ids in hours.items():
        span = _Span(begin, begin + GRAIN, MINUTE)
        for start in range(0, len(ids), BATCH):
            for id, answer in _ask(workspace, ids[start : start + BATCH], span).items():
                fine, coarse = _read(answer, span), found[id]
                if isinstance(fine, Known) and fine.last_request and isinstance(coarse, Known):
                    better[id] = Known(
                        fine.last_request, coarse.requests, coarse.window_start, coarse.window_end, coarse.points
                    )
    return better


def _ask(workspace: Workspace, ids: Sequence[str], span: _Span) -> dict[str, "dict[str, Any] | Unknown"]:
    """What Monitor answers for each resource; those that the batch did not answer for are asked one by one."""
    try:
        found = _batch(workspace, ids, span)
    except MlopsError:  # one resource that it does not know makes it refuse all fifty, and some networks block the host
        found = {}
    answers: dict[str, dict[str, Any] | Unknown] = dict(found)
    for id in ids:
        if id.lower() not in found:
            answers[id.lower()] = _single(workspace, id, span)
    return answers


def _batch(workspace: Workspace, ids: Sequence[str], span: _Span) -> dict[str, dict[str, Any]]:
    from azure.monitor.querymetrics import MetricAggregationType, MetricsClient

    from mlops.azure.pace import BudgetPolicy

    bodies: list[str] = []
    with (
        translated("read the traffic of the endpoints"),
        MetricsClient(
            f"https://{workspace.location}.metrics.monitor.azure.com",
            workspace.credential,
            per_retry_policies=[BudgetPolicy(workspace.budget)],
        ) as client,
    ):
        client.query_resources(
            resource_ids=list(ids),
            metric_namespace=NAMESPACE,
            metric_names=[METRIC],
            timespan=(span.since, span.until),
            granularity=span.grain,
            aggregations=[MetricAggregationType.AVERAGE],
            **({"filter": "deployment eq '*'", "max_results": MOST_SERIES} if span.by_deployment else {}),
            raw_response_hook=lambda reply: bodies.append(reply.http_response.text()),
        )
    # The client drops the ids and each metric's own errorCode, and an endpoint must not be judged by another's traffic.
    asked = {id.lower() for id in ids}
    answered = json.loads(bodies[-1]).get("values") or []
    return {id: item for item in answered if (id := str(item.get("resourceid", "")).lower()) in asked}


def _single(workspace: Workspace, id: str, span: _Span) -> "dict[str, Any] | Unknown":
    query = {
        "api-version": API,
        "metricnamespace": NAMESPACE,
        "metricnames": METRIC,
        "aggregation": "Average",
        "interval": "PT1H" if span.grain == GRAIN else "PT1M",
        "timespan": f"{_iso(span.since)}/{_iso(span.until)}",
        **({"$filter": "deployment eq '*'", "top": str(MOST_SERIES)} if span.by_deployment else {}),
    }
    url = f"{ARM}{id}/providers/Microsoft.Insights/metrics?{urlencode(query)}"
    try:
        return dict(workspace.send("GET", url, "read the traffic of an endpoint").json())
    except MlopsError as error:
        return Unknown("; ".join(f"{each.what} {each.why}".strip() for each in error.problems))
    except ValueError as error:
        return Unknown(f"Azure Monitor's answer cannot be read: {error}")


def _series(answer: "dict[str, Any] | Unknown") -> "list[dict[str, Any]] | Unknown":
    """The time series of the metric, or why there are none to go by."""
    if isinstance(answer, Unknown):
        return answer
    metrics = [item for item in answer.get("value") or [] if (item.get("name") or {}).get("value") == METRIC]
    if not metrics:
        return Unknown("Azure Monitor gave no series for it")
    for metric in metrics:
        if (code := metric.get("errorCode") or "Success") != "Success":
            return Unknown(f"Azure Monitor says {code} {metric.get('errorMessage') or ''}".strip())
    return [series for metric in metrics for series in metric.get("timeseries") or []]


def _read(answer: "dict[str, Any] | Unknown", span: _Span) -> Activity:
    series = _series(answer)
    if isinstance(series, Unknown):
        return series
    read = [(parse_date(str(point.get("timeStamp"))), point) for each in series for point in each.get("data") or []]
    if not read:
        return Unknown("Azure Monitor has no points for it")
    times = [at for at, _ in read if at]
    if len(times) < len(read):
        return Unknown("Azure Monitor gave a point without a time")
    busy = [(at, value) for at, point in read if at and (value := _value(point)) != 0]
    return Known(
        last_request=max((at + span.grain for at, _ in busy), default=None),
        requests=sum(value for _, value in busy),
        window_start=max(min(times), span.since),
        window_end=min(max(times) + span.grain, span.until),
        points=len(read),
    )


def _by_deployment(answer: "dict[str, Any] | Unknown", span: _Span) -> dict[str, datetime] | Unknown:
    series = _series(answer)
    if isinstance(series, Unknown):
        return series
    last: dict[str, datetime] = {}
    for each in series:
        names = [str(item["value"]) for item in each.get("metadatavalues") or [] if _is_deployment(item)]
        for point in each.get("data") or []:
            at = parse_date(str(point.get("timeStamp")))
            if at is None or len(names) != 1:
                return Unknown("Azure Monitor gave a series that cannot be read")
            if _value(point) != 0:
                last[names[0]] = max(last.get(names[0], at), at + span.grain)
    return last


def _is_deployment(item: Mapping[str, Any]) -> bool:
    return str((item.get("name") or {}).get("value", "")).lower() == "deployment"


def _value(point: Mapping[str, Any]) -> float:
    """The average of a point, 0 where it has none; what is no number counts as traffic (NaN)."""
    stated = point.get("average")
    if stated is None:
        return 0.0
    return float(stated) if isinstance(stated, int | float) else math.nan


def _batches(wanted: Sequence[Wanted]) -> Iterable[Sequence[Wanted]]:
    return (wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH))


def _floor(moment: datetime, grain: timedelta) -> datetime:
    """On the grid of the hour or minute, on which the service's own points lie."""
    step = grain.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // step * step, UTC)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
