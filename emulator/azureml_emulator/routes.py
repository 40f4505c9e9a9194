"""The whole surface of the emulator: host, methods, path -> handler, one table a service. Read it first.

A request that no row fits is answered with 501 and named. A special row stands before the general one that would take
its requests too; the general ones of Resource Manager come last.
"""

from azureml_emulator.control import routes as control
from azureml_emulator.http.routing import Route
from azureml_emulator.services.assets import routes as assets
from azureml_emulator.services.autoscale import routes as autoscale
from azureml_emulator.services.batch_endpoints import routes as batch_endpoints
from azureml_emulator.services.entra import routes as entra
from azureml_emulator.services.github import routes as github
from azureml_emulator.services.huggingface import routes as huggingface
from azureml_emulator.services.jobs import routes as jobs
from azureml_emulator.services.online_endpoints import routes as online_endpoints
from azureml_emulator.services.openai import routes as openai
from azureml_emulator.services.storage import routes as storage
from azureml_emulator.services.tracking import routes as tracking
from azureml_emulator.services.workspaces import routes as workspaces

ROUTES: tuple[Route, ...] = (
    *entra.ROUTES,
    *github.ROUTES,
    *huggingface.ROUTES,
    *openai.ROUTES,
    *workspaces.ROUTES,
    *assets.ROUTES,
    *storage.ROUTES,
    *control.CONTROL_ROUTES,
    *jobs.ROUTES,
    *tracking.ROUTES,
    *online_endpoints.ROUTES,
    *batch_endpoints.ROUTES,
    *autoscale.ROUTES,
    *workspaces.DEPENDENT_ROUTES,
)
