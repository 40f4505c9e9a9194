"""The Hugging Face hub, as far as `datasets` reads it."""

from azureml_emulator.http.routing import Route
from azureml_emulator.services.huggingface import hub

DATASETS = "/datasets/{owner}/{name}"
ROUTES = (
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
