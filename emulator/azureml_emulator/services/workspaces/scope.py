"""The subscription, group and workspace that a route names, for every handler below them.

Source: ARM's answers to a scope that is not there.
"""

import uuid

from azureml_emulator.core import arm, defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource

KIND = "workspaces"


def require(request: Request, emulator: Emulator) -> Resource:
    """The workspace that a route names, for every handler below it. Raises ARM's 400 and 404."""
    p = request.params
    found = emulator.store.get(arm.workspace_id(request))
    if found is None:
        check_subscription(emulator, p["sub"])
        if not group_exists(emulator, p["sub"], p["rg"]):
            raise ServiceError(
                404, "ResourceGroupNotFound", f"Resource group '{p['rg']}' could not be found.", plain=True
            )
        raise not_found(f"workspaces/{p['ws']}", p["rg"])
    return found


def check_subscription(emulator: Emulator, subscription: str) -> None:
    """Raises ARM's 400 for what is no id, and its 404 for an id that is not known."""
    try:
        known = str(uuid.UUID(subscription)) == subscription.lower()
    except ValueError:
        known = False
    if not known:
        text = f"The provided subscription identifier '{subscription}' is malformed or invalid."
        raise ServiceError(400, "InvalidSubscriptionId", text, plain=True)
    ids = {item.id.split("/")[2].lower() for kind in (KIND, "resourceGroups") for item in emulator.store.every(kind)}
    if subscription.lower() not in ids | {defaults.SUBSCRIPTION_ID, defaults.REGISTRY_SUBSCRIPTION_ID}:
        text = f"The subscription '{subscription}' could not be found."
        raise ServiceError(404, "SubscriptionNotFound", text, plain=True)


def not_found(what: str, group: str) -> ServiceError:
    """ARM's 404 for a resource of this provider: `what` is type/name[/type/name]."""
    text = (
        f"The Resource '{arm.PROVIDER}/{what}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return ServiceError(404, "ResourceNotFound", text, plain=True)


def location(workspace: Resource) -> str:
    """Its region, as operations want it."""
    return str(workspace.body["location"])


def group_exists(emulator: Emulator, subscription: str, group: str) -> bool:
    """Whether a resource group was made, or holds a workspace."""
    id = f"/subscriptions/{subscription}/resourceGroups/{group}"
    return emulator.store.get(id) is not None or next(emulator.store.children(id, KIND), None) is not None
