"""Online endpoints: create, read, list, update traffic, keys, delete.

It must not serve requests (`scoring`). Source: Microsoft.MachineLearningServices workspaces/onlineEndpoints.
"""

import re
import secrets
import time
import uuid
from typing import Any

from azureml_emulator.core import arm, defaults, partial
from azureml_emulator.core.errors import ServiceError, bad_request, conflict, error_object
from azureml_emulator.core.operations import Operation, accepted
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.entra.tokens import sign
from azureml_emulator.services.online_endpoints.scoring_script import deployed
from azureml_emulator.services.workspaces import kubernetes, scope

KIND = "onlineEndpoints"
NAME = re.compile(r"^[a-zA-Z](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$")
SHORTEST, LONGEST = 3, 32
AUTH_MODES = ("Key", "AMLToken", "AADToken")
MOST_MIRRORED = 50  # percent
KEYS = "_keys"  # primary and secondary, in an endpoint's body; only listKeys shows them
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
        return (
            query.get("name", found.name).lower() == found.name.lower()
            and _carries(found.body.get("tags"), query.get("tags", ""))
            and _carries(found.body["properties"].get("properties"), query.get("properties", ""))
        )

    if wanted := query.get("orderBy"):
        if wanted.lower() not in ORDERS:
            raise bad_request(f"orderBy {wanted!r} is not one of {', '.join(ORDERS)}.", code="BadArgument")
        field, backwards = ORDERS[wanted.lower()]
        every = filter(fits, emulator.store.children(workspace.id, KIND))
        chosen = sorted(every, key=lambda found: str(found.body["systemData"][field]), reverse=backwards)
        return arm.page(request, chosen, show)
    found = emulator.store.children(workspace.id, KIND, after=arm.after(request))
    return arm.stored_page(request, filter(fits, found), show)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one endpoint."""
    return Reply(200, show(require(request, emulator)))


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT an endpoint: made without traffic, or changed as a whole."""
    workspace = scope.require(request, emulator)
    name, body = request.params["name"], request.json()
    before = emulator.store.get(f"{workspace.id}/{KIND}/{name}")
    if before:
        refuse_while_changing(emulator, before, "update")
        return _begin(request, emulator, before, body, 200)
    check_name(name, "endpoint")
    location = str(body.get("location") or scope.location(workspace))
    if any(other.body["location"] == location for other in emulator.store.named(KIND, name)):
        text = f"There already exists an endpoint with this name: {name}. Endpoint names must be unique in a region."
        raise bad_request(text, code="BadArgument", target="name")
    stated = body.get("properties") or {}
    for field in ("traffic", "mirrorTraffic"):
        if any((stated.get(field) or {}).values()):
            raise bad_request(f"The endpoint has no deployment yet, so {field} cannot be set.", target=field)
    id = f"{workspace.id}/{KIND}/{name}"
    principal = {"principalId": str(uuid.uuid5(uuid.NAMESPACE_URL, id.lower())), "tenantId": defaults.TENANT_ID}
    host = f"https://{name.lower()}.{location}.inference.ml.azure.com"
    made = {
        "location": location,
        "kind": body.get("kind") or "Managed",
        "tags": body.get("tags") or {},
        "identity": {"type": "SystemAssigned", **(body.get("identity") or {}), **principal},
        "properties": {
            "authMode": _auth_mode(stated),
            "compute": kubernetes.cluster(emulator, workspace, stated.get("compute")),
            "description": stated.get("description"),
            "properties": stated.get("properties") or {},
            "publicNetworkAccess": stated.get("publicNetworkAccess") or "Enabled",
            "scoringUri": f"{host}/score",
            "swaggerUri": f"{host}/swagger.json",
            "traffic": {},
            "mirrorTraffic": {},
            "provisioningState": "Creating",
        },
        KEYS: [secrets.token_urlsafe(24), secrets.token_urlsafe(24)],
        "systemData": arm.system_data(emulator.clock),
    }
    found = emulator.store.put(id, made, parent=workspace.id, kind=KIND, name=name)
    return accepted(start(request, emulator, found, KIND), 201, show(found))


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: tags and identity; and at the API versions that have it, traffic, as MLflow's deployment client sends."""
    found = require(request, emulator)
    refuse_while_changing(emulator, found, "update")
    with_traffic = request.query.get("api-version", "") <= LAST_WITH_TRAFFIC
    body = partial.changes(request, found.body, PATCHED + (PATCHED_TRAFFIC if with_traffic else ()))
    tags = {**(found.body.get("tags") or {}), **(body.get("tags") or {})}
    sent = body.get("properties") or {}
    shares = {field: sent[field] for field in TRAFFIC_FIELDS if sent.get(field) is not None}
    stated = {
        **found.body,
        "identity": {**found.body["identity"], **(body.get("identity") or {})},
        "tags": {key: value for key, value in tags.items() if value is not None},
        "properties": {**found.body["properties"], **shares},
    }
    return _begin(request, emulator, found, stated, 202)


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE with all deployments: 202 and an operation; 204 when there is none."""
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        return Reply(204)
    refuse_while_changing(emulator, found, "delete")
    for deployment in emulator.store.children(found.id, "deployments"):
        deployed.remove(emulator, deployment)
    set_state(emulator, found, "Deleting")
    return accepted(start(request, emulator, found, KIND, effect="delete"), 202)


def list_keys(request: Request, emulator: Emulator) -> Reply:
    """POST listKeys; an endpoint with another auth mode has none."""
    found = _with_keys(request, emulator)
    first, second = found.body[KEYS]
    return Reply(200, {"primaryKey": first, "secondaryKey": second})


def regenerate_keys(request: Request, emulator: Emulator) -> Reply:
    """POST regenerateKeys with keyType Primary or Secondary."""
    found = _with_keys(request, emulator)
    refuse_while_changing(emulator, found, "update")
    body = request.json()
    kinds = ("primary", "secondary")
    if str(body.get("keyType")).lower() not in kinds:
        raise bad_request(f"keyType {body.get('keyType')!r} is not Primary or Secondary.", target="keyType")
    keys = list(found.body[KEYS])
    index, wanted = kinds.index(str(body["keyType"]).lower()), body.get("keyValue")
    # the SDK sends the present value along, and still means a new one
    keys[index] = wanted if wanted and wanted != keys[index] else secrets.token_urlsafe(24)
    emulator.store.update(found.id, {**found.body, KEYS: keys})
    return accepted(start(request, emulator, found, KIND), 202)


def token(request: Request, emulator: Emulator) -> Reply:
    """POST token, for an endpoint with AMLToken. Tokens live in real time, like Entra's."""
    found = require(request, emulator)
    if found.body["properties"]["authMode"] != "AMLToken":
        raise bad_request(f"Endpoint {found.name} does not use tokens of Azure ML.", code="BadArgument")
    now = int(time.time())
    made = sign({"aud": SCORING_AUDIENCE, "endpoint": found.id, "exp": now + TOKEN_SECONDS})
    expiry = {"expiryTimeUtc": now + TOKEN_SECONDS, "refreshAfterTimeUtc": now + TOKEN_SECONDS // 2}
    return Reply(200, {"accessToken": made, "tokenType": "Bearer", **expiry})


def require(request: Request, emulator: Emulator) -> Resource:
    """The endpoint that a route names as {name}. Raises 404."""
    workspace = scope.require(request, emulator)
    found = emulator.store.get(f"{workspace.id}/{KIND}/{request.params['name']}")
    if found is None:
        what = f"workspaces/{workspace.name}/onlineEndpoints/{request.params['name']}"
        raise scope.not_found(what, request.params["rg"])
    return found


def check_name(name: str, what: str) -> None:
    """The rule of the service for endpoints and deployments. Raises 400."""
    if not SHORTEST <= len(name) <= LONGEST or not NAME.match(name):
        text = (
            f"The {what} name {name!r} is not valid: {SHORTEST} to {LONGEST} characters, beginning with a letter, then "
            "letters, digits and hyphens, ending with a letter or digit."
        )
        raise bad_request(text, code="BadArgument", target="name")


def refuse_while_changing(emulator: Emulator, found: Resource, verb: str) -> None:
    """An endpoint or deployment takes one change at a time. Raises 409."""
    if emulator.operations.pending(found.id):
        state = found.body["properties"]["provisioningState"]
        raise conflict(f"Cannot {verb} {found.name} because it is in {state} provisioning state.")


def set_state(emulator: Emulator, found: Resource, state: str) -> Resource:
    """Change the provisioning state."""
    properties = {**found.body["properties"], "provisioningState": state}
    emulator.store.update(found.id, {**found.body, "properties": properties})
    return Resource(
        found.id, found.parent, found.kind, found.name, {**found.body, "properties": properties}, found.sequence
    )


def start(request: Request, emulator: Emulator, found: Resource, kind: str, **more: Any) -> Operation:
    """Begin a long-running operation on an endpoint or deployment."""
    location = str(found.body["location"])
    return emulator.operations.start(found.id, kind, request=request, location=location, **more)


def show(found: Resource) -> Json:
    """The endpoint as ARM shows it; keys only come from listKeys."""
    return arm.envelope(found, "workspaces/onlineEndpoints")


def _carries(held: dict[str, str] | None, wanted: str) -> bool:
    """Whether tags or properties have every part of `a=1,b`; a part without a value asks for the name only."""
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        name, has_value, value = part.partition("=")
        if name not in (held or {}) or (has_value and str((held or {})[name]) != value):
            return False
    return True


def _with_keys(request: Request, emulator: Emulator) -> Resource:
    found = require(request, emulator)
    if found.body["properties"]["authMode"] != "Key":
        raise bad_request(f"Endpoint {found.name} does not use keys.", code="BadArgument")
    return found


def _begin(request: Request, emulator: Emulator, before: Resource, body: Json, status: int) -> Reply:
    stated = body.get("properties") or {}
    known = {child.name: child for child in emulator.store.children(before.id, "deployments")}
    traffic = _percentages(stated.get("traffic") or {}, known, before, "traffic")
    mirror = _percentages(stated.get("mirrorTraffic") or {}, known, before, "mirrorTraffic")
    if sum(traffic.values()) not in (0, 100):
        raise bad_request(
            f"Traffic must sum to 0 or 100, not {sum(traffic.values())}.", code="BadArgument", target="traffic"
        )
    if len(mirror) > 1 or sum(mirror.values()) > MOST_MIRRORED or set(mirror) & set(traffic):
        text = f"Traffic is mirrored to one deployment without live traffic, {MOST_MIRRORED} percent at most."
        raise bad_request(text, code="BadArgument", target="mirrorTraffic")
    if stated.get("authMode") and _auth_mode(stated) != before.body["properties"]["authMode"]:
        raise bad_request("The auth mode of an endpoint cannot be changed.", code="BadArgument", target="authMode")
    kept = before.body["properties"]
    properties = {**kept, "traffic": traffic, "mirrorTraffic": mirror, "provisioningState": "Updating"}
    for name in ("description", "properties", "publicNetworkAccess"):
        properties[name] = stated.get(name, kept.get(name))
    after = {
        **before.body,
        "tags": body.get("tags") if body.get("tags") is not None else {},
        "identity": {**before.body["identity"], **(body.get("identity") or {})},
        "properties": properties,
        "systemData": arm.system_data(emulator.clock, before),
    }
    emulator.store.update(before.id, after)
    found = emulator.store.get(before.id)
    assert found is not None
    return accepted(start(request, emulator, found, KIND), status, show(found))


def _percentages(stated: dict[str, Any], known: dict[str, Resource], before: Resource, field: str) -> dict[str, int]:
    """The shares above zero, of deployments that exist and, where a share is new, are healthy."""
    try:
        shares = {name: int(value) for name, value in stated.items() if int(value) != 0}
    except (TypeError, ValueError):
        raise bad_request(f"{field} must be whole percentages by deployment.", target=field) from None
    kept = before.body["properties"].get(field) or {}
    for name, value in shares.items():
        if name not in known:
            raise bad_request(f"Deployment {name} in {field} does not exist.", code="BadArgument", target=field)
        if not 0 < value <= 100:
            raise bad_request(f"{field} of {name} must be between 0 and 100.", code="BadArgument", target=field)
        if known[name].body["properties"]["provisioningState"] == "Failed" and kept.get(name) != value:
            detail = error_object("BadArgument", f"Deployment {name} is in Failed state.")
            raise ServiceError(400, "BadRequest", f"Deployment {name} cannot take traffic.", details=[detail])
    return shares


def _auth_mode(stated: Json) -> str:
    wanted = str(stated.get("authMode") or "Key")
    found = next((mode for mode in AUTH_MODES if mode.lower() == wanted.lower()), None)
    if found is None:
        raise bad_request(f"The auth mode {wanted!r} is not one of {', '.join(AUTH_MODES)}.", target="authMode")
    return found
