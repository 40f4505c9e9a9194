"""Calls on online endpoints: create, read, list, update traffic, keys, delete.

`endpoint_resource` says what an endpoint is and may become; `scoring` serves its requests.
Source: Microsoft.MachineLearningServices workspaces/onlineEndpoints.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from azureml_emulator.core import arm, clouds, partial
from azureml_emulator.core.errors import bad_request, conflict
from azureml_emulator.core.operations import Operation, accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.core.typed import ProvisioningState
from azureml_emulator.services.entra.tokens import sign
from azureml_emulator.services.online_endpoints import deployment_resource
from azureml_emulator.services.online_endpoints.deployment_resource import OnlineDeployment
from azureml_emulator.services.online_endpoints.endpoint_resource import KIND, AuthMode, OnlineEndpoint, check_name
from azureml_emulator.services.online_endpoints.scoring_script import deployed
from azureml_emulator.services.workspaces import kubernetes, scope

ORDERS = {
    "createdatasc": ("createdAt", False),
    "createdatdesc": ("createdAt", True),
    "updatedatasc": ("lastModifiedAt", False),
    "updatedatdesc": ("lastModifiedAt", True),
}
PATCHED = ("tags", "identity")
LAST_WITH_TRAFFIC = "2022-02-01-preview"  # the API version, where a PATCH could change more than tags and identity
TRAFFIC_FIELDS = ("traffic", "mirrorTraffic", "publicNetworkAccess")
PATCHED_TRAFFIC = tuple(f"properties.{field}" for field in TRAFFIC_FIELDS)
SCORING_AUDIENCE = "https://ml.azure.com"
TOKEN_SECONDS = 12 * 3600


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the endpoints of a workspace; `name`, `tags` and `properties` (`a=1,b`) filter, `orderBy` sorts."""
    workspace = scope.require(request, emulator)
    query = request.query

    def fits(found: Resource) -> bool:
        endpoint = OnlineEndpoint.read(found)
        return (
            query.get("name", found.name).lower() == found.name.lower()
            and _carries(endpoint.tags, query.get("tags", ""))
            and _carries(endpoint.labels, query.get("properties", ""))
        )

    if wanted := query.get("orderBy"):
        if wanted.lower() not in ORDERS:
            raise bad_request(f"orderBy {wanted!r} is not one of {', '.join(ORDERS)}.", code="BadArgument")
        field, backwards = ORDERS[wanted.lower()]
        every = map(OnlineEndpoint.read, filter(fits, emulator.store.children(workspace.id, KIND)))
        chosen = sorted(every, key=lambda one: str(one.system_data[field]), reverse=backwards)
        return arm.page(request, chosen, OnlineEndpoint.show)
    found = emulator.store.children(workspace.id, KIND, after=arm.after(request))
    return arm.stored_page(request, filter(fits, found), lambda one: OnlineEndpoint.read(one).show())


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one endpoint."""
    return Reply(200, require(request, emulator).show())


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT an endpoint: made without traffic, or changed as a whole."""
    workspace = scope.require(request, emulator)
    name, body = request.params["name"], request.json()
    before = emulator.store.get(f"{workspace.id}/{KIND}/{name}")
    if before:
        return _begin(request, emulator, OnlineEndpoint.read(before), body, 200)
    check_name(name, "endpoint")
    location = str(body.get("location") or scope.location(workspace))
    if any(OnlineEndpoint.read(other).location == location for other in emulator.store.named(KIND, name)):
        text = f"There already exists an endpoint with this name: {name}. Endpoint names must be unique in a region."
        raise bad_request(text, code="BadArgument", target="name")
    compute = kubernetes.cluster(emulator, workspace, (body.get("properties") or {}).get("compute"))
    new = OnlineEndpoint.new(workspace.id, name, location, body, compute)
    made = replace(new, system_data=arm.system_data(emulator.clock)).save(emulator.store, KIND)
    started = start(request, emulator, made, KIND)
    return accepted(started, 201, made.named_by(started.url).save(emulator.store, KIND).show())


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: tags and identity; and at the API versions that have it, traffic, as MLflow's deployment client sends."""
    found = require(request, emulator)
    refuse_while_changing(emulator, found, "update")
    with_traffic = request.query.get("api-version", "") <= LAST_WITH_TRAFFIC
    body = partial.changes(request, found.kept, PATCHED + (PATCHED_TRAFFIC if with_traffic else ()))
    tags = {**found.tags, **(body.get("tags") or {})}
    sent = body.get("properties") or {}
    kept = {"traffic": found.traffic, "mirrorTraffic": found.mirror_traffic}
    stated = {
        "identity": body.get("identity"),
        "tags": {key: value for key, value in tags.items() if value is not None},
        "properties": {**kept, **{field: sent[field] for field in TRAFFIC_FIELDS if sent.get(field) is not None}},
    }
    return _begin(request, emulator, found, stated, 202)


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE with all deployments: 202 and an operation; 204 when there is none."""
    workspace = scope.require(request, emulator)
    stored = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if stored is None:
        return Reply(204)
    found = OnlineEndpoint.read(stored)
    refuse_while_changing(emulator, found, "delete")
    for deployment in deployments_of(emulator, found):
        deployed.remove(emulator, deployment)
    going = found.moved(ProvisioningState.DELETING).save(emulator.store, KIND)
    _remember(emulator, going.name, {})
    return accepted(start(request, emulator, going, KIND, effect="delete"), 202)


def list_keys(request: Request, emulator: Emulator) -> Reply:
    """POST listKeys; an endpoint with another auth mode has none."""
    first, second = _with_keys(request, emulator).keys
    return Reply(200, {"primaryKey": first, "secondaryKey": second})


def regenerate_keys(request: Request, emulator: Emulator) -> Reply:
    """POST regenerateKeys with keyType Primary or Secondary."""
    found = _with_keys(request, emulator)
    refuse_while_changing(emulator, found, "update")
    body = request.json()
    changed = found.with_key(str(body.get("keyType")), body.get("keyValue")).save(emulator.store, KIND)
    return accepted(start(request, emulator, changed, KIND), 202)


def token(request: Request, emulator: Emulator) -> Reply:
    """POST token, for an endpoint with AMLToken. Tokens live in real time, like Entra's."""
    found = require(request, emulator)
    if found.auth_mode is not AuthMode.AML_TOKEN:
        raise bad_request(f"Endpoint {found.name} does not use tokens of Azure ML.", code="BadArgument")
    now = int(time.time())
    made = sign({"aud": clouds.here(SCORING_AUDIENCE), "endpoint": found.id, "exp": now + TOKEN_SECONDS})
    expiry = {"expiryTimeUtc": now + TOKEN_SECONDS, "refreshAfterTimeUtc": now + TOKEN_SECONDS // 2}
    return Reply(200, {"accessToken": made, "tokenType": "Bearer", **expiry})


def require(request: Request, emulator: Emulator) -> OnlineEndpoint:
    """The endpoint that a route names as {name}. Raises 404."""
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        what = f"workspaces/{workspace.name}/onlineEndpoints/{request.params['name']}"
        raise scope.not_found(what, request.params["rg"])
    return OnlineEndpoint.read(found)


def deployments_of(emulator: Emulator, endpoint: OnlineEndpoint) -> Iterator[OnlineDeployment]:
    """Its deployments, in the order in which they were made."""
    return map(OnlineDeployment.read, emulator.store.children(endpoint.id, deployment_resource.KIND))


def refuse_while_changing(emulator: Emulator, found: OnlineEndpoint | OnlineDeployment, verb: str) -> None:
    """An endpoint or deployment takes one change at a time. Raises 409."""
    if emulator.operations.pending(found.id):
        raise conflict(f"Cannot {verb} {found.name} because it is in {found.state} provisioning state.")


def start(
    request: Request, emulator: Emulator, found: OnlineEndpoint | OnlineDeployment, kind: str, **more: Any
) -> Operation:
    """Begin a long-running operation on an endpoint or deployment."""
    return emulator.operations.start(found.id, kind, request=request, location=found.location, **more)


def _carries(held: dict[str, str] | None, wanted: str) -> bool:
    """Whether tags or properties have every part of `a=1,b`; a part without a value asks for the name only."""
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        name, has_value, value = part.partition("=")
        if name not in (held or {}) or (has_value and str((held or {})[name]) != value):
            return False
    return True


def _with_keys(request: Request, emulator: Emulator) -> OnlineEndpoint:
    found = require(request, emulator)
    if found.auth_mode is not AuthMode.KEY:
        raise bad_request(f"Endpoint {found.name} does not use keys.", code="BadArgument")
    return found


def _begin(request: Request, emulator: Emulator, before: OnlineEndpoint, body: Json, status: int) -> Reply:
    """Start to change an endpoint to what a body says of it as a whole."""
    refuse_while_changing(emulator, before, "update")
    wanted = before.changed(body, {one.name: one for one in deployments_of(emulator, before)})
    stamped = replace(wanted, system_data=arm.changed_again(emulator.clock, before.system_data))
    changed = stamped.save(emulator.store, KIND)
    if changed.traffic != before.traffic:
        _remember(emulator, changed.name, changed.traffic)
    return accepted(start(request, emulator, changed, KIND), status, changed.show())


def _remember(emulator: Emulator, name: str, traffic: Mapping[str, int]) -> None:
    """For the emulator's own page; the service has no such history."""
    row = (name.lower(), emulator.clock.now().timestamp(), json.dumps(traffic))
    emulator.store.database.execute("INSERT INTO traffic VALUES (?,?,?)", row)
