"""What every call to Azure meets before its handler: a valid token, the budget of its principal, its roles, locks.

It must not know a resource. The order is that of Azure Resource Manager: who, how often, may they.
"""

import time

from azureml_emulator.core import arm, clouds
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.entra import actions, locks, throttle, tokens
from azureml_emulator.services.entra.assignments import Access
from azureml_emulator.services.entra.tokens import Principal

THROTTLING = "arm.throttling"
REGISTRIES = "registries"  # the kind of resource that a team's own registry is
OPEN = ("subscriptions.endpoints", "workspace.discovery")  # routes that are asked before there is a token
_WORKSPACE_HOSTS = (".api.azureml.ms", ".experiments.azureml.net")


def enter(request: Request, route: str, emulator: Emulator) -> dict[str, str]:
    """Let a call pass: headers for its answer. Raises 401, 400, 429 and 403 as the service does."""
    if route in OPEN:
        return {}
    if request.host == clouds.here(arm.HOST):
        return _at_resource_manager(request, emulator)
    if request.host.endswith(tuple(clouds.here(one) for one in _WORKSPACE_HOSTS)):
        principal = tokens.check(request.headers.get("authorization", ""), tokens.MACHINE_LEARNING)
        demand(emulator, principal, _asked_of_host(request, emulator))
    return {}


def _asked_of_host(request: Request, emulator: Emulator) -> actions.Asked | None:
    """What a regional host is asked. The registries of Microsoft may be read by everybody."""
    _, _, registry = request.path.partition("/registries/")
    if not registry or "/subscriptions/" not in request.path:
        return actions.of_workspace(request.method, request.path)
    if next(emulator.store.named(REGISTRIES, registry.partition("/")[0]), None) is None:
        return None
    return actions.of_arm(request.method, request.path[request.path.index("/subscriptions/") :])


def demand(emulator: Emulator, principal: Principal, asked: actions.Asked | None) -> None:
    """Raise a 403 unless the principal may; while no role is assigned to anybody, everybody may all."""
    access = emulator.part(Access)
    if asked is None or not access.assignments:
        return
    if not access.allows((principal.client, principal.object), asked):
        text = (
            f"The client '{principal.client}' with object id '{principal.object}' does not have authorization to "
            f"perform action '{asked.action}' over scope '{asked.scope}' or the scope is invalid. "
            "If access was recently granted, please refresh your credentials."
        )
        raise ServiceError(403, "AuthorizationFailed", text, plain=True)


def _at_resource_manager(request: Request, emulator: Emulator) -> dict[str, str]:
    principal = tokens.check(request.headers.get("authorization", ""), tokens.MANAGEMENT)
    if "api-version" not in request.query:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise ServiceError(400, "MissingApiVersionParameter", text, plain=True)
    headers: dict[str, str] = {}
    parts = request.path.split("/")
    if len(parts) > 2 and emulator.store.setting(THROTTLING, "off") == "on":
        headers = emulator.part(throttle.of).take(request.method, parts[2], principal.object, time.monotonic())
    demand(emulator, principal, actions.of_arm(request.method, request.path))
    locks.refuse(emulator, request.method, request.path)
    return headers
