"""Azure Monitor's batch of metrics, which has a host in each region and a token of its own, over plain REST.

The requests are those of azure-monitor-querymetrics, whose import takes as long as the answer; `test_metrics_batch.py`
holds both to the same. It must not read what the answers say.
Source: Azure/azure-rest-api-specs, Microsoft.Insights/metrics data plane, 2024-02-01: `metrics:getBatch`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from mlops import jsons
from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace

if TYPE_CHECKING:
    from azure.core import PipelineClient

API = "2024-02-01"


def ask(
    workspace: Workspace, ids: Sequence[str], since: datetime, until: datetime, query: Mapping[str, str], what: str
) -> list[dict[str, Any]]:
    """What is answered for each of up to fifty resources of one region and subscription. Raises our failures."""
    from azure.core.rest import HttpRequest

    span = {"api-version": API, "starttime": _iso(since), "endtime": _iso(until)}
    subscription = ids[0].split("/")[2]
    url = f"https://{workspace.location}.{workspace.cloud.metrics}/subscriptions/{subscription}/metrics:getBatch"
    address = f"{url}?{urlencode({**span, **query}, quote_via=quote)}"
    client = workspace.remembered("metrics client", lambda: _client(workspace))
    with translated(what):
        response = client.send_request(HttpRequest("POST", address, json={"resourceids": list(ids)}))
        response.raise_for_status()
        found = jsons.read(response.text())
    if isinstance(found, str):  # an answer that is JSON in JSON: the client library reads that, too
        found = jsons.read(found)
    return list(found.get("values") or [])


def _client(workspace: Workspace) -> "PipelineClient[Any, Any]":
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RequestIdPolicy

    from mlops.azure import connections
    from mlops.azure.answers import JsonOnly
    from mlops.azure.rate_limit import BudgetPolicy, Patient

    host = f"https://{workspace.cloud.metrics}"
    sign = BearerTokenCredentialPolicy(workspace.credential, f"{host}/.default")
    policies = [RequestIdPolicy(), Patient(), JsonOnly(), BudgetPolicy(workspace.budget), sign]
    return PipelineClient(host, policies=policies, transport=connections.of(workspace.credential))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
