"""Blobs over the plain client are those of azure-storage-blob, by a signature and by the identity that asks."""

import os
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import datastores
from mlops.azure.blob_reading import BlobReader, Unsure
from mlops.azure.datastores import BlobPlace
from mlops.azure.workspace import Workspace
from tests.contract.own_workspace import own_workspace

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("a.txt", "a b/ö%20+&=#?.txt", "a b/~tilde.txt", "a b/deep/er.txt", "b/'quoted'.txt")


@pytest.fixture(scope="module")
def workspace(sdk_imported: None, emulator_address: object) -> Workspace:
    return own_workspace()


@pytest.fixture(scope="module")
def filled(workspace: Workspace) -> tuple[BlobPlace, str]:
    """A place with some blobs below a folder of their own."""
    place = datastores.place_of(workspace, datastores.USUAL, "look")
    assert place is not None
    folder = f"reading-{uuid.uuid4().hex[:8]}"
    with place.client() as client:
        for name in NAMES:
            client.upload_blob(f"{folder}/{name}", f"in {name}".encode())
    return place, folder


@pytest.mark.parametrize("by_identity", [False, True])
def test_names_and_contents_are_those_of_the_library(
    workspace: Workspace, filled: tuple[BlobPlace, str], by_identity: bool
) -> None:
    place, folder = filled
    place = replace(place, credential=workspace.credential) if by_identity else place
    reader = place.reader(workspace)
    assert reader is not None
    with place.client() as client:
        theirs = list(client.list_blob_names(name_starts_with=folder))
        assert len(theirs) == len(NAMES)
        for page in (2, 5000):
            assert list(reader.names(folder, page)) == theirs
        for name in theirs:
            assert reader.content(name) == client.download_blob(name).readall()
    assert reader.content(f"{folder}/none") is None
    assert list(reader.names(f"{folder}/none", 10)) == []


def test_what_is_refused_is_left_to_the_library(workspace: Workspace, filled: tuple[BlobPlace, str]) -> None:
    place, _ = filled
    with pytest.raises(Unsure):
        BlobReader(workspace, place.account_url, place.container, "sv=2021-12-02&sig=wrong").content("a.txt")
    with pytest.raises(Unsure):
        list(BlobReader(workspace, place.account_url, "no-such-container", str(place.credential)).names("a", 10))


def test_a_key_signs_by_the_library_alone(workspace: Workspace, filled: tuple[BlobPlace, str]) -> None:
    assert replace(filled[0], credential="a2V5").reader(workspace) is None


PROGRAM = """
import sys
from mlops.__main__ import main
main()
print(*sys.modules)
"""


def test_a_doctor_looks_at_storage_and_traffic_without_microsofts_other_clients(
    emulator_address: Address, tmp_path: Path
) -> None:
    environment = {**process.variables(emulator_address, os.environ), "XDG_CACHE_HOME": str(tmp_path)}
    command, given = [sys.executable, "-c", PROGRAM, "doctor"], {**os.environ, **environment}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    assert "the container of the default datastore can be listed from here" in done.stdout, done.stderr
    imported = {name for name in done.stdout.splitlines()[-1].split() if not name.startswith("mlops")}
    assert "azure.core.rest" in imported
    other = ("azure.storage", "azure.monitor", "azure.ai", "pydantic.main", "asyncio")
    assert sorted(imported & set(other)) == []
