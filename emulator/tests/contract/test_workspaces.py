"""Workspaces made and deleted through the real SDK, which deploys a template for them."""

from collections.abc import Iterator
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import arm, defaults
from azureml_emulator.http.address import Address
from azureml_emulator.pytest_plugin import AzureMl


def delete(ml_client: Any, name: str) -> None:
    ml_client.workspaces.begin_delete(name, delete_dependent_resources=False).result()


@pytest.fixture
def polled(azure_ml: AzureMl, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """How a template's deployment ends is asked for, as on Azure, and the SDK looks so soon whether it has."""
    from azure.ai.ml.constants._common import LROConfigurations

    monkeypatch.setattr(LROConfigurations, "SLEEP_TIME", 0.05)
    azure_ml.setting("arm.deployments")
    yield
    azure_ml.setting("arm.deployments", "answered")


@pytest.mark.usefixtures("polled")
def test_a_workspace_is_made_with_its_datastores_and_deleted(ml_client: Any) -> None:
    from azure.ai.ml.entities import Workspace

    wanted = Workspace(name="second", location="westeurope", description="another", tags={"team": "b"})
    made = ml_client.workspaces.begin_create(wanted).result()
    assert (made.location, made.description, made.tags["team"]) == ("westeurope", "another", "b")
    assert "/storageAccounts/second" in made.storage_account
    assert "second" in [one.name for one in ml_client.workspaces.list()]
    delete(ml_client, "second")
    assert "second" not in [one.name for one in ml_client.workspaces.list()]


def test_a_hub_and_its_project_are_workspaces_too(ml_client: Any) -> None:
    from azure.ai.ml.entities import Hub, IPRule, NetworkAcls, Project

    hub = ml_client.workspaces.begin_create(Hub(name="the-hub", location="westeurope")).result()
    project = ml_client.workspaces.begin_create(
        Project(name="the-project", hub_id=hub.id, location="westeurope")
    ).result()
    assert (type(hub).__name__, type(project).__name__) == ("Hub", "Project")
    assert (hub.application_insights, project.application_insights) == (None, None)
    assert hub.default_resource_group.endswith(f"/resourceGroups/{ml_client.resource_group_name}")
    assert project.primary_user_assigned_identity is None
    rules = NetworkAcls(default_action="Deny", ip_rules=[IPRule(value="203.0.113.0/24")])
    closed = ml_client.workspaces.begin_update(project, network_acls=rules, description="closed").result()
    assert (closed.network_acls.default_action, closed.description) == ("Deny", "closed")
    delete(ml_client, "the-project")
    delete(ml_client, "the-hub")


def test_a_workspace_that_is_made_again_is_another_one(api: Any) -> None:
    """azure-ai-ml keeps the ids of anonymous components on disk, by the workspace's own id."""
    url = f"https://{arm.HOST}{arm.default_workspace_id()}-once?api-version=2024-10-01"
    seen = []
    for _ in range(2):
        assert api("PUT", url, {"location": "eastus"}).status == 201
        seen.append(api("GET", url).json()["properties"]["workspaceId"])
        assert api("PUT", url, {"location": "eastus"}).status == 200
        assert api("GET", url).json()["properties"]["workspaceId"] == seen[-1]
        gone = api("DELETE", url)
        assert gone.status == 202
        polls = [api("GET", gone.headers["azure-asyncoperation"]).json() for _ in range(2)]
        assert polls == [{"status": "InProgress"}, {"status": "Succeeded", "percentComplete": 100.0}]
    assert seen[0] != seen[1]


def test_a_template_that_cannot_be_evaluated_makes_nothing(ml_client: Any, api: Any) -> None:
    group = arm.default_workspace_id().split("/providers/")[0]
    url = f"https://{arm.HOST}{group}/providers/Microsoft.Resources/deployments/bad?api-version=2020-06-01"
    resources = [
        {"type": "Microsoft.MachineLearningServices/workspaces", "name": "never", "location": "eastus"},
        {"type": "Microsoft.MachineLearningServices/workspaces", "name": "[copyIndex()]", "location": "eastus"},
    ]
    answer = api("PUT", url, {"properties": {"template": {"resources": resources}, "mode": "Incremental"}})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidTemplate")
    assert "copyIndex" in answer.json()["error"]["message"]
    with pytest.raises(Exception, match="was not found"):
        ml_client.workspaces.get("never")


def test_a_template_is_validated_and_nothing_is_made(ml_client: Any, api: Any) -> None:
    group = arm.default_workspace_id().split("/providers/")[0]
    url = f"https://{arm.HOST}{group}/providers/Microsoft.Resources/deployments/ask/validate?api-version=2020-06-01"
    kind = "Microsoft.MachineLearningServices/workspaces"
    resources = [
        {"type": kind, "name": "[concat('asked', '-1')]", "location": "eastus", "properties": {}},
        {"type": kind, "name": "left-out", "location": "westus", "condition": False},
        {"type": f"{kind}/components/versions", "name": "here/words/3", "location": "eastus", "properties": "text"},
    ]
    answer = api("POST", url, {"properties": {"template": {"resources": resources}, "mode": "Incremental"}})
    said = answer.json()["properties"]
    assert (answer.status, said["provisioningState"]) == (200, "Succeeded")
    below = f"{group}/providers/{kind}"
    ids = [f"{below}/asked-1", f"{below}/here/components/words/versions/3"]
    assert [one["id"] for one in said["validatedResources"]] == ids
    namespace = said["providers"][0]
    assert namespace["namespace"] == "Microsoft.MachineLearningServices"
    assert [one["resourceType"] for one in namespace["resourceTypes"]] == [
        "workspaces",
        "workspaces/components/versions",
    ]
    with pytest.raises(Exception, match="was not found"):
        ml_client.workspaces.get("asked-1")
    assert api("GET", url.replace("/validate", "")).status == 404
    bad = {"properties": {"template": {"resources": [{"type": kind, "name": "[copyIndex()]"}]}}}
    assert api("POST", url, bad).json()["error"]["code"] == "InvalidTemplate"


def test_a_workspace_is_listed_by_its_kind_and_deleted_with_what_was_made_for_it(ml_client: Any, api: Any) -> None:
    from azure.ai.ml.constants._workspace import IsolationMode
    from azure.ai.ml.entities import FqdnDestination, Hub, ManagedNetwork, Workspace

    rule = FqdnDestination(name="packages", destination="packages.example")
    network = ManagedNetwork(isolation_mode=IsolationMode.ALLOW_ONLY_APPROVED_OUTBOUND, outbound_rules=[rule])
    ml_client.workspaces.begin_create(Workspace(name="third", location="eastus", managed_network=network)).result()
    ml_client.workspaces.begin_create(Hub(name="kind-hub", location="eastus")).result()
    assert [one.name for one in ml_client.workspaces.list(filtered_kinds="hub")] == ["kind-hub"]
    assert "third" in [one.name for one in ml_client.workspaces.list(filtered_kinds=["default", "project"])]
    answered = api("GET", f"https://{arm.HOST}{ml_client.workspaces.get('third').id}?api-version=2023-08-01-preview")
    of_others = {"encryption", "featureStoreSettings", "workspaceHubConfig", "primaryUserAssignedIdentity"}
    of_the_making = {"allowRecoverSoftDeletedWorkspace", "provisionNetworkNow", "existingWorkspaces"}
    assert not (of_others | of_the_making) & answered.json()["properties"].keys()
    rules = {one.name: one for one in ml_client.workspace_outbound_rules.list(workspace_name="third")}
    assert [name for name, one in rules.items() if one.category == "UserDefined"] == ["packages"]
    assert rules["__SYS_ST_AzureMachineLearning"].category == "Required"
    whole = f"https://{arm.HOST}{ml_client.workspaces.get('third').id}/managedNetwork"
    one = api("GET", f"{whole}/outboundRules/packages?api-version=2022-12-01-preview").json()
    assert (one["destination"], one["status"]) == ("packages.example", "Inactive")
    assert api("GET", f"{whole}?api-version=2022-12-01-preview").json()["outboundRules"]["packages"] == one
    assert api("GET", f"{whole}/outboundRules/none?api-version=2022-12-01-preview").status == 404
    with pytest.raises(Exception, match="is required and cannot be deleted"):
        ml_client.workspace_outbound_rules.begin_remove("third", "__SYS_ST_AzureMachineLearning")
    ml_client.workspace_outbound_rules.begin_remove("third", "packages").result()
    assert "packages" not in [one.name for one in ml_client.workspaces.get("third").managed_network.outbound_rules]
    network = ml_client.workspaces.begin_provision_network(workspace_name="third", include_spark=True).result()
    assert (network.status, network.spark_ready) == ("Active", True)
    ml_client.workspaces.begin_sync_keys("third").result()
    ml_client.workspaces.begin_delete("third", delete_dependent_resources=True, permanently_delete=True).result()
    delete(ml_client, "kind-hub")
    with pytest.raises(Exception, match="was not found"):
        ml_client.workspaces.get("third")


def test_an_owner_makes_places_whatever_the_stated_roles_allow(
    ml_client: Any, api: Any, emulator_address: Address
) -> None:
    client = defaults.CLIENT_ID
    reader = {"principal": client, "role": "Reader", "scope": f"/subscriptions/{defaults.SUBSCRIPTION_ID}"}
    place = f"{defaults.SUBSCRIPTION_ID}/other-group"
    process.control(emulator_address, "PUT", "/access", {"role_assignments": [reader]})
    try:
        made = process.control(emulator_address, "PUT", f"/workspaces/{place}/elsewhere", {"location": "westeurope"})
        again = process.control(emulator_address, "PUT", f"/workspaces/{place}/elsewhere", {})
        assert made == again, "it stays"
        assert api("GET", f"https://{arm.HOST}{made['id']}?api-version=2024-10-01").json()["location"] == "westeurope"
        here = f"{defaults.SUBSCRIPTION_ID}/{defaults.RESOURCE_GROUP}"
        process.control(emulator_address, "PUT", f"/registries/{here}/ours-alone", {})
        assert ml_client.registries.get("ours-alone").location == "eastus"
    finally:
        process.control(emulator_address, "PUT", "/access", {"role_assignments": []})


def test_what_if_says_what_a_template_would_change_and_changes_nothing(api: Any) -> None:
    group = arm.default_workspace_id().split("/providers/")[0]
    deployment = f"https://{arm.HOST}{group}/providers/Microsoft.Resources/deployments/guess"

    def resource(notes: str) -> dict[str, Any]:
        kind = {"type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "guessed"}
        scope = f"Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
        return {**kind, "scope": scope, "properties": {"level": "ReadOnly", "notes": notes}}

    def guessed(notes: str) -> dict[str, Any]:
        body = {"properties": {"mode": "Incremental", "template": {"resources": [resource(notes)]}}}
        begun = api("POST", f"{deployment}/whatIf?api-version=2022-09-01", body)
        assert begun.status == 202
        assert api("GET", begun.headers["location"]).status == 202
        answer = api("GET", begun.headers["location"]).json()
        assert answer["status"] == "Succeeded"
        named = [one for one in answer["properties"]["changes"] if one["resourceId"].endswith("/locks/guessed")]
        assert {one["changeType"] for one in answer["properties"]["changes"] if one not in named} == {"Ignore"}
        return dict(named[0])

    new = guessed("why")
    assert (new["changeType"], new["before"], new["after"]["name"]) == ("Create", None, "guessed")
    lock = f"https://{arm.HOST}{new['resourceId']}?api-version=2020-05-01"
    assert api("GET", lock).status == 404
    body = {"properties": {"mode": "Incremental", "template": {"resources": [resource("why")]}}}
    assert api("PUT", f"{deployment}?api-version=2022-09-01", body).status == 201
    assert guessed("why")["changeType"] == "NoChange"
    changed = guessed("because")
    assert (changed["changeType"], changed["delta"][0]["path"]) == ("Modify", "properties.notes")
    assert (changed["delta"][0]["before"], changed["delta"][0]["after"]) == ("why", "because")

    workspace = f"https://{arm.HOST}{arm.default_workspace_id()}?api-version=2024-10-01"
    refused = api("PATCH", workspace, {"tags": {}})
    assert (refused.status, refused.json()["error"]["code"]) == (409, "ScopeLocked"), "ReadOnly lets nothing change"
    assert api("DELETE", lock).status == 200, "whoever may, takes the lock itself away"
    assert (
        api("PATCH", f"https://{arm.HOST}{arm.default_workspace_id()}?api-version=2024-10-01", {"tags": {}}).status
        == 202
    )
