"""The table of clouds: it agrees with the SDK's, it is the only place that names their hosts, and one setting picks."""

import json
from pathlib import Path

import pytest

from azureml_emulator.core import clouds as posed
from mlops import clouds, product
from mlops.azure.target import resolve
from mlops.azure.workspace import Workspace
from mlops.cli.rehearse.calls import check_hosts
from mlops.clouds import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, Cloud
from mlops.errors import BadInput, RemoteFailed

NAMED = {"AZURE_SUBSCRIPTION_ID": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "AZURE_RESOURCE_GROUP": "g"}


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_its_hosts_are_those_of_the_sdks_tables(cloud: Cloud, sdk_imported: None) -> None:
    from azure.ai.ml._azure_environments import _environments
    from azure.core import AzureClouds
    from azure.identity import AzureAuthorityHosts as Hosts
    from azure.mgmt.core.tools import get_arm_endpoints

    theirs = _environments[cloud.name]
    stated = (theirs[key] for key in ("resource_manager", "active_directory", "aml_resource_id", "storage_endpoint"))
    assert tuple(str(one).rstrip("/") for one in stated) == (cloud.arm, cloud.login, cloud.ml, cloud.storage)
    assert theirs["registry_discovery_endpoint"] == f"{cloud.discovery}/"
    name = {PUBLIC: "PUBLIC_CLOUD", US_GOVERNMENT: "US_GOVERNMENT", CHINA: "CHINA_CLOUD"}[cloud]
    assert get_arm_endpoints(AzureClouds[f"AZURE_{name}"])["resource_manager"] == f"{cloud.arm}/"
    known = {PUBLIC: Hosts.AZURE_PUBLIC_CLOUD, US_GOVERNMENT: Hosts.AZURE_GOVERNMENT, CHINA: Hosts.AZURE_CHINA}
    assert cloud.login == f"https://{known[cloud]}"


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_the_emulator_poses_as_the_cloud_that_the_product_knows(cloud: Cloud) -> None:
    poses = posed.CLOUDS[cloud.name]
    for field in ("arm", "login", "audience", "ml", "storage", "regional", "metrics", "cognitive"):
        assert poses.spelled(getattr(PUBLIC, field)) == getattr(cloud, field)
    assert cloud.has_region(poses.location)


def test_the_template_trusts_the_audience_of_each_cloud() -> None:
    template = json.loads((product.ROOT / "infra" / "environment.json").read_text(encoding="utf-8"))
    assert template["variables"]["audiences"] == {cloud.name: cloud.audience for cloud in CLOUDS}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, PUBLIC),
        ("", PUBLIC),
        ("AzureCloud", PUBLIC),
        ("azureusgovernment", US_GOVERNMENT),
        ("AzureChinaCloud", CHINA),
    ],
)
def test_one_variable_says_which_cloud_it_is(said: str | None, found: Cloud) -> None:
    environ = {**NAMED, "AZURE_ML_WORKSPACE": "mlw", **({} if said is None else {"AZURE_CLOUD": said})}
    target = resolve("azure", environ, interactive=False)
    assert target.cloud is found
    assert (found.name in target.announcement) is (found is not PUBLIC)


def test_a_cloud_that_nobody_knows_is_refused_with_those_that_are() -> None:
    environ = {**NAMED, "AZURE_ML_WORKSPACE": "mlw", "AZURE_CLOUD": "AzureGermanCloud"}
    with pytest.raises(BadInput) as refused:
        resolve("azure", environ, interactive=False)
    assert "AzureUSGovernment, AzureChinaCloud" in refused.value.problems[0].fix


@pytest.mark.parametrize(
    ("region", "cloud"),
    [("eastus", PUBLIC), ("usgovvirginia", US_GOVERNMENT), ("chinaeast2", CHINA), ("uksouth", PUBLIC)],
)
def test_a_region_tells_its_cloud(region: str, cloud: Cloud) -> None:
    assert [one for one in CLOUDS if one.has_region(region)] == [cloud] == [clouds.of_region(region)]


def test_a_token_is_offered_to_no_judge_of_another_cloud() -> None:
    from mlops.azure.chat_completions import ChatDeployment
    from mlops.azure.target import Target

    class Nobody:
        def get_token(self, *scopes: str, **_: object) -> object:
            raise AssertionError(scopes)

    government = Workspace(Target("azure", "s", "g", "w", "", US_GOVERNMENT), Nobody())
    with pytest.raises(BadInput, match="is not in AzureUSGovernment"):
        ChatDeployment(government, "https://team.openai.azure.com", "gpt", "2024-10-21")
    assert ChatDeployment(government, "https://team.openai.azure.us/", "gpt", "2024-10-21")


def test_hosts_of_another_cloud_are_noticed_but_for_the_list_of_prices(tmp_path: Path) -> None:
    def logged(*hosts: str) -> None:
        lines = (json.dumps({"method": "GET", "url": f"https://{host}/x"}) for host in hosts)
        (tmp_path / "requests.log").write_text("\n".join(lines), encoding="utf-8")

    fine = ("management.usgovcloudapi.net", "prices.azure.com", "huggingface.co", "control.emulator")
    logged(*fine)
    check_hosts(tmp_path, US_GOVERNMENT.name)
    with pytest.raises(RemoteFailed, match=r"prices\.azure\.com"):
        check_hosts(tmp_path, CHINA.name)
    logged(*fine, "x.blob.core.windows.net")
    with pytest.raises(RemoteFailed, match=r"x\.blob\.core\.windows\.net$"):
        check_hosts(tmp_path, US_GOVERNMENT.name)
