"""`mlops init` makes a repository that the project's own check finds right, and overwrites nothing unseen."""

import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mlops import yamls
from mlops.params import load
from mlops.params.presets import presets
from tests.cli.conftest import ROOT, Run, Stream, files

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORKFLOWS = ("--workflows", f"acme/mlops@{COMMIT}")


@pytest.fixture
def folder(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder; the shell stands beside it, and git knows nobody."""
    environment.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    environment.chdir(tmp_path)
    made = tmp_path / "Help Desk"
    made.mkdir()
    return made


def states(told: str) -> dict[str, str]:
    return {one["path"]: one["state"] for one in json.loads(told)["result"]["files"]}


def test_an_empty_folder_becomes_a_repository_that_is_right(mlops: Run, folder: Path) -> None:
    told = mlops("init", folder, "--yes", *WORKFLOWS)
    assert told.code == 0, told.err
    assert "mlops -C '" in told.out
    assert told.out.rstrip().endswith("Help Desk' check")
    git = ["git", "-C", str(folder)]
    assert subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout == ""
    checked = mlops("-C", folder, "--json", "check")
    assert checked.code == 0, checked.out
    params = load(folder / "params.yaml")
    assert (params.model.base, params.model.name) == ("Phi-4", "help-desk")
    assert params.environments["production"].endpoint == "help-desk-production-{workspace_hash}"
    assert len((folder / "data" / "examples.jsonl").read_text().splitlines()) == 3
    assert (folder / "params.schema.json").is_file()


@pytest.mark.parametrize("base", presets())
def test_each_preset_is_written_as_it_is_tested(mlops: Run, folder: Path, base: str) -> None:
    assert mlops("init", folder, "--yes", "--base", base, "--name", "ours", *WORKFLOWS).code == 0
    params, wanted = load(folder / "params.yaml"), presets()[base]
    assert params.model.base == wanted["model.base"]
    assert params.training.component_version == wanted["training.component_version"]


def test_a_retired_base_model_is_told(mlops: Run, folder: Path) -> None:
    told = mlops("init", folder, "--yes", "--base", "phi-3-mini", *WORKFLOWS)
    assert "retired from fine-tuning on 2025-08-30" in told.out


def test_what_cannot_be_tested_is_answered_with_what_is(mlops: Run, folder: Path) -> None:
    told = mlops("init", folder, "--yes", "--base", "phi-4-mini", *WORKFLOWS)
    assert told.code == 0
    assert "Phi-4-mini-instruct is not tested here, for its source is not public: Phi-4 in its place" in told.err
    assert "mlops models --match Phi-4-mini-instruct" in told.err
    assert load(folder / "params.yaml").model.base == "Phi-4"


def test_a_base_model_that_is_not_known_is_refused_with_what_was_meant(mlops: Run, folder: Path) -> None:
    told = mlops("init", folder, "--yes", "--base", "phi4", *WORKFLOWS)
    assert told.code == 2
    assert "perhaps you meant phi-4" in told.err
    assert not files(folder)


def test_where_nobody_can_be_asked_yes_is_needed(mlops: Run, folder: Path) -> None:
    told = mlops("init", folder)
    assert (told.code, files(folder)) == (2, {})
    assert "--yes" in told.err


def test_a_branch_is_no_pin(mlops: Run, folder: Path) -> None:
    told = mlops("init", folder, "--yes", "--workflows", "acme/mlops@main")
    assert (told.code, files(folder)) == (2, {})
    assert "40 characters of a commit" in told.err


def test_in_a_terminal_it_asks_and_shows_the_difference_before_it_replaces(
    mlops: Run, folder: Path, environment: pytest.MonkeyPatch
) -> None:
    (folder / "README.md").write_text("# Ours\n")
    (folder / ".pre-commit-config.yaml").write_text("repos: []\n")
    answers = io.StringIO("phi-3-mini\nours\nown\n" + f"acme/mlops@{COMMIT}\n" + "y\nn\n")
    answers.isatty = lambda: True  # type: ignore[method-assign]
    environment.setattr("sys.stdin", answers)
    environment.setattr(Stream, "isatty", lambda _: True)
    told = mlops("--json", "init", folder)
    assert told.code == 0, told.err
    assert told.err.index("-repos: []") < told.err.index("Replace .pre-commit-config.yaml?")
    assert (folder / "README.md").read_text() == "# Ours\n"
    assert states(told.out)[".pre-commit-config.yaml"] == "replaced"
    assert load(folder / "params.yaml").data.dataset is None


def test_what_a_team_has_is_kept_and_the_difference_shown(mlops: Run, folder: Path) -> None:
    (folder / "params.yaml").write_text("# ours\n")
    (folder / ".gitignore").write_text("*.tmp")
    (folder / "data").mkdir()
    (folder / "data" / "own.jsonl").write_text("{}\n")
    found = mlops("--json", "init", folder, "--yes", *WORKFLOWS)
    assert found.code == 0
    became = states(found.out)
    assert (became["params.yaml"], became[".gitignore"]) == ("kept", "added to")
    assert "data/examples.jsonl" not in became
    assert (folder / "params.yaml").read_text() == "# ours\n"
    assert (folder / ".gitignore").read_text().splitlines()[0] == "*.tmp"
    shown = {one["path"]: one["difference"] for one in json.loads(found.out)["result"]["files"]}
    assert "-# ours" in shown["params.yaml"]
    forced = mlops("--json", "init", folder, "--yes", "--force", *WORKFLOWS)
    assert states(forced.out)["params.yaml"] == "replaced"
    again = mlops("--json", "init", folder, "--yes", *WORKFLOWS)
    assert set(states(again.out).values()) == {"unchanged"}


def test_a_folder_of_conversations_takes_the_place_of_data(mlops: Run, folder: Path) -> None:
    (folder / "chats").mkdir()
    assert mlops("init", folder, "--yes", "--data", "chats", *WORKFLOWS).code == 0
    assert load(folder / "params.yaml").data.curated == "chats"
    started = yamls.read((folder / ".github" / "workflows" / "train.yml").read_text())
    assert started.get("on", started.get(True))["push"]["paths"] == ["chats/**", "!chats/**/*.md", "params.yaml"]
    assert mlops("-C", folder, "check").code == 0


@pytest.mark.parametrize("data", ["nowhere", "acme/chats", "acme/chats@"])
def test_data_that_is_neither_a_folder_nor_pinned_is_refused(mlops: Run, folder: Path, data: str) -> None:
    told = mlops("init", folder, "--yes", "--data", data, *WORKFLOWS)
    assert (told.code, files(folder)) == (2, {})


def test_a_folder_inside_a_repository_is_refused(mlops: Run, folder: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "below").mkdir()
    told = mlops("init", folder / "below", "--yes", *WORKFLOWS)
    assert told.code == 2
    assert "GitHub reads workflows at the top of a repository alone" in told.err


@pytest.fixture
def several(mlops: Run, folder: Path) -> Path:
    """A repository with two models that share their data; the shell stands in it."""
    for name in ("alpha", "beta"):
        assert mlops("init", folder, "--yes", "--model", name, *WORKFLOWS).code == 0
    os.chdir(folder)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=both"], check=True)
    return folder


def concerned(told: str) -> list[str]:
    return [one["folder"] for one in json.loads(told)["result"]["projects"] if one["concerned"]]


def test_several_models_share_their_data_and_a_change_concerns_those_that_read_it(mlops: Run, several: Path) -> None:
    assert concerned(mlops("--json", "projects", "--base", "HEAD").out) == []
    params = several / "models" / "beta" / "params.yaml"
    params.write_text(params.read_text().replace("num_train_epochs: 1", "num_train_epochs: 2"))
    assert concerned(mlops("--json", "projects", "--base", "HEAD").out) == ["models/beta"]
    (several / "data" / "more.jsonl").write_text("{}\n")
    assert concerned(mlops("--json", "projects", "--base", "HEAD").out) == ["models/alpha", "models/beta"]
    assert concerned(mlops("--json", "projects", "--only", "models/alpha").out) == ["models/alpha"]
    assert mlops("projects", "--only", "models/gamma").code == 2


def test_at_the_top_a_verb_that_looks_is_done_for_each_model_and_fails_for_one_alone(mlops: Run, several: Path) -> None:
    assert mlops("check").code == 0
    params = several / "models" / "beta" / "params.yaml"
    params.write_text(params.read_text().replace("epochs", "epochs: 2\n    epoch"))
    told = mlops("--json", "check")
    assert told.code == 2
    found = [(one["folder"], one["ok"]) for one in json.loads(told.out)["result"]["models"]]
    assert found == [("models/alpha", True), ("models/beta", False)]
    assert {problem["file"] for problem in json.loads(told.out)["problems"]} == {"models/beta/params.yaml"}
    shape = json.loads((ROOT / "docs" / "json" / "several.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(shape).validate(json.loads(told.out))
    assert mlops("--model-dir", "models/alpha", "check").code == 0


def test_at_the_top_a_verb_for_one_model_asks_which(mlops: Run, several: Path) -> None:
    told = mlops("prepare")
    assert told.code == 2
    assert "one of models/alpha, models/beta" in told.err


def test_names_of_two_models_that_collide_are_refused_by_plan_and_check(mlops: Run, several: Path) -> None:
    params = several / "models" / "beta" / "params.yaml"
    params.write_text(params.read_text().replace("beta-staging", "alpha-staging"))
    for words in (("check",), ("plan", "--offline")):
        told = mlops("-C", several / "models" / "alpha", "--json", *words)
        assert told.code == 2, told.out
        (problem,) = json.loads(told.out)["problems"]
        assert problem["key"] == "environments.staging.endpoint"
        assert "each would change what the other made" in problem["why"]
