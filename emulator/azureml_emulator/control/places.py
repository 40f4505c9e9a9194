"""Workspaces and registries as the owner of a subscription makes them, whatever the roles that were stated allow.

One that is there stays as it is.
"""

from azureml_emulator.core import arm, clouds
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.assets import registries
from azureml_emulator.services.workspaces import workspace


def ensure_workspace(request: Request, emulator: Emulator) -> Reply:
    """PUT a workspace, in a `location`."""
    id = _id(request, "workspaces")
    made = emulator.store.get(id) or workspace.create(emulator, id, _stated(request))
    return Reply(200, {"id": made.id})


def ensure_registry(request: Request, emulator: Emulator) -> Reply:
    """PUT a registry, in a `location`."""
    name = request.params["name"]
    made = registries.find(emulator, name) or registries.create(
        emulator, _id(request, "registries"), name, _stated(request)
    )
    return Reply(200, {"id": made.id})


def _id(request: Request, kind: str) -> str:
    subscription, group, name = (request.params[key] for key in ("subscription", "group", "name"))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{arm.PROVIDER}/{kind}/{name}"


def _stated(request: Request) -> dict[str, str]:
    return {"location": str(request.json().get("location") or clouds.location())}
