"""Feature stores through the real SDK, whose template makes them of parts and of deployments within deployments."""

from collections.abc import Iterator
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.http.address import Address

DEPLOYMENTS = "/providers/Microsoft.Resources/deployments"


@pytest.fixture(scope="module", autouse=True)
def assigned(emulator_address: Address) -> Iterator[None]:
    """A store's template assigns roles, after which others of this emulator may do only what they have roles for."""
    yield
    process.control(emulator_address, "PUT", "/access", {"role_assignments": []})


def deploy(api: Any, template: dict[str, Any], **properties: Any) -> Any:
    """Deploy resources to the group of the workspace."""
    group = arm.default_workspace_id().split("/providers/", maxsplit=1)[0]
    body = {"properties": {"mode": "Incremental", "template": template, **properties}}
    return api("PUT", f"https://{arm.HOST}{group}{DEPLOYMENTS}/parts?api-version=2020-06-01", body)


def test_a_feature_store_has_its_offline_store_and_who_fills_it(ml_client: Any) -> None:
    from azure.ai.ml.entities import FeatureStore

    made = ml_client.feature_stores.begin_create(FeatureStore(name="features-one", location="eastus")).result()
    try:
        assert made.offline_store.target.startswith(made.storage_account)
        assert made.materialization_identity.resource_id.split("/")[-2] == "userAssignedIdentities"
        assert made._feature_store_settings.offline_store_connection_name
        assert made.online_store is None  # none was asked for
    finally:
        ml_client.feature_stores.begin_delete("features-one").result()


def test_tags_and_identity_are_changed_together_with_the_network(ml_client: Any, api: Any) -> None:
    """azure-ai-ml says the network again in each update."""
    from azure.ai.ml.entities import IdentityConfiguration, ManagedIdentityConfiguration, ManagedNetwork, Workspace

    wanted = Workspace(name="changed", location="eastus", managed_network=ManagedNetwork(isolation_mode="Disabled"))
    made = ml_client.workspaces.begin_create(wanted).result()
    try:
        group = made.id.split("/providers/", maxsplit=1)[0]
        own = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own"
        made.identity = IdentityConfiguration(
            type="system_assigned,user_assigned",
            user_assigned_identities=[ManagedIdentityConfiguration(resource_id=own)],
        )
        changed = ml_client.workspaces.begin_update(made, tags={"team": "b"}).result()
        assert changed.tags == {"team": "b"}
        assert changed.identity.type == "system_assigned,user_assigned"
        assert [one.resource_id for one in changed.identity.user_assigned_identities] == [own]
        answer = api("GET", f"https://{arm.HOST}{made.id}?api-version=2024-10-01").json()["identity"]
        assert answer["type"] == "SystemAssigned,UserAssigned"
        assert set(answer["userAssignedIdentities"][own]) == {"principalId", "clientId"}
    finally:
        ml_client.workspaces.begin_delete("changed", delete_dependent_resources=False).result()


@pytest.mark.parametrize("scope", ["outer", "inner"])
def test_a_nested_template_reads_its_expressions_in_the_scope_that_it_says(api: Any, scope: str) -> None:
    store = "Microsoft.Storage/storageAccounts"
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2020-06-01",
        "name": f"below-{scope}",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "parameters": {"name": {"value": "stofinner"}} if scope == "inner" else {},
            "template": {
                "parameters": {"name": {"type": "string"}} if scope == "inner" else {},
                "resources": [{"type": store, "apiVersion": "2019-04-01", "name": "[parameters('name')]"}],
            },
        },
    }
    template = {"parameters": {"name": {"type": "string"}}, "resources": [nested]}
    assert deploy(api, template, parameters={"name": {"value": "stofouter"}}).status in (200, 201)
    group = arm.default_workspace_id().split("/providers/", maxsplit=1)[0]
    url = f"https://{arm.HOST}{group}/providers/{store}/stof{scope}?api-version=2019-04-01"
    assert api("GET", url).status == 200
    assert api("DELETE", url).status in (200, 204)


def test_a_part_of_a_resource_is_made_where_its_condition_holds(api: Any) -> None:
    workspace = f"https://{arm.HOST}{arm.default_workspace_id()}/connections"
    parts = [
        {
            "condition": condition,
            "type": "connections",
            "apiVersion": "2022-05-01",
            "name": f"part-{condition}",
            "properties": {"category": "AzureDataLakeGen2", "target": "somewhere", "authType": "ManagedIdentity"},
        }
        for condition in (True, False)
    ]
    whole = {"type": "Microsoft.MachineLearningServices/workspaces", "apiVersion": "2023-04-01", "name": "of-parts"}
    template = {"resources": [{**whole, "location": "eastus", "properties": {}, "resources": parts}]}
    made = deploy(api, template)
    assert made.status in (200, 201), made.json()
    place = workspace.replace(arm.default_workspace_id().rsplit("/", 1)[-1], "of-parts")
    found = api("GET", f"{place}/part-True?api-version=2022-05-01").json()["properties"]
    assert (found["category"], found["target"]) == ("ADLSGen2", "somewhere")
    assert api("GET", f"{place}/part-False?api-version=2022-05-01").status == 404
    assert api("DELETE", f"{place.removesuffix('/connections')}?api-version=2023-04-01").status == 202
