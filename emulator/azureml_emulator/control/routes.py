"""The emulator's own surface, which is no part of Azure: a plain loopback port for people, tests and the rehearsal.

It must not name a host or path of a real service (`routes`).
"""

from azureml_emulator.control import control, fault_calls, page, places
from azureml_emulator.http.routing import Route
from azureml_emulator.services.github import settings
from azureml_emulator.services.workspaces import capacity

CONTROL_HOST = "control.emulator"
CONTROL_ROUTES = (
    Route(CONTROL_HOST, "GET", "/", page.overview),
    Route(CONTROL_HOST, "GET", "/jobs/{name}", page.job),
    Route(CONTROL_HOST, "GET", "/endpoints/{name}", page.endpoint),
    Route(CONTROL_HOST, "GET", "/resources/{kind...}", page.resources),
    Route(CONTROL_HOST, "GET", "/status", control.status),
    Route(CONTROL_HOST, "GET PUT", "/access", control.access),
    Route(CONTROL_HOST, "PUT", "/github/{owner}/{repo}/workflows", settings.workflows),
    Route(CONTROL_HOST, "POST", "/clock", control.move_clock),
    Route(CONTROL_HOST, "PUT", "/delay/{kind}", control.set_delay),
    Route(CONTROL_HOST, "PUT", "/settings/{name}", control.set_setting),
    Route(CONTROL_HOST, "PUT", "/quota/{family}", capacity.set_quota),
    Route(CONTROL_HOST, "PUT", "/workspaces/{subscription}/{group}/{name}", places.ensure_workspace),
    Route(CONTROL_HOST, "PUT", "/registries/{subscription}/{group}/{name}", places.ensure_registry),
    Route(CONTROL_HOST, "GET", "/faults", fault_calls.list_all),
    Route(CONTROL_HOST, "POST", "/faults", fault_calls.add),
    Route(CONTROL_HOST, "DELETE", "/faults", fault_calls.remove_all),
    Route(CONTROL_HOST, "GET", "/faults/{id}", fault_calls.get),
    Route(CONTROL_HOST, "DELETE", "/faults/{id}", fault_calls.remove),
)
