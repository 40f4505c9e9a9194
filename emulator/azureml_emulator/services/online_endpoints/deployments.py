"""Calls on deployments of an online endpoint: create, read, list, scale, logs, delete.

`deployment_resource` says what a deployment is; `scoring` serves its requests.
Source: Microsoft.MachineLearningServices workspaces/onlineEndpoints/deployments.
"""

import asyncio
import json
from dataclasses import replace
from typing import Any

from azureml_emulator.catalog import sizes
from azureml_emulator.core import arm, partial
from azureml_emulator.core.errors import ServiceError, bad_request, error_object
from azureml_emulator.core.operations import accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.typed import ProvisioningState
from azureml_emulator.services.online_endpoints import deployment_resource, endpoints, serving
from azureml_emulator.services.online_endpoints.deployment_resource import KIND, MANAGED, OnlineDeployment
from azureml_emulator.services.online_endpoints.endpoint_resource import check_name
from azureml_emulator.services.online_endpoints.scoring_script import deployed
from azureml_emulator.services.workspaces import kubernetes, quota

MOST_INSTANCES = 50
MOST_DEPLOYMENTS = 20


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the deployments of an endpoint."""
    found = endpoints.deployments_of(emulator, endpoints.require(request, emulator))
    return arm.page(request, found, OnlineDeployment.show)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one deployment."""
    return Reply(200, _require(request, emulator).show())


async def put(request: Request, emulator: Emulator) -> Reply:
    """PUT a deployment: long-running. What can be refused at once is; a model that does not load fails later."""
    with emulator.transaction():
        wanted = _checked(request, emulator)
        place = serving.place(emulator, wanted.model) if wanted.model else serving.BASE
        code = deployed.prepare(emulator, wanted.kept["properties"], place, arm.workspace_id(request))
        container = deployed.container_of(emulator, wanted.id, code) if code else None
    if container:
        error = await asyncio.to_thread(deployed.start_error, container)
    else:
        error = await asyncio.to_thread(serving.load_error, emulator, place)
    stack = await asyncio.to_thread(serving.stack_of, emulator, place)
    with emulator.transaction():
        wanted = replace(_checked(request, emulator), place=place, stack=stack, code=code)  # others came in between
        known = emulator.store.get(wanted.id) is not None
        made = wanted.save(emulator.store, KIND)
        failing = ("ResourceNotReady", error) if error else None
        started = endpoints.start(request, emulator, made, KIND, error=failing)
        named = made.named_by(started.url).save(emulator.store, KIND)
        return accepted(started, 200 if known else 201, named.show())


def _checked(request: Request, emulator: Emulator) -> OnlineDeployment:
    """The deployment as it is going to be kept. Raises all that the service refuses at once."""
    endpoint = endpoints.require(request, emulator)
    endpoints.refuse_while_changing(emulator, endpoint, "create a deployment in endpoint")
    name, body = request.params["deployment"], request.json()
    id = f"{endpoint.id}/{KIND}/{name}"
    stored = emulator.store.get(id)
    before = OnlineDeployment.read(stored) if stored else None
    if before:
        endpoints.refuse_while_changing(emulator, before, "update")
    check_name(name, "deployment")
    if not before and len(list(endpoints.deployments_of(emulator, endpoint))) >= MOST_DEPLOYMENTS:
        raise bad_request(f"An endpoint has at most {MOST_DEPLOYMENTS} deployments.", code="BadArgument")
    stated = body.get("properties") or {}
    compute_type = kubernetes.checked_type(endpoint.name, endpoint.compute, stated)
    wanted: Json = {
        "location": endpoint.location,
        "kind": body.get("kind") or MANAGED,
        "tags": body.get("tags") or {},
        "sku": {"name": "Default", "tier": "Standard", "capacity": 1, **deployment_resource.given(body.get("sku"))},
        "identity": None,
        "properties": _properties(emulator, stated, compute_type),
        "systemData": arm.system_data(emulator.clock, stored),
    }
    made = OnlineDeployment.of(id, endpoint.id, name, wanted)
    _check_capacity(emulator, made, before)
    return replace(made, state=before.moved(ProvisioningState.UPDATING).state if before else made.state)


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: tags, and the number of instances by sku."""
    found = _require(request, emulator)
    for changing in (endpoints.require(request, emulator), found):
        endpoints.refuse_while_changing(emulator, changing, "update")
    body = partial.changes(request, found.kept, ("tags", "sku"))
    scaled = found.scaled(body.get("sku"), body.get("tags"))
    _check_capacity(emulator, scaled, found)
    stamped = replace(scaled, system_data=arm.changed_again(emulator.clock, found.system_data))
    changed = stamped.save(emulator.store, KIND)
    return accepted(endpoints.start(request, emulator, changed, KIND), 202, changed.show())


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE: refused while the deployment has live or mirrored traffic."""
    endpoint = endpoints.require(request, emulator)
    stored = emulator.store.get(f"{endpoint.id}/{KIND}/{request.params['deployment']}")
    if stored is None:
        return Reply(204)
    found = OnlineDeployment.read(stored)
    for changing in (endpoint, found):
        endpoints.refuse_while_changing(emulator, changing, "delete a deployment of")
    for field, shares in (("traffic", endpoint.traffic), ("mirrorTraffic", endpoint.mirror_traffic)):
        if share := shares.get(found.name):
            text = f"Cannot delete deployment {found.name}: it has {share} percent of the {field}. Set it to 0 first."
            raise bad_request(text, code="BadArgument")
    deployed.remove(emulator, found)
    going = found.moved(ProvisioningState.DELETING).save(emulator.store, KIND)
    return accepted(endpoints.start(request, emulator, going, KIND, effect="delete"), 202)


