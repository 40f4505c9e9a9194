"""Managed online endpoints and their deployments: read as facts, changed one thing at a time.

It must not decide what to change; `mlops.domain.stage` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops import clock
from mlops.azure.failures import is_not_found, translated
from mlops.azure.translate import plain_tags, word
from mlops.azure.workspace import ARM, Workspace
from mlops.domain.base_model import parse_date
from mlops.domain.stage import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.errors import RemoteFailed

OWNER_TAG = "mlops-owner"
ENVIRONMENT_TAG = "mlops-environment"
LOG_LINES = 60
PATCH_TRIES, PATCH_PAUSE = 60, 2.0
API = "2024-10-01"


@dataclass(frozen=True)
class DeploymentSpec:
    """How a deployment is made."""

    name: str
    model_id: str
    instance_type: str
    instance_count: int
    request_timeout_ms: int
    max_concurrent_requests_per_instance: int
    liveness_initial_delay_seconds: int
    readiness_initial_delay_seconds: int
    tags: Mapping[str, str]


def observe(workspace: Workspace, name: str, owner: str) -> EndpointFacts:
    """The endpoint as it is, `Absent` when there is none."""
    found = _get(workspace, name)
    if found is None:
        return EndpointFacts(name, EndpointState.ABSENT, {}, {}, (), {}, ours=True)
    stated = plain_tags(found.tags)
    return EndpointFacts(
        name=name,
        state=_state(EndpointState, found.provisioning_state, f"the endpoint {name}"),
        traffic={str(k): int(v) for k, v in (found.traffic or {}).items()},
        mirror={str(k): int(v) for k, v in (found.mirror_traffic or {}).items()},
        deployments=deployments(workspace, name),
        tags=stated,
        ours=stated.get(OWNER_TAG) == owner,
    )


def create(workspace: Workspace, name: str, *, auth_mode: str, tags: Mapping[str, str]) -> None:
    """Make an endpoint without deployments, and wait for it."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    with translated(f"create the endpoint {name}"):
        entity = ManagedOnlineEndpoint(name=name, auth_mode=auth_mode, tags=dict(tags))
        workspace.ml.online_endpoints.begin_create_or_update(entity).result()


def deploy(workspace: Workspace, endpoint: str, spec: DeploymentSpec) -> None:
    """Make a deployment that gets no traffic, and wait for it. A container that fails to start raises RemoteFailed."""
    from azure.ai.ml.entities import ManagedOnlineDeployment, OnlineRequestSettings, ProbeSettings

    entity = ManagedOnlineDeployment(
        name=spec.name,
        endpoint_name=endpoint,
        model=spec.model_id,
        instance_type=spec.instance_type,
        instance_count=spec.instance_count,
        tags=dict(spec.tags),
        request_settings=OnlineRequestSettings(
            request_timeout_ms=spec.request_timeout_ms,
            max_concurrent_requests_per_instance=spec.max_concurrent_requests_per_instance,
        ),
        liveness_probe=ProbeSettings(initial_delay=spec.liveness_initial_delay_seconds),
        readiness_probe=ProbeSettings(initial_delay=spec.readiness_initial_delay_seconds),
    )
    with translated(f"create the deployment {spec.name} of {endpoint}"):
        workspace.ml.online_deployments.begin_create_or_update(entity).result()


def set_traffic(
    workspace: Workspace,
    name: str,
    traffic: Mapping[str, int],
    tags: Mapping[str, str | None],
    *,
    mirror: Mapping[str, int] | None = None,
) -> None:
    """Divide the endpoint's traffic, set or end mirroring and change tags in one request, and wait until it is so."""
    found = _existing(workspace, name)
    found.traffic, found.mirror_traffic = dict(traffic), dict(mirror or {})
    found.tags = _merged(found.tags, tags)
    with translated(f"set the traffic of {name}"):
        workspace.ml.online_endpoints.begin_create_or_update(found).result()


def set_tags(workspace: Workspace, name: str, tags: Mapping[str, str | None]) -> None:
    """Set tags of an endpoint; a value of None removes one."""
    found = _existing(workspace, name)
    found.tags = _merged(found.tags, tags)
    with translated(f"tag the endpoint {name}"):
        workspace.ml.online_endpoints.begin_create_or_update(found).result()


