"""Managed online endpoints and their deployments: read as facts, changed one thing at a time."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mlops import clock
from mlops.azure import bulk
from mlops.azure.failures import NotFound, is_not_found, translated
from mlops.azure.translate import plain_tags, word
from mlops.azure.workspace import ARM, Workspace
from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.domain.promote.spec import ServingSettings
from mlops.domain.tags import OWNER_TAG
from mlops.errors import MlopsError, Problem, RemoteFailed

LOG_LINES = 60
API = "2024-10-01"
PAGE = 100  # endpoints a page of the listing
PATCH_TRIES, PATCH_PAUSE = 60, 2.0


@dataclass(frozen=True)
class DeploymentSpec:
    """How a deployment is made."""

    name: str
    model_id: str
    instance_type: str
    instance_count: int
    serving: ServingSettings
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
            request_timeout_ms=spec.serving.request_timeout_ms,
            max_concurrent_requests_per_instance=spec.serving.max_concurrent_requests_per_instance,
        ),
        liveness_probe=ProbeSettings(initial_delay=spec.serving.liveness_initial_delay_seconds),
        readiness_probe=ProbeSettings(initial_delay=spec.serving.readiness_initial_delay_seconds),
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
    """Set tags of an endpoint and nothing else, and see that they are kept. Raises RemoteFailed when they are not."""
    kept = patch_tags(workspace, name, tags)
    if any(kept.get(key) != value for key, value in tags.items()):
        fix = "run the same command again"
        raise RemoteFailed(Problem(f"tag the endpoint {name}: the service did not keep it", fix=fix))


def patch_tags(workspace: Workspace, name: str, tags: Mapping[str, str | None]) -> dict[str, str]:
    """Set tags and nothing else, so that no traffic of somebody else can be overwritten; a value of None removes one.

    Waits until it is so, and gives the tags that the endpoint has then.
    """
    url = f"{ARM}{workspace.id}/onlineEndpoints/{name}?api-version={API}"
    what = f"tag the endpoint {name}"
    # All of them, lest a service that replaces rather than merges drops the others.
    shown = workspace.send("GET", url, what).json()
    workspace.send("PATCH", url, what, json={"tags": {**(shown.get("tags") or {}), **tags}})
    for _ in range(PATCH_TRIES):
        shown = workspace.send("GET", url, what).json()
        if str(shown["properties"]["provisioningState"]) != "Updating":
            break
        clock.sleep(PATCH_PAUSE)
    return plain_tags(shown.get("tags"))


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
    return bulk.listing(workspace, f"onlineEndpoints?api-version={API}&count={PAGE}", "list the endpoints")


def read(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """One endpoint as ARM shows it, or None."""
    url = f"{ARM}{workspace.id}/onlineEndpoints/{name}?api-version={API}"
    try:
        return dict(workspace.send("GET", url, f"read the endpoint {name}").json())
    except NotFound:
        return None


def deployments(workspace: Workspace, endpoint: str) -> tuple[DeploymentFacts, ...]:
    """The deployments of an endpoint, read from ARM because the SDK's entities leave out when they were made."""
    found = bulk.pages(workspace, _deployments_url(workspace, endpoint), f"list the deployments of {endpoint}")
    return tuple(_deployment(item) for item in found)


def deployments_of(workspace: Workspace, names: Sequence[str]) -> dict[str, tuple[DeploymentFacts, ...] | str]:
    """The deployments of many endpoints; text says why those of one could not be read."""
    urls = {name: _deployments_url(workspace, name) for name in names}
    found: dict[str, tuple[DeploymentFacts, ...] | str] = {}
    for name, answer in bulk.side_by_side(workspace, urls, "list the deployments").items():
        try:
            found[name] = str(answer) if isinstance(answer, MlopsError) else tuple(map(_deployment, answer))
        except MlopsError as error:  # a state that this version does not know
            found[name] = str(error)
    return found


def _deployments_url(workspace: Workspace, endpoint: str) -> str:
    return f"{ARM}{workspace.id}/onlineEndpoints/{endpoint}/deployments?api-version={API}"


def logs(workspace: Workspace, endpoint: str, deployment: str) -> str:
    """The last lines of a deployment's container, else of the one that fetches the model; empty without either."""
    for container in ("inference-server", "storage-initializer"):
        with suppress(Exception), translated(f"read the log of {deployment}"):  # its absence must not hide the failure
            found = workspace.ml.online_deployments.get_logs(
                name=deployment, endpoint_name=endpoint, lines=LOG_LINES, container_type=container
            )
            if str(found).strip():
                return str(found)
    return ""


def studio_url(workspace: Workspace, endpoint: str) -> str:
    """The endpoint's page in the studio, for people; the scoring URI answers only POST."""
    # encoded as a query should be; so it is no resource id either, which an output of a job must not be
    return f"https://ml.azure.com/endpoints/realtime/{endpoint}/detail?wsid={quote(workspace.id, safe='')}"


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
    properties, times = item.get("properties") or {}, item.get("systemData") or {}
    return DeploymentFacts(
        name=str(item["name"]),
        state=_state(DeploymentState, properties.get("provisioningState"), f"the deployment {item['name']}"),
        model=_label(str(properties.get("model") or "")),
        instance_type=str(properties.get("instanceType") or ""),
        instance_count=int((item.get("sku") or {}).get("capacity") or 0),
        created=parse_date(times.get("createdAt")),
        asset=str(properties.get("model") or ""),
        changed=parse_date(times.get("lastModifiedAt")),
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
