"""A rehearsal's environments elsewhere: what the scenario puts there, and the roles that its identity gets."""

from pathlib import Path

from mlops.actions import ActRun
from mlops.cli.rehearse import places, roles, typed
from mlops.cli.rehearse.scenario import LOOKS
from mlops.params import load, overlay
from tests.project import PARAMS_FILE

HERE = load(PARAMS_FILE)


def test_the_ordinary_scenario_has_one_workspace() -> None:
    assert list(places.told(HERE)) == []
    assert len(roles.access("o/r", HERE)["role_assignments"]) == 3


def test_two_workspaces_put_the_last_environment_elsewhere_with_a_registry_between_and_roles_for_each() -> None:
    apart = load(PARAMS_FILE, overlay.parse(places.settings(HERE)), rehearsal=True)
    (told,) = places.told(apart)
    assert told.startswith("production is in rg-production/mlw-production of subscription ")
    assert told.endswith(", models come through the registry team-models")
    given = {(one["role"], one["scope"].rpartition("/")[2]) for one in roles.access("o/r", apart)["role_assignments"]}
    assert ("AzureML Data Scientist", "mlw-production") in given
    assert ("AzureML Registry User", "team-models") in given
    assert ("AzureML Compute Operator", "mlw-production") not in given


def test_a_push_of_one_of_several_models_that_changed_nothing_is_nothing_to_do() -> None:
    only = ["train/train-models/projects", "train/train-models/train/train/plan", "train/train-models/summary"]
    assert ActRun(jobs=dict.fromkeys(only, "success")).only(LOOKS)
    assert not ActRun(jobs=dict.fromkeys([*only, "train/train-models/train/train/train"], "success")).only(LOOKS)


def test_the_command_that_is_told_names_the_folder_that_the_person_named(tmp_path: Path) -> None:
    assert typed.command(tmp_path, Path("models/a b")) == f"{typed.command(tmp_path, Path())} -C 'models/a b'"
