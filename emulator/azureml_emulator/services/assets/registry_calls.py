"""The calls on a registry's assets, given to the one who keeps them: the system's catalog or the team's store.

It must not answer any of them itself.
"""

from azureml_emulator.core.errors import bad_request
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.http.routing import Handler
from azureml_emulator.services.assets import registries, registry, registry_assets


def read(call: str) -> Handler:
    """A call that both answer: `list_versions` and the like."""

    def handle(request: Request, emulator: Emulator) -> Reply:
        if _is_system(request):
            answer: Reply = getattr(registry, call)(request, emulator)
        else:
            answer = getattr(_assets(request), call)(request, emulator)
        return answer

    return _named(handle, call)


def write(call: str) -> Handler:
    """A call that changes something, which the system registry refuses."""

    def handle(request: Request, emulator: Emulator) -> Reply:
        answer: Reply = registry.refuse(request, emulator) if _is_system(request) else _own(request, emulator, call)
        return answer

    return _named(handle, call)


def _own(request: Request, emulator: Emulator, call: str) -> Reply:
    owner = _assets(request) if "kind" in request.params else registry_assets
    answer: Reply = getattr(owner, call)(request, emulator)
    return answer


def _is_system(request: Request) -> bool:
    return request.params["registry"].lower() in registries.SYSTEM


def _assets(request: Request) -> registry_assets.InRegistry:
    kind = request.params["kind"].lower()
    if kind not in registry_assets.KINDS:
        raise bad_request(f"Unknown kind of asset {request.params['kind']!r}.", code="UserError")
    return registry_assets.KINDS[kind]


def _named(handler: Handler, call: str) -> Handler:
    """As the table of routes is printed, in COVERAGE.md."""
    handler.__name__, handler.__module__ = call, registry_assets.__name__
    return handler
