"""Resources of other providers that a deployment makes: identities, role assignments, storage accounts and the like.

They are kept as they are said. What of them says who may do what is stated to `entra`; nothing else of them acts.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from azureml_emulator.core import arm, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.entra import federation, roles
from azureml_emulator.services.entra.assignments import Access
from azureml_emulator.services.entra.tokens import Principal, object_id
from azureml_emulator.services.workspaces import scope

KIND = "armResources"
IDENTITIES = "microsoft.managedidentity/userassignedidentities"
CREDENTIALS = f"{IDENTITIES}/federatedidentitycredentials"
ASSIGNMENTS = "microsoft.authorization/roleassignments"
LOCKS = "microsoft.authorization/locks"
DEFINITIONS = "microsoft.authorization/roledefinitions"
OF_ACCESS = frozenset({IDENTITIES, CREDENTIALS, ASSIGNMENTS, DEFINITIONS})


def keep(emulator: Emulator, id: str, said: Json, caller: Principal) -> Resource:
    """Make a resource, or change it to what is said. Raises 400 and 404 as its provider does."""
    kind, body = str(said["type"]), {key: said[key] for key in _KEPT if said.get(key) is not None}
    properties = {**(said.get("properties") or {}), "provisioningState": "Succeeded"}
    if kind.lower() == IDENTITIES:
        client = str(uuid.uuid5(uuid.NAMESPACE_URL, id.lower()))
        properties = {"tenantId": defaults.TENANT_ID, "clientId": client, "principalId": object_id(client)}
    if kind.lower() == ASSIGNMENTS:
        properties["scope"] = _scope_of(id)
        _role(emulator, properties)
    if kind.lower() == DEFINITIONS:
        _check_definition(emulator, id, properties)
    whole = {**body, "type": kind, "properties": properties}
    made = emulator.store.put(id, whole, parent=_holder(id), kind=KIND, name=str(said["name"]).rsplit("/", 1)[-1])
    if kind.lower() in OF_ACCESS:
        _state_access(emulator, caller)
    return made


def get(request: Request, emulator: Emulator) -> Reply:
    """GET such a resource."""
    return Reply(200, show(_require(request, emulator)))


def delete(request: Request, emulator: Emulator) -> Reply:
    """DELETE such a resource, and what is part of it; of who may do what, the answer is what went."""
    found = emulator.store.get(request.path.rstrip("/"))
    if found is None:
        return Reply(204)
    if found.body["type"].lower() == DEFINITIONS:
        _refuse_assigned(emulator, found)
    emulator.store.delete(found.id)
    _state_access(emulator, None)
    return Reply(200, show(found) if found.body["type"].lower() in (ASSIGNMENTS, DEFINITIONS) else None)


def list_in_group(request: Request, emulator: Emulator) -> Reply:
    """GET what a resource group holds: resources of the first level, as ARM lists them."""
    p = request.params
    group = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}"
    if not scope.group_exists(emulator, p["sub"], p["rg"]):
        raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{p['rg']}' could not be found.", plain=True)
    kept = [{**_first(one), "type": one.body["type"]} for one in emulator.store.children(group, KIND)]
    ours = f"{arm.PROVIDER}/workspaces"
    kept += [{**_first(one), "type": ours} for one in emulator.store.children(group, scope.KIND)]
    theirs = emulator.store.children(group, "registries")
    kept += [{**_first(one), "type": f"{arm.PROVIDER}/registries"} for one in theirs]
    return arm.page(request, kept, lambda one: one)


def list_locks(request: Request, emulator: Emulator) -> Reply:
    """GET the locks of a resource group, and of what is in it."""
    p = request.params
    group = f"/subscriptions/{p['sub']}/resourceGroups/{p['rg']}/".lower()
    held = (one for one in _of(emulator.store.every(KIND), LOCKS) if one.id.lower().startswith(group))
    return arm.page(request, held, show)


def show(found: Resource) -> Json:
    """As ARM shows it."""
    return {"id": found.id, "name": found.name, **found.body}


def forget_below(emulator: Emulator, group: str) -> None:
    """Remove what a resource group holds of such resources."""
    for one in [one for one in emulator.store.every(KIND) if one.id.lower().startswith(f"{group.lower()}/")]:
        emulator.store.delete(one.id)
    _state_access(emulator, None)


_KEPT = ("location", "tags", "sku", "kind", "identity")


def _first(one: Resource) -> Json:
    return {"id": one.id, "name": one.name, "location": one.body.get("location"), "tags": one.body.get("tags") or {}}


def _require(request: Request, emulator: Emulator) -> Resource:
    found = emulator.store.get(request.path.rstrip("/"))
    if found is None:
        text = f"The Resource '{request.path.rpartition('/providers/')[2]}' was not found."
        raise ServiceError(404, "ResourceNotFound", text, plain=True)
    return found


def _holder(id: str) -> str:
    """What a resource is part of: another one of the same provider, else its group, subscription or scope."""
    before, _, own = id.rpartition("/providers/")
    pieces = own.split("/")
    return "/".join([before, "providers", *pieces[:-2]]) if len(pieces) > 3 else before


def _scope_of(id: str) -> str:
    return id.rpartition("/providers/")[0]


def _role(emulator: Emulator, properties: Mapping[str, object]) -> str:
    """The name of the role that an assignment is of. Raises ARM's 404 for one that is not known."""
    id = str(properties.get("roleDefinitionId")).rpartition("/")[2].lower()
    known = {
        one.name.lower(): one.body["properties"]["roleName"] for one in _of(emulator.store.every(KIND), DEFINITIONS)
    }
    known |= {number: name for name, number in roles.IDS.items()}
    if id not in known:
        text = f"The specified role definition with ID '{id.replace('-', '')}' does not exist."
        raise ServiceError(404, "RoleDefinitionDoesNotExist", text, plain=True)
    return str(known[id])


