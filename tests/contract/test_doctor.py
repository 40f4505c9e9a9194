"""`mlops doctor` finds what is planted: worlds in which several things are wrong at once, and what is told of each.

A world is one run of the doctor; each row below it is a problem that was planted in it.
"""

import json
import platform
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address
from emulator_support.clients import Call
from emulator_support.serving import arm
from mlops import clock, product
from mlops.domain.release.access import Permission, Road, lacking
from mlops.domain.tags import OVER_BUDGET_TAG
from mlops.errors import AzureRefused, BadInput, CapRefused, Problem
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import promote
from mlops.flow.promote.consent import Consent
from mlops.flow.release import cost, doctor
from mlops.flow.release.checkup import CheckStatus, DoctorResult
from mlops.flow.training.known_prices import PriceSource
from mlops.params import load
from mlops.views import cost as cost_view
from mlops.views import doctor as view
from tests.contract.own_workspace import own_workspace
from tests.project import parameters

ROOT = Path(__file__).resolve().parents[2]
FAMILY, A100 = "standardNCADSA100v4Family", "Standard_NC24ads_A100_v4"
PROVIDERS = ("Microsoft.MachineLearningServices", "Microsoft.Storage", "Microsoft.KeyVault")
ROW = {"messages": [{"role": "user", "content": "Is it on?"}, {"role": "assistant", "content": "It is."}]}
OWNERSHIP = "mlops" + "-owner"
FILED = "the price file of mlops of 2026-09-06"
WARNING, PROBLEM = CheckStatus.WARNING, CheckStatus.PROBLEM
Found = tuple[str, CheckStatus, str]  # check, how it ended, and words of its finding or of what mends it


@dataclass
class Site:
    """A project on this machine, and the emulator's workspace; everything that is planted is taken away again."""

    folder: Path
    address: Address
    api: Call
    patch: pytest.MonkeyPatch
    stated: dict[str, Any] = field(default_factory=dict)

    def set(self, key: str, value: Any) -> None:
        """One key of params.yaml."""
        *above, last = key.split(".")
        block = self.stated
        for name in above:
            block = block[name]
        block[last] = value

    def control(self, method: str, path: str, body: Any = None) -> None:
        process.control(self.address, method, path, body)

    def fault(self, rule: str) -> None:
        self.control("POST", "/faults", {"rule": rule})

    def roles(self, *held: tuple[str, str]) -> None:
        """Roles of the identity that asks, each with its scope; then nobody may anything else."""
        stated = [{"principal": defaults.CLIENT_ID, "role": role, "scope": scope} for role, scope in held]
        self.control("PUT", "/access", {"role_assignments": stated})

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text, encoding="utf-8")

    def endpoint(self, workspace: str, name: str, **tags: str) -> None:
        id = arm(f"onlineEndpoints/{name}").replace(f"/workspaces/{defaults.WORKSPACE}/", f"/workspaces/{workspace}/")
        assert self.api("PUT", id, {"location": "eastus", "tags": tags, "properties": {}}).status == 201

    def model(self, **tags: str) -> str:
        """A version of the project's model with these tags, and with files that are no model."""
        from azure.ai.ml.entities import Model

        weights = self.folder / "data"
        made = own_workspace().ml.models.create_or_update(
            Model(name=self.stated["model"]["name"], path=str(weights), tags=tags)
        )
        return f"{made.name}:{made.version}"

    def context(self) -> Context:
        path = self.folder / "params.yaml"
        path.write_text(yaml.safe_dump(self.stated, sort_keys=False), encoding="utf-8")
        return Context(load(path), path, own_workspace, lambda _: None)

    def look(self, *roads: Road) -> Outcome[DoctorResult]:
        return doctor.run(self.context(), roads)


@pytest.fixture
def site(
    tmp_path: Path, emulator_address: Address, api: Call, monkeypatch: pytest.MonkeyPatch, sdk_imported: None
) -> Iterator[Site]:
    """A repository with one conversation, our workflows, and names of its own."""
    stated = parameters()
    stated.pop("rehearsal", None)
    own = uuid.uuid4().hex[:8]
    stated["model"]["name"], stated["training"]["compute"] = f"m-{own}", f"c-{own}"
    for name, found in stated["environments"].items():
        found["endpoint"] = f"{name[:4]}-{own}"
    shutil.copytree(ROOT / ".github" / "workflows", tmp_path / ".github" / "workflows")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "few.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    yield Site(tmp_path, emulator_address, api, monkeypatch, stated)
    process.control(emulator_address, "DELETE", "/faults")
    process.control(emulator_address, "PUT", "/access", {"role_assignments": []})
    process.control(emulator_address, "PUT", f"/quota/{FAMILY}", {"limit": 480})
    for name in ("subscription.state", *(f"provider.{one.lower()}" for one in PROVIDERS)):
        process.control(emulator_address, "PUT", f"/settings/{name}", {"value": ""})


