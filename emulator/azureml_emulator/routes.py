"""The whole surface of the emulator as one table: host, methods, path -> handler. Read it first.

A request that no row fits is answered with 501 and named. Rows of one handler module stand together; a special row
stands before the general one that would take its requests too.
"""

from azureml_emulator.control.routes import CONTROL_ROUTES
from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.http.routing import Route
from azureml_emulator.services.assets import data, features, indexes, models, registries, registry, registry_calls
from azureml_emulator.services.batch_endpoints import batch
from azureml_emulator.services.entra import login
from azureml_emulator.services.entra.login import LOGIN
from azureml_emulator.services.huggingface import hub
from azureml_emulator.services.jobs import jobs, schedules
from azureml_emulator.services.online_endpoints import deployments, endpoints, monitor, scoring
from azureml_emulator.services.storage import blob, blob_blocks, blob_containers
from azureml_emulator.services.tracking import artifacts, history, mlflow, mlflow_models
from azureml_emulator.services.workspaces import (
    arm_deployments,
    capacity,
    compute,
    datastores,
    long_running,
    subscriptions,
    workspace,
    workspace_records,
)
from azureml_emulator.services.workspaces.records import Records

GITHUB_RUNTIME = "pipelines.actions.githubusercontent.com"
API = "{region}.api.azureml.ms"  # the workspace's regional host: run history, MLflow, registry discovery
SUBSCRIPTION = "/subscriptions/{sub}"
ML = SUBSCRIPTION + "/resourceGroups/{rg}/providers/Microsoft.MachineLearningServices"
WS = ML + "/workspaces/{ws}"


def _one_by_one(kind: Records, path: str) -> tuple[Route, ...]:
    """The calls on one resource that is kept as said."""
    return tuple(
        Route(ARM, method, path, handler)
        for method, handler in (("GET", kind.get), ("PUT", kind.put), ("PATCH", kind.patch), ("DELETE", kind.delete))
    )


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

