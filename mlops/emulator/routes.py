"""The whole surface of the emulator as one table: host, methods, path -> handler. Read it first.

A request that no row fits is answered with 501 and named. Rows of one handler module stand together; a special row
stands before the general one that would take its requests too.
"""

from mlops.emulator.arm import HOST as ARM
from mlops.emulator.handlers import control, hub, login
from mlops.emulator.handlers.login import LOGIN
from mlops.emulator.routing import Route

CONTROL_HOST = "control.emulator"
GITHUB_RUNTIME = "pipelines.actions.githubusercontent.com"
API = "{region}.api.azureml.ms"  # the workspace's regional host: run history, MLflow, registry discovery
SUBSCRIPTION = "/subscriptions/{sub}"
ML = SUBSCRIPTION + "/resourceGroups/{rg}/providers/Microsoft.MachineLearningServices"
WS = ML + "/workspaces/{ws}"

LOGIN_ROUTES = (
    Route(LOGIN, "GET", "/{tenant}/v2.0/.well-known/openid-configuration", login.openid_configuration),
    Route(LOGIN, "GET", "/common/discovery/instance", login.instance_discovery),
    Route(LOGIN, "POST", "/{tenant}/oauth2/v2.0/token", login.token),
    Route(GITHUB_RUNTIME, "GET", "/{path...}", login.github_token),
)
DATASETS = "/datasets/{owner}/{name}"
HUB_ROUTES = (
    Route(hub.HOST, "GET HEAD", DATASETS + "/resolve/{rev}/{path...}", hub.resolve),
    Route(hub.HOST, "GET", "/api" + DATASETS, hub.info),
    Route(hub.HOST, "GET", "/api" + DATASETS + "/refs", hub.refs),
    Route(hub.HOST, "GET", "/api" + DATASETS + "/revision/{rev}", hub.info),
    Route(hub.HOST, "GET", "/api" + DATASETS + "/tree/{rev}", hub.tree),
    Route(hub.HOST, "GET", "/api" + DATASETS + "/tree/{rev}/{path...}", hub.tree),
    Route(hub.HOST, "POST", "/api" + DATASETS + "/paths-info/{rev}", hub.paths_info),
    Route(hub.COUNTER_HOST, "HEAD", "/datasets.huggingface.co/{path...}", hub.download_counter),
    Route(hub.VIEWER_HOST, "GET", "/{path...}", hub.viewer),
)
CONTROL_ROUTES = (
    Route(CONTROL_HOST, "GET", "/status", control.status),
    Route(CONTROL_HOST, "POST", "/clock", control.move_clock),
    Route(CONTROL_HOST, "PUT", "/pace/{kind}", control.set_pace),
)

ROUTES: tuple[Route, ...] = (*LOGIN_ROUTES, *HUB_ROUTES, *CONTROL_ROUTES)
