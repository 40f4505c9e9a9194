"""The workspace, its group and subscription through the real SDK, and ARM's own manners through raw calls."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import defaults

ARM = "https://management.azure.com"
GROUP = f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
VERSION = "api-version=2024-10-01-preview"
Call = Callable[..., urllib3.BaseHTTPResponse]


def test_the_default_workspace_has_what_clients_need(ml_client: Any) -> None:
    found = ml_client.workspaces.get(defaults.WORKSPACE)
    assert (found.name, found.location, found.resource_group) == (defaults.WORKSPACE, "eastus", defaults.RESOURCE_GROUP)
    assert found.discovery_url == "https://eastus.api.azureml.ms/discovery"
    assert found.mlflow_tracking_uri == f"azureml://eastus.api.azureml.ms/mlflow/v1.0{WORKSPACE}"
    assert found.storage_account.endswith(f"/Microsoft.Storage/storageAccounts/{defaults.STORAGE_ACCOUNT}")
    assert defaults.WORKSPACE in [workspace.name for workspace in ml_client.workspaces.list()]


def test_a_missing_workspace_is_named_as_arm_does(ml_client: Any) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError) as missing:
        ml_client.workspaces.get("nope")
    assert missing.value.error.code == "ResourceNotFound"
    assert str(missing.value.error.message).startswith(
        "The Resource 'Microsoft.MachineLearningServices/workspaces/nope' under resource group "
        f"'{defaults.RESOURCE_GROUP}' was not found."
    )


def test_ids_ignore_case_and_keep_the_case_they_were_made_with(api: Call) -> None:
    answer = api("GET", f"{ARM}{WORKSPACE.upper()}?{VERSION}")
    assert (answer.status, answer.json()["id"]) == (200, WORKSPACE)


def test_a_call_without_token_or_api_version_is_refused(api: Call) -> None:
    no_token = api("GET", f"{ARM}{WORKSPACE}?{VERSION}", token=False)
    assert (no_token.status, no_token.json()["error"]["code"]) == (401, "AuthenticationFailed")
    assert no_token.headers["www-authenticate"].startswith("Bearer ")
    no_version = api("GET", f"{ARM}{WORKSPACE}")
    assert (no_version.status, no_version.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_groups_and_subscriptions_are_there_or_not(api: Call) -> None:
    assert api("GET", f"{ARM}{GROUP}?api-version=2021-04-01").json()["name"] == defaults.RESOURCE_GROUP
    assert api("HEAD", f"{ARM}{GROUP}?api-version=2021-04-01").status == 204
    other = f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/rg-other"
    missing = api("GET", f"{ARM}{other}/providers/Microsoft.MachineLearningServices/workspaces/w?{VERSION}")
    assert (missing.status, missing.json()["error"]["code"]) == (404, "ResourceGroupNotFound")
    known = api("GET", f"{ARM}/subscriptions/{defaults.SUBSCRIPTION_ID}?api-version=2021-01-01")
    assert known.json()["subscriptionId"] == defaults.SUBSCRIPTION_ID
    assert api("GET", f"{ARM}/subscriptions/{uuid.uuid4()}?api-version=2021-01-01").status == 404


def test_the_discovery_service_names_the_regional_hosts(ml_client: Any, api: Call) -> None:
    url = ml_client.workspaces.get(defaults.WORKSPACE).discovery_url
    hosts = api("GET", url, token=False).json()
    assert hosts["api"] == hosts["history"] == "https://eastus.api.azureml.ms"


def test_tags_of_a_workspace_can_be_changed(api: Call) -> None:
    changed = api("PATCH", f"{ARM}{WORKSPACE}?{VERSION}", {"tags": {"team": "x"}})
    assert (changed.status, changed.data) == (202, b"")
    polls = [api("GET", changed.headers["azure-asyncoperation"]).json() for _ in range(2)]
    assert polls == [{"status": "InProgress"}, {"status": "Succeeded", "percentComplete": 100}]
    for answer in (api("GET", changed.headers["location"]), api("GET", f"{ARM}{WORKSPACE}?{VERSION}")):
        assert answer.json()["tags"] == {"team": "x"}
        assert answer.json()["properties"]["friendlyName"] == defaults.WORKSPACE
    assert api("PATCH", f"{ARM}{WORKSPACE}?{VERSION}", {"tags": {}}).status == 202
    assert api("GET", f"{ARM}{WORKSPACE}?{VERSION}").json()["tags"] == {}


def test_a_second_workspace_has_storage_of_its_own_and_goes_with_all_in_it(api: Call) -> None:
    id = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/second-{uuid.uuid4().hex[:6]}"
    made = api("PUT", f"{ARM}{id}?{VERSION}", {"location": "westus", "tags": {"a": "b"}})
    assert (made.status, made.json()["location"], made.json()["tags"]) == (201, "westus", {"a": "b"})
    polls = [api("GET", made.headers["azure-asyncoperation"]).json()["status"] for _ in range(2)]
    assert polls == ["InProgress", "Succeeded"]
    stores = json.loads(api("GET", f"{ARM}{id}/datastores?{VERSION}").data)["value"]
    assert [store["name"] for store in stores if store["properties"]["isDefault"]] == ["workspaceblobstore"]
    assert stores[0]["properties"]["accountName"] != defaults.STORAGE_ACCOUNT
    gone = api("DELETE", f"{ARM}{id}?{VERSION}")
    assert gone.status == 202
    assert [api("GET", gone.headers["location"]).status for _ in range(2)] == [202, 204]
    assert api("GET", f"{ARM}{id}?{VERSION}").status == 404
    assert api("DELETE", f"{ARM}{id}?{VERSION}").status == 204
