"""Subscriptions, workspaces, computes, datastores, operations, and what is kept as said."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import API, ML, SUBSCRIPTION, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.workspaces import (
    arm_deployments,
    arm_records,
    arm_what_if,
    capacity,
    compute,
    connections,
    datastores,
    long_running,
    retail_prices,
    subscription_lists,
    subscriptions,
    workspace,
    workspace_network,
    workspace_records,
)
from azureml_emulator.services.workspaces.records import one_by_one

GROUP = SUBSCRIPTION + "/resourcegroups/{rg}"
DEPENDENT = SUBSCRIPTION + "/resourceGroups/{rg}/providers/{provider}/{kind}/{name}"
DEPLOYED = GROUP + "/providers/Microsoft.Resources/deployments/{name}"
DEPLOYED_TO_SUBSCRIPTION = SUBSCRIPTION + "/providers/Microsoft.Resources/deployments/{name}"
DEPLOYMENT_CALLS = (
    ("PUT", arm_deployments.put),
    ("GET", arm_deployments.get),
    ("DELETE", arm_deployments.delete),
)
LIST_ROUTES = (
    Route(retail_prices.HOST, "GET", "/api/retail/prices", retail_prices.items),
    Route(ARM, "GET", SUBSCRIPTION + "/providers", subscription_lists.providers),
    Route(ARM, "GET", SUBSCRIPTION + "/resources", subscription_lists.resources),
)
RECORDS = (connections.CONNECTIONS, *workspace_records.KINDS)
WORKSPACES = SUBSCRIPTION + "/providers/Microsoft.MachineLearningServices/workspaces"
WORKSPACE_ROUTES = (
    Route(ARM, "GET", "/metadata/endpoints", subscriptions.endpoints),
    Route(ARM, "GET", "/subscriptions", subscriptions.subscriptions),
    Route(ARM, "GET", SUBSCRIPTION, subscriptions.subscription),
    Route(ARM, "GET HEAD PUT", GROUP, subscriptions.resource_group),
    Route(ARM, "DELETE", GROUP, subscriptions.delete_group),
    Route(ARM, "GET", GROUP + "/resources", arm_records.list_in_group),
    Route(ARM, "GET", SUBSCRIPTION + "/providers/{namespace}", subscriptions.provider),
    Route(ARM, "POST", SUBSCRIPTION + "/providers/{namespace}/register", subscriptions.provider),
    Route(ARM, "GET", WORKSPACES, workspace.list_in_subscription),
    *(
        Route(ARM, method, place, handler)
        for place in (DEPLOYED, DEPLOYED_TO_SUBSCRIPTION)
        for method, handler in DEPLOYMENT_CALLS
    ),
    *(
        Route(ARM, "GET", place + "/operationStatuses/{id}", arm_deployments.operation_status)
        for place in (DEPLOYED, DEPLOYED_TO_SUBSCRIPTION)
    ),
    *(Route(ARM, "POST", place + "/whatIf", arm_what_if.post) for place in (DEPLOYED, DEPLOYED_TO_SUBSCRIPTION)),
    Route(ARM, "GET", SUBSCRIPTION + "/operationresults/{id}", arm_what_if.result),
    *(
        Route(ARM, "POST", f"{place}/validate", arm_deployments.validate)
        for place in (DEPLOYED, DEPLOYED_TO_SUBSCRIPTION)
    ),
    *(
        Route(ARM, method, f"{place}/providers/Microsoft.Authorization/{kind}/{{name}}", handler)
        for place in (WS, GROUP, SUBSCRIPTION)
        for kind in ("roleAssignments", "roleDefinitions", "locks")
        for method, handler in (("GET", arm_records.get), ("DELETE", arm_records.delete))
    ),
    Route(ARM, "GET", GROUP + "/providers/Microsoft.Authorization/locks", arm_records.list_locks),
    *(
        Route(ARM, method, place, handler)
        for place in (
            DEPENDENT + "/providers/Microsoft.Authorization/locks/{held}",
            DEPENDENT + "/providers/Microsoft.Authorization/roleAssignments/{held}",
            GROUP + "/providers/Microsoft.Network/privateEndpoints/{name}/privateDnsZoneGroups/{child}",
        )
        for method, handler in (("GET", arm_records.get), ("DELETE", arm_records.delete))
    ),
    Route(ARM, "GET", SUBSCRIPTION + "/providers/Microsoft.Consumption/budgets/{name}", arm_records.get),
    Route(ARM, "DELETE", SUBSCRIPTION + "/providers/Microsoft.Consumption/budgets/{name}", arm_records.delete),
    Route(ARM, "GET", SUBSCRIPTION + "/resourceGroups/{rg}/deployments/{name}/operations", arm_deployments.operations),
    Route(ARM, "GET", ML + "/workspaces", workspace.list_in_group),
    Route(ARM, "GET", WS, workspace.get),
    Route(ARM, "PUT", WS, workspace.put),
    Route(ARM, "PATCH", WS, workspace.patch),
    Route(ARM, "DELETE", WS, workspace.delete),
    Route(ARM, "POST", WS + "/listKeys", workspace.list_keys),
    Route(ARM, "POST", WS + "/listStorageAccountKeys", workspace.list_storage_keys),
    Route(ARM, "POST", WS + "/resyncKeys", workspace.resync_keys),
    Route(ARM, "POST", WS + "/provisionManagedNetwork", workspace_network.provision),
    Route(ARM, "GET", WS + "/managedNetwork", workspace_network.get),
    Route(ARM, "GET", WS + "/managedNetwork/outboundRules/{rule}", workspace_network.get),
    Route(API, "GET", "/discovery", workspace.discovery),
    Route(API, "GET", "/discovery/workspaces/{id}", workspace.discovery),
)
CREDENTIAL = (
    GROUP + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}/federatedIdentityCredentials/{child}"
)
DEPENDENT_ROUTES = (
    Route(ARM, "GET", CREDENTIAL, arm_records.get),
    Route(ARM, "DELETE", CREDENTIAL, arm_records.delete),
    Route(ARM, "GET DELETE", DEPENDENT, workspace.dependent),
)
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
    Route(ARM, "GET", LOCATION + "/computeOperationsStatus/{id}", long_running.status),
    Route(ARM, "GET", LOCATION + "/workspaceOperationsStatus/{id}", long_running.by_type),
    Route(ARM, "GET", LOCATION + "/registryOperationsStatus/{id}", long_running.by_type),
)
DATASTORE_ROUTES = (
    Route(ARM, "GET", WS + "/datastores", datastores.list_all),
    Route(ARM, "GET", WS + "/datastores/{name}", datastores.get),
    Route(ARM, "PUT", WS + "/datastores/{name}", datastores.put),
    Route(ARM, "DELETE", WS + "/datastores/{name}", datastores.delete),
    Route(ARM, "POST", WS + "/datastores/{name}/listSecrets", datastores.list_secrets),
)

SERVERLESS = WS + "/serverlessEndpoints/{name}"
RECORD_ROUTES = (
    *(Route(ARM, "GET", f"{WS}/{kind.plural}", kind.list_all) for kind in RECORDS),
    *(row for kind in RECORDS for row in one_by_one(kind, f"{WS}/{kind.plural}/{{name}}")),
    Route(ARM, "POST", WS + "/connections/{name}/listsecrets", connections.CONNECTIONS.list_secrets),
    Route(ARM, "POST", SERVERLESS + "/listKeys", workspace_records.SERVERLESS_ENDPOINTS.list_keys),
    Route(ARM, "POST", SERVERLESS + "/regenerateKeys", workspace_records.SERVERLESS_ENDPOINTS.regenerate_keys),
    Route(ARM, "GET", WS + "/features", workspace_records.empty_list),
    Route(ARM, "GET", WS + "/privateLinkResources", workspace_records.empty_list),
    Route(ARM, "POST", WS + "/diagnose", workspace_records.diagnose),
)

ROUTES = (*LIST_ROUTES, *WORKSPACE_ROUTES, *COMPUTE_ROUTES, *OPERATION_ROUTES, *DATASTORE_ROUTES, *RECORD_ROUTES)
