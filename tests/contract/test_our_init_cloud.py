"""What `mlops init cloud` leaves alone, changes and refuses, where something stands already."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from azure.identity import ClientSecretCredential

from azureml_emulator import process
from azureml_emulator.pytest_plugin import AzureMl
from mlops.azure import arm, auth, compute, failures
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.clouds import PUBLIC
from mlops.domain.environments.workspace_name import WorkspaceName
from mlops.domain.repository.cloud import MADE_BY, CloudSpec, ClusterSpec, deployment_name
from mlops.domain.tags import MADE_BY_TAG
from mlops.errors import BadInput, CapRefused
from mlops.flow.repository import cloud
from mlops.flow.repository.cloud import SetUpChange, SetUpMode, SetUpResult
from mlops.flow.repository.cloud_account import VAULTS
from mlops.flow.repository.cloud_steps import template
from mlops.github_setup import RepositorySettings

SUBSCRIPTION = process.workspace()["AZURE_SUBSCRIPTION_ID"]
FEDERATED = "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials"
ELSEWHERE = "00000000-0000-0000-0000-00000000beef"
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

    def __init__(self, connect: Callable[[], Workspace], github: RepositorySettings) -> None:
        self.workspace, self._connect, self.github = connect(), connect, github

    def run(self, spec: CloudSpec, mode: SetUpMode = SetUpMode.MAKE, *, agrees: bool = True) -> SetUpResult:
        """With what a process of its own begins with, above all its budget of reads."""
        return cloud.run(spec, self._connect(), self.github, mode, lambda _: agrees).result

    def changes(self, spec: CloudSpec) -> dict[str, SetUpChange]:
        return {one.what: one.change for one in self.run(spec).steps if one.change is not SetUpChange.NONE}

    def identity(self, environment: str, spec: CloudSpec = SPEC) -> Workspace:
        """The workspace as an environment's jobs see it."""
        deployment = self.workspace.look(
            f"{PUBLIC.arm}{spec.group_id}/providers/Microsoft.Resources/deployments/"
            f"{deployment_name(f'{spec.workspace}-{environment}')}?api-version={arm.DEPLOYMENTS_API}",
            "look",
        )
        assert deployment is not None
        names = process.identity()
        client = arm.outputs(deployment)["clientId"]
        mine = ClientSecretCredential(names["AZURE_TENANT_ID"], client, names["AZURE_CLIENT_SECRET"])
        target = replace(self.workspace.target, resource_group=spec.group, workspace=spec.workspace)
        return Workspace(target, mine)

    def exists(self, path: str, version: str) -> bool:
        return self.workspace.look(f"{PUBLIC.arm}{path}?api-version={version}", "look") is not None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("fresh")
    address = process.launch(folder, fresh=True)
    AzureMl(address).setting("operations.retry_after_ms", "50")
    process.control(address, "PUT", f"/workspaces/{ELSEWHERE}/rg-there/mlw-there", {})  # so the subscription is there
    with pytest.MonkeyPatch.context() as patch:
        variables = process.variables(address, {})
        for name, value in variables.items():
            patch.setenv(name, value)
        target = Target("azure", SUBSCRIPTION, SPEC.group, SPEC.workspace, "")
        named = {"GITHUB_REPOSITORY": SPEC.repository, "GITHUB_TOKEN": "mine"}
        github = RepositorySettings.of_repository(named)
        credential = auth.credential(variables, interactive=False)
        yield Place(lambda: Workspace(target, credential), github)
    process.stop(folder)


def test_what_is_there_stays_what_differs_is_changed_and_a_lock_holds(place: Place) -> None:
    refused = place.run(SPEC, agrees=False).steps
    predicted = {one.what: one.predicted for one in refused}
    assert [line.split()[:2] for line in predicted["roles"]] == [["+", "microsoft.authorization/roledefinitions"]] * 5
    assert predicted["workspace mlw-one"] == ("all of it is new, as its resource group is",)
    assert predicted["reading the subscription"] == ("known when what stands before it is made",)
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
    _roles_allow_what_is_needed(place)
    _what_somebody_deleted_is_made_again(place)

    vault = next(id for id in arm.held_by(place.workspace, SPEC.group_id) if arm.type_of(id) == VAULTS)
    _somebody_may_read(place, vault)
    locked = replace(SPEC, lock=True, budget=500, budget_start="2026-11-01", contacts=("a@example.org",))
    changed = dict.fromkeys(("workspace mlw-one", "reading the subscription"), SetUpChange.CHANGED)
    assert place.changes(locked) == changed
    assert place.changes(replace(locked, budget_start="2027-01-01")) == {}  # a later month: the budget began already
    kept = place.workspace.look(f"{PUBLIC.arm}{vault}?api-version=2023-07-01", "look")
    assert kept is not None
    assert kept["properties"]["accessPolicies"] == [{"objectId": "somebody"}]  # the workspace writes its own there
    with pytest.raises(CapRefused, match="lock"):
        place.run(locked, SetUpMode.UNDO)
    locks = [f"{PUBLIC.arm}{id}?api-version={arm.LOCKS_API}" for id in arm.locks(place.workspace, SPEC.group_id)]
    assert len(locks) == 3
    storage = locks[0].partition("/providers/Microsoft.Authorization")[0]
    for id in (storage, f"{PUBLIC.arm}{SPEC.group_id}"):
        with pytest.raises(failures.Conflict, match="ScopeLocked"):
            place.workspace.change("DELETE", f"{id}?api-version=2023-05-01", "delete")
    _a_release_is_not_locked_out(place)
    for lock in locks:
        place.workspace.change("DELETE", lock, "unlock")
    place.changes(SPEC)
    place.run(SPEC, SetUpMode.UNDO)
    assert not place.exists(SPEC.group_id, "2021-04-01")
    assert place.github.values("production") == {"AZURE_TENANT_ID": SPEC.tenant}  # was there before; the rest is gone


