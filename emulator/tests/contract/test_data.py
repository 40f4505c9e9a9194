"""Data assets, code and environments through the real SDK."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import defaults

ARM = "https://management.azure.com"
WORKSPACE = (
    f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
)
VERSION = "api-version=2023-04-01-preview"
Call = Callable[..., urllib3.BaseHTTPResponse]


@pytest.fixture
def name() -> str:
    """An asset name of the test's own."""
    return f"data-{uuid.uuid4().hex[:10]}"


def asset(name: str, path: Path | str, **fields: Any) -> Any:
    """A file as data asset."""
    from azure.ai.ml.entities import Data

    return Data(name=name, path=str(path), **{"type": "uri_file", **fields})


def write(folder: Path, text: str) -> Path:
    """A file with a text of its own."""
    path = folder / f"{uuid.uuid4().hex}.jsonl"
    path.write_text(text)
    return path


def test_a_file_becomes_a_version_that_can_be_downloaded(ml_client: Any, name: str, tmp_path: Path) -> None:
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    source = write(tmp_path, '{"messages": []}\n')
    made = ml_client.data.create_or_update(asset(name, source, version="abc123", tags={"rows": "1"}, description="d"))
    found = ml_client.data.get(name, "abc123")
    assert (found.id, found.tags, found.description, found.type) == (made.id, {"rows": "1"}, "d", "uri_file")
    assert found.path.startswith(
        f"azureml://subscriptions/{defaults.SUBSCRIPTION_ID}/resourcegroups/{defaults.RESOURCE_GROUP}/"
    )
    assert "/datastores/workspaceblobstore/paths/LocalUpload/" in found.path
    download_artifact_from_aml_uri(found.path, str(tmp_path / "out"), ml_client.datastores)
    assert (tmp_path / "out" / source.name).read_text() == source.read_text()


def test_the_path_of_a_version_never_changes_but_its_tags_do(ml_client: Any, name: str, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    source = write(tmp_path, "one\n")
    ml_client.data.create_or_update(asset(name, source, version="1", tags={"a": "1"}))
    assert ml_client.data.create_or_update(asset(name, source, version="1", tags={"a": "2"})).tags == {"a": "2"}
    with pytest.raises(HttpResponseError) as refused:
        ml_client.data.create_or_update(asset(name, write(tmp_path, "two\n"), version="1"))
    assert (refused.value.error.code, refused.value.error.message) == ("UserError", "Asset paths cannot be updated.")
    assert ml_client.data.get(name, "1").tags == {"a": "2"}


def test_versions_count_up_and_latest_is_the_last_created(ml_client: Any, name: str, tmp_path: Path) -> None:
    versions = [ml_client.data.create_or_update(asset(name, write(tmp_path, str(n)))).version for n in range(3)]
    ml_client.data.create_or_update(asset(name, write(tmp_path, "x"), version="digest"))
    assert versions == ["1", "2", "3"]
    assert ml_client.data.get(name, label="latest").version == "digest"
    assert [data.version for data in ml_client.data.list(name)] == ["digest", "3", "2", "1"]
    [container] = [data for data in ml_client.data.list() if data.name == name]
    assert container.latest_version == "digest"


def test_archived_versions_leave_the_listing_and_come_back(ml_client: Any, name: str, tmp_path: Path) -> None:
    from azure.ai.ml.constants import ListViewType

    for version in ("1", "2"):
        ml_client.data.create_or_update(asset(name, write(tmp_path, version), version=version))
    ml_client.data.archive(name, "2")
    assert [data.version for data in ml_client.data.list(name)] == ["1"]
    assert [data.version for data in ml_client.data.list(name, list_view_type=ListViewType.ARCHIVED_ONLY)] == ["2"]
    assert len(list(ml_client.data.list(name, list_view_type=ListViewType.ALL))) == 2
    assert ml_client.data.get(name, "2").version == "2"
    assert ml_client.data.get(name, label="latest").version == "1"
    ml_client.data.restore(name, "2")
    assert ml_client.data.get(name, label="latest").version == "2"
    ml_client.data.archive(name)
    assert name not in [data.name for data in ml_client.data.list()]


def test_long_listings_come_in_pages(ml_client: Any, name: str, api: Call) -> None:
    body = {"properties": {"dataType": "uri_file", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}}
    for number in range(65):
        assert api("PUT", f"{ARM}{WORKSPACE}/data/{name}/versions/{number}?{VERSION}", body).status == 201
    assert len({data.version for data in ml_client.data.list(name)}) == 65
    first = api("GET", f"{ARM}{WORKSPACE}/data/{name}/versions?{VERSION}").json()
    assert (len(first["value"]), "nextLink" in first) == (30, True)
    top = api("GET", f"{ARM}{WORKSPACE}/data/{name}/versions?{VERSION}&$orderBy=createdtime asc&$top=2").json()
    assert ([item["name"] for item in top["value"]], "nextLink" in top) == (["0", "1"], True), "as recorded"


def test_tags_select_versions(name: str, api: Call) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/x"
    for number, tags in enumerate(({"a": "1"}, {"a": "2", "b": ""}, {})):
        body = {"properties": {"dataType": "uri_folder", "dataUri": uri, "tags": tags}}
        api("PUT", f"{ARM}{WORKSPACE}/data/{name}/versions/{number}?{VERSION}", body)

    def chosen(query: str) -> list[str]:
        answer = api("GET", f"{ARM}{WORKSPACE}/data/{name}/versions?{VERSION}&{query}")
        return [item["name"] for item in answer.json()["value"]]

    assert chosen("$tags=a") == ["1", "0"]
    assert chosen("$tags=a%3D2") == ["1"]
    assert chosen("$tags=a,b") == ["1"]


@pytest.mark.parametrize(
    ("version", "properties"),
    [
        ("1", {"dataType": "uri_file"}),
        ("1", {"dataType": "csv", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}),
        ("1", {"dataType": "uri_file", "dataUri": "azureml://nonsense"}),
        ("x" * 31, {"dataType": "uri_file", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}),
        ("a b", {"dataType": "uri_file", "dataUri": "azureml://datastores/workspaceblobstore/paths/x"}),
    ],
)
def test_what_is_no_data_asset_is_refused(name: str, api: Call, version: str, properties: dict[str, str]) -> None:
    url = f"{ARM}{WORKSPACE}/data/{name}/versions/{version.replace(' ', '%20')}?{VERSION}"
    answer = api("PUT", url, {"properties": properties})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "UserError")
    assert api("GET", f"{ARM}{WORKSPACE}/data/{name}?{VERSION}").status == 404


