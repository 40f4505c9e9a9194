"""The fields of answers, kind by kind, as the service gave them to azure-ai-ml when it was recorded.

A field that is missing here is one that a client may read in vain; one too many is invented. Nested objects that a
client fills (tags, properties, flavors) are one field.
"""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import arm

Call = Callable[..., urllib3.BaseHTTPResponse]
BASE = f"https://{arm.HOST}{arm.default_workspace_id()}"
VERSION = "api-version=2023-08-01-preview"
ASSET = {"description", "tags", "properties", "isArchived", "isAnonymous", "autoDeleteSetting", "stage"}
CONTAINER = {"description", "tags", "properties", "isArchived", "latestVersion", "nextVersion"}
RECORDED = {
    "data/NAME/versions/1": ASSET | {"dataUri", "dataType", "intellectualProperty"},
    "data/NAME": CONTAINER | {"dataType"},
    "models/NAME/versions/1": ASSET
    | {"flavors", "modelType", "modelUri", "jobName", "provisioningState", "intellectualProperty"},
    "models/NAME": CONTAINER | {"provisioningState"},
    "environments/NAME/versions/1": ASSET
    | {"environmentType", "image", "condaFile", "osType", "autoRebuild", "provisioningState", "intellectualProperty"},
    "components/NAME/versions/1": ASSET | {"componentSpec", "provisioningState"},
    "datastores/workspaceblobstore": {
        "description", "tags", "properties", "isDefault", "credentials", "subscriptionId", "resourceGroup",
        "datastoreType", "accountName", "containerName", "endpoint", "protocol", "serviceDataAccessAuthIdentity",
        "intellectualProperty",
    },
    "schedules/NAME": {
        "description", "tags", "properties", "displayName", "isEnabled", "trigger", "action", "provisioningState",
    },
    "computes/NAME": {
        "createdOn", "modifiedOn", "disableLocalAuth", "description", "resourceId", "computeType", "computeLocation",
        "provisioningState", "provisioningErrors", "provisioningWarnings", "isAttachedCompute", "properties",
    },
}  # fmt: skip
CLUSTER = {
    "vmSize", "vmPriority", "scaleSettings", "subnet", "currentNodeCount", "targetNodeCount", "nodeStateCounts",
    "allocationState", "allocationStateTransitionTime", "errors", "remoteLoginPortPublicAccess", "osType",
    "virtualMachineImage", "isolatedNetwork", "enableBatchPrivateLink", "propertyBag", "enableNodePublicIp",
}  # fmt: skip


@pytest.fixture(scope="module")
def name(ml_client: Any, api: Call, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One of each kind, all of the same name."""
    from azure.ai.ml.entities import AmlCompute, Data, Environment, Model

    name, file = f"s{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("shapes") / "a.txt"
    file.write_text("a")
    ml_client.data.create_or_update(Data(name=name, version="1", path=str(file), type="uri_file"))
    ml_client.models.create_or_update(Model(name=name, version="1", path=str(file), type="custom_model"))
    ml_client.environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    cluster = AmlCompute(name=name, size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ml_client.compute.begin_create_or_update(cluster).result()
    spec = {"type": "command", "command": "echo", "environment": "azureml:x:1"}
    api("PUT", f"{BASE}/components/{name}/versions/1?{VERSION}", {"properties": {"componentSpec": spec}})
    work = {"jobType": "Command", "command": "echo", "environmentId": "azureml:x:1"}
    trigger = {"triggerType": "Cron", "expression": "0 2 * * *", "timeZone": "UTC"}
    due = {"trigger": trigger, "action": {"actionType": "CreateJob", "jobDefinition": work}}
    api("PUT", f"{BASE}/schedules/{name}?{VERSION}", {"properties": due})
    yield name
    api("PUT", f"{BASE}/schedules/{name}?{VERSION}", {"properties": {**due, "isEnabled": False}})
    api("DELETE", f"{BASE}/schedules/{name}?{VERSION}")


@pytest.mark.parametrize("path", RECORDED)
def test_a_resource_has_the_fields_of_the_service(api: Call, name: str, path: str) -> None:
    answer = api("GET", f"{BASE}/{path.replace('NAME', name)}?{VERSION}").json()
    assert set(answer["properties"]) == RECORDED[path]
    own = {"location", "tags"} if path.startswith("computes") else {"systemData"}
    places = set() if path.startswith("schedules") else {"id", "type"}
    assert set(answer) == {"name", "properties"} | places | own


def test_a_workspace_has_the_fields_of_the_service(api: Call) -> None:
    answer = api("GET", f"{BASE}?{VERSION}").json()
    assert set(answer) == {
        "id", "name", "type", "location", "tags", "etag", "properties", "identity", "kind", "sku", "systemData",
    }  # fmt: skip
    recorded = {
        "friendlyName", "description", "storageAccount", "keyVault", "applicationInsights", "hbiWorkspace", "tenantId",
        "imageBuildCompute", "provisioningState", "managedNetwork", "v1LegacyMode", "softDeleteEnabled",
        "containerRegistry", "creationTime", "notebookInfo", "storageHnsEnabled", "workspaceId",
        "linkedModelInventoryArmId", "privateLinkCount", "publicNetworkAccess", "ipAllowlist", "discoveryUrl",
        "mlFlowTrackingUri", "serverlessComputeSettings", "enableDataIsolation",
    }  # fmt: skip
    assert recorded <= set(answer["properties"])


def test_a_cluster_has_the_fields_of_the_service(api: Call, name: str) -> None:
    answer = api("GET", f"{BASE}/computes/{name}?{VERSION}").json()
    assert set(answer["properties"]["properties"]) == CLUSTER


@pytest.mark.parametrize(
    ("path", "status", "detail", "inner"),
    [
        ("components/nobody", 404, None, ["NotFound", "ComponentNotFound"]),
        ("models/nobody/versions", 404, "ModelNotFound", []),
    ],
)
def test_a_refusal_has_the_fields_of_the_service(
    api: Call, path: str, status: int, detail: str | None, inner: list[str]
) -> None:
    answer = api("GET", f"{BASE}/{path}?{VERSION}")
    error = answer.json()["error"]
    assert (answer.status, set(error)) == (status, {"code", "message", "details", "additionalInfo"})
    assert [one["code"] for one in error["details"]] == ([detail] if detail else [])
    assert all(set(one) == {"code", "message", "details", "additionalInfo"} for one in error["details"])
    said = {one["type"]: one["info"]["value"] for one in error["additionalInfo"]}
    named = {"ComponentName", "Correlation", "Environment", "Location", "Time"}
    assert set(said) == named | ({"InnerError"} if inner else set())
    codes, nested = [], said.get("InnerError")
    while nested:
        codes.append(nested["code"])
        nested = nested["innerError"]
    assert codes == inner


def test_a_registry_has_no_versions_of_a_model_that_it_never_had(api: Call, ml_client: Any, tmp_path: Path) -> None:
    """The SDK asks for them before it makes the first one, and would fail at a 404."""
    registry = BASE.split("/workspaces/", maxsplit=1)[0] + "/registries/shapes"
    body = {"location": "eastus", "properties": {"regionDetails": [{"location": "eastus"}]}}
    assert api("PUT", f"{registry}?{VERSION}", body).status in (200, 201, 202)
    answer = api("GET", f"{registry}/models/nobody/versions?{VERSION}")
    assert (answer.status, answer.json()["value"]) == (200, [])
