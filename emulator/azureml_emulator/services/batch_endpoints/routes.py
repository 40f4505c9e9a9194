"""Batch endpoints and their jobs."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import API, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.batch_endpoints import batch
from azureml_emulator.services.online_endpoints.routes import SCORING_HOST
from azureml_emulator.services.workspaces.records import one_by_one

MFE = "/mferp/managementfrontend"
BATCH = WS + "/batchEndpoints/{name}"
ROUTES = (
    Route(ARM, "GET", WS + "/batchEndpoints", batch.BATCH_ENDPOINTS.list_all),
    Route(ARM, "POST", BATCH + "/listkeys", batch.BATCH_ENDPOINTS.list_keys),
    Route(ARM, "GET", BATCH + "/deployments", batch.BATCH_DEPLOYMENTS.list_all),
    *one_by_one(batch.BATCH_ENDPOINTS, BATCH),
    *one_by_one(batch.BATCH_DEPLOYMENTS, BATCH + "/deployments/{child}"),
    Route(API, "GET", MFE + BATCH + "/jobs", batch.list_jobs),
    Route(API, "GET", MFE + BATCH + "/deployments/{child}/jobs", batch.list_jobs),
    Route(SCORING_HOST, "POST", "/jobs", batch.invoke),
)
