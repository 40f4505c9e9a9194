"""`mlops -C DIR`: as if it had been started there."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Run, files


@pytest.fixture
def elsewhere(project: Path, environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Another folder, in which the shell stands."""
    made = tmp_path / "elsewhere"
    made.mkdir()
    environment.chdir(made)
    return made


def test_parameters_and_data_are_those_of_the_folder(mlops: Run, project: Path, elsewhere: Path) -> None:
    told = mlops("-C", project, "--json", "plan", "--offline")
    assert told.code == 0
    assert json.loads(told.out)["result"]["curated_files"] == 1


def test_relative_paths_are_ones_from_the_folder(mlops: Run, project: Path, elsewhere: Path) -> None:
    (project / "metrics.json").write_text('{"eval_loss": 1, "rougeL": 0.3, "train_loss": 1}')
    (project / "params.yaml").rename(project / "other.yaml")
    words = ["--params", "other.yaml", "gate", "--from-file", "metrics.json", "--out", "seen/verdict.json"]
    assert mlops("-C", "../project", *words).code == 0
    assert (project / "seen" / "verdict.json").is_file()
    assert not files(elsewhere)


def test_each_folder_is_one_from_the_folder_before(mlops: Run, project: Path, elsewhere: Path) -> None:
    assert mlops("-C", "..", "-C", "project/data", "-C", "..", "plan", "--offline").code == 0


@pytest.mark.parametrize(("name", "why"), [("not-there", "No such file or directory"), ("a-file", "Not a directory")])
def test_a_folder_that_is_none_is_told(mlops: Run, elsewhere: Path, name: str, why: str) -> None:
    (elsewhere / "a-file").touch()
    told = mlops("-C", name, "plan", "--offline")
    assert (told.code, told.out) == (2, "")
    assert "-C: cannot start in" in told.err
    assert why in told.err


def test_a_mistake_is_annotated_by_its_path_from_the_top_of_the_checkout(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch
) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("lora_r: 8", "lora_r: 8\n  unknown: 1"))
    environment.setenv("GITHUB_ACTIONS", "true")
    environment.setenv("GITHUB_WORKSPACE", str(project.parent))
    environment.chdir(project.parent)
    assert "::error file=project/params.yaml,line=" in mlops("-C", "project", "plan", "--offline").err


def test_a_project_below_the_top_of_its_repository_is_compared_with_its_own_past(
    mlops: Run, project: Path, environment: pytest.MonkeyPatch
) -> None:
    """Its paths in git begin at the repository's top, where the workflows are, too."""
    top = project.parent
    workflows = top / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "train.yml").write_text(
        "on:\n  push:\n    paths: [project/**]\njobs: {a: {runs-on: x, steps: [{run: 'true'}]}}\n"
    )
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=top, check=True)
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("num_train_epochs: 1", "num_train_epochs: 2"))
    with (project / "data" / "curated" / "few.jsonl").open("a") as file:
        file.write((project / "data" / "curated" / "few.jsonl").read_text().splitlines()[0].replace("1", "3") + "\n")
    environment.chdir(top)
    told = mlops("-C", "project", "--markdown", "plan", "--offline", "--base", "HEAD")
    assert told.code == 0, told.err
    assert "training.parameters.num_train_epochs | 1 | 2" in told.out.replace("\\", "")
    assert "project/data/curated/few.jsonl | 1 | 0" in told.out.replace("\\", "")
    assert "merging starts `train`" in told.out.replace("\\", "")


def test_the_readme_says_it() -> None:
    assert "`mlops plan -C DIR`" in (ROOT / "README.md").read_text()
