"""Versioned assets of workspaces and registries."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import API, ML, SUBSCRIPTION, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.assets import (
    components,
    data,
    features,
    indexes,
    models,
    registries,
    registry,
    registry_assets,
    registry_calls,
    snapshots,
)
from azureml_emulator.services.workspaces import arm_deployments

# one row per call and kind of versioned asset; the kinds differ in nothing but their checks
ASSET_ROUTES = (
    Route(ARM, "POST", WS + "/codes/{name}/versions/{version}/startPendingUpload", data.CODES.start_pending_upload),
    Route(API, "GET", f"/content/v2.0{WS}/snapshots/getByHash", snapshots.by_hash),
    *(
        Route(ARM, method, f"{WS}/{kind.plural}{path}", handler)
        for kind in (
            data.DATA,
            models.MODELS,
            data.CODES,
            data.ENVIRONMENTS,
            components.COMPONENTS,
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
    Route(API, "GET", "/assetstore/v1.0/operations/{id}", registry_assets.operation_end),
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

arm_deployments.MAKERS["microsoft.machinelearningservices/registries"] = registries.put
ROUTES = (*ASSET_ROUTES, *REGISTRY_ROUTES, *INDEX_ROUTES)
