"""What `mlops init cloud` leaves alone, changes and refuses, where something stands already."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from azureml_emulator import process
from mlops.azure import auth, failures
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.clouds import PUBLIC
from mlops.domain.repository.cloud import CloudSpec
from mlops.errors import BadInput, CapRefused
from mlops.flow.repository import cloud
from mlops.flow.repository.cloud import SetUpChange, SetUpMode, SetUpResult
from mlops.github_setup import RepositorySettings

SUBSCRIPTION = process.workspace()["AZURE_SUBSCRIPTION_ID"]
SPEC = CloudSpec(
    subscription=SUBSCRIPTION,
    tenant=process.workspace()["AZURE_TENANT_ID"],
    group="rg-one",
    workspace="mlw-one",
    location="westeurope",
    repository="acme/helpdesk",
    environments=("training", "production"),
    approved=frozenset({"production"}),
    reviewers=("octocat",),
)


class Place:
    """A subscription and a repository, and the command with a person who agrees."""

    def __init__(self, workspace: Workspace, github: RepositorySettings) -> None:
        self.workspace, self.github = workspace, github

    def run(self, spec: CloudSpec, mode: SetUpMode = SetUpMode.MAKE, *, agrees: bool = True) -> SetUpResult:
        return cloud.run(spec, self.workspace, self.github, mode, lambda _: agrees).result

    def changes(self, spec: CloudSpec) -> dict[str, SetUpChange]:
        return {one.what: one.change for one in self.run(spec).steps if one.change is not SetUpChange.NONE}

    def exists(self, path: str, version: str) -> bool:
        return self.workspace.look(f"{PUBLIC.arm}{path}?api-version={version}", "look") is not None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("fresh")
    address = process.launch(folder, fresh=True)
    with pytest.MonkeyPatch.context() as patch:
        variables = process.variables(address, {})
        for name, value in variables.items():
            patch.setenv(name, value)
        target = Target("azure", SUBSCRIPTION, SPEC.group, SPEC.workspace, "")
        named = {"GITHUB_REPOSITORY": SPEC.repository, "GITHUB_TOKEN": "mine"}
        github = RepositorySettings.of_repository(named)
        yield Place(Workspace(target, auth.credential(variables, interactive=False)), github)
    process.stop(folder)


def test_what_is_there_stays_what_differs_is_changed_and_a_lock_holds(place: Place) -> None:
    refused = place.run(SPEC, agrees=False).steps
    assert {one.change for one in refused if one.what != "default permissions"} == {SetUpChange.LEFT}
    assert not place.exists(SPEC.group_id, "2021-04-01")
    place.github.protect("production", [{"type": "User", "id": 7}], "release")
    place.github.set_variable("AZURE_TENANT_ID", "another", "production", there=False)

    made = place.changes(SPEC)
    assert (made["workspace mlw-one"], made["environment production"]) == (SetUpChange.MADE, SetUpChange.CHANGED)
    found = place.github.environment("production")
    assert found is not None
    reviewers = [one for rule in found["protection_rules"] for one in rule.get("reviewers", ())]
    assert [one["reviewer"]["id"] for one in reviewers] == [7, place.github.reviewer("octocat")["id"]]
    assert place.github.branches("production") == ["release", "main"]
    assert place.changes(SPEC) == {}

    locked = replace(SPEC, lock=True, budget=500, budget_start="2026-11-01", contacts=("a@example.org",))
    changed = dict.fromkeys(("workspace mlw-one", "reading the subscription"), SetUpChange.CHANGED)
    assert place.changes(locked) == changed
    assert place.changes(replace(locked, budget_start="2027-01-01")) == {}  # a later month: the budget began already
    with pytest.raises(CapRefused, match="lock"):
        place.run(locked, SetUpMode.UNDO)
    workspace = f"{SPEC.group_id}/providers/Microsoft.MachineLearningServices/workspaces/mlw-one"
    with pytest.raises(failures.Conflict):
        place.workspace.change("DELETE", f"{PUBLIC.arm}{workspace}?api-version=2024-10-01", "delete")
    assert place.exists(workspace, "2024-10-01")

    lock = f"{PUBLIC.arm}{workspace}/providers/Microsoft.Authorization/locks/production?api-version=2020-05-01"
    place.workspace.change("DELETE", lock, "unlock")
    place.changes(SPEC)
    place.run(SPEC, SetUpMode.UNDO)
    assert not place.exists(SPEC.group_id, "2021-04-01")
    assert place.github.values("production") == {"AZURE_TENANT_ID": SPEC.tenant}  # was there before; the rest is gone


def test_a_workspace_and_an_identity_of_others_are_not_touched(place: Place) -> None:
    theirs = replace(SPEC, group="rg-theirs", workspace="mlw-theirs")
    group = f"{PUBLIC.arm}{theirs.group_id}"
    place.workspace.send("PUT", f"{group}?api-version=2021-04-01", "make", json={"location": "westeurope"})
    workspace = f"{theirs.group_id}/providers/Microsoft.MachineLearningServices/workspaces/mlw-theirs"
    body = {"location": "westeurope", "tags": {"team": "other"}, "properties": {}}
    place.workspace.change("PUT", f"{PUBLIC.arm}{workspace}?api-version=2024-10-01", "make", json=body)

    assert "workspace mlw-theirs" not in place.changes(theirs)
    place.run(theirs, SetUpMode.UNDO)
    found = place.workspace.look(f"{PUBLIC.arm}{workspace}?api-version=2024-10-01", "look")
    assert found is not None
    assert found["tags"] == {"team": "other"}

    identity = {
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "apiVersion": "2023-01-31",
        "name": "mlw-theirs-training",
        "location": "westeurope",
    }
    deployment = f"{group}/providers/Microsoft.Resources/deployments/theirs?api-version=2024-03-01"
    properties = {"mode": "Incremental", "template": {"resources": [identity]}}
    place.workspace.change("PUT", deployment, "make", json={"properties": properties})
    with pytest.raises(BadInput, match="mlw-theirs-training was not made by"):
        place.run(theirs)
