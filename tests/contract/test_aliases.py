"""Candidate, champion and previous as tags of models in the workspace, through our own code and the real SDK."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import aliases, models
from mlops.azure.workspace import Workspace
from mlops.domain.registry.aliases import Roles
from tests.contract.own_workspace import connected_workspace


@pytest.fixture
def workspace(emulator_address: Address, sdk_imported: None) -> Workspace:
    """The workspace as our own code sees it."""
    return connected_workspace()


@pytest.fixture
def name(ml_client: Any, tmp_path: Path) -> str:
    """A model with three versions."""
    from azure.ai.ml.entities import Model

    made = f"model-{uuid.uuid4().hex[:10]}"
    (tmp_path / "weights").write_text("w")
    for version in ("1", "2", "3"):
        ml_client.models.create_or_update(
            Model(name=made, version=version, path=str(tmp_path), type="custom_model", tags={"kept": version})
        )
    return made


def test_promotions_move_the_aliases_and_keep_the_history(ml_client: Any, workspace: Workspace, name: str) -> None:
    aliases.registered(workspace, name, "1", ("staging", "production"))
    assert aliases.read(workspace, name).of("production") == Roles(candidate="1")
    aliases.promoted(workspace, name, "1", "production")
    aliases.promoted(workspace, name, "2", "production")
    aliases.promoted(workspace, name, "2", "production")
    assert aliases.read(workspace, name).of("production") == Roles("2", "1")
    stated = {item.version: item.tags for item in models.versions(workspace, name)}
    said = {version: tags.get("mlops-alias-production", "") for version, tags in stated.items()}
    assert said == {"1": "previous", "2": "champion", "3": ""}
    roles = [entry.split()[0] for entry in stated["1"]["mlops-history-production"].split("; ")]
    assert roles == ["candidate", "champion", "previous"]
    assert {version: tags["kept"] for version, tags in stated.items()} == {"1": "1", "2": "2", "3": "3"}
    assert stated["1"]["mlops-alias-staging"] == "candidate"


def test_tags_of_the_model_that_are_not_ours_stay(workspace: Workspace, name: str) -> None:
    from mlops.clouds import PUBLIC

    url = f"{PUBLIC.arm}{workspace.id}/models/{name}?api-version=2024-10-01"
    workspace.send("PUT", url, "tag", json={"properties": {"description": "ours", "tags": {"team": "chat"}}})
    aliases.promoted(workspace, name, "3", "staging")
    found = workspace.send("GET", url, "read").json()["properties"]
    assert (found["description"], found["tags"]) == ("ours", {"team": "chat", "mlops-champion-staging": "3"})


def test_a_model_that_is_not_there_has_no_champion(workspace: Workspace) -> None:
    assert aliases.read(workspace, "nobody").of("production") == Roles()
