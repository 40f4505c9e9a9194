"""The same road in the clouds of governments and of China: one setting, and no request to a host of another cloud."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address
from azureml_emulator.pytest_plugin import AzureMl
from mlops.azure import arm, auth, subscription
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.cli.rehearse.calls import check_hosts
from mlops.clouds import CHINA, PUBLIC, US_GOVERNMENT, Cloud
from mlops.domain.repository.cloud import CloudSpec, environment_parameters
from mlops.errors import AzureRefused, RemoteFailed
from mlops.flow.repository.cloud_steps import template
from tests.contract.conftest import commands

CLAIMS = {"repository": "acme/tune", "environment": "production"}
JOB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://pipelines.actions.githubusercontent.com/token?api-version=2.0",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode(),
}
# what is read for a plan, for a promotion and for a cleanup; the last but one is refused, for no model is there yet
VERBS = (("doctor",), ("plan",), ("cost",), ("status",), ("promote", "staging"), ("cleanup", "--dry-run"))


@pytest.fixture(scope="module", params=[US_GOVERNMENT, CHINA], ids=lambda cloud: cloud.name)
def posed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Address]]:
    """A cloud, and an emulator that is it."""
    cloud: Cloud = request.param
    address = process.launch(tmp_path_factory.mktemp("cloud") / "state", cloud=cloud.name)
    AzureMl(address).setting("operations.retry_after_ms", "50")
    yield cloud, address
    process.stop(Path(address.folder))


def test_every_verb_that_reads_stays_in_its_cloud(posed: tuple[Cloud, Address], sdk_imported: None) -> None:
    cloud, address = posed
    ended = {words[0]: commands(address)("--target", "azure", "--json", *words) for words in VERBS}
    assert {verb: one.code for verb, one in ended.items() if one.code} == {"promote": 2}, ended
    rows = {row["name"]: row for row in json.loads(ended["doctor"].out)["result"]["checks"]}
    assert (rows["cloud"]["health"], rows["cloud"]["finding"][: len(cloud.name)]) == ("ok", cloud.name)
    assert cloud.has_region(rows["workspace"]["finding"].rpartition(" ")[2])
    prices = json.loads(ended["cost"].out)["result"]["prices"]
    assert prices, "the parameters name machines"
    check_hosts(Path(address.folder), cloud.name)
    asked = {urlsplit(json.loads(line)["url"]).hostname for line in log(address)}
    assert {urlsplit(one).hostname for one in (cloud.arm, cloud.login, cloud.discovery)} <= asked


def test_what_is_published_not_to_be_there_is_refused(posed: tuple[Cloud, Address], sdk_imported: None) -> None:
    cloud, address = posed
    words = ("--target", "azure", "--json", "--set", "serving.egress=disabled", "doctor", "--for", "promote")
    ended = commands(address)(*words)
    problems = json.loads(ended.out)["problems"]
    assert ended.code == 2
    assert [one["key"] for one in problems] == ["serving.egress"]
    assert problems[0]["what"].startswith(f"{cloud.name} has no network isolation")


def test_a_command_that_thinks_it_is_in_the_public_cloud_is_told_so_and_noticed(posed: tuple[Cloud, Address]) -> None:
    cloud, address = posed
    before = log(address)
    lost = commands(address, AZURE_CLOUD="", AZURE_AUTHORITY_HOST="")("--target", "azure", "status")
    assert lost.code == 6
    # a person's machine tries several ways to sign in, a job has one, whose code is known
    assert re.search("(compare AZURE_TENANT_ID, and|set) AZURE_CLOUD", " ".join(lost.err.split()))
    job = {**process.workspace(), **JOB}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in process.variables(address, {}).items():
            patch.setenv(name, value)
        with pytest.raises(AzureRefused, match=r"AADSTS90002(.|\n)*no tenant of this cloud(.|\n)*set AZURE_CLOUD"):
            auth.credential(job, interactive=False).get_token(f"{PUBLIC.arm}/.default")
    with pytest.raises(RemoteFailed, match=r"login\.microsoftonline\.com"):
        check_hosts(Path(address.folder), cloud.name)
    (Path(address.folder) / "requests.log").write_text("\n".join(before) + "\n", encoding="utf-8")


def test_what_init_cloud_deploys_lets_a_job_sign_in_with_the_audience_of_its_cloud_and_no_other(
    posed: tuple[Cloud, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, address = posed
    for name, value in process.variables(address, {}).items():
        monkeypatch.setenv(name, value)
    names = (defaults.SUBSCRIPTION_ID, defaults.RESOURCE_GROUP, defaults.WORKSPACE)
    target = Target("azure", *names, "", cloud)
    owner = Workspace(target, auth.credential({}, interactive=False, cloud=cloud))
    spec = CloudSpec(
        names[0], "", names[1], names[2], owner.location, "acme/tune", (), cloud=cloud.name, built_in_roles=True
    )
    subjects = ("repo:acme/tune:environment:production",)
    given = environment_parameters(spec, "production", subjects, {})
    arm.deploy(owner, spec.group_id, "production", template("environment"), given, {}, owner.location)
    made = arm.deployment(owner, spec.group_id, "production")
    assert made is not None
    client = arm.outputs(made)["clientId"]
    job = {**spec.variables(client), "AZURE_TENANT_ID": defaults.TENANT_ID, **JOB}
    assert job["AZURE_CLOUD"] == cloud.name
    assert subscription.caller(Workspace(target, auth.credential(job, interactive=False, cloud=cloud))).name == client
    strange = replace(cloud, audience=PUBLIC.audience)
    with pytest.raises(AzureRefused, match="AADSTS700212"):
        auth.credential(job, interactive=False, cloud=strange).get_token(f"{cloud.arm}/.default")


def log(address: Address) -> list[str]:
    """What was asked so far."""
    return (Path(address.folder) / "requests.log").read_text(encoding="utf-8").splitlines()
