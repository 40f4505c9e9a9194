"""Data assets through our own code: what was made is found by its recipe, also where another one made it before."""

import ssl
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.identity import DefaultAzureCredential

from azureml_emulator.http.address import Address
from mlops.azure import data, datastores, uploads
from mlops.azure.workspace import Workspace
from mlops.domain.tags import RECIPE_TAG
from tests.contract.own_workspace import own_workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.storage.blob import BlobClient


@pytest.fixture
def files(emulator_address: Address, sdk_imported: None, tmp_path: Path) -> dict[str, Path]:
    """A file of each role."""
    for role in data.ROLES:
        (tmp_path / f"{role}.jsonl").write_text(f'{{"messages":[],"prompt":"{role}"}}\n')
    return {role: tmp_path / f"{role}.jsonl" for role in data.ROLES}


def test_a_second_recipe_that_makes_the_same_files_is_found(files: dict[str, Path]) -> None:
    workspace, name = own_workspace(), f"twice-{uuid.uuid4().hex[:8]}"
    first, second, other = ("a" * 30, "b" * 30, "c" * 30)
    made = data.upload(workspace, name, "1", files, {RECIPE_TAG: first, "owner": "x"})
    assert [entry.split(":")[0] for entry in made] == [f"{name}-{role}" for role in data.ROLES]
    assert data.upload(workspace, name, "1", files, {RECIPE_TAG: second, "owner": "y"}) == []
    for recipe in (first, second):
        found = data.find_by_recipe(workspace, name, recipe)
        assert found
        assert found[0] == "1"
        assert found[1]["owner"] == "x"
    assert data.find_by_recipe(workspace, name, other) is None


def test_a_tag_holds_the_newest_recipes(files: dict[str, Path]) -> None:
    workspace, name = own_workspace(), f"often-{uuid.uuid4().hex[:8]}"
    recipes = [f"{number:030}" for number in range(data.RECIPES + 2)]
    for recipe in recipes:
        data.upload(workspace, name, "1", files, {RECIPE_TAG: recipe})
    found = data.find_by_recipe(workspace, name, recipes[-1])
    assert found
    assert found[1][RECIPE_TAG].split() == recipes[:1:-1]
    assert len(found[1][RECIPE_TAG]) <= 256


def shown(workspace: "Workspace", name: str, version: str) -> dict[str, Any]:
    """A version as ARM shows it, and the file behind it: content, type and metadata."""
    url = f"{workspace.url}/data/{name}/versions/{version}?api-version={data.API}"
    asset = workspace.send("GET", url, "read").json()["properties"]
    blob = blob_of(workspace, asset["dataUri"])
    stated = blob.get_blob_properties()
    metadata = {key: value.replace(name, "NAME") for key, value in stated.metadata.items()}
    kind = (stated.blob_type, stated.content_settings.content_type)
    return {"asset": asset, "content": blob.download_blob().readall(), "metadata": metadata, "kind": kind}


def blob_of(workspace: "Workspace", address: str) -> "BlobClient":
    """The file at an `azureml:` address."""
    place = datastores.place_of(workspace, datastores.USUAL, "test")
    assert place
    return place.client().get_blob_client(address.partition("/paths/")[2])


def parts_written(address: Address) -> int:
    """How many parts of blobs an emulator has got so far."""
    return (Path(address.folder) / "requests.log").read_bytes().count(b"comp=block&")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Blob client, ours and the SDK's, begins to write in parts at 256 KiB where its default is 64 MiB."""
    from azure.storage.blob._shared import base_client

    configured = base_client.create_configuration

    def small(**stated: Any) -> Any:
        return configured(**{"max_single_put_size": 256 * 1024, "max_block_size": 128 * 1024, **stated})

    monkeypatch.setattr(base_client, "create_configuration", small)


@pytest.mark.parametrize(("size", "parts"), [(1, 0), (1_000_000, 8)], ids=["at once", "in parts"])
def test_an_upload_is_what_the_sdk_leaves(
    files: dict[str, Path],
    ml_client: "MLClient",
    emulator_address: Address,
    tmp_path: Path,
    small_parts: None,
    size: int,
    parts: int,
) -> None:
    from azure.ai.ml.entities import Data

    workspace, ours, theirs = own_workspace(), f"ours-{uuid.uuid4().hex[:8]}", f"theirs-{uuid.uuid4().hex[:8]}"
    tags = {"owner": "x", RECIPE_TAG: "a" * 30}
    text = f"{uuid.uuid4().hex:>{size}}"
    before = parts_written(emulator_address)
    data.upload_text(workspace, ours, "1", text, tags)
    written = shown(workspace, ours, "1")
    blob_of(workspace, written["asset"]["dataUri"]).delete_blob()  # or the SDK would leave the file as it is
    file = tmp_path / f"{ours}.jsonl"
    file.write_text(text)
    ml_client.data.create_or_update(Data(name=theirs, version="1", path=str(file), type="uri_file", tags=tags))
    assert shown(workspace, theirs, "1") == written
    assert parts_written(emulator_address) - before == 2 * parts


def test_a_file_that_is_whole_stays_and_one_that_was_given_up_is_replaced(files: dict[str, Path]) -> None:
    workspace, name = own_workspace(), f"again-{uuid.uuid4().hex[:8]}"
    text = uuid.uuid4().hex
    for version in ("1", "2"):
        data.upload_text(workspace, name, version, text, {})
    first, second = (shown(workspace, name, version) for version in ("1", "2"))
    assert first["asset"]["dataUri"] == second["asset"]["dataUri"]
    assert second["metadata"]["version"] == "1", "the file was there, and whole"
    blob_of(workspace, first["asset"]["dataUri"]).upload_blob(b"half of i", overwrite=True)
    data.upload_text(workspace, name, "3", text, {})
    assert shown(workspace, name, "3")["content"] == text.encode()


def test_files_are_written_and_read_over_one_connection(
    emulator_address: Address, sdk_imported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeted: list[str] = []
    greet = ssl.SSLSocket.do_handshake

    def counted(connection: ssl.SSLSocket, block: bool = False) -> None:
        greeted.append(str(connection.server_hostname))
        greet(connection, block)

    monkeypatch.setattr(ssl.SSLSocket, "do_handshake", counted)
    workspace = Workspace(own_workspace().target, DefaultAzureCredential())
    for number in range(3):
        text = f"{number} {uuid.uuid4().hex}".encode()
        address = uploads.file(workspace, "a.txt", text, uploads.Asset("one", str(number)), "upload")
        assert address
        assert datastores.read(workspace, address, "read") == text
    assert len([host for host in greeted if ".blob." in host]) == 1
