"""Autoscale settings of Azure Monitor."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import SUBSCRIPTION
from azureml_emulator.http.routing import Route
from azureml_emulator.services.autoscale import autoscale_settings as settings

KIND = "/providers/Microsoft.Insights/autoscaleSettings"
GROUP = SUBSCRIPTION + "/resourceGroups/{rg}" + KIND
ONE = GROUP + "/{name}"
ROUTES = (
    Route(ARM, "GET", SUBSCRIPTION + KIND, settings.list_subscription),
    Route(ARM, "GET", GROUP, settings.list_group),
    Route(ARM, "GET", ONE, settings.get),
    Route(ARM, "PUT", ONE, settings.put),
    Route(ARM, "PATCH", ONE, settings.patch),
    Route(ARM, "DELETE", ONE, settings.delete),
)