def _a_release_is_not_locked_out(place: Place) -> None:
    """As it would be by a lock on the workspace, which holds for the deployments below it."""
    ours = place.workspace.id
    endpoint, version = f"{PUBLIC.arm}{ours}/onlineEndpoints/locked-one", "api-version=2024-10-01"
    body = {"location": SPEC.location, "identity": {"type": "SystemAssigned"}, "properties": {"authMode": "Key"}}
    place.workspace.change("PUT", f"{endpoint}?{version}", "make", json=body)
    lock = f"{PUBLIC.arm}{ours}/providers/Microsoft.Authorization/locks/by-hand?api-version={arm.LOCKS_API}"
    stated = {"resources": [_lock(f"Microsoft.MachineLearningServices/workspaces/{SPEC.workspace}")]}
    arm.deploy(place.workspace, SPEC.group_id, "by-hand", stated, {}, {}, SPEC.location)
    with pytest.raises(failures.Conflict, match=r"(?s)ScopeLocked.*az lock list"):
        place.workspace.change("DELETE", f"{endpoint}?{version}", "delete")
    place.workspace.change("DELETE", lock, "unlock")
    place.workspace.change("DELETE", f"{endpoint}?{version}", "delete")
    assert place.workspace.look(f"{endpoint}?{version}", "look") is None