@pytest.mark.parametrize(("kind", "ending"), [("uri_folder", "rows/"), ("mltable", "rows/"), ("uri_file", "rows")])
def test_a_folder_of_a_datastore_ends_in_a_slash(name: str, api: Call, kind: str, ending: str) -> None:
    url = f"{ARM}{WORKSPACE}/data/{name}/versions/1?{VERSION}"
    stated = {"dataType": kind, "dataUri": "azureml://datastores/workspaceblobstore/paths/made/rows"}
    for _ in range(2):  # and is the same when it is said again
        answer = api("PUT", url, {"properties": stated})
        assert answer.status in (200, 201)
        assert answer.json()["properties"]["dataUri"].endswith(f"/datastores/workspaceblobstore/paths/made/{ending}")


def test_a_data_asset_keeps_its_type_over_versions(name: str, api: Call) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/x"
    api(
        "PUT",
        f"{ARM}{WORKSPACE}/data/{name}/versions/1?{VERSION}",
        {"properties": {"dataType": "uri_file", "dataUri": uri}},
    )
    other = api(
        "PUT",
        f"{ARM}{WORKSPACE}/data/{name}/versions/2?{VERSION}",
        {"properties": {"dataType": "mltable", "dataUri": uri}},
    )
    assert (other.status, other.json()["error"]["target"]) == (400, "dataType")


def test_missing_data_and_datastores_are_404(ml_client: Any, name: str) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    asks: list[Callable[[], Any]] = [lambda: ml_client.data.get(name, "1"), lambda: ml_client.datastores.get("nope")]
    for ask in asks:
        with pytest.raises(ResourceNotFoundError):
            ask()


