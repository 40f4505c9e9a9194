"""Deployments of managed online endpoints: read as facts, made and deleted one at a time."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlops.azure import bulk
from mlops.azure.failures import translated
from mlops.azure.translate import seconds, word
from mlops.azure.workspace import Workspace
from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState
from mlops.domain.serving.settings import TYPE, VARIABLES, ServingSettings, of_tag
from mlops.domain.tags import OWNER_TAG, SERVING_TAG
from mlops.errors import MlopsError, RemoteFailed

LOG_LINES = 60
API = "2024-10-01"


@dataclass(frozen=True)
class DeploymentSpec:
    """How a deployment is made."""

    name: str
    model_id: str
    instance_type: str
    instance_count: int
    serving: ServingSettings
    tags: Mapping[str, str]


def put(workspace: Workspace, endpoint: str, spec: DeploymentSpec) -> None:
    """Make a deployment, or change it, and wait for it. A container that fails to start raises RemoteFailed."""
    url = f"{workspace.url}/onlineEndpoints/{endpoint}/deployments/{spec.name}?api-version={API}"
    workspace.change("PUT", url, f"create the deployment {spec.name} of {endpoint}", json=_body(workspace, spec))


def _body(workspace: Workspace, spec: DeploymentSpec) -> dict[str, Any]:
    """What the SDK's `begin_create_or_update` sends."""
    serving = spec.serving
    # said only where it is not the default: a workspace with a managed network decides by itself
    egress = {} if serving.egress == "enabled" else {"egressPublicNetworkAccess": serving.egress}
    return {
        "location": workspace.location,
        "tags": dict(spec.tags),
        "sku": {"name": "Default", "capacity": spec.instance_count},
        "properties": {
            "endpointComputeType": "Managed",
            "model": spec.model_id,
            "instanceType": spec.instance_type,
            "appInsightsEnabled": False,
            "properties": {},
            "environmentVariables": dict(serving.environment_variables),
            "requestSettings": {
                "requestTimeout": _duration(serving.request_timeout_ms / 1000),
                "maxConcurrentRequestsPerInstance": serving.max_concurrent_requests_per_instance,
            },
            "livenessProbe": {"initialDelay": _duration(serving.liveness_initial_delay_seconds)},
            "readinessProbe": {"initialDelay": _duration(serving.readiness_initial_delay_seconds)},
            **egress,
        },
    }


def _duration(seconds: float) -> str:
    """As ISO 8601 has it."""
    return f"PT{seconds:.3f}".rstrip("0").rstrip(".") + "S"


def scale(workspace: Workspace, endpoint: str, name: str, count: int, tags: Mapping[str, str]) -> None:
    """Ask for another number of instances, which changes nothing else of it; the deployment says when that is done."""
    url = f"{workspace.url}/onlineEndpoints/{endpoint}/deployments/{name}?api-version={API}"
    what = f"scale the deployment {name} of {endpoint} to {count}"
    found = workspace.send("GET", url, what).json()
    sku = {**(found.get("sku") or {}), "capacity": count}
    workspace.send("PATCH", url, what, json={"sku": sku, "tags": {**(found.get("tags") or {}), **tags}})


def delete(workspace: Workspace, endpoint: str, name: str, sure: Callable[[], object] = lambda: None) -> None:
    """Delete a deployment without traffic and its autoscale setting, and wait until it is gone.

    `sure` is called right before each of the two, as Azure takes no condition with a deletion.
    """
    from mlops.azure import autoscale

    autoscale.remove(workspace, endpoint, name, sure)
    sure()
    url = f"{workspace.url}/onlineEndpoints/{endpoint}/deployments/{name}?api-version={API}"
    workspace.change("DELETE", url, f"delete the deployment {name} of {endpoint}")


def listed(workspace: Workspace, endpoint: str) -> tuple[DeploymentFacts, ...]:
    """The deployments of an endpoint, read from ARM because the SDK's entities leave out when they were made."""
    found = bulk.pages(workspace, _url(workspace, endpoint), f"list the deployments of {endpoint}")
    return tuple(_deployment(item) for item in found)