def _definition(properties: Mapping[str, Any]) -> Json:
    """A role of one's own, as `entra` is told of it."""
    allowed = properties["permissions"][0]
    parts = {"actions": "actions", "not_actions": "notActions", "data_actions": "dataActions"}
    return {"name": properties["roleName"], **{name: allowed.get(theirs) or [] for name, theirs in parts.items()}}


def _credential(client: str, stated: Mapping[str, Any]) -> federation.Credential:
    return federation.Credential(client, stated["subject"], stated["issuer"], next(iter(stated["audiences"])))


def _check_definition(emulator: Emulator, id: str, properties: Mapping[str, Any]) -> None:
    """Raise ARM's 400 for an action that no provider has, and its 409 for a name that another role has."""
    name = str(properties["roleName"])
    roles.definition(_definition(properties))
    others = (one for one in _of(emulator.store.every(KIND), DEFINITIONS) if one.id.lower() != id.lower())
    if name in roles.BUILT_IN or any(one.body["properties"]["roleName"] == name for one in others):
        text = f"A custom role with the same name '{name}' already exists in this directory. Use a different name."
        raise ServiceError(409, "RoleDefinitionWithSameNameExists", text, plain=True)


def _refuse_assigned(emulator: Emulator, role: Resource) -> None:
    for one in _of(emulator.store.every(KIND), ASSIGNMENTS):
        if str(one.body["properties"]["roleDefinitionId"]).rpartition("/")[2].lower() == role.name.lower():
            text = f"There are existing role assignments referencing role '{role.name}'."
            raise ServiceError(400, "RoleDefinitionHasAssignments", text, plain=True)


def _state_access(emulator: Emulator, caller: Principal | None) -> None:
    """Tell who may sign in and do what. Whoever assigns the first role may assign roles, so is an owner."""
    access = emulator.part(Access)
    every = list(emulator.store.every(KIND))
    clients = {one.id.lower(): one.body["properties"]["clientId"] for one in _of(every, IDENTITIES)}
    credentials = [
        _credential(clients[_holder(one.id).lower()], one.body["properties"])
        for one in _of(every, CREDENTIALS)
        if _holder(one.id).lower() in clients
    ]
    assignments = [
        roles.Assignment(str(of["principalId"]), _role(emulator, of), str(of["scope"]))
        for of in (one.body["properties"] for one in _of(every, ASSIGNMENTS))
    ]
    if assignments and not access.assignments and caller is not None:
        access.owner(caller.client)
    definitions = [_definition(one.body["properties"]) for one in _of(every, DEFINITIONS)]
    access.deployed(credentials, assignments, definitions)


def _of(every: Iterable[Resource], kind: str) -> list[Resource]:
    return [one for one in every if str(one.body["type"]).lower() == kind]