def get_logs(request: Request, emulator: Emulator) -> Reply:
    """POST getLogs: what the container wrote when it started, then a line a request."""
    found = _require(request, emulator)
    body = request.json()
    tail = int(body.get("tail") or 0)
    if body.get("containerType") == "StorageInitializer":
        lines = serving.download_lines(emulator, found)
    else:
        own = deployed.log_lines(emulator, found) if found.code else ()
        lines = serving.log_lines(emulator, found, own)
    return Reply(200, {"content": "".join(f"{line}\n" for line in (lines[-tail:] if tail else lines))})


def skus(request: Request, emulator: Emulator) -> Reply:
    """GET the sizes that a deployment can be scaled to."""
    _require(request, emulator)
    capacity = {"minimum": 1, "maximum": MOST_INSTANCES, "default": 1, "scaleType": "Manual"}
    row = {"resourceType": f"{arm.PROVIDER}/workspaces/onlineEndpoints/deployments", "sku": {"name": "Default"}}
    return Reply(200, {"value": [{**row, "capacity": capacity}]})


def _properties(emulator: Emulator, stated: Json, compute_type: str) -> Json:
    """What is stated, completed. Raises 400 for a model or code that is not there."""
    model = str(stated.get("model") or "")
    if not model and not stated.get("codeConfiguration"):
        raise bad_request("A deployment needs a model, or code.", code="BadArgument", target="model")
    on_kubernetes = compute_type == kubernetes.TYPE
    machines = kubernetes.resources(stated) if on_kubernetes else {"instanceType": stated.get("instanceType")}
    made = deployment_resource.completed(stated, machines)
    if model and not serving.model_exists(emulator, model):
        detail = error_object("ResourceNotFound", f"The model {model} was not found.")
        raise ServiceError(400, "BadRequest", "The request is invalid.", details=[detail])
    deployed.check(emulator, stated)
    return made


def _check_capacity(emulator: Emulator, wanted: OnlineDeployment, before: OnlineDeployment | None) -> None:
    if wanted.compute_type == kubernetes.TYPE:
        return  # the cluster's own matter
    size = sizes.find(wanted.instance_type)
    if size is None:
        text = f"The instance type {wanted.instance_type} is not supported."
        raise bad_request(text, code="BadArgument", target="instanceType")
    if not 1 <= wanted.instances <= MOST_INSTANCES:
        text = f"The instance count must be 1 to {MOST_INSTANCES}."
        raise bad_request(text, code="BadArgument", target="sku.capacity")
    more = wanted.instances - (before.instances if before else 0)
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


def _require(request: Request, emulator: Emulator) -> OnlineDeployment:
    endpoint = endpoints.require(request, emulator)
    found = emulator.store.get(f"{endpoint.id}/{KIND}/{request.params['deployment']}")
    if found is None:
        text = f"Deployment {request.params['deployment']} was not found in endpoint {endpoint.name}."
        raise ServiceError(404, "ResourceNotFound", text)
    return OnlineDeployment.read(found)
