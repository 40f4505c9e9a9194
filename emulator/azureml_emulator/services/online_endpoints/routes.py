"""Online endpoints, scoring, and Azure Monitor's numbers of them."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import SUBSCRIPTION, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.online_endpoints import deployments, endpoints, monitor, scoring

ENDPOINT = WS + "/onlineEndpoints/{name}"
DEPLOYMENT = ENDPOINT + "/deployments/{deployment}"
ENDPOINT_ROUTES = (
    Route(ARM, "GET", WS + "/onlineEndpoints", endpoints.list_all),
    Route(ARM, "GET", ENDPOINT, endpoints.get),
    Route(ARM, "PUT", ENDPOINT, endpoints.put),
    Route(ARM, "PATCH", ENDPOINT, endpoints.patch),
    Route(ARM, "DELETE", ENDPOINT, endpoints.delete),
    Route(ARM, "POST", ENDPOINT + "/listKeys", endpoints.list_keys),
    Route(ARM, "POST", ENDPOINT + "/regenerateKeys", endpoints.regenerate_keys),
    Route(ARM, "POST", ENDPOINT + "/token", endpoints.token),
    Route(ARM, "GET", ENDPOINT + "/deployments", deployments.list_all),
    Route(ARM, "GET", DEPLOYMENT, deployments.get),
    Route(ARM, "PUT", DEPLOYMENT, deployments.put),
    Route(ARM, "PATCH", DEPLOYMENT, deployments.patch),
    Route(ARM, "DELETE", DEPLOYMENT, deployments.delete),
    Route(ARM, "POST", DEPLOYMENT + "/getLogs", deployments.get_logs),
    Route(ARM, "GET", DEPLOYMENT + "/skus", deployments.skus),
)
SCORING_HOST = "{endpoint}.{region}.inference.ml.azure.com"
SCORING_ROUTES = (
    Route(SCORING_HOST, "POST", "/score", scoring.score),
    Route(SCORING_HOST, "GET", "/swagger.json", scoring.swagger),
    Route(SCORING_HOST, "GET", "/", scoring.health),
)
MONITOR_ROUTES = (
    Route(ARM, "GET", ENDPOINT + "/providers/Microsoft.Insights/metrics", monitor.for_resource),
    Route("{region}.metrics.monitor.azure.com", "POST", SUBSCRIPTION + "/metrics:getBatch", monitor.batch),
)

ROUTES = (*ENDPOINT_ROUTES, *SCORING_ROUTES, *MONITOR_ROUTES)
