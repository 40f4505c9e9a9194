"""The operations that Azure's providers publish: what a role of one's own may name as an action.

It must not know who may do what (`roles`) or which call is which (`actions`). Names as published, case does not matter.
Source: "Azure permissions" of Microsoft Learn (role-based-access-control/permissions): Machine Learning in whole, which
has no data actions; of the other providers what a set-up and a release ask for.
"""

from collections.abc import Iterator, Mapping

ML = "Microsoft.MachineLearningServices"
CHANGES = "read write delete"

_ML: Mapping[str, str] = {
    "": "register/action",
    "locations": "deleteVirtualNetworkOrSubnets/action updateQuotas/action",
    "locations/computeoperationsstatus": "read",
    "locations/mfeOperationResults": "read",
    "locations/mfeOperationsStatus": "read",
    "locations/quotas": "read",
    "locations/usages": "read",
    "locations/vmsizes": "read",
    "locations/workspaceOperationsStatus": "read",
    "operations": "read",
    "registries": f"{CHANGES} privateEndpointConnectionsApproval/action checkNameAvailability/read",
    "registries/assets": f"{CHANGES} stage/write",
    "registries/connections": CHANGES,
    "registries/privateEndpointConnectionProxies": f"{CHANGES} validate/action",
    "registries/privateEndpointConnections": CHANGES,
    "registries/privateLinkResources": "read",
    "virtualclusters": f"{CHANGES} jobs/submit/action",
    "workspaces": (
        f"{CHANGES} checkComputeNameAvailability/action listKeys/action resynckeys/action "
        "listStorageAccountKeys/action provisionManagedNetwork/action "
        "privateEndpointConnectionsApproval/action featuresets/action featurestoreentities/action "
        "listNotebookAccessToken/read listNotebookKeys/read"
    ),
    "workspaces/assets/stage": "write",
    "workspaces/batchEndpoints": f"{CHANGES} listKeys/action checkNameAvailability/read",
    "workspaces/batchEndpoints/deployments": f"{CHANGES} checkNameAvailability/read",
    "workspaces/batchEndpoints/deployments/jobs": CHANGES,
    "workspaces/batchEndpoints/jobs": CHANGES,
    "workspaces/codes": CHANGES,
    "workspaces/codes/versions": CHANGES,
    "workspaces/components": CHANGES,
    "workspaces/components/versions": CHANGES,
    "workspaces/computes": (
        f"{CHANGES} listKeys/action listNodes/action start/action stop/action restart/action updateDataMounts/action "
        "updateIdleShutdownSetting/action applicationaccess/action updateSchedules/action "
        "applicationaccessuilinks/action reimage/action"
    ),
    "workspaces/connections": f"{CHANGES} listsecrets/action",
    "workspaces/data": CHANGES,
    "workspaces/data/versions": CHANGES,
    "workspaces/datadriftdetectors": CHANGES,
    "workspaces/datasets": CHANGES,
    "workspaces/datasets/registered": f"{CHANGES} preview/read profile/read profile/write schema/read",
    "workspaces/datasets/unregistered": f"{CHANGES} preview/read profile/read profile/write schema/read",
    "workspaces/datasets/versions": CHANGES,
    "workspaces/datastores": f"{CHANGES} listsecrets/action",
    "workspaces/diagnose": "read",
    "workspaces/endpoints": f"{CHANGES} listkeys/action models/read",
    "workspaces/endpoints/deployments": CHANGES,
    "workspaces/endpoints/deployments/modelmonitorings": CHANGES,
    "workspaces/endpoints/pipelines": "read write",
    "workspaces/environments": "read write readSecrets/action build/action",
    "workspaces/environments/versions": CHANGES,
    "workspaces/eventGridFilters": CHANGES,
    "workspaces/experiments": CHANGES,
    "workspaces/experiments/runs": f"{CHANGES} submit/action",
    "workspaces/features": "read",
    "workspaces/featuresets": CHANGES,
    "workspaces/featurestoreentities": CHANGES,
    "workspaces/featurestores": CHANGES,
    "workspaces/hubs": f"{CHANGES} join/action",
    "workspaces/hubs/policies": CHANGES,
    "workspaces/jobs": f"{CHANGES} cancel/action operationresults/read",
    "workspaces/labeling": "export/action labelimport/action",
    "workspaces/labeling/labels": f"{CHANGES} reject/action update/action approve_unapprove/action",
    "workspaces/labeling/projects": f"{CHANGES} summary/read",
    "workspaces/linkedServices": CHANGES,
    "workspaces/managedstorages": "claim/read claim/write quota/read",
    "workspaces/metadata/artifacts": CHANGES,
    "workspaces/metadata/secrets": CHANGES,
    "workspaces/metadata/snapshots": CHANGES,
    "workspaces/metrics/resource": "write",
    "workspaces/models": f"{CHANGES} package/action",
    "workspaces/models/versions": CHANGES,
    "workspaces/modules": "read write",
    "workspaces/notebooks/samples": "read",
    "workspaces/notebooks/storage": f"{CHANGES} upload/action download/action",
    "workspaces/notebooks/vm": CHANGES,
    "workspaces/onlineEndpoints": (
        f"{CHANGES} regeneratekeys/action score/action token/action listkeys/action checkNameAvailability/read "
        "operationresults/read operationsstatus/read"
    ),
    "workspaces/onlineEndpoints/deployments": (
        f"{CHANGES} getlogs/action checkNameAvailability/read operationresults/read operationsstatus/read skus/read"
    ),
    "workspaces/outboundNetworkDependenciesEndpoints": "read",
    "workspaces/pipelinedrafts": CHANGES,
    "workspaces/privateEndpointConnectionProxies": f"{CHANGES} validate/action",
    "workspaces/privateEndpointConnections": CHANGES,
    "workspaces/privateLinkResources": "read",
    "workspaces/reports": CHANGES,
    "workspaces/schedules": CHANGES,
    "workspaces/serverlessEndpoints": f"{CHANGES} listKeys/action regenerateKeys/action",
    "workspaces/services": "read",
    "workspaces/services/aci": "write listkeys/action delete",
    "workspaces/services/aks": "write listkeys/action delete score/action",
}
_OTHERS: Mapping[str, str] = {
    "Microsoft.Authorization/locks": CHANGES,
    "Microsoft.Authorization/permissions": "read",
    "Microsoft.Authorization/roleAssignments": CHANGES,
    "Microsoft.Authorization/roleDefinitions": CHANGES,
    "Microsoft.Consumption/budgets": CHANGES,
    "Microsoft.ContainerRegistry": "register/action",
    "Microsoft.ContainerRegistry/registries": f"{CHANGES} pull/read push/write",
    "Microsoft.Insights": "register/action",
    "Microsoft.Insights/autoscaleSettings": CHANGES,
    "Microsoft.Insights/components": CHANGES,
    "Microsoft.Insights/metricDefinitions": "read",
    "Microsoft.Insights/metricNamespaces": "read",
    "Microsoft.Insights/metrics": "read",
    "Microsoft.KeyVault": "register/action",
    "Microsoft.KeyVault/vaults": CHANGES,
    "Microsoft.ManagedIdentity": "register/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities": f"{CHANGES} assign/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": CHANGES,
    "Microsoft.Network": "register/action",
    "Microsoft.Network/privateEndpoints": CHANGES,
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": CHANGES,
    "Microsoft.OperationalInsights": "register/action",
    "Microsoft.OperationalInsights/workspaces": f"{CHANGES} search/action",
    "Microsoft.Resources/deployments": f"{CHANGES} cancel/action validate/action whatIf/action exportTemplate/action",
    "Microsoft.Resources/deployments/operations": "read",
    "Microsoft.Resources/deployments/operationstatuses": "read",
    "Microsoft.Resources/subscriptions": "read",
    "Microsoft.Resources/subscriptions/operationresults": "read",
    "Microsoft.Resources/subscriptions/providers": "read",
    "Microsoft.Resources/subscriptions/resourceGroups": CHANGES,
    "Microsoft.Resources/subscriptions/resourcegroups/deployments/operations": "read",
    "Microsoft.Resources/subscriptions/resourcegroups/resources": "read",
    "Microsoft.Resources/subscriptions/resources": "read",
    "Microsoft.Storage": "register/action",
    "Microsoft.Storage/storageAccounts": f"{CHANGES} listkeys/action",
    "Microsoft.Storage/storageAccounts/blobServices/containers": CHANGES,
}
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
DATA = frozenset(f"{_BLOBS}/{verb}".lower() for verb in (*CHANGES.split(), "move/action", "add/action"))


def _names() -> Iterator[str]:
    for kind, verbs in ((f"{ML}/{kind}".rstrip("/"), verbs) for kind, verbs in _ML.items()):
        yield from (f"{kind}/{verb}" for verb in verbs.split())
    for kind, verbs in _OTHERS.items():
        yield from (f"{kind}/{verb}" for verb in verbs.split())


PUBLISHED = {name.lower(): name for name in _names()}


def published(action: str) -> str | None:
    """An action as its provider spells it, or None for one that none has."""
    return PUBLISHED.get(action.lower())
