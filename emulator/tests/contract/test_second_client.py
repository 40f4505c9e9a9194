"""A client that was not used to build the emulator, azure-mgmt-machinelearningservices, sees what azure-ai-ml made."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import Call, arm, delete_endpoint, deploy, make_endpoint, set_traffic

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

NAMES = process.workspace()
PLACE = (NAMES["AZURE_RESOURCE_GROUP"], NAMES["AZURE_ML_WORKSPACE"])
NAME = "second"


@pytest.fixture(scope="module")
def other(emulator_address: Address) -> Any:
    from azure.identity import DefaultAzureCredential
    from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient

    return MachineLearningServicesMgmtClient(DefaultAzureCredential(), NAMES["AZURE_SUBSCRIPTION_ID"])


@pytest.fixture(scope="module")
def made(ml_client: "MLClient", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One resource of each kind, through azure-ai-ml."""
    from azure.ai.ml.entities import AmlCompute, Data, Environment, Model

    file = tmp_path_factory.mktemp("second") / "rows.jsonl"
    file.write_text('{"a": 1}\n')
    ml_client.compute.begin_create_or_update(AmlCompute(name=NAME, size="Standard_DS3_v2", max_instances=3)).result()
    for version in ("1", "2"):
        ml_client.data.create_or_update(Data(name=NAME, version=version, path=str(file), type="uri_file"))
    ml_client.models.create_or_update(
        Model(name=NAME, version="1", path=str(file), type="custom_model", tags={"team": "chat"}, description="words")
    )
    ml_client.environments.create_or_update(Environment(name=NAME, version="1", image="python:3.11"))
    make_endpoint(ml_client, f"{NAME}-endpoint", tags={"team": "chat"})
    deploy(ml_client, f"{NAME}-endpoint", "blue")
    set_traffic(ml_client, f"{NAME}-endpoint", blue=100)
    yield file
    delete_endpoint(ml_client, f"{NAME}-endpoint")


def names(items: Any) -> set[str]:
    return {item.name for item in items}


def test_it_lists_what_the_sdk_made(other: Any, made: Path) -> None:
    assert PLACE[1] in names(other.workspaces.list_by_resource_group(PLACE[0]))
    assert {"workspaceblobstore"} <= names(other.datastores.list(*PLACE))
    for operations in (other.compute, other.data_containers, other.model_containers, other.environment_containers):
        assert NAME in names(operations.list(*PLACE))
    assert names(other.data_versions.list(*PLACE, NAME)) == {"1", "2"}
    assert names(other.online_deployments.list(*PLACE, f"{NAME}-endpoint")) == {"blue"}


def test_it_reads_the_same_as_the_sdk(other: Any, made: Path, ml_client: "MLClient") -> None:
    cluster = other.compute.get(*PLACE, NAME)
    assert cluster.properties.properties.vm_size.lower() == "standard_ds3_v2"
    assert cluster.properties.properties.scale_settings.max_node_count == 3
    assert other.data_containers.get(*PLACE, NAME).properties.latest_version == "2"
    model, same = other.model_versions.get(*PLACE, NAME, "1"), ml_client.models.get(NAME, version="1")
    assert (model.properties.tags, model.properties.description) == ({"team": "chat"}, "words")
    assert model.properties.model_uri == same.path
    assert model.system_data.created_at == same.creation_context.created_at
    assert other.environment_versions.get(*PLACE, NAME, "1").properties.image == "python:3.11"
    endpoint = other.online_endpoints.get(*PLACE, f"{NAME}-endpoint")
    assert (endpoint.properties.traffic, endpoint.tags["team"]) == ({"blue": 100}, "chat")
    assert endpoint.properties.scoring_uri == ml_client.online_endpoints.get(f"{NAME}-endpoint").scoring_uri
    keys = other.online_endpoints.list_keys(*PLACE, f"{NAME}-endpoint")
    assert keys.primary_key == ml_client.online_endpoints.get_keys(f"{NAME}-endpoint").primary_key
    deployment = other.online_deployments.get(*PLACE, f"{NAME}-endpoint", "blue")
    assert deployment.properties.provisioning_state == "Succeeded"
    log = other.online_deployments.get_logs(*PLACE, f"{NAME}-endpoint", "blue", {"tail": 5})
    assert log.content is not None


def test_it_reads_jobs_and_schedules(other: Any, api: Call) -> None:
    command = {
        "jobType": "Command",
        "command": "echo done",
        "environmentId": "azureml:second:1",
        "computeId": "",
        "displayName": "by hand",
        "experimentName": "second",
    }
    environment = arm("environments/second-job/versions/1")
    assert api("PUT", environment, {"properties": {"image": "python:3.11"}}).status in (200, 201)
    command["environmentId"] = environment.split("?")[0].removeprefix("https://management.azure.com")
    assert api("PUT", arm("jobs/second-job"), {"properties": command}).status == 201
    job = other.jobs.get(*PLACE, "second-job")
    assert (job.properties.job_type, job.properties.display_name) == ("Command", "by hand")
    assert "second-job" in names(other.jobs.list(*PLACE))
    assert isinstance(list(other.schedules.list(*PLACE)), list)


def test_the_region_is_told_alike(other: Any, ml_client: "MLClient") -> None:
    sizes = {size.name: size.gpus for size in other.virtual_machine_sizes.list("eastus").value}
    assert sizes == {size.name: size.gpus for size in ml_client.compute.list_sizes()}
    assert {item.type for item in other.quotas.list("eastus")}
    assert {item.unit for item in other.usages.list("eastus")} == {"Count"}


def test_what_it_makes_the_sdk_reads(other: Any, made: Path, ml_client: "MLClient") -> None:
    from azure.mgmt.machinelearningservices import models

    uri = ml_client.models.get(NAME, version="1").path
    said = models.ModelVersion(
        properties=models.ModelVersionProperties(model_uri=uri, model_type="custom_model", tags={"by": "other"})
    )
    other.model_versions.create_or_update(*PLACE, NAME, "7", said)
    assert ml_client.models.get(NAME, version="7").tags == {"by": "other"}
    endpoint = models.OnlineEndpoint(location="eastus", properties=models.OnlineEndpointProperties(auth_mode="Key"))
    other.online_endpoints.begin_create_or_update(*PLACE, f"{NAME}-theirs", endpoint).result()
    assert ml_client.online_endpoints.get(f"{NAME}-theirs").auth_mode == "key"
    other.online_endpoints.begin_delete(*PLACE, f"{NAME}-theirs").result()
    assert f"{NAME}-theirs" not in names(ml_client.online_endpoints.list())


def test_the_catalog_of_the_registry_is_told_alike(other: Any, registry_client: "MLClient") -> None:
    theirs = names(other.registry_model_containers.list("rg-registries", "azureml"))
    assert "Phi-4" in theirs
    assert theirs == names(registry_client.models.list())