def read(workspace: Workspace, endpoint: str, name: str) -> DeploymentFacts | None:
    """One deployment itself, or None."""
    url = f"{workspace.url}/onlineEndpoints/{endpoint}/deployments/{name}?api-version={API}"
    found = workspace.look(url, f"read the deployment {name} of {endpoint}")
    return _deployment(found) if found else None


def listed_of(workspace: Workspace, names: Sequence[str]) -> dict[str, tuple[DeploymentFacts, ...] | str]:
    """The deployments of many endpoints; text says why those of one could not be read."""
    urls = {name: _url(workspace, name) for name in names}
    found: dict[str, tuple[DeploymentFacts, ...] | str] = {}
    for name, answer in bulk.side_by_side(workspace, urls, "list the deployments").items():
        try:
            found[name] = str(answer) if isinstance(answer, MlopsError) else tuple(map(_deployment, answer))
        except MlopsError as error:  # a state that this version does not know
            found[name] = str(error)
    return found


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


def _url(workspace: Workspace, endpoint: str) -> str:
    return f"{workspace.url}/onlineEndpoints/{endpoint}/deployments?api-version={API}"


def _deployment(item: dict[str, Any]) -> DeploymentFacts:
    properties, times = item.get("properties") or {}, item.get("systemData") or {}
    tags = item.get("tags") or {}
    mark, count = of_tag(str(tags.get(SERVING_TAG) or ""))
    return DeploymentFacts(
        name=str(item["name"]),
        state=known_state(DeploymentState, properties.get("provisioningState"), f"the deployment {item['name']}"),
        model=_label(str(properties.get("model") or "")),
        instance_type=str(properties.get("instanceType") or ""),
        instance_count=int((item.get("sku") or {}).get("capacity") or 0),
        created=parse_date(times.get("createdAt")),
        asset=str(properties.get("model") or ""),
        changed=parse_date(times.get("lastModifiedAt")),
        ours=OWNER_TAG in tags,
        settings=_settings(properties),
        serving=mark,
        stated_count=count,
    )


def _settings(properties: dict[str, Any]) -> dict[str, str]:
    """The serving settings by their names in params.yaml; what is not shown is left out."""
    requests = properties.get("requestSettings") or {}
    probes = {kind: properties.get(f"{kind}Probe") or {} for kind in ("liveness", "readiness")}
    found: dict[str, str | None] = {
        TYPE: properties.get("instanceType"),
        "request_timeout_ms": _scaled(requests.get("requestTimeout"), 1000),
        "max_concurrent_requests_per_instance": _text(requests.get("maxConcurrentRequestsPerInstance")),
        "egress": word(properties.get("egressPublicNetworkAccess")).lower() or None,
        **{f"{kind}_initial_delay_seconds": _scaled(probe.get("initialDelay"), 1) for kind, probe in probes.items()},
        **{f"{VARIABLES}.{name}": str(text) for name, text in (properties.get("environmentVariables") or {}).items()},
    }
    return {name: value for name, value in found.items() if value is not None}


def _scaled(duration: str | None, factor: int) -> str | None:
    """An ISO 8601 duration in whole parts of a second, `factor` of them."""
    found = seconds(duration)
    return None if found is None else str(round(found * factor))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _label(model: str) -> str:
    """`name:version` from a model's id, or what stands there."""
    parts = model.removeprefix("azureml:").strip("/").split("/")
    return f"{parts[-3]}:{parts[-1]}" if len(parts) >= 3 and parts[-2] == "versions" else "/".join(parts)


def known_state(kind: Any, text: str | None, what: str) -> Any:
    """A provisioning state as the enum `kind` has it. Raises RemoteFailed for one that it does not have."""
    try:
        return kind(word(text))
    except ValueError:
        raise RemoteFailed(f"{what} has the provisioning state {text!r}, which this version does not know") from None