DEPLOYED = SUBSCRIPTION + "/resourceGroups/{rg}/providers/Microsoft.Resources/deployments/{name}"
WORKSPACES = SUBSCRIPTION + "/providers/Microsoft.MachineLearningServices/workspaces"
WORKSPACE_ROUTES = (
    Route(ARM, "GET", "/metadata/endpoints", subscriptions.endpoints),
    Route(ARM, "GET", "/subscriptions", subscriptions.subscriptions),
    Route(ARM, "GET", SUBSCRIPTION, subscriptions.subscription),
    Route(ARM, "GET HEAD PUT", SUBSCRIPTION + "/resourcegroups/{rg}", subscriptions.resource_group),
    Route(ARM, "GET", WORKSPACES, workspace.list_in_subscription),
    Route(ARM, "PUT", DEPLOYED, arm_deployments.put),
    Route(ARM, "GET", DEPLOYED, arm_deployments.get),
    Route(ARM, "GET", SUBSCRIPTION + "/resourceGroups/{rg}/deployments/{name}/operations", arm_deployments.operations),
    Route(ARM, "GET", ML + "/workspaces", workspace.list_in_group),
    Route(ARM, "GET", WS, workspace.get),
    Route(ARM, "PUT", WS, workspace.put),
    Route(ARM, "PATCH", WS, workspace.patch),
    Route(ARM, "DELETE", WS, workspace.delete),
    Route(ARM, "POST", WS + "/listKeys", workspace.list_keys),
    Route(ARM, "POST", WS + "/listStorageAccountKeys", workspace.list_storage_keys),
    Route(ARM, "POST", WS + "/resyncKeys", workspace.resync_keys),
    Route(ARM, "POST", WS + "/provisionManagedNetwork", workspace.provision_network),
    Route(API, "GET", "/discovery", workspace.discovery),
    Route(API, "GET", "/discovery/workspaces/{id}", workspace.discovery),
)
DEPENDENT = SUBSCRIPTION + "/resourceGroups/{rg}/providers/{provider}/{kind}/{name}"
DEPENDENT_ROUTES = (Route(ARM, "GET DELETE", DEPENDENT, workspace.dependent),)
LOCATION = SUBSCRIPTION + "/providers/Microsoft.MachineLearningServices/locations/{location}"
COMPUTE = WS + "/computes/{name}"
COMPUTE_ROUTES = (
    Route(ARM, "GET", WS + "/computes", compute.list_all),
    Route(ARM, "GET", COMPUTE, compute.get),
    Route(ARM, "PUT", COMPUTE, compute.put),
    Route(ARM, "PATCH", COMPUTE, compute.patch),
    Route(ARM, "DELETE", COMPUTE, compute.delete),
    Route(ARM, "POST", COMPUTE + "/listNodes", compute.list_nodes),
    Route(ARM, "POST", COMPUTE + "/{action}", compute.change_state),
    Route(ARM, "GET", LOCATION + "/vmSizes", capacity.vm_sizes),
    Route(ARM, "GET", LOCATION + "/usages", capacity.usages),
    Route(ARM, "GET", LOCATION + "/quotas", capacity.quotas),
)
OPERATION_ROUTES = (
    Route(ARM, "GET", LOCATION + "/mfeOperationsStatus/{id}", long_running.status),
    Route(ARM, "GET", LOCATION + "/mfeOperationResults/{id}", long_running.result),
)
DATASTORE_ROUTES = (
    Route(ARM, "GET", WS + "/datastores", datastores.list_all),
    Route(ARM, "GET", WS + "/datastores/{name}", datastores.get),
    Route(ARM, "PUT", WS + "/datastores/{name}", datastores.put),
    Route(ARM, "DELETE", WS + "/datastores/{name}", datastores.delete),
    Route(ARM, "POST", WS + "/datastores/{name}/listSecrets", datastores.list_secrets),
)
# one row per call and kind of versioned asset; the kinds differ in nothing but their checks
ASSET_ROUTES = (
    Route(ARM, "POST", WS + "/codes/{name}/versions/{version}/startPendingUpload", data.CODES.start_pending_upload),
    *(
        Route(ARM, method, f"{WS}/{kind.plural}{path}", handler)
        for kind in (
            data.DATA,
            models.MODELS,
            data.CODES,
            data.ENVIRONMENTS,
            data.COMPONENTS,
            features.FEATURESETS,
            features.ENTITIES,
        )
        for method, path, handler in (
            ("GET", "", kind.list_containers),
            ("GET", "/{name}", kind.get_container),
            ("PUT", "/{name}", kind.put_container),
            ("DELETE", "/{name}", kind.delete_container),
            ("GET", "/{name}/versions", kind.list_versions),
            ("GET", "/{name}/versions/{version}", kind.get_version),
            ("PUT", "/{name}/versions/{version}", kind.put_version),
            ("DELETE", "/{name}/versions/{version}", kind.delete_version),
            ("GET", "/{name}/labels/{label}", kind.get_label),
        )
    ),
)
REGISTRY = ML + "/registries/{registry}"
PENDING = "/{kind}/{name}/versions/{version}/startPendingUpload"
REGISTRIES = "/providers/Microsoft.MachineLearningServices/registries"
REGISTRY_ROUTES = (
    Route(API, "GET", "/registrymanagement/v1.0/registries/{registry}/discovery", registry.discovery),
    Route(ARM, "GET", ML + "/registries", registries.list_in_group),
    Route(ARM, "GET", SUBSCRIPTION + REGISTRIES, registries.list_in_subscription),
    Route(ARM, "GET", REGISTRY, registries.get),
    Route(ARM, "PUT", REGISTRY, registries.put),
    Route(ARM, "PATCH", REGISTRY, registries.patch),
    Route(ARM, "DELETE", REGISTRY, registries.delete),
    *(
        Route(host, method, f"{prefix}{REGISTRY}{path}", handler)
        for host, prefix in (
            ("cert-{region}.experiments.azureml.net", "/mferp/managementfrontend"),
            (API, "/mferp/managementfrontend"),
            (ARM, ""),
        )
        for method, path, handler in (
            ("PUT", "/tempdatarefs/{name}/versions/{version}", registry_calls.write("temporary_reference")),
            ("POST", "/datarefs/{name}/versions/{version}", registry_calls.write("data_reference")),
            ("POST", "/import", registry_calls.write("import_asset")),
            ("GET", "/{kind}", registry_calls.read("list_containers")),
            ("GET", "/{kind}/{name}", registry_calls.read("get_container")),
            ("PUT", "/{kind}/{name}", registry_calls.write("put_container")),
            ("DELETE", "/{kind}/{name}", registry_calls.write("delete_container")),
            ("GET", "/{kind}/{name}/versions", registry_calls.read("list_versions")),
            ("GET", "/{kind}/{name}/versions/{version}", registry_calls.read("get_version")),
            ("PUT", "/{kind}/{name}/versions/{version}", registry_calls.write("put_version")),
            ("DELETE", "/{kind}/{name}/versions/{version}", registry_calls.write("delete_version")),
            ("GET", "/{kind}/{name}/labels/{label}", registry_calls.read("get_label")),
            ("POST", PENDING, registry_calls.write("start_pending_upload")),
        )
    ),
)
BLOB_HOST = "{account}.blob.core.windows.net"
CONTAINER, BLOB = "/{container}", "/{container}/{blob...}"
BLOB_ROUTES = (
    Route(BLOB_HOST, "GET", "/", blob_containers.list_containers, "comp=list"),
    Route(BLOB_HOST, "POST", "/", blob_containers.user_delegation_key, "comp=userdelegationkey"),
    Route(BLOB_HOST, "GET HEAD", "/{path...}", blob_containers.account_properties, "restype=account comp=properties"),
    Route(BLOB_HOST, "GET", "/", blob_containers.account_properties, "restype=service comp=properties"),
    Route(BLOB_HOST, "GET", CONTAINER, blob_containers.list_blobs, "restype=container comp=list"),
    Route(BLOB_HOST, "GET HEAD", CONTAINER, blob_containers.access_policy, "restype=container comp=acl"),
    Route(BLOB_HOST, "PUT", CONTAINER, blob_containers.set_metadata, "restype=container comp=metadata"),
    Route(BLOB_HOST, "GET HEAD", CONTAINER, blob_containers.properties, "restype=container comp=metadata"),
    Route(BLOB_HOST, "GET HEAD PUT POST", CONTAINER, blob.not_emulated, "restype=container comp"),
    Route(BLOB_HOST, "GET HEAD", CONTAINER, blob_containers.properties, "restype=container"),
    Route(BLOB_HOST, "PUT", CONTAINER, blob_containers.create, "restype=container"),
    Route(BLOB_HOST, "DELETE", CONTAINER, blob_containers.delete, "restype=container"),
    Route(BLOB_HOST, "PUT", BLOB, blob_blocks.put_block, "comp=block"),
    Route(BLOB_HOST, "PUT", BLOB, blob_blocks.put_block_list, "comp=blocklist"),
    Route(BLOB_HOST, "GET", BLOB, blob_blocks.get_block_list, "comp=blocklist"),
    Route(BLOB_HOST, "PUT", BLOB, blob_blocks.append_block, "comp=appendblock"),
    Route(BLOB_HOST, "PUT", BLOB, blob.set_metadata, "comp=metadata"),
    Route(BLOB_HOST, "GET HEAD", BLOB, blob.get_metadata, "comp=metadata"),
    Route(BLOB_HOST, "PUT", BLOB, blob.set_properties, "comp=properties"),
    Route(BLOB_HOST, "GET HEAD PUT POST DELETE", BLOB, blob.not_emulated, "comp"),
    Route(BLOB_HOST, "PUT", BLOB, blob.put),
    Route(BLOB_HOST, "GET HEAD", BLOB, blob.get),
    Route(BLOB_HOST, "DELETE", BLOB, blob.delete),
)
JOB = WS + "/jobs/{name}"
JOB_ROUTES = (
    Route(ARM, "GET", WS + "/jobs", jobs.list_all),
    Route(ARM, "GET", JOB, jobs.get),
    Route(ARM, "PUT", JOB, jobs.put),
    Route(ARM, "DELETE", JOB, jobs.delete),
    Route(ARM, "POST", JOB + "/cancel", jobs.cancel),
)
HISTORY = "/history/v1.0" + WS
EXPERIMENT_SCOPES = ("/experiments/{experiment}", "/experimentids/{experiment}")
HISTORY_ROUTES = (
    Route(API, "POST", HISTORY + "/rundata", history.run_data),
    Route(API, "POST", HISTORY + "/batchrundata", history.batch_run_data),
    Route(API, "POST", HISTORY + "/runs:query", history.query_runs),
    Route(API, "GET", HISTORY + "/runs/{run}/serviceinstances/{node}", history.service_instances),
    *(
        Route(API, method, HISTORY + scope + path, handler)
        for scope in EXPERIMENT_SCOPES
        for method, path, handler in (
            ("GET", "", history.get_experiment),
            ("POST", "/runs:query", history.query_runs),
            ("PATCH", "/batch/runs", history.batch_patch),
        )
    ),
    *(
        Route(API, method, HISTORY + scope + "/runs/{run}" + path, handler)
        for scope in ("", *EXPERIMENT_SCOPES)
        for method, path, handler in (
            ("GET", "", history.get),
            ("PATCH POST", "", history.patch),
            ("GET", "/details", history.details),
            ("GET", "/children", history.children),
            ("DELETE", "/tags", history.delete_tags),
            ("GET", "/artifacts", artifacts.list_all),
            ("GET", "/artifacts/path", artifacts.list_all),
            ("GET", "/artifacts/metadata", artifacts.metadata),
            ("GET", "/artifacts/contentinfo", artifacts.content),
            ("GET", "/artifacts/prefix/contentinfo", artifacts.content_below),
            ("POST", "/artifacts/batch/metadata", artifacts.create),
        )
    ),
    Route(API, "POST", "/data/v1.0" + WS + "/dataversion/batchGetResolvedUris", artifacts.resolve_data),
    Route(API, "POST", "/modelregistry/v1.0" + WS + "/models/batchGetResolvedUris", artifacts.resolve_models),
)
MLFLOW_ROUTES = tuple(
    Route(API, method, f"/mlflow/{version}{WS}/api/2.0/{path}", handler)
    for version in ("v1.0", "v2.0")
    for method, path, handler in (
        ("GET", "mlflow/runs/get", mlflow.get_run),
        ("POST", "mlflow/runs/create", mlflow.create_run),
        ("POST", "mlflow/runs/update", mlflow.update_run),
        ("POST", "mlflow/runs/delete", mlflow.delete_run),
        ("POST", "mlflow/runs/restore", mlflow.restore_run),
        ("POST", "mlflow/runs/search", mlflow.search_runs),
        ("POST", "mlflow/runs/log-metric", mlflow.log_metric),
        ("POST", "mlflow/runs/log-batch", mlflow.log_batch),
        ("POST", "mlflow/runs/set-tag", mlflow.set_tag),
        ("POST", "mlflow/runs/delete-tag", mlflow.delete_tag),
        ("POST", "mlflow/runs/log-parameter", mlflow.log_parameter),
        ("POST", "mlflow/runs/log-inputs", mlflow.log_inputs),
        ("POST", "preview/mlflow/runs/log-batch-async", mlflow.log_batch_async),
        ("GET", "preview/mlflow/runs/get-run-data-status", mlflow.run_data_status),
        ("GET", "mlflow/metrics/get-history", mlflow.metric_history),
        ("GET", "mlflow/experiments/get", mlflow.get_experiment),
        ("GET", "mlflow/experiments/get-by-name", mlflow.get_experiment),
        ("POST", "mlflow/experiments/create", mlflow.create_experiment),
        ("POST", "mlflow/experiments/set-experiment-tag", mlflow.tag_experiment),
        ("GET POST", "mlflow/experiments/search", mlflow.search_experiments),
        ("GET", "mlflow/experiments/list", mlflow.search_experiments),
        ("POST", "mlflow/registered-models/create", mlflow_models.create),
        ("GET", "mlflow/registered-models/get", mlflow_models.get),
        ("PATCH", "mlflow/registered-models/update", mlflow_models.update),
        ("DELETE", "mlflow/registered-models/delete", mlflow_models.delete),
        ("GET", "mlflow/registered-models/search", mlflow_models.search),
        ("GET POST", "mlflow/registered-models/get-latest-versions", mlflow_models.latest_versions),
        ("POST", "mlflow/registered-models/set-tag", mlflow_models.tag),
        ("DELETE", "mlflow/registered-models/delete-tag", mlflow_models.untag),
        ("POST", "mlflow/model-versions/create", mlflow_models.create_version),
        ("GET", "mlflow/model-versions/get", mlflow_models.get_version),
        ("GET", "mlflow/model-versions/get-download-uri", mlflow_models.download_uri),
        ("GET", "mlflow/model-versions/search", mlflow_models.search_versions),
        ("PATCH", "mlflow/model-versions/update", mlflow_models.update_version),
        ("POST", "mlflow/model-versions/transition-stage", mlflow_models.move_version),
        ("DELETE", "mlflow/model-versions/delete", mlflow_models.delete_version),
        ("POST", "mlflow/model-versions/set-tag", mlflow_models.tag_version),
        ("DELETE", "mlflow/model-versions/delete-tag", mlflow_models.untag_version),
    )
)
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

