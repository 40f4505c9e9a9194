"""A training component of the team's own: its version is its content, and what it lacks is told without a cloud."""

import shutil
from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.flow.project import Project
from mlops.flow.release.offline_plan import check_parameters
from mlops.flow.repository import projects
from mlops.flow.training import component_file
from mlops.params import load
from tests.project import PARAMS_FILE

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "lora-component"
FILE = "lora/component.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that trains with the example of the documents."""
    shutil.copytree(EXAMPLE, tmp_path / "lora")
    path = tmp_path / "params.yaml"
    text = PARAMS_FILE.read_text(encoding="utf-8")
    start, end = text.index("training:\n"), text.index("\nevaluation:")
    training = f"training:\n  component: {FILE}\n  parameters: {{lora_r: 4, learning_rate: 1.0e-4}}\n"
    path.write_text(text[:start] + training + text[end:], encoding="utf-8")
    return Project(load(path), path)


def version(project: Project) -> str:
    found = component_file.read(project)
    assert found
    return found.version


def edit(project: Project, old: str, new: str, file: str = FILE) -> None:
    path = project.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_example_has_what_a_training_needs(project: Project) -> None:
    assert check_parameters(project) == ()
    found = component_file.read(project)
    assert found
    assert (found.name, found.id) == ("team_lora", f"azureml:team_lora:{found.version}")
    assert found.inputs["num_train_epochs"].minimum == 1


def test_its_version_changes_with_everything_that_decides_what_runs_and_nothing_else(project: Project) -> None:
    first = version(project)
    (project.root / "lora" / "notes.txt").write_text("not named by the file")
    (project.root / "lora" / "code" / "__pycache__").mkdir()
    (project.root / "lora" / "code" / "__pycache__" / "train.pyc").write_text("made by a run")
    assert version(project) == first
    edit(project, "logging_steps=10", "logging_steps=5", "lora/code/train.py")
    second = version(project)
    edit(project, "default: 8", "default: 16")
    assert len({first, second, version(project)}) == 3


def test_the_files_of_an_environment_and_of_steps_are_its_content(project: Project) -> None:
    (project.root / "lora" / "conda.yaml").write_text("dependencies: [python=3.11]\n")
    edit(project, "environment: azureml", "environment: {image: python, conda_file: conda.yaml}\ntags: {was: azureml")
    edit(project, "labels/latest", "labels/latest}")
    first = version(project)
    edit(project, "3.11", "3.12", "lora/conda.yaml")
    assert version(project) != first


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  mlflow_model_folder: {type: mlflow_model", "  model: {type: mlflow_model", "no output mlflow_model_folder"),
        (
            "mlflow_model_folder: {type: mlflow_model",
            "mlflow_model_folder: {type: uri_folder",
            "of the type mlflow_mod",
        ),
        ("  train_file_path: {type", "  rows: {type", "it has no input train_file_path"),
        (
            "  seed: {type: integer, default: 42}",
            "  more: {type: uri_file}",
            "its input more is a uri_file that nobody",
        ),
        ("lora_r: {type: integer, default: 8", "rank: {type: integer, default: 8", "lora_r is not an input of team_l"),
        ("type: command\n", "type: sweep\n", "a sweep component"),
        ("name: team_lora\n", "", "it has no name"),
        ("code: ./code", "code: ../data", "which is not below its folder"),
        ("inputs:\n", "inputs: [\n", "is not readable"),
    ],
)
def test_what_cannot_train_is_refused_offline(project: Project, old: str, new: str, said: str) -> None:
    (project.root / "data").mkdir()
    (project.root / "data" / "rows.jsonl").touch()
    edit(project, old, new)
    with pytest.raises(BadInput, match=said):
        check_parameters(project)


def test_a_file_that_is_not_there_is_told_with_its_key(project: Project) -> None:
    (project.root / FILE).unlink()
    with pytest.raises(BadInput, match="which is no file") as caught:
        check_parameters(project)
    assert caught.value.problems[0].key == "training.component"


def test_a_change_of_its_folder_concerns_the_model(project: Project) -> None:
    found, problems = projects.read(project.root)
    assert not problems
    assert [found[0].concerned([path]) for path in ("lora/code/train.py", "other/train.py")] == [True, False]
