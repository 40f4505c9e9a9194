"""Asks Azure Monitor about many endpoints: fifty in one call, side by side where that fails, and not for ever in vain.

It must not read what the answers say; `monitor` does. An outage is not waited out: after two refusals of the service
itself the rest is unknown, which keeps it, and a later run asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from mlops.azure import bulk, metrics_batch
from mlops.azure.failures import Denied, Transient
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup.activity import Unknown
from mlops.errors import MlopsError

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
METRIC = "RequestsPerMinute"
API = "2024-02-01"
BATCH = 50  # resources a call may name
GRAIN, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MOST_SERIES = 1000
OUTAGES = 2  # so many batches in vain, and nothing more is asked
WHAT = "read the traffic of the endpoints"
Answer = dict[str, Any] | Unknown


@dataclass(frozen=True)
class Span:
    """What is asked for: points of a grain between two moments, of the endpoint or of each of its deployments."""

    since: datetime
    until: datetime
    grain: timedelta
    by_deployment: bool = False

    @property
    def query(self) -> dict[str, str]:
        """What is asked of them, as parameters of the request."""
        return {
            "metricnamespace": NAMESPACE,
            "metricnames": METRIC,
            "aggregation": "Average",
            "interval": "PT1H" if self.grain == GRAIN else "PT1M",
            **({"filter": "deployment eq '*'", "top": str(MOST_SERIES)} if self.by_deployment else {}),
        }


class Monitor:
    """Questions to Azure Monitor in one run, which learn from each other what is of no use."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._outages: list[str] = []
        self._no_batch = False

    def ask(self, ids: Sequence[str], span: Span) -> dict[str, Answer]:
        """What is answered for each resource, by lower-case id; those that a batch leaves out are asked one by one."""
        answers: dict[str, Answer] = {}
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            if len(self._outages) >= OUTAGES:
                answers |= {id.lower(): Unknown(self._outages[-1]) for id in part}
            else:
                answers |= self._part(part, span)
        return answers

    def _part(self, ids: Sequence[str], span: Span) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        if not self._no_batch:
            try:
                found = _batch(self._workspace, ids, span)
            except Transient:  # of the batch's own host, which some networks block; the fallback is another one
                pass
            except MlopsError as error:  # one resource that it does not know makes it refuse all fifty
                self._no_batch = isinstance(error, Denied)
        left = [id for id in ids if id.lower() not in found]
        return found | self._singly(left, span)

    def _singly(self, ids: Sequence[str], span: Span) -> dict[str, Answer]:
        """The first one alone: where the service itself fails, the others need not find that out, too."""
        found: dict[str, Answer] = {}
        for part in (ids[:1], ids[1:]):
            urls = {id.lower(): _url(self._workspace.cloud.arm, id, span) for id in part}
            for id, answer in bulk.side_by_side(self._workspace, urls, "read the traffic of an endpoint").items():
                if part == ids[:1] and isinstance(answer, Transient):
                    self._outages.append(_why(answer))
                    return {each.lower(): Unknown(_why(answer)) for each in ids}
                found[id] = Unknown(_why(answer)) if isinstance(answer, MlopsError) else {"value": answer}
        return found


def _batch(workspace: Workspace, ids: Sequence[str], span: Span) -> dict[str, Answer]:
    """By the id that each answer carries: an endpoint must not be judged by another's traffic."""
    asked = {id.lower() for id in ids}
    answered = metrics_batch.ask(workspace, ids, span.since, span.until, span.query, WHAT)
    return {id: item for item in answered if (id := str(item.get("resourceid", "")).lower()) in asked}


def _url(arm: str, id: str, span: Span) -> str:
    query = {("$filter" if name == "filter" else name): value for name, value in span.query.items()}
    query |= {"api-version": API, "timespan": f"{_iso(span.since)}/{_iso(span.until)}"}
    return f"{arm}{id}/providers/Microsoft.Insights/metrics?{urlencode(query)}"


def _why(error: MlopsError) -> str:
    return "; ".join(f"{each.what} {each.why}".strip() for each in error.problems)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
