"""An emulator that poses as another cloud of Azure, as a program that knows nothing of it finds it through the SDK."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.core.clouds import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, PosedCloud
from azureml_emulator.http.address import Address
from azureml_emulator.pytest_plugin import AzureMl
from emulator_support.rest_walk import walk

FOREIGN = ("azure.com", "azureml.ms", "azureml.net", "windows.net", "microsoftonline.com", "azure.net", "azurecr.io")
NAMED = re.compile(rf"[\w.-]*\b(?:{'|'.join(map(re.escape, FOREIGN))})\b")
METADATA = "metadata/endpoints?api-version=2019-05-01"


@pytest.fixture(scope="module", params=[US_GOVERNMENT, CHINA], ids=lambda cloud: cloud.name)
def posed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """It, with nothing but the variables that `exec` gives to a program."""
    cloud: PosedCloud = request.param
    address = process.launch(tmp_path_factory.mktemp("posed") / "state", cloud=cloud.name)
    AzureMl(address).setting("operations.retry_after_ms", "50")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in process.variables(address, {}).items():
            patch.setenv(name, value)
        yield address
    process.stop(Path(address.folder))


def test_an_unchanged_program_stays_in_its_cloud(posed: Address, tmp_path: Path, sdk_imported: None) -> None:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Data
    from azure.identity import DefaultAzureCredential

    names = (defaults.SUBSCRIPTION_ID, defaults.RESOURCE_GROUP, defaults.WORKSPACE)
    credential = DefaultAzureCredential()
    client = MLClient(credential, *names, show_progress=False)
    found = client.workspaces.get(defaults.WORKSPACE)
    assert found.location in ("usgovvirginia", "chinaeast2")
    (tmp_path / "some.txt").write_text("text", encoding="utf-8")
    made = client.data.create_or_update(Data(name="posed", version="1", type="uri_file", path=tmp_path / "some.txt"))
    assert made.path.startswith("azureml://")
    assert next(iter(MLClient(credential, registry_name="azureml").models.list()), None) is not None
    lines = (Path(posed.folder) / "requests.log").read_text(encoding="utf-8").splitlines()
    hosts = {str(urlsplit(json.loads(line)["url"]).hostname) for line in lines}
    assert len(hosts) >= 5, "sign-in, resources, storage and two of a registry"
    assert [host for host in hosts if host.endswith(FOREIGN)] == []


@pytest.mark.parametrize("posed", [US_GOVERNMENT], indirect=True, ids=["AzureUSGovernment"])  # what is found is of all
def test_no_answer_names_a_host_of_the_public_cloud(posed: Address) -> None:
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.identity import DefaultAzureCredential
    from azure.mgmt import machinelearningservices as service

    heard: list[str] = []

    class Heard(SansIOHTTPPolicy[Any, Any]):  # type: ignore[misc]
        def on_response(self, request: Any, response: Any) -> None:
            said = response.http_response
            heard.append(f"{request.http_request.method} {request.http_request.url} {said.text()} {said.headers}")

    for kind in ("onlineEndpoints", "deployments"):
        process.control(posed, "PUT", f"/delay/{kind}", {"delay": "at once"})
    subscription, arm = defaults.SUBSCRIPTION_ID, f"https://{CLOUDS[posed.cloud].spelled('management.azure.com')}"
    client = service.MachineLearningServicesMgmtClient(
        DefaultAzureCredential(),
        subscription,
        arm,
        credential_scopes=[f"{arm}/.default"],
        polling_interval=0,
        per_retry_policies=[Heard()],
    )
    found = walk(client, service.models, subscription, defaults.RESOURCE_GROUP, defaults.WORKSPACE)
    assert sum(200 <= one.status < 300 for one in found.values()) > 140
    named = {name for one in heard for name in NAMED.findall(one)}
    assert sorted(named) == []


def test_its_metadata_lead_the_sdk_to_the_hosts_of_its_own_table(posed: Address, sdk_imported: None) -> None:
    from azure.ai.ml._azure_environments import _environments, _get_clouds_by_metadata_url

    stated = dict(_environments[posed.cloud])
    read: dict[str, Any] = _get_clouds_by_metadata_url(f"{stated['resource_manager']}{METADATA}")
    assert list(read) == [posed.cloud]
    plain = {key: str(value).rstrip("/") for key, value in read[posed.cloud].items()}
    assert plain == {key: str(value).rstrip("/") for key, value in stated.items()}


def test_a_folder_stays_the_cloud_that_it_was_made_for(posed: Address) -> None:
    folder = Path(posed.folder)
    with pytest.raises(process.NotStarted, match=f"its folder holds {posed.cloud}, not {PUBLIC.name}"):
        process.launch(folder, cloud=PUBLIC.name)
    assert process.launch(folder).cloud == process.launch(folder, cloud=posed.cloud).cloud == posed.cloud
