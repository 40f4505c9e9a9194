"""Registries that a team makes itself, through the real SDK."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address
from emulator_support.jobs import ended


@pytest.fixture(scope="module")
def registry(ml_client: Any) -> Iterator[str]:
    """The name of a registry that is there while the module's tests run."""
    from azure.ai.ml.entities import Registry, RegistryRegionDetails

    name = f"Team-{uuid.uuid4().hex[:8]}"
    regions = [RegistryRegionDetails(location="eastus"), RegistryRegionDetails(location="westeurope")]
    ml_client.registries.begin_create(Registry(name=name, location="eastus", replication_locations=regions)).result()
    yield name
    ml_client.registries.begin_delete(name=name).result()


@pytest.fixture(scope="module")
def team(emulator_address: Address, sdk_imported: None, registry: str) -> Any:
    """An MLClient of the registry."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient(DefaultAzureCredential(), registry_name=registry)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of its own."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.txt").write_text(uuid.uuid4().hex)
    return tmp_path / "model"


def model(name: str, path: Path, **fields: Any) -> Any:
    """A custom model."""
    from azure.ai.ml.entities import Model

    return Model(name=name, path=str(path), type="custom_model", **fields)


def test_a_registry_is_listed_and_has_storage_in_each_of_its_regions(ml_client: Any, registry: str) -> None:
    found = ml_client.registries.get(registry)
    assert registry in [one.name for one in ml_client.registries.list()]
    assert [one.location for one in found.replication_locations] == ["eastus", "westeurope"]
    assert found.discovery_url.endswith(f"/registries/{registry}/discovery")


def test_a_region_has_as_many_storage_accounts_as_were_asked_for(ml_client: Any) -> None:
    from azure.ai.ml.entities import Registry, RegistryRegionDetails, SystemCreatedStorageAccount

    storage = SystemCreatedStorageAccount(
        storage_account_hns=True, storage_account_type="Standard_ZRS", replication_count=3
    )
    region = RegistryRegionDetails(location="eastus", storage_config=storage)
    wanted = Registry(name=f"team-{uuid.uuid4().hex[:8]}", location="eastus", replication_locations=[region])
    ml_client.registries.begin_create(wanted).result()
    try:
        [found] = ml_client.registries.get(wanted.name).replication_locations
        assert (found.storage_config.replication_count, found.storage_config.storage_account_hns) == (3, True)
        assert found.storage_config.storage_account_type == "standard_zrs"
        assert len(set(found.storage_config.replicated_ids)) == 3  # each an account of its own
    finally:
        ml_client.registries.begin_delete(name=wanted.name).result()


def test_a_name_of_another_registry_is_refused(ml_client: Any, registry: str) -> None:
    from azure.ai.ml.entities import Registry, RegistryRegionDetails
    from azure.core.exceptions import HttpResponseError

    wanted = Registry(
        name="AzureML", location="eastus", replication_locations=[RegistryRegionDetails(location="eastus")]
    )
    with pytest.raises(HttpResponseError, match="exists already"):
        ml_client.registries.begin_create(wanted)


def test_a_model_of_a_workspace_is_shared_with_its_files(
    ml_client: Any, team: Any, registry: str, folder: Path, tmp_path: Path
) -> None:
    made = ml_client.models.create_or_update(model(f"own-{uuid.uuid4().hex[:6]}", folder, tags={"verdict": "pass"}))
    share = {"share_with_name": "shared", "share_with_version": "7", "registry_name": registry}
    shared = ml_client.models.share(name=made.name, version=made.version, **share)
    assert shared.id == f"azureml://registries/{registry.lower()}/models/shared/versions/7"
    assert team.models.get("shared", label="latest").tags == {"verdict": "pass"}
    team.models.download("shared", "7", str(tmp_path / "down"))
    copies = [path.read_text() for path in (tmp_path / "down").rglob("weights.txt")]
    assert copies == [(folder / "weights.txt").read_text()]
    with pytest.raises(Exception, match="already exists in registry"):
        ml_client.models.share(name=made.name, version=made.version, **share)


def test_assets_of_every_kind_are_kept_and_listed(team: Any, registry: str, folder: Path) -> None:
    from azure.ai.ml import Input, command
    from azure.ai.ml.entities import Data, Environment

    assert team.models.create_or_update(model("direct", folder, version="1")).version == "1"
    data = team.data.create_or_update(Data(name="rows", version="1", path=str(folder), type="uri_folder"))
    environment = team.environments.create_or_update(Environment(name="plain", version="1", image="python:3.11"))
    assert data.id == f"azureml://registries/{registry.lower()}/data/rows/versions/1"
    step = command(
        name="step", version="1", command="echo ${{inputs.x}}", code=str(folder), environment=environment.id,
        inputs={"x": Input(type="integer")},
    )  # fmt: skip
    team.components.create_or_update(step.component)
    for operations, name in ((team.data, "rows"), (team.environments, "plain"), (team.components, "step")):
        assert [one.version for one in operations.list(name)] == ["1"]
        assert name in [one.name for one in operations.list()]


def test_a_component_and_data_of_a_registry_run_in_a_workspace(
    ml_client: Any, team: Any, folder: Path, tmp_path: Path
) -> None:
    from azure.ai.ml import Input, Output, command, dsl
    from azure.ai.ml.entities import Data, Environment

    environment = team.environments.create_or_update(Environment(name="runs", version="1", image="python:3.11"))
    made = command(
        name="copy", version="0.0.1", command="sh copy.sh ${{inputs.x}} ${{outputs.y}}", code=str(folder),
        environment=environment.id, inputs={"x": Input(type="uri_folder")}, outputs={"y": Output(type="uri_folder")},
    )  # fmt: skip
    (folder / "copy.sh").write_text('cp "$1"/* "$2"')
    copy = team.components.create_or_update(made.component)
    data = team.data.create_or_update(Data(name="in", version="1", path=str(folder), type="uri_folder"))

    @dsl.pipeline(default_compute="serverless")
    def copied(x):  # type: ignore[no-untyped-def]  # the SDK reads annotations as types of inputs
        return {"y": copy(x=x).outputs.y}

    job = ml_client.jobs.create_or_update(copied(x=Input(type="uri_folder", path=data.id)))
    assert ended(ml_client, job.name) == "Completed"
    ml_client.jobs.download(job.name, download_path=str(tmp_path / "down"), output_name="y")
    assert next((tmp_path / "down").rglob("weights.txt")).read_text() == (folder / "weights.txt").read_text()
    down = tmp_path / "model"
    team.models.create_or_update(model("kept", folder, version="1"))
    team.models.download("kept", "1", str(down))
    assert next(down.rglob("weights.txt")).read_text() == (folder / "weights.txt").read_text()


def test_a_version_that_is_there_is_not_uploaded_again(team: Any, registry: str, api: Any) -> None:
    where = "https://cert-eastus.experiments.azureml.net/mferp/managementfrontend"
    base = f"{where}/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/{registry}"
    id = f"azureml://registries/{registry.lower()}/environments/taken/versions/1"
    put = {"properties": {"image": "python:3.11"}}
    assert api("PUT", f"{base}/environments/taken/versions/1?api-version=1", put).status == 202
    asked = api("PUT", f"{base}/tempdatarefs/taken/versions/1?api-version=1", {"assetId": id})
    assert asked.status == 409
    assert api("PUT", f"{base}/tempdatarefs/x/versions/1?api-version=1", {"assetId": "x"}).status == 400


def test_the_system_registry_takes_no_assets(api: Any) -> None:
    where = "https://cert-eastus.experiments.azureml.net/mferp/managementfrontend"
    base = f"{where}/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/azureml"
    assert api("PUT", f"{base}/models/x/versions/1?api-version=1", {"properties": {}}).status == 403
    assert api("POST", f"{base}/import?api-version=1", {"properties": {}}).status == 403