def _somebody_may_read(place: Place, vault: str) -> None:
    kind = {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": vault.rpartition("/")[2]}
    tags, properties = {MADE_BY_TAG: MADE_BY}, {"accessPolicies": [{"objectId": "somebody"}]}
    stated = {"resources": [{**kind, "tags": tags, "location": SPEC.location, "properties": properties}]}
    arm.deploy(place.workspace, SPEC.group_id, "by-hand", stated, {}, {}, SPEC.location)


def test_a_cluster_a_registry_and_private_endpoints_are_made_once_and_go_again(place: Place) -> None:
    subnet = "/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/v/subnets/ours"
    zones = tuple(
        f"/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/privateDnsZones/{name}"
        for name in ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net", "privatelink.vaultcore.azure.net")
    )
    whole = replace(
        SPEC,
        group="rg-whole",
        workspace="mlw-whole",
        isolation="AllowInternetOutbound",
        subnet=subnet,
        dns_zones=zones,
        cluster=ClusterSpec("gpu-cluster", "Standard_NC24ads_A100_v4", 2, 300, low_priority=False),
        registry="mlops-models",
        others=(WorkspaceName("mlw-apart", "rg-apart", ELSEWHERE),),
    )
    made = set(place.changes(whole))
    assert {"cluster gpu-cluster", "registry mlops-models", "workspace mlw-apart", "roles on mlw-apart"} <= made
    assert f"roles in {ELSEWHERE}" in made  # a role is of one subscription
    assert place.changes(whole) == {}
    ours = place.workspace.at(WorkspaceName("mlw-whole", "rg-whole"))
    cluster = compute.find(ours, "gpu-cluster")
    assert cluster is not None
    assert (cluster.size.lower(), cluster.min_nodes, cluster.max_nodes) == ("standard_nc24ads_a100_v4", 0, 2)
    assert ours.description["properties"]["publicNetworkAccess"] == "Disabled"
    held = arm.held_by(place.workspace, whole.group_id)
    kinds = [arm.type_of(id) for id in held]
    assert kinds.count("microsoft.network/privateendpoints") == 5
    assert "microsoft.machinelearningservices/registries" in kinds
    group = next(id for id in held if id.endswith("pe-mlw-whole-amlworkspace"))
    named = place.workspace.look(f"{PUBLIC.arm}{group}/privateDnsZoneGroups/default?api-version=2024-03-01", "look")
    assert named is not None
    assert [one["properties"]["privateDnsZoneId"] for one in named["properties"]["privateDnsZoneConfigs"]] == [
        *zones[:2]
    ]
    apart = place.workspace.at(whole.others[0])
    assert arm.group(apart, f"/subscriptions/{ELSEWHERE}/resourceGroups/rg-apart") is not None
    theirs = place.identity("production", whole).at(whole.others[0])
    assert (
        theirs.send("GET", f"{PUBLIC.arm}{apart.id}/onlineEndpoints?api-version=2024-10-01", "list").status_code == 200
    )
    with pytest.raises(failures.Denied, match="workspaces/jobs/cancel"):
        theirs.send("POST", f"{PUBLIC.arm}{apart.id}/jobs/j/cancel?api-version=2024-10-01", "cancel")
    place.run(whole, SetUpMode.UNDO)
    assert not place.exists(whole.group_id, "2021-04-01")
    assert arm.group(apart, f"/subscriptions/{ELSEWHERE}/resourceGroups/rg-apart") is None


def _lock(scope: str) -> dict[str, object]:
    kind = {"type": "Microsoft.Authorization/locks", "apiVersion": arm.LOCKS_API, "name": "by-hand", "scope": scope}
    return {**kind, "properties": {"level": "CanNotDelete"}}


def _roles_allow_what_is_needed(place: Place) -> None:
    """And no more; without one of its actions a role is refused by that name."""
    training, production = place.identity("training"), place.identity("production")
    jobs, endpoint = (
        f"{PUBLIC.arm}{training.id}/{kind}?api-version=2024-10-01" for kind in ("jobs", "onlineEndpoints/one")
    )
    cluster = f"{PUBLIC.arm}{training.id}/computes/one?api-version=2024-10-01"
    assert training.send("GET", jobs, "list").json()["value"] == []
    assert production.look(endpoint, "look") is None
    served = endpoint.replace("?", "/deployments/one?")
    for identity, url, action in (
        (training, served, "onlineEndpoints/deployments/write"),
        (production, cluster, "computes/write"),
    ):
        with pytest.raises(failures.Denied, match=f"action 'Microsoft.MachineLearningServices/workspaces/{action}'"):
            identity.change("PUT", url, "make", json={"location": "westeurope", "properties": {}})
    fewer = copy.deepcopy(template("roles"))
    train = next(one for one in fewer["variables"]["roles"] if one["kind"] == "train")
    train["actions"].remove("Microsoft.MachineLearningServices/workspaces/jobs/read")
    name = deployment_name(f"{SPEC.workspace}-roles")

    def deploy() -> None:
        subscription = f"/subscriptions/{SUBSCRIPTION}"
        arm.deploy(place.workspace, subscription, name, fewer, {"suffix": SPEC.role_suffix}, {}, SPEC.location)

    deploy()
    # `cleanup` lists jobs, too, and training has both
    cleanup = next(one for one in fewer["variables"]["roles"] if one["kind"] == "cleanup")
    assert training.send("GET", jobs, "list").status_code == 200
    cleanup["actions"].remove("Microsoft.MachineLearningServices/workspaces/jobs/read")
    deploy()
    with pytest.raises(failures.Denied, match=r"perform action .*workspaces/jobs/read"):
        training.send("GET", jobs, "list")
    predicted = {one.what: one.predicted for one in place.run(SPEC, agrees=False).steps}["roles"]
    assert [line.split()[0] for line in predicted if not line.startswith(" ")] == ["~", "~"]
    assert place.changes(SPEC) == {"roles": SetUpChange.CHANGED}
    assert training.send("GET", jobs, "list").status_code == 200


def _what_somebody_deleted_is_made_again(place: Place) -> None:
    """Also what no list of the group shows: who may do what, and whose token an identity takes."""
    subscription, assignments = f"/subscriptions/{SUBSCRIPTION}", "microsoft.authorization/roleassignments"
    lost = {}
    for file, suffix, scope, kind in (
        ("environment", "production", SPEC.group_id, assignments),
        ("environment", "training", SPEC.group_id, FEDERATED),
        ("subscription", "subscription", subscription, assignments),
    ):
        deployed = arm.deployment(place.workspace, scope, deployment_name(f"{SPEC.workspace}-{suffix}"))
        assert deployed is not None
        id = next(id for id in arm.made(deployed) if arm.type_of(id) == kind)
        lost[id] = arm.api_versions(template(file))[kind]
        arm.remove(place.workspace, id, lost[id])
    of = ("identity of production", "identity of training", "reading the subscription")
    assert place.changes(SPEC) == dict.fromkeys(of, SetUpChange.MADE)
    assert all(place.exists(id, version) for id, version in lost.items())


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
    deployment = f"{group}/providers/Microsoft.Resources/deployments/theirs?api-version=2022-09-01"
    properties = {"mode": "Incremental", "template": {"resources": [identity]}}
    place.workspace.change("PUT", deployment, "make", json={"properties": properties})
    with pytest.raises(BadInput, match="mlw-theirs-training was not made by"):
        place.run(theirs)
