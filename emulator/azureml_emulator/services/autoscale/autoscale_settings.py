"""Calls on autoscale settings: create, change, read, list, delete. Kept and checked; nothing is scaled by them.

Source: Microsoft.Insights/autoscaleSettings 2022-10-01 (REST specification).
"""

from collections.abc import Iterator

from azureml_emulator.core import arm
from azureml_emulator.core.body_types import stated
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.autoscale.setting_resource import KIND, STATED, AutoscaleSetting, check, refuse
from azureml_emulator.services.online_endpoints import deployment_resource
from azureml_emulator.services.workspaces import scope


def list_group(request: Request, emulator: Emulator) -> Reply:
    """GET the settings of a resource group."""
    found = map(AutoscaleSetting.read, emulator.store.children(_group(request, emulator), KIND))
    return arm.page(request, found, AutoscaleSetting.show)


def list_subscription(request: Request, emulator: Emulator) -> Reply:
    """GET the settings of a subscription."""
    scope.check_subscription(emulator, request.params["sub"])
    above = f"/subscriptions/{request.params['sub']}/".lower()
    found = (one for one in _every(emulator) if one.id.lower().startswith(above))
    return arm.page(request, found, AutoscaleSetting.show)


def get(request: Request, emulator: Emulator) -> Reply:
    """GET one setting."""
    return Reply(200, _require(request, emulator).show())


def put(request: Request, emulator: Emulator) -> Reply:
    """PUT: made (201), or replaced (200)."""
    group, body = _group(request, emulator), stated(request.json(), STATED)
    id = f"{group}/providers/Microsoft.Insights/{KIND}/{request.params['name']}"
    before = emulator.store.get(id)
    return Reply(200 if before else 201, _keep(emulator, id, group, request.params["name"], body).show())


def patch(request: Request, emulator: Emulator) -> Reply:
    """PATCH: tags, and properties, each of which replaces the one before."""
    found = _require(request, emulator)
    body = stated(request.json(), STATED)
    properties = {**found.kept["properties"], **(body.get("properties") or {})}
    tags = body["tags"] if body.get("tags") is not None else found.tags
    whole = {"location": found.location, "tags": tags, "properties": properties}
    return Reply(200, _keep(emulator, found.id, found.parent, found.name, whole).show())


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE: 200; 204 when there is none."""
    group = _group(request, emulator)
    found = emulator.store.get(f"{group}/providers/Microsoft.Insights/{KIND}/{request.params['name']}")
    if found is None:
        return Reply(204)
    emulator.store.delete(found.id)
    return Reply(200)


def _keep(emulator: Emulator, id: str, group: str, name: str, body: Json) -> AutoscaleSetting:
    """Raises 400 and 409 for what the service refuses."""
    check(body)
    properties = {"enabled": True, "notifications": [], **body["properties"], "name": name}
    wanted: Json = {
        "location": body["location"],
        "tags": body.get("tags") or {},
        "properties": properties,
        "systemData": arm.system_data(emulator.clock, emulator.store.get(id)),
    }
    made = AutoscaleSetting.of(id, group, name, wanted)
    target = emulator.store.get(made.target)
    if target is None or target.kind != deployment_resource.KIND:
        raise refuse("properties.targetResourceUri", f"{made.target} is no resource that can be scaled.")
    others = (one for one in _every(emulator) if one.id.lower() != id.lower())
    taken = next((one for one in others if one.target.lower() == made.target.lower()), None)
    if taken:
        text = f"The resource {made.target} has the autoscale setting {taken.name} already."
        raise ServiceError(409, "Conflict", text, plain=True)
    return made.save(emulator.store, KIND)


def _require(request: Request, emulator: Emulator) -> AutoscaleSetting:
    group = _group(request, emulator)
    found = emulator.store.get(f"{group}/providers/Microsoft.Insights/{KIND}/{request.params['name']}")
    if found is None:
        text = (
            f"The Resource 'Microsoft.Insights/autoscaleSettings/{request.params['name']}' under resource group "
            f"'{request.params['rg']}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
        raise ServiceError(404, "ResourceNotFound", text, plain=True)
    return AutoscaleSetting.read(found)


def _group(request: Request, emulator: Emulator) -> str:
    """The id of the group that a route names. Raises ARM's 404."""
    p = request.params
    scope.check_subscription(emulator, p["sub"])
    id = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    if not scope.group_exists(emulator, p["sub"], p["rg"]):
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{p['rg']}' could not be found.", plain=True)
    return id


def _every(emulator: Emulator) -> Iterator[AutoscaleSetting]:
    return map(AutoscaleSetting.read, emulator.store.every(KIND))
