"""Data assets through our own code: what was made is found by its recipe, also where another one made it before."""

import uuid
from pathlib import Path

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import data
from mlops.domain.tags import RECIPE_TAG
from tests.contract.own_workspace import own_workspace


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