def test_environments_and_components_with_code_are_kept(ml_client: Any, tmp_path: Path) -> None:
    from azure.ai.ml import Input, Output, command
    from azure.ai.ml.entities import Environment

    name = f"env-{uuid.uuid4().hex[:8]}"
    made = ml_client.environments.create_or_update(Environment(name=name, image="mcr.microsoft.com/x:1"))
    assert (made.version, ml_client.environments.get(name, label="latest").image) == ("1", "mcr.microsoft.com/x:1")
    again = Environment(name=name, image="mcr.microsoft.com/x:2")
    assert ml_client.environments.create_or_update(again).version == "2", "without a version another one is the next"
    (tmp_path / "run.py").write_text("print(1)")
    node = command(
        name=f"comp_{uuid.uuid4().hex[:8]}",
        version="1",
        command="python run.py --rate ${{inputs.rate}} --out ${{outputs.out}}",
        code=str(tmp_path),
        environment=f"{name}:1",
        inputs={"rate": Input(type="number", default=0.5)},
        outputs={"out": Output(type="uri_folder")},
    )
    component = ml_client.components.create_or_update(node.component)
    found = ml_client.components.get(component.name, "1")
    assert (found.inputs["rate"].default, list(found.outputs)) == (0.5, ["out"])
    assert ml_client.components.get(component.name).version == "1", "without a version the newest is meant"
    node.component.version = "2"
    ml_client.components.create_or_update(node.component)
    assert ml_client.components.get(component.name).version == "2"
    assert "/codes/" in str(found.code)


def test_the_same_code_is_uploaded_once_so_a_component_can_be_registered_again(ml_client: Any, tmp_path: Path) -> None:
    from azure.ai.ml import Output, command
    from azure.core.exceptions import HttpResponseError

    name = f"again_{uuid.uuid4().hex[:8]}"
    (tmp_path / "run.py").write_text(f"print('{name}')\n")

    def register() -> Any:
        made = command(
            name=name, version="1", code=str(tmp_path), command="python run.py", environment="azureml:any:1",
            outputs={"out": Output(type="uri_folder")},
        )  # fmt: skip
        return ml_client.components.create_or_update(made.component)

    first, second = register(), register()
    assert first.code == second.code
    (tmp_path / "run.py").write_text("print('changed')\n")
    with pytest.raises(HttpResponseError, match='field "code" is immutable, try specifying a new version'):
        register()


def test_a_pending_upload_gives_a_place_that_can_be_written(api: Call) -> None:
    from azure.storage.blob import ContainerClient

    url = f"{ARM}{WORKSPACE}/codes/c-{uuid.uuid4().hex[:8]}/versions/1/startPendingUpload?{VERSION}"
    reference = api("POST", url, {"pendingUploadType": "TemporaryBlobReference"}).json()["blobReferenceForConsumption"]
    client = ContainerClient.from_container_url(reference["credential"]["sasUri"])
    assert reference["blobUri"].endswith(f"/{client.container_name}")  # the SDK writes to the container's root
    name = "src/run.py"
    client.upload_blob(name, b"print(1)")
    assert client.download_blob(name).readall() == b"print(1)"


def test_fifty_clients_at_once_lose_nothing(name: str, api: Call) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def create(number: int) -> int:
        uri = f"azureml://datastores/workspaceblobstore/paths/{number}"
        body = {"properties": {"dataType": "uri_file", "dataUri": uri}}
        return api("PUT", f"{ARM}{WORKSPACE}/data/{name}/versions/{number}?{VERSION}", body).status

    with ThreadPoolExecutor(50) as clients:
        assert set(clients.map(create, range(100))) == {201}
    container = api("GET", f"{ARM}{WORKSPACE}/data/{name}?{VERSION}").json()["properties"]
    listed = api("GET", f"{ARM}{WORKSPACE}/data/{name}/versions?{VERSION}&$top=200").json()["value"]
    assert (container["nextVersion"], len({item["name"] for item in listed})) == ("100", 100)
    assert all(item["properties"]["dataUri"].endswith(f"/{item['name']}") for item in listed)


def test_curated_environments_are_found_in_a_workspace_and_in_the_registry(
    ml_client: Any, registry_client: Any
) -> None:
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import HttpResponseError

    name = "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu"
    newest = ml_client.environments.get(name, label="latest")
    older = ml_client.environments.get(name, version="3")
    assert (newest.name, older.version, newest.image, older.image) == (name, "3", None, None)
    assert int(newest.version) > 3
    assert registry_client.environments.get("sklearn-1.5", label="latest").id.startswith("azureml://registries/azureml")
    assert registry_client.environments.get("sklearn-1.5", version="2").version == "2"
    for missing in ("99999", "x"):
        with pytest.raises(HttpResponseError, match="No environment exists"):
            ml_client.environments.get(name, version=missing)
    with pytest.raises(HttpResponseError, match="reserved"):
        ml_client.environments.create_or_update(Environment(name="AzureML-mine", version="1", image="python:3.11"))
