"""Run history, artifacts and MLflow."""

from azureml_emulator.core.paths import API, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.tracking import artifacts, history, mlflow, mlflow_models

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
ARTIFACTS = "/artifact/v2.0" + WS + "/artifacts/{origin}/{container}"
ARTIFACT_ROUTES = tuple(
    Route(API, method, ARTIFACTS + path, handler)
    for method, path, handler in (
        ("GET", "", artifacts.list_all),
        ("GET", "/metadata", artifacts.metadata),
        ("GET", "/contentinfo", artifacts.content),
        ("GET", "/prefix/contentinfo", artifacts.content_below),
        ("POST", "/batch/metadata", artifacts.create),
    )
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

ROUTES = (*HISTORY_ROUTES, *ARTIFACT_ROUTES, *MLFLOW_ROUTES)
