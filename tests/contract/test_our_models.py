"""Registering exactly once, and sharing, through our own code against the service's rules."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import models, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.registry.registration import register_once
from mlops.domain.tags import FINGERPRINT_TAG
from mlops.errors import BadInput
from tests.contract.own_workspace import connected_workspace


def connected() -> Workspace:
    """The workspace as our own code sees it, with clients of its own."""
    return connected_workspace()


@pytest.fixture
def paths(emulator_address: Address, ml_client: Any, tmp_path: Path) -> list[str]:
    """Three MLflow models in the workspace's storage."""
    from azure.ai.ml.entities import Model

    found = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")
        (folder / "weights").write_text(str(number))
        seed = Model(name=f"seed-{uuid.uuid4().hex[:8]}", path=str(folder), type="mlflow_model")
        found.append(str(ml_client.models.create_or_update(seed).path))
    return found


def model_versions(workspace: Workspace, name: str, path: str, fingerprint: str) -> models.ModelVersions:
    tags = {FINGERPRINT_TAG: fingerprint}
    return models.ModelVersions(workspace, name, path=path, description="card", tags=tags)


def test_two_processes_of_one_fingerprint_make_one_version(paths: list[str]) -> None:
    name, barrier = f"raced-{uuid.uuid4().hex[:8]}", threading.Barrier(4)
    workspaces = [connected() for _ in range(4)]
    for workspace in workspaces:
        models.versions(workspace, name)  # signed in, so that they really run at the same time

    def one(number: int) -> str:
        barrier.wait()
        # two runs of the same fingerprint, and a third party with another
        fingerprint, job = ("bbb", 2) if number == 3 else ("aaa", number % 2)
        return register_once(model_versions(workspaces[number], name, paths[job], fingerprint), fingerprint)[0]

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(one, range(4)))
    marks = sorted(item.tags[FINGERPRINT_TAG] for item in models.versions(workspaces[0], name))
    assert marks == ["aaa", "bbb"]
    assert len(set(versions[:3])) == 1
    assert {versions[0], versions[3]} == {"1", "2"}


def test_an_archived_version_keeps_its_number_and_its_fingerprint(ml_client: Any, paths: list[str]) -> None:
    name, workspace = f"archived-{uuid.uuid4().hex[:8]}", connected()
    assert register_once(model_versions(workspace, name, paths[0], "aaa"), "aaa") == ("1", True)
    ml_client.models.archive(name, version="1")
    assert register_once(model_versions(workspace, name, paths[1], "bbb"), "bbb") == ("2", True)
    assert register_once(model_versions(workspace, name, paths[0], "aaa"), "aaa") == ("1", False)


def test_a_model_is_shared_into_a_registry_once(ml_client: Any, paths: list[str]) -> None:
    from azure.ai.ml.entities import Registry, RegistryRegionDetails

    registry, workspace = f"team-{uuid.uuid4().hex[:8]}", connected()
    regions = [RegistryRegionDetails(location="eastus")]
    ml_client.registries.begin_create(
        Registry(name=registry, location="eastus", replication_locations=regions)
    ).result()
    name = f"shared-{uuid.uuid4().hex[:8]}"
    register_once(model_versions(workspace, name, paths[0], "aaa"), "aaa")
    model = models.find(workspace, name, "1")
    assert model
    assert sharing.share_model(workspace, registry, model)
    assert not sharing.share_model(workspace, registry, model)
    other = models.Registered(name, "1", model.id, {FINGERPRINT_TAG: "bbb"})
    with pytest.raises(BadInput, match="is another model"):
        sharing.share_model(workspace, registry, other)
