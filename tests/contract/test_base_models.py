"""Base models of the registry through the real SDK: what is offered, what is retired, and what was meant."""

from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import registry
from mlops.azure.workspace import Workspace
from mlops.errors import BadInput
from mlops.flow.context import Context
from mlops.flow.training import models
from mlops.flow.training.models import ModelsResult
from mlops.params import load
from mlops.views import models as view
from tests.contract.own_workspace import own_workspace
from tests.project import PARAMS_FILE


@pytest.fixture(scope="module")
def connected(emulator_address: Address, sdk_imported: None) -> Workspace:
    return own_workspace()


@pytest.fixture(scope="module")
def listed(connected: Workspace) -> ModelsResult:
    return look(connected)


def look(connected: Workspace, **changed: Any) -> ModelsResult:
    context = Context(load(PARAMS_FILE), Path("params.yaml"), lambda: connected, lambda _: None)
    return models.run(context, **{"task": "chat-completion", "match": (), **changed}).result


def test_what_can_be_trained_today_stands_first_with_what_it_is_tested_with(listed: ModelsResult) -> None:
    first = listed.offered[0]
    assert (first.name, first.version, first.context_length, first.licence) == ("Phi-4", "8", 16384, "MIT")
    assert (first.usable, first.tested) == (True, ("0.0.81",))
    assert "Standard_NC24ads_A100_v4" in first.sizes_here
    assert set(first.sizes_here) <= set(first.sizes)
    assert view.outputs(listed) == {"usable": "Phi-4:8"}


def test_an_archived_model_is_found_by_the_version_of_its_preset_and_marked(listed: ModelsResult) -> None:
    (found,) = [one for one in listed.offered if one.name == "Phi-3-mini-4k-instruct"]
    assert (found.archived, found.retired, found.context_length, found.tested) == (True, True, 4096, ("0.0.74",))
    assert f"{found.finetune_retirement:%Y-%m-%d}" == "2025-08-30"
    (row,) = [row for row in view.report(listed).tables[0].rows if row[0] == found.name]
    assert row[4:6] == ("2025-08-30", "2025-08-30")
    assert str(row[7]).startswith("archived; tested with 0.0.74")


def test_a_model_that_is_not_offered_for_the_task_is_left_out(connected: Workspace, listed: ModelsResult) -> None:
    assert "mistralai-Mistral-7B-Instruct-v01" in registry.model_names(connected, "azureml")
    assert not [one for one in listed.offered if "istral" in one.name]
    assert not look(connected, task="text-classification").offered


def test_a_part_of_a_name_says_what_is_looked_at(connected: Workspace) -> None:
    found = look(connected, match=("MINI-4K",))
    assert (found.looked_at, [one.name for one in found.offered]) == (1, ["Phi-3-mini-4k-instruct"])


@pytest.mark.parametrize(
    ("name", "version", "fix"),
    [
        ("Phi-3-mini-4k-instuct", "15", "perhaps you meant Phi-3-mini-4k-instruct"),
        ("phi4", "8", "perhaps you meant Phi-4"),
        ("Phi-4", "99", 'its newest version is "8"'),
        ("nothing-of-the-kind", "1", "see the catalog of the registry"),
    ],
)
def test_a_wrong_name_is_answered_with_what_was_meant(connected: Workspace, name: str, version: str, fix: str) -> None:
    with pytest.raises(BadInput, match="there is no") as refused:
        registry.base_model(connected, "azureml", name, version)
    assert fix in refused.value.problems[0].fix