def _poor_subscription(site: Site) -> None:
    site.control("PUT", "/settings/subscription.state", {"value": "PastDue"})
    for name in PROVIDERS:
        site.control("PUT", f"/settings/provider.{name.lower()}", {"value": "NotRegistered"})
    site.control("PUT", f"/quota/{FAMILY}", {"limit": 0})
    site.patch.setattr(clock, "now", lambda now=clock.now: now() + timedelta(days=400))


def _reader(site: Site) -> None:
    site.roles(("Reader", "/"))


def _only_the_workspace(site: Site) -> None:
    site.roles(("AzureML Data Scientist", own_workspace().id))


def _no_cluster_right(site: Site) -> None:
    site.roles(("AzureML Data Scientist", "/"), ("Monitoring Reader", "/"))
    site.set("environments.staging.autoscale", {"maximum": 2})


def _wrong_parameters(site: Site) -> None:
    site.set("model.version", "99999")
    site.set("training.parameters.bogus", 1)
    site.set("training.instance_type", "Standard_Nope")
    site.set("environments.staging.instance_type", "Standard_Nope")
    site.set("budget", {"month": 1_000_000})


def _wrong_cluster(site: Site) -> None:
    properties = {"vmSize": "Standard_D12_v2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1}}
    body = {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": properties}}
    assert site.api("PUT", arm(f"computes/{site.stated['training']['compute']}"), body).status in (200, 201)
    site.set("training.component_version", "0.0.1")
    site.set("training.retired_base_model", "refuse")
    site.set("environments.production.instance_type", "Standard_DS3_v2")


def _names_of_others(site: Site) -> None:
    site.endpoint(defaults.WORKSPACE, site.stated["environments"]["staging"]["endpoint"], **{OWNERSHIP: "somebody"})
    other = f"w-{uuid.uuid4().hex[:6]}"
    place = f"/workspaces/{defaults.SUBSCRIPTION_ID}/{defaults.RESOURCE_GROUP}/{other}"
    site.control("PUT", place, {})
    site.endpoint(other, site.stated["environments"]["production"]["endpoint"])


def _broken_network(site: Site) -> None:
    endpoint = site.stated["environments"]["staging"]["endpoint"]
    site.endpoint(
        defaults.WORKSPACE, endpoint, **{OWNERSHIP: site.stated["model"]["name"], "mlops" + "-environment": "staging"}
    )
    for rule in (
        "scoring.swagger: reset before always",
        "blob_containers.list_blobs: 403 AuthorizationFailure always",
        "monitor.*: 403 AuthorizationFailed always",
        "subscription_lists.*: 403 AuthorizationFailed always",
        "permissions.list_all: 403 AuthorizationFailed always",
        "capacity.usages: 403 AuthorizationFailed always",
    ):
        site.fault(rule)


def _wrong_files(site: Site) -> None:
    site.write("data/bad.jsonl", '{"messages": []}\n')
    site.write(
        ".github/workflows/train.yml", "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'true'}]\n"
    )
    text = "on: push\njobs:\n  a:\n    runs-on: x\n    environment: nowhere\n    steps: [{run: exec mlops status}]\n"
    site.write(".github/workflows/own.yml", text)
    called = "on: push\njobs:\n  {0}:\n    uses: o/r/.github/workflows/train.yml@{1}\n"
    site.write(".github/workflows/one.yml", called.format("one", "a" * 40))
    site.write(".github/workflows/two.yml", called.format("two", "b" * 40))
    locked = site.folder / "requirements"
    locked.mkdir()
    (locked / "run.txt").write_text("click==0.0.1 \\\n    --hash=sha256:1\nnever-made==1.0\n", encoding="utf-8")
    site.patch.setattr(product, "ROOT", site.folder)
    site.patch.setattr(platform, "python_version", lambda: "3.9.2")


def _pinned_to_a_branch(site: Site) -> None:
    for path in (site.folder / ".github" / "workflows").glob("*.yml"):
        path.unlink()
    text = "on: push\njobs:\n  a:\n    uses: o/r/.github/workflows/train.yml@main\n"
    site.write(".github/workflows/train.yml", text)
    site.set("budget", {"month": 10})


WORLDS: dict[str, tuple[Callable[[Site], None], tuple[Found, ...]]] = {
    "a subscription that is not paid": (
        _poor_subscription,
        (
            ("subscription", WARNING, "PastDue"),
            ("resource providers", PROBLEM, "az provider register --namespace Microsoft.KeyVault --wait"),
            ("clock", WARNING, "set-ntp true"),
            ("base model", WARNING, "was retired from fine-tuning on 2025-08-30"),
            ("compute", PROBLEM, "24 vCPUs"),
            ("machines of staging", PROBLEM, "0 are free"),
            ("machines of production", PROBLEM, "ask for more quota"),
        ),
    ),
    "an identity that may only read": (
        _reader,
        (
            ("permissions to train", PROBLEM, '--role "AzureML Data Scientist" --scope /subscriptions/'),
            ("permissions to train", PROBLEM, '--role "AzureML Compute Operator"'),
            ("permissions to promote to staging", PROBLEM, "onlineEndpoints/deployments/write"),
            ("permissions to promote to production", PROBLEM, "onlineEndpoints/listKeys/action"),
            ("permissions to clean up", PROBLEM, "onlineEndpoints/delete"),
            ("permissions of the storage", PROBLEM, "datastores/listSecrets/action"),
            ("storage", PROBLEM, "reach the workspace's storage"),
        ),
    ),
    "an identity without a role on the subscription": (
        _only_the_workspace,
        (
            ("subscription", WARNING, "read the subscription"),
            ("resource providers", WARNING, "list the resource providers"),
            ("permissions to train", PROBLEM, "list the VM sizes"),
            ("permissions of the subscription", WARNING, "list what this identity may do"),
            ("compute", PROBLEM, "Monitoring Reader on the subscription"),
            ("name of staging", WARNING, "list the endpoints of the subscription"),
            ("machines of staging", PROBLEM, "list the VM sizes"),
        ),
    ),
    "an identity that makes no clusters and no autoscale": (
        _no_cluster_right,
        (
            ("permissions to train", PROBLEM, "may not Microsoft.MachineLearningServices/workspaces/computes/write"),
            ("permissions to promote to staging", PROBLEM, "Microsoft.Insights/autoscaleSettings/write"),
        ),
    ),
    "parameters that fit nothing": (
        _wrong_parameters,
        (
            ("base model", PROBLEM, "99999"),
            ("component and parameters", PROBLEM, "bogus"),
            ("budget", WARNING, "no price of Standard_Nope"),
            ("compute", PROBLEM, "Standard_Nope is no VM size of eastus"),
            ("machines of staging", PROBLEM, "environments.staging.instance_type Standard_Nope"),
        ),
    ),
    "another cluster, an old component, a base model that may not be retired": (
        _wrong_cluster,
        (
            ("base model", PROBLEM, "move to its successor"),
            ("component and parameters", PROBLEM, "0.0.1"),
            ("compute", PROBLEM, "the size of a cluster cannot change"),
            ("machines of production", PROBLEM, "Standard_DS3_v2"),
        ),
    ),
    "names that others have": (
        _names_of_others,
        (
            ("project", PROBLEM, "somebody"),
            ("endpoint of staging", PROBLEM, "somebody"),
            ("name of production", PROBLEM, "set environments.production.endpoint to another name"),
        ),
    ),
    "a network that lets little through": (
        _broken_network,
        (
            ("resource providers", WARNING, "403"),
            ("storage", PROBLEM, "docs/private-networks.md"),
            ("traffic in Azure Monitor", WARNING, '--role "Monitoring Reader"'),
            ("permissions to clean up", WARNING, "403"),
            ("endpoint of staging", PROBLEM, "cannot be reached from here"),
            ("name of production", WARNING, "403"),
            ("machines of staging", WARNING, "403"),
        ),
    ),
    "files that are not right": (
        _wrong_files,
        (
            ("Python", PROBLEM, "uv python install 3.11"),
            ("packages", WARNING, "2 of 2 packages"),
            ("conversations", PROBLEM, "bad.jsonl"),
            ("workflows", PROBLEM, "does not start the train workflow"),
            ("environments", PROBLEM, "nowhere"),
            ("pins of the workflows", PROBLEM, "mlops upgrade --to o/r@" + "b" * 40),
        ),
    ),
    "a pin that somebody can move, and a budget that is too small": (
        _pinned_to_a_branch,
        (
            ("pins of the workflows", PROBLEM, "which is no commit"),
            ("budget", PROBLEM, "mlops promote ENVIRONMENT --over-budget --reason WHY"),
        ),
    ),
    "a subscription that is off": (
        lambda site: site.control("PUT", "/settings/subscription.state", {"value": "Disabled"}),
        (("subscription", PROBLEM, "az account show"),),
    ),
    "a workspace that is not there": (
        lambda site: site.fault("workspace.get: 404 ResourceNotFound always"),
        (("workspace", PROBLEM, "404"),),
    ),
    "a workspace that failed": (
        lambda site: site.fault(
            'workspace.get: answers {"location":"eastus","properties":{"provisioningState":"Failed"}} always'
        ),
        (("workspace", PROBLEM, "az ml workspace show"),),
    ),
    "a registry that is not there": (
        lambda site: site.set("model.registry", "nowhere"),
        (("registry", PROBLEM, "find the registry nowhere"),),
    ),
}


@pytest.mark.parametrize(("plant", "planted"), WORLDS.values(), ids=WORLDS)
def test_what_is_planted_is_found(site: Site, plant: Callable[[Site], None], planted: tuple[Found, ...]) -> None:
    plant(site)
    found = site.look()
    checks = {one.name: one for one in found.result.checks}
    told = [
        (name, checks[name].health, words in f"{checks[name].finding} {checks[name].fix}") for name, _, words in planted
    ]
    wrong = [
        checks[one[0]] for one, is_told in zip(planted, told, strict=True) if one[1] != is_told[1] or not is_told[2]
    ]
    assert not wrong
    assert (found.failure is None) == (PROBLEM not in {one.health for one in checks.values()})
    assert all(one.fix for one in checks.values() if one.health is PROBLEM), "each problem has what mends it"


def test_enough_is_planted() -> None:
    assert sum(len(planted) for _, planted in WORLDS.values()) >= 40


def test_nothing_is_found_where_nothing_is_planted(site: Site) -> None:
    found = site.look()
    told = {one.name: one.health for one in found.result.checks if one.health not in (CheckStatus.OK,)}
    told.pop("clock", None)  # an emulator's may have been moved by another test
    told.pop("packages", None)  # this environment may hold another platform's
    assert told == {"base model": WARNING, "traffic in Azure Monitor": CheckStatus.NOT_CHECKED}
    assert found.failure is None
    assert "Fixes" in view.report(found.result).to_markdown()


def test_what_runs_has_a_price_and_who_says_it(site: Site) -> None:
    """The list's own price of a machine on demand, not that of a spot machine or of Windows, where none is given."""
    site.stated["prices"]["instance_hour"] = {}
    site.set("budget", {"month": 10})
    listed = cost.run(site.context()).result
    assert [(one.source, one.an_hour) for one in listed.prices] == [(PriceSource.LIST, 3.673)]
    assert [one.key for one in listed.over] == ["budget.month"]
    assert (listed.running, listed.estimate) == ((), None)
    site.stated["prices"]["instance_hour"] = {A100.upper(): 2.0}
    stated = cost.run(site.context()).result
    assert [(one.source, one.an_hour) for one in stated.prices] == [(PriceSource.PARAMETERS, 2.0)]
    assert "2.00 USD" in cost_view.report(stated).to_markdown()
    site.stated["prices"]["instance_hour"] = {}
    site.fault("retail_prices.items: reset before always")
    dated = cost.run(site.context()).result
    (price,) = dated.prices
    assert (price.source, price.an_hour, price.since) == (PriceSource.FILE, 3.673, datetime(2026, 9, 6, tzinfo=UTC))
    assert "the price file of mlops | 2026-09-06" in " ".join(cost_view.report(dated).to_markdown().split())
    for block in site.stated["environments"].values():
        block["instance_type"] = "Standard_DS3_v2"
    assert {one.size: one.source for one in cost.run(site.context()).result.prices} == {
        A100: PriceSource.FILE, "Standard_DS3_v2": PriceSource.NOBODY
    }  # fmt: skip


def test_promote_refuses_above_the_budget_until_somebody_agrees(site: Site) -> None:
    """With a reason, now or when the model was trained; then it goes on, to a model without files."""
    site.set("budget", {"month": 10})
    model, agreed, said = site.model(), site.model(**{OVER_BUDGET_TAG: "a fair"}), list[str]()
    with pytest.raises(CapRefused, match=r"budget\.month is 10\.00 USD"):
        promote.run(site.context(), "staging", model=model)
    with pytest.raises((AzureRefused, BadInput)) as refused:
        promote.run(site.context(), "staging", model=model, consent=Consent("a fair", over_budget=True))
    assert "budget." not in str(refused.value)
    with pytest.raises((AzureRefused, BadInput)) as refused:
        promote.run(replace(site.context(), say=said.append), "staging", model=agreed)
    assert "budget." not in str(refused.value)
    assert [one for one in said if one.endswith("whoever had the model trained agreed: a fair")]


@pytest.mark.parametrize(
    ("fault", "by"),
    [
        ("", "Azure's public list of 2023-04-01"),
        ("reset before always", FILED),
        ("answers html always", FILED),
        (r'answers {"Items":[{"unitOfMeasure":"1\u0020Hour"}]} always', FILED),
        (r'answers {"Items":[{"unitOfMeasure":"1\u0020Hour","retailPrice":0}]} always', FILED),
        ('answers {"Items":"none"} always', FILED),
    ],
)
def test_a_budget_counts_where_the_team_gave_no_price_and_says_whose_it_is(site: Site, fault: str, by: str) -> None:
    site.set("budget", {"month": 10})
    site.stated["prices"]["instance_hour"] = {}
    if fault:
        site.fault(f"retail_prices.items: {fault}")
    with pytest.raises(CapRefused, match=rf"5,362\.58 USD a month(.|\n)*prices: {A100} by {by}"):
        promote.run(site.context(), "staging", model=site.model())


def test_a_budget_that_cannot_be_kept_is_said_and_costs_nothing_to_nobody(site: Site) -> None:
    site.set("budget", {"month": 10})
    site.stated["prices"]["instance_hour"] = {}
    for name in site.stated["environments"]:
        site.set(f"environments.{name}.instance_type", "Standard_DS3_v2")
    said: list[str] = []
    with pytest.raises((AzureRefused, BadInput)) as refused:
        promote.run(replace(site.context(), say=said.append), "staging", model=site.model())
    assert "budget." not in str(refused.value)
    assert any("no price of Standard_DS3_v2 is known, so budget.month cannot be kept" in one for one in said)


def test_a_road_is_checked_alone(site: Site) -> None:
    names = {one.name for one in site.look(Road.CLEANUP).result.checks}
    assert "permissions to clean up" in names
    assert not {"permissions to train", "compute", "machines of staging"} & names


def test_without_a_target_what_needs_none_is_checked(site: Site) -> None:
    def connect() -> Any:
        raise BadInput(Problem("not set: AZURE_ML_WORKSPACE", fix="set it"))

    path = site.folder / "params.yaml"
    path.write_text(yaml.safe_dump(site.stated, sort_keys=False), encoding="utf-8")
    found = doctor.run(Context(load(path), path, connect, lambda _: None))
    checks = {one.name: one for one in found.result.checks}
    assert (checks["sign-in"].health, checks["sign-in"].fix) == (PROBLEM, "set it")
    assert checks["conversations"].health is CheckStatus.OK
    assert {checks[name].health for name in ("workspace", "base model", "compute")} == {CheckStatus.NOT_CHECKED}


def test_what_a_role_excepts_another_may_give() -> None:
    action = "Microsoft.MachineLearningServices/workspaces/computes/write"
    excepting = Permission(
        ("Microsoft.MachineLearningServices/workspaces/*/write",), (action.replace("/write", "/*/write"),)
    )
    assert lacking([excepting], [action]) == (action,)
    assert lacking([excepting, Permission(("*",))], [action]) == ()
    blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
    assert lacking([Permission(("*",))], [blob]) == (blob,), "the data plane has actions of its own"
