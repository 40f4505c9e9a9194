"""A rehearsal's environments elsewhere: what the scenario puts there, and the roles that its identity gets."""

from pathlib import Path

from mlops.actions import ActRun
from mlops.cli.rehearse import places, roles, typed
from mlops.cli.rehearse.scenario import LOOKS
from mlops.params import Params, load, overlay
from tests.project import PARAMS_FILE

HERE = load(PARAMS_FILE)


def given(params: Params) -> dict[str, set[tuple[str, str]]]:
    """Each environment's identity, with its roles and the last part of their scopes."""
    stated = roles.access("o/r", params)
    subjects = {one["client"]: one["subject"] for one in stated["federated_credentials"]}
    assert all(subject.startswith("repo:o/r:") for subject in subjects.values())
    found: dict[str, set[tuple[str, str]]] = {}
    for one in stated["role_assignments"]:
        holder = subjects[one["principal"]].removeprefix("repo:o/r:environment:")
        found.setdefault(holder, set()).add((one["role"], one["scope"].rpartition("/")[2]))
    found["a person"] = found.pop("repo:o/r:ref:refs/heads/main")
    return found


def test_the_ordinary_scenario_has_one_workspace_and_an_identity_for_each_environment() -> None:
    assert list(places.told(HERE)) == []
    _, subscription, _, workspace = places.training()
    reads = ("MLOps read", subscription)
    releases = {("MLOps release", workspace), reads}
    person = {
        ("AzureML Data Scientist", workspace),
        ("Monitoring Reader", subscription),
        ("AzureML Compute Operator", workspace),
    }
    trains = {("MLOps train", workspace), ("MLOps cleanup", workspace), reads}  # `cleanup` signs in by itself here
    assert given(HERE) == {"training": trains, "staging": releases, "production": releases, "a person": person}
    clients = {one["client"] for one in roles.access("o/r", HERE)["federated_credentials"]}
    assert {roles.client(name) for name in roles.kinds(HERE)} < clients


def test_two_workspaces_put_the_last_environment_elsewhere_with_a_registry_between_and_roles_for_each() -> None:
    apart = load(PARAMS_FILE, overlay.parse(places.settings(HERE)), rehearsal=True)
    (told,) = places.told(apart)
    assert told.startswith("production is in rg-production/mlw-production of subscription ")
    assert told.endswith(", models come through the registry team-models")
    by_name = given(apart)
    for name, kind in {"training": "train", "staging": "release", "production": "release"}.items():
        there = {(f"MLOps {kind}", "mlw-production"), ("MLOps read", places.ELSEWHERE["subscription"])}
        assert there | {("AzureML Registry User", "team-models")} <= by_name[name]
    assert ("AzureML Compute Operator", "mlw-production") not in by_name["a person"]


def test_a_push_of_one_of_several_models_that_changed_nothing_is_nothing_to_do() -> None:
    only = ["train/train-models/projects", "train/train-models/train/train/plan", "train/train-models/summary"]
    assert ActRun(jobs=dict.fromkeys(only, "success")).only(LOOKS)
    assert not ActRun(jobs=dict.fromkeys([*only, "train/train-models/train/train/train"], "success")).only(LOOKS)


def test_the_command_that_is_told_names_the_folder_that_the_person_named(tmp_path: Path) -> None:
    assert typed.command(tmp_path, Path("models/a b")) == f"{typed.command(tmp_path, Path())} -C 'models/a b'"
