"""What a call states of a workspace, as it is kept: without what only steers the making, or is of another kind.

It must not make one (`workspace`). Source: WorkspaceProperties of Microsoft.MachineLearningServices (REST
specification), the template of azure-ai-ml, and what the service was recorded to answer for workspaces made by it.
"""

from typing import Any

SERVERLESS = {"serverlessComputeCustomSubnet": None, "serverlessComputeNoPublicIP": False}
UNSAID = ("containerRegistry", "primaryUserAssignedIdentity", "hubResourceId")  # where there is none
_FEATURES = ("computeRuntime", "offlineStoreConnectionName", "onlineStoreConnectionName")
_OF_THE_MAKING = ("allowRecoverSoftDeletedWorkspace", "provisionNetworkNow", "existingWorkspaces")
_OF_A_KIND = {"featureStoreSettings": "featurestore", "workspaceHubConfig": "hub"}


def kept(kind: str, stated: dict[str, Any], group_id: str) -> dict[str, Any]:
    """The stated properties that a workspace keeps, with what the service gives a value that states it as empty."""
    found = {
        key: value
        for key, value in stated.items()
        if value is not None and key not in _OF_THE_MAKING and _OF_A_KIND.get(key, kind) == kind
    }
    if kind == "hub":
        own = stated.get("workspaceHubConfig") or {}
        found["workspaceHubConfig"] = {"defaultWorkspaceResourceGroup": group_id, **own}
    if (found.get("encryption") or {}).get("status") != "Enabled":
        found.pop("encryption", None)
    for key in UNSAID[1:]:
        if not found.get(key):
            found.pop(key, None)
    if (serverless := stated.get("serverlessComputeSettings")) is not None:
        found["serverlessComputeSettings"] = {**SERVERLESS, **serverless}
    if features := found.get("featureStoreSettings"):
        found["featureStoreSettings"] = feature_store(features)
    return found


def feature_store(stated: dict[str, Any]) -> dict[str, Any]:
    """Settings of a feature store with the names of the specification; azure-ai-ml's template writes them otherwise."""
    names = {name.lower(): name for name in _FEATURES}
    found = {names.get(key.lower(), key): value for key, value in stated.items()}
    if isinstance(runtime := found.get("computeRuntime"), dict):
        spark = {"sparkruntimeversion": "sparkRuntimeVersion"}
        found["computeRuntime"] = {spark.get(key.lower(), key): value for key, value in runtime.items()}
    return found