MFE = "/mferp/managementfrontend"
BATCH = WS + "/batchEndpoints/{name}"
BATCH_ROUTES = (
    Route(ARM, "GET", WS + "/batchEndpoints", batch.BATCH_ENDPOINTS.list_all),
    Route(ARM, "POST", BATCH + "/listkeys", batch.BATCH_ENDPOINTS.list_keys),
    Route(ARM, "GET", BATCH + "/deployments", batch.BATCH_DEPLOYMENTS.list_all),
    *_one_by_one(batch.BATCH_ENDPOINTS, BATCH),
    *_one_by_one(batch.BATCH_DEPLOYMENTS, BATCH + "/deployments/{child}"),
    Route(API, "GET", MFE + BATCH + "/jobs", batch.list_jobs),
    Route(API, "GET", MFE + BATCH + "/deployments/{child}/jobs", batch.list_jobs),
    Route(SCORING_HOST, "POST", "/jobs", batch.invoke),
)
SERVERLESS = WS + "/serverlessEndpoints/{name}"
RECORD_ROUTES = (
    Route(ARM, "GET", WS + "/schedules", schedules.SCHEDULES.list_all),
    Route(ARM, "POST", WS + "/schedules/{name}/trigger", schedules.SCHEDULES.trigger),
    *_one_by_one(schedules.SCHEDULES, WS + "/schedules/{name}"),
    *(Route(ARM, "GET", f"{WS}/{kind.plural}", kind.list_all) for kind in workspace_records.KINDS),
    *(row for kind in workspace_records.KINDS for row in _one_by_one(kind, f"{WS}/{kind.plural}/{{name}}")),
    Route(ARM, "POST", WS + "/connections/{name}/listsecrets", workspace_records.CONNECTIONS.list_secrets),
    Route(ARM, "POST", SERVERLESS + "/listKeys", workspace_records.SERVERLESS_ENDPOINTS.list_keys),
    Route(ARM, "POST", SERVERLESS + "/regenerateKeys", workspace_records.SERVERLESS_ENDPOINTS.regenerate_keys),
    Route(ARM, "GET", WS + "/features", workspace_records.empty_list),
    Route(ARM, "GET", WS + "/privateLinkResources", workspace_records.empty_list),
    Route(ARM, "POST", WS + "/diagnose", workspace_records.diagnose),
)

