"""How much endpoints were used, from Azure Monitor.

Azure Monitor keeps one value of `RequestsPerMinute` a minute and offers only their average. The average of an hour says
that there were requests, but not how many or when. Where an hour decides something, it is asked for again by the
minute: there the average is the count itself.
A point without a value, or with 0, is no traffic. No series, no points, an error, or points that do not span what was
asked is not zero but unknown. It must not decide what follows.
Source: supported metrics of Microsoft.MachineLearningServices/workspaces/onlineEndpoints; REST API 2024-02-01.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.azure.monitor_client import BATCH, GRAIN, METRIC, MINUTE, NAMESPACE, Answer, Monitor, Span
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup.activity import Activity, Known, Unknown
from mlops.domain.moments import parse_date

__all__ = ["METRIC", "NAMESPACE", "Wanted", "activity", "deployments_used"]

RETENTION = timedelta(days=92)  # a day less than what is kept, as the kept part moves while we ask


@dataclass(frozen=True)
class Wanted:
    """One endpoint: since when it is to be measured, and the moments a decision compares its last request with."""

    id: str
    since: datetime
    moments: tuple[datetime, ...] = ()


def activity(workspace: Workspace, wanted: Sequence[Wanted], *, until: datetime) -> dict[str, Activity]:
    """Use of each endpoint up to a moment, by lower-case resource id. Never raises for one that cannot be measured."""
    until = _floor(until, MINUTE)
    found: dict[str, Activity] = {}
    service = Monitor(workspace)
    # neighbours in this order look back about equally far, so that a batch asks for little more than each needs
    for batch in _batches(sorted(wanted, key=lambda one: one.since)):
        since = max(_floor(batch[0].since, GRAIN), _floor(until - RETENTION, GRAIN))
        if since >= until:
            found |= {one.id.lower(): Unknown("there is no time to measure yet") for one in batch}
            continue
        answers = service.ask([one.id for one in batch], Span(since, until, GRAIN))
        found |= {id: use_of(answer, Span(since, until, GRAIN)) for id, answer in answers.items()}
    return found | _refined(service, wanted, found)


def deployments_used(
    workspace: Workspace, endpoint_ids: Sequence[str], *, since: datetime, until: datetime
) -> dict[str, dict[str, datetime] | Unknown]:
    """Last request of each deployment that had one, by lower-case endpoint id: callers may name a deployment at 0 %."""
    span = Span(max(_floor(since, GRAIN), _floor(until - RETENTION, GRAIN)), _floor(until, MINUTE), GRAIN, True)
    return {id: _by_deployment(answer, span) for id, answer in Monitor(workspace).ask(endpoint_ids, span).items()}


def _refined(service: Monitor, wanted: Sequence[Wanted], found: Mapping[str, Activity]) -> dict[str, Activity]:
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
        span = Span(begin, begin + GRAIN, MINUTE)
        for id, answer in service.ask(ids, span).items():
            fine, coarse = use_of(answer, span), found[id]
            if isinstance(fine, Known) and fine.last_request and isinstance(coarse, Known):
                better[id] = replace(coarse, last_request=fine.last_request)
    return better


def _series(answer: Answer) -> "list[dict[str, Any]] | Unknown":
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


def use_of(answer: Answer, span: Span) -> Activity:
    """How much an endpoint was used, by what Azure Monitor answered for the span."""
    series = _series(answer)
    if isinstance(series, Unknown):
        return series
    read = [(parse_date(point.get("timeStamp")), point) for each in series for point in each.get("data") or []]
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


def _by_deployment(answer: Answer, span: Span) -> dict[str, datetime] | Unknown:
    series = _series(answer)
    if isinstance(series, Unknown):
        return series
    last: dict[str, datetime] = {}
    for each in series:
        names = [str(item["value"]) for item in each.get("metadatavalues") or [] if _is_deployment(item)]
        for point in each.get("data") or []:
            at = parse_date(point.get("timeStamp"))
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
