"""Deployments of an online endpoint: create, read, list, scale, logs, delete.

It must not serve requests (`scoring`).
Source: Microsoft.MachineLearningServices workspaces/onlineEndpoints/deployments.
"""

import asyncio
import json
import re
from typing import Any

from azureml_emulator.catalog import sizes
from azureml_emulator.core import arm, partial
from azureml_emulator.core.errors import ServiceError, bad_request, error_object
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.online_endpoints import endpoints, serving
from azureml_emulator.services.online_endpoints.scoring_script import deployed
from azureml_emulator.services.workspaces import kubernetes, quota

KIND = "deployments"
LONGEST_REQUEST_SECONDS = 180.0
MOST_INSTANCES = 50
MOST_DEPLOYMENTS = 20
DEFAULT_SIZE = "Standard_F4s_v2"
DURATION = re.compile(r"^PT(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?$")
PROBE = {"initialDelay": "PT10S", "period": "PT10S", "timeout": "PT2S", "successThreshold": 1, "failureThreshold": 30}
READ_ONLY = ("provisioningState", "provisioningErrors")
REQUESTS = {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"}


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the deployments of an endpoint."""
    return arm.page(request, emulator.store.children(endpoints.require(request, emulator).id, KIND), show)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one deployment."""
    return Reply(200, show(_require(request, emulator)))


async def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a deployment: long-running. What can be refused at once is; a model that does not load fails later."""
    with emulator.transaction():
        properties = _checked(request, emulator)["properties"]
        endpoint, name = endpoints.require(request, emulator), request.params["deployment"]
        id = f"{endpoint.id}/{KIND}/{name}"
        place = serving.place(emulator, properties["model"]) if properties.get("model") else serving.BASE
        code = deployed.prepare(emulator, properties, place)
        container = deployed.container_of(emulator, id, code) if code else None
    if container:
        error = await asyncio.to_thread(deployed.start_error, container)
    else:
        error = await asyncio.to_thread(serving.load_error, emulator, place)
    stack = await asyncio.to_thread(serving.stack_of, emulator, place)
    with emulator.transaction():
        made = _checked(request, emulator)  # others came in between
        made |= {serving.PLACE: place, serving.STACK: stack, deployed.CODE: code}
        known = emulator.store.get(id) is not None
        found = emulator.store.put(id, made, parent=endpoint.id, kind=KIND, name=name)
        started = endpoints.start(request, emulator, found, KIND, error=("ResourceNotReady", error) if error else None)
        return accepted(started, 200 if known else 201, show(found))


def _checked(request: Request, emulator: Emulator) -> Json:
    """The deployment as it is going to be kept. Raises all that the service refuses at once."""
    endpoint = endpoints.require(request, emulator)
    endpoints.refuse_while_changing(emulator, endpoint, "create a deployment in endpoint")
    name, body = request.params["deployment"], request.json()
    before = emulator.store.get(f"{endpoint.id}/{KIND}/{name}")
    if before:
        endpoints.refuse_while_changing(emulator, before, "update")
    endpoints.check_name(name, "deployment")
    if not before and len(list(emulator.store.children(endpoint.id, KIND))) >= MOST_DEPLOYMENTS:
        raise bad_request(f"An endpoint has at most {MOST_DEPLOYMENTS} deployments.", code="BadArgument")
    kubernetes.check_type(endpoint, body.get("properties") or {})
    properties = _properties(emulator, body.get("properties") or {})
    capacity = int((body.get("sku") or {}).get("capacity") or 1)
    _check_capacity(emulator, properties, capacity, before)
    return {
        "location": endpoint.body["location"],
        "kind": body.get("kind") or "Managed",
        "tags": body.get("tags") or {},
        "sku": {"name": "Default", "capacity": capacity, **(body.get("sku") or {})},
        "identity": None,
        "properties": {**properties, "provisioningState": "Updating" if before else "Creating"},
        "systemData": arm.system_data(emulator.clock, before),
    }


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: tags, and the number of instances by sku."""
    found = _require(request, emulator)
    for changing in (endpoints.require(request, emulator), found):
        endpoints.refuse_while_changing(emulator, changing, "update")
    body = partial.changes(request, found.body, ("tags", "sku"))
    sku = {**found.body["sku"], **(body.get("sku") or {})}
    _check_capacity(emulator, found.body["properties"], int(sku["capacity"]), found)
    tags = {**(found.body.get("tags") or {}), **(body.get("tags") or {})}
    tags = {name: value for name, value in tags.items() if value is not None}
    system = arm.system_data(emulator.clock, found)
    emulator.store.update(found.id, {**found.body, "sku": sku, "tags": tags, "systemData": system})
    changed = emulator.store.get(found.id)
    assert changed is not None
    changed = endpoints.set_state(emulator, changed, "Scaling" if body.get("sku") else "Updating")
    return accepted(endpoints.start(request, emulator, changed, KIND), 202, show(changed))


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE: refused while the deployment has live or mirrored traffic."""
    endpoint = endpoints.require(request, emulator)
    found = emulator.store.get(f"{endpoint.id}/{KIND}/{request.params['deployment']}")
    if found is None:
        return Reply(204)
    for changing in (endpoint, found):
        endpoints.refuse_while_changing(emulator, changing, "delete a deployment of")
    for field in ("traffic", "mirrorTraffic"):
        if share := (endpoint.body["properties"].get(field) or {}).get(found.name):
            text = f"Cannot delete deployment {found.name}: it has {share} percent of the {field}. Set it to 0 first."
            raise bad_request(text, code="BadArgument")
    deployed.remove(emulator, found)
    endpoints.set_state(emulator, found, "Deleting")
    return accepted(endpoints.start(request, emulator, found, KIND, effect="delete"), 202)


def get_logs(request: Request, emulator: Emulator) -> Reply:
    """POST getLogs: what the container wrote when it started, then a line a request."""
    found = _require(request, emulator)
    body = request.json()
    tail = int(body.get("tail") or 0)
    if body.get("containerType") == "StorageInitializer":
        lines = serving.download_lines(emulator, found)
    else:
        own = deployed.log_lines(emulator, found) if found.body.get(deployed.CODE) else ()
        lines = serving.log_lines(emulator, found, own)
    return Reply(200, {"content": "".join(f"{line}\n" for line in (lines[-tail:] if tail else lines))})


def skus(request: Request, emulator: Emulator) -> Reply:
    """GET the sizes that a deployment can be scaled to."""
    _require(request, emulator)
    capacity = {"minimum": 1, "maximum": MOST_INSTANCES, "default": 1, "scaleType": "Manual"}
    row = {"resourceType": f"{arm.PROVIDER}/workspaces/onlineEndpoints/deployments", "sku": {"name": "Default"}}
    return Reply(200, {"value": [{**row, "capacity": capacity}]})


def show(found: Resource) -> Json:
    """The deployment as ARM shows it."""
    return arm.envelope(found, "workspaces/onlineEndpoints/deployments")


def seconds(text: str) -> float:
    """An ISO 8601 duration of hours, minutes and seconds. Raises 400."""
    match = DURATION.match(text)
    if not match:
        raise bad_request(f"{text!r} is not an ISO 8601 duration.", code="BadArgument")
    return float(match["h"] or 0) * 3600 + float(match["m"] or 0) * 60 + float(match["s"] or 0)


def _properties(emulator: Emulator, stated: Json) -> Json:
    requests = {**REQUESTS, **{k: v for k, v in (stated.get("requestSettings") or {}).items() if v is not None}}
    if seconds(requests["requestTimeout"]) > LONGEST_REQUEST_SECONDS:
        text = f"The request timeout may be {LONGEST_REQUEST_SECONDS:.0f} seconds at most."
        raise bad_request(text, code="BadArgument", target="requestSettings.requestTimeout")
    model = str(stated.get("model") or "")
    if not model and not stated.get("codeConfiguration"):
        raise bad_request("A deployment needs a model, or code.", code="BadArgument", target="model")
    if model and not serving.model_exists(emulator, model):
        detail = error_object("ResourceNotFound", f"The model {model} was not found.")
        raise ServiceError(400, "BadRequest", "The request is invalid.", details=[detail])
    deployed.check(emulator, stated)
    probes = {
        name: {**PROBE, **{k: v for k, v in (stated.get(name) or {}).items() if v is not None}}
        for name in ("livenessProbe", "readinessProbe")
    }
    on_kubernetes = stated.get("endpointComputeType") == kubernetes.TYPE
    return {
        "endpointComputeType": "Managed",
        "appInsightsEnabled": False,
        "scaleSettings": {"scaleType": "Default"},
        "environmentVariables": {},
        "properties": {},
        "egressPublicNetworkAccess": "Enabled",
        **{key: value for key, value in stated.items() if value is not None and key not in READ_ONLY},
        **probes,
        "requestSettings": requests,
        **(
            kubernetes.resources(stated)
            if on_kubernetes
            else {"instanceType": stated.get("instanceType") or DEFAULT_SIZE}
        ),
    }


def _check_capacity(emulator: Emulator, properties: Json, capacity: int, before: Resource | None) -> None:
    if properties["endpointComputeType"] == kubernetes.TYPE:
        return  # the cluster's own matter
    size_name = str(properties["instanceType"])
    size = sizes.find(size_name)
    if size is None:
        raise bad_request(f"The instance type {size_name} is not supported.", code="BadArgument", target="instanceType")
    if not 1 <= capacity <= MOST_INSTANCES:
        raise bad_request(
            f"The instance count must be 1 to {MOST_INSTANCES}.", code="BadArgument", target="sku.capacity"
        )
    more = capacity - int((before.body.get("sku") or {}).get("capacity") or 0) if before else capacity
    if more > 0 and quota.lacking(emulator, size, more, reserve=True):
        raise _out_of_quota(emulator, size, quota.needed(size, more, reserve=True))


def _out_of_quota(emulator: Emulator, size: sizes.Size, needed: int) -> ServiceError:
    """The refusal as the service gives it: at once, a 400, with the reason as JSON inside a message."""
    usage, limit = quota.used(emulator, size.family), quota.limit(emulator, size.family)
    said = (
        f"Not enough quota available for {size.name} in SubscriptionId. Current usage/limit: {usage}/{limit}. "
        f"Additional needed: {needed} Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-outofquota"
    )
    inner: dict[str, Any] = {"errors": {"VmSize": [said]}, "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1"}
    detail = error_object(
        "InferencingClientCreateDeploymentFailed",
        f"InferencingClient HttpRequest error, error detail: {json.dumps(inner)}",
    )
    return ServiceError(400, "BadRequest", "The request is invalid.", details=[detail])


def _require(request: Request, emulator: Emulator) -> Resource:
    endpoint = endpoints.require(request, emulator)
    found = emulator.store.get(f"{endpoint.id}/{KIND}/{request.params['deployment']}")
    if found is None:
        raise ServiceError(
            404,
            "ResourceNotFound",
            f"Deployment {request.params['deployment']} was not found in endpoint {endpoint.name}.",
        )
    return found