GENERIC = ("/genericasset" + WS + "/indexes", "/genericasset/v2.0" + WS + "/indexes")
INDEX_ROUTES = tuple(
    Route(API, method, base + path, handler)
    for base in GENERIC
    for method, path, handler in (
        ("GET", "", indexes.INDEXES.list_containers),
        ("GET", "/{name}", indexes.INDEXES.get_latest),
        ("POST", "/{name}", indexes.INDEXES.get_next_version),
        ("GET", "/{name}/versions", indexes.INDEXES.list_versions),
        ("GET", "/{name}/versions/{version}", indexes.INDEXES.get_version),
        ("PUT", "/{name}/versions/{version}", indexes.INDEXES.put_version),
    )
)

ROUTES: tuple[Route, ...] = (
    *LOGIN_ROUTES,
    *HUB_ROUTES,
    *WORKSPACE_ROUTES,
    *COMPUTE_ROUTES,
    *OPERATION_ROUTES,
    *DATASTORE_ROUTES,
    *ASSET_ROUTES,
    *REGISTRY_ROUTES,
    *BLOB_ROUTES,
    *CONTROL_ROUTES,
    *JOB_ROUTES,
    *HISTORY_ROUTES,
    *MLFLOW_ROUTES,
    *ENDPOINT_ROUTES,
    *SCORING_ROUTES,
    *BATCH_ROUTES,
    *MONITOR_ROUTES,
    *RECORD_ROUTES,
    *INDEX_ROUTES,
    *DEPENDENT_ROUTES,
)
