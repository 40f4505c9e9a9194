"""What the caller may do at a scope, as Azure's access control lists it: one entry for each role that reaches there.

It must not judge. Source: Microsoft.Authorization permissions, version 2022-04-01.
"""

from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import tokens
from azureml_emulator.services.entra.assignments import Access
from azureml_emulator.services.entra.roles import Role

EVERYTHING = Role(("*",), data_actions=("*",))  # while no role is assigned to anybody


def list_all(request: Request, emulator: Emulator) -> Reply:
    """GET the permissions of the caller at the scope that stands before `/providers/Microsoft.Authorization`."""
    principal = tokens.check(request.headers.get("authorization", ""), tokens.MANAGEMENT)
    scope = request.path[: request.path.lower().rindex("/providers/microsoft.authorization/")]
    access = emulator.part(Access)
    ids = (principal.client, principal.object)
    held = access.held(ids, scope) if access.assignments else [EVERYTHING]
    return Reply(200, {"value": [_show(role) for role in held]})


def _show(role: Role) -> Json:
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": list(role.data_actions),
        "notDataActions": [],
    }