def patch_tags(workspace: Workspace, name: str, tags: Mapping[str, str]) -> None:
    """Set tags and nothing else, so that no traffic of somebody else can be overwritten; waits until it is so."""
    url = f"{ARM}{workspace.id}/onlineEndpoints/{name}?api-version={API}"
    what = f"tag the endpoint {name}"
    # All of them, lest a service that replaces rather than merges drops the others.
    known = (workspace.send("GET", url, what).json().get("tags")) or {}
    workspace.send("PATCH", url, what, json={"tags": {**known, **tags}})
    for _ in range(PATCH_TRIES):
        shown = workspace.send("GET", url, what).json()
        if str(shown["properties"]["provisioningState"]) != "Updating":
            return
        clock.sleep(PATCH_PAUSE)


def delete_deployment(workspace: Workspace, endpoint: str, name: str) -> None:
    """Delete a deployment without traffic, and wait until it is gone."""
    with translated(f"delete the deployment {name} of {endpoint}"):
        workspace.ml.online_deployments.begin_delete(name=name, endpoint_name=endpoint).result()


def delete(workspace: Workspace, name: str) -> None:
    """Delete an endpoint with its deployments, and wait until it is gone."""
    with translated(f"delete the endpoint {name}"):
        workspace.ml.online_endpoints.begin_delete(name=name).result()


def names(workspace: Workspace) -> set[str]:
    """Every endpoint that the workspace lists: a deletion is done when the name is no longer among these."""
    with translated("list the endpoints"):
        return {str(item.name) for item in workspace.ml.online_endpoints.list()}


def listing(workspace: Workspace) -> list[dict[str, Any]]:
    """Every endpoint as ARM shows it, with creation times, which the SDK's own entities leave out."""
    url: str | None = f"https://management.azure.com{workspace.id}/onlineEndpoints?api-version={API}"
    found: list[dict[str, Any]] = []
    while url:
        page = workspace.send("GET", url, "list the endpoints").json()
        found += page["value"]
        url = page.get("nextLink")
    return found


def deployments(workspace: Workspace, endpoint: str) -> tuple[DeploymentFacts, ...]:
    """The deployments of an endpoint, read from ARM because the SDK's entities leave out when they were made."""
    url = f"https://management.azure.com{workspace.id}/onlineEndpoints/{endpoint}/deployments?api-version={API}"
    found = workspace.send("GET", url, f"list the deployments of {endpoint}").json()["value"]
    return tuple(_deployment(item) for item in found)


def logs(workspace: Workspace, endpoint: str, deployment: str) -> str:
    """The last lines of a deployment's container; empty when there are none to be had."""
    try:
        with translated(f"read the log of {deployment}"):
            return str(
                workspace.ml.online_deployments.get_logs(name=deployment, endpoint_name=endpoint, lines=LOG_LINES)
            )
    except Exception:  # noqa: BLE001 - a log explains a failure; its absence must not hide the failure
        return ""


def studio_url(workspace: Workspace, endpoint: str) -> str:
    """The endpoint's page in the studio, for people; the scoring URI answers only POST."""
    return f"https://ml.azure.com/endpoints/realtime/{endpoint}/detail?wsid={workspace.id}"


def _get(workspace: Workspace, name: str) -> Any | None:
    with translated(f"read the endpoint {name}"):
        try:
            return workspace.ml.online_endpoints.get(name)
        except Exception as error:
            if is_not_found(error):
                return None
            raise


def _existing(workspace: Workspace, name: str) -> Any:
    found = _get(workspace, name)
    if found is None:
        raise RemoteFailed(f"the endpoint {name} is gone")
    return found


def _merged(before: Mapping[str, str] | None, changes: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in {**(before or {}), **changes}.items() if value is not None}


def _deployment(item: dict[str, Any]) -> DeploymentFacts:
    properties = item.get("properties") or {}
    stated = (item.get("systemData") or {}).get("createdAt")
    return DeploymentFacts(
        name=str(item["name"]),
        state=_state(DeploymentState, properties.get("provisioningState"), f"the deployment {item['name']}"),
        model=_label(str(properties.get("model") or "")),
        instance_type=str(properties.get("instanceType") or ""),
        instance_count=int((item.get("sku") or {}).get("capacity") or 0),
        created=parse_date(str(stated)) if stated else None,
    )


def _label(model: str) -> str:
    """`name:version` from a model's id, or what stands there."""
    parts = model.removeprefix("azureml:").strip("/").split("/")
    return f"{parts[-3]}:{parts[-1]}" if len(parts) >= 3 and parts[-2] == "versions" else "/".join(parts)


def _state(kind: Any, text: str | None, what: str) -> Any:
    try:
        return kind(word(text))
    except ValueError:
        raise RemoteFailed(f"{what} has the provisioning state {text!r}, which this version does not know") from None
