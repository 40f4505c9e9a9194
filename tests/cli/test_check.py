"""`mlops check` is green after what a team rightly does to its own files, and says what is wrong with the rest."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.project import PARAMS_FILE, PROJECT

ROOT = Path(__file__).resolve().parents[2]
ROW = (
    '{"messages": [{"role": "user", "content": "Is the desk open at %d?"},'
    ' {"role": "assistant", "content": "It is open until six."}]}\n'
)
EDITS = {
    "more epochs": ("num_train_epochs: 1", "num_train_epochs: 4"),
    "another learning rate": ("learning_rate: 5.0e-6", "learning_rate: 2.0e-5"),
    "another base model": ("base: Phi-3-mini-4k-instruct", "base: Phi-4"),
    "another version of it": ('version: "15"', 'version: "8"'),
    "another name": ("name: phi-3-mini-ultrachat", "name: our-helpdesk"),
    "another data name": ("name: ultrachat ", "name: helpdesk "),
    "more of the dataset": ("percent: 5 ", "percent: 80 "),
    "another component": ('component_version: "0.0.74"', 'component_version: "0.0.75"'),
    "another cluster": ("compute: gpu-cluster", "compute: a100"),
    "serverless": ("compute: gpu-cluster", "compute: serverless"),
    "another size": (
        "instance_type: Standard_NC24ads_A100_v4\n  max_nodes",
        "instance_type: Standard_ND40rs_v2\n  max_nodes",
    ),
    "two nodes": ("max_nodes: 1\n  nodes: 1", "max_nodes: 4\n  nodes: 2"),
    "another experiment": ("experiment: chat-completion-ultrachat", "experiment: helpdesk"),
    "no evaluation": ("enabled: true", "enabled: false"),
    "more questions": ("conversations: 32", "conversations: 200"),
    "a stricter limit": ("max: 2.0 ", "max: 1.1 "),
    "another endpoint": ("chat-staging-{workspace_hash}", "helpdesk-st-{workspace_hash}"),
    "more steps": ("traffic_steps: [10, 50, 100]", "traffic_steps: [1, 5, 25, 100]"),
    "more instances": (
        "instance_count: 1\n    auth_mode: key\n    traffic_steps: [10",
        "instance_count: 3\n    auth_mode: key\n    traffic_steps: [10",
    ),
    "a longer retention": ("retention_hours: 72", "retention_hours: null"),
    "a longer answer": ("max_new_tokens: 64\n  temperature", "max_new_tokens: 512\n  temperature"),
    "a later cleanup": ("idle_days: 3", "idle_days: 14"),
    "prices in euro": ("currency: USD", "currency: EUR"),
    "another bake time in rehearsals": ("production.bake_seconds: 2", "production.bake_seconds: 0"),
}  # fmt: skip


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's repository with one commit: the workflows of this one, and parameters and conversations."""
    made = tmp_path_factory.mktemp("first") / "team"
    shutil.copytree(ROOT / ".github", made / ".github")
    shutil.copytree(PROJECT / "data", made / "data")
    shutil.copy2(PARAMS_FILE, made)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    start = ["init", "--quiet", "--initial-branch=main", "--template="]  # without git's own examples, to be copied fast
    for words in (start, ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=made, check=True)
    return made


@pytest.fixture
def project(environment: pytest.MonkeyPatch, tmp_path: Path, first: Path) -> Path:
    """A copy of it, where the shell stands."""
    made = Path(shutil.copytree(first, tmp_path / "team"))
    environment.chdir(made)
    return made


@pytest.mark.parametrize("edit", EDITS)
def test_a_valid_edit_of_the_parameters_is_green(mlops: Run, project: Path, edit: str) -> None:
    path, (before, after) = project / "params.yaml", EDITS[edit]
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    told = mlops("--json", "check", "--base", "HEAD")
    assert told.code == 0, told.err
    found = json.loads(told.out)["result"]
    assert (found["changed"], found["rehearse"], found["product"]) == (["parameters"], True, False)


def test_own_conversations_in_place_of_those_of_the_template_are_green(mlops: Run, project: Path) -> None:
    shutil.rmtree(project / "data")
    (project / "data").mkdir()
    (project / "data" / "own.jsonl").write_text("".join(ROW % hour for hour in range(10, 20)), encoding="utf-8")
    found = json.loads(mlops("--json", "check", "--base", "HEAD").out)["result"]
    assert ([check["ok"] for check in found["checks"]], found["product"]) == ([True] * 6, False)
    assert "data" in found["changed"]


def test_an_environment_that_a_workflow_names_and_the_parameters_do_not_is_refused(mlops: Run, project: Path) -> None:
    params, rollback = project / "params.yaml", project / ".github" / "workflows" / "rollback.yml"
    params.write_text(params.read_text().replace("  production:", "  prod:").replace("s.production.", "s.prod."))
    told = mlops("--json", "check")
    (problem,) = json.loads(told.out)["problems"]
    assert (told.code, problem["file"]) == (2, ".github/workflows/rollback.yml")
    assert problem["what"] == "rollback.yml names the environment production, which is none of params.yaml"
    assert problem["fix"] == "use one of: staging, prod"
    rollback.write_text(rollback.read_text().replace("default: production", "default: prod"))
    assert mlops("check").code == 0


def test_a_team_that_calls_our_workflows_is_told_of_a_misspelt_environment(mlops: Run, project: Path) -> None:
    """And an environment of a workflow that does something else is none of our business."""
    flows = project / ".github" / "workflows"
    flows.joinpath("ship.yml").write_text(
        "on: push\njobs:\n  ship:\n    uses: ./.github/workflows/promote.yml\n"
        "    with: {model: 'm:1', environment: staging prodution}\n"
    )
    flows.joinpath("site-of-ours.yml").write_text(
        "on: push\njobs:\n  site:\n    environment: web\n    runs-on: ubuntu-24.04\n    steps: [{run: make}]\n"
    )
    (problem,) = json.loads(mlops("--json", "check").out)["problems"]
    assert problem["what"] == "ship.yml names the environment prodution, which is none of params.yaml"


def test_environments_side_by_side_are_shown_as_they_are_promoted_to(mlops: Run, project: Path) -> None:
    params = project / "params.yaml"
    text = params.read_text().replace("\nserving:", "\n  production-us: {after: staging}\n\nserving:")
    params.write_text(text)
    found = json.loads(mlops("--json", "check").out)["result"]["checks"]
    assert found[4]["finding"] == "staging -> production and production-us"
    told = json.loads(mlops("--json", "environments", "production-us").out)["result"]
    assert told["waves"] == [["production-us"]]
    assert mlops("environments", "prod").code == 2


def test_documents_alone_need_no_rehearsal(mlops: Run, project: Path) -> None:
    (project / "README.md").write_text("# Ours\n", encoding="utf-8")
    found = json.loads(mlops("--json", "check", "--base", "HEAD").out)["result"]
    assert (found["changed"], found["rehearse"], found["product"]) == (["documents"], False, False)


def test_without_a_base_nothing_is_left_out(mlops: Run, project: Path) -> None:
    for base in ("", "0" * 40):
        found = json.loads(mlops("--json", "check", "--base", base).out)["result"]
        assert (found["changed"], found["rehearse"], found["product"]) == ([], True, True)


def test_a_probe_is_checked_and_is_no_training_data(mlops: Run, project: Path) -> None:
    (project / "data" / "probes").mkdir()
    suite = project / "data" / "probes" / "hours.jsonl"
    asked = '"messages": [{"role": "user", "content": "When is the desk open?"}], "checks": [{"matches": "six"}]'
    suite.write_text(f'{{"id": "hours-1", {asked}, "right": "Until six.", "wrong": "Never."}}\n', encoding="utf-8")
    told = mlops("--json", "--set", "evaluation.probes.folder=data/probes", "check")
    assert [check["finding"] for check in json.loads(told.out)["result"]["checks"]][1:3] == [
        "6 files below data are right",
        "1 probes are right",
    ]
    suite.write_text(suite.read_text(encoding="utf-8").replace("Until six.", "Until five."), encoding="utf-8")
    told = mlops("--json", "--set", "evaluation.probes.folder=data/probes", "check")
    assert told.code == 2
    problem = json.loads(told.out)["problems"][0]
    assert (problem["file"], problem["line"]) == ("data/probes/hours.jsonl", 1)
    assert "its right answer fails the check" in problem["what"]


def test_a_broken_conversation_and_a_workflow_that_does_not_start_are_told_together(mlops: Run, project: Path) -> None:
    (project / "data" / "curated" / "bad.jsonl").write_text("{not json\n", encoding="utf-8")
    train = project / ".github" / "workflows" / "train.yml"
    train.write_text(re.sub(r"      - params\.yaml\n", "", train.read_text(encoding="utf-8")), encoding="utf-8")
    told = mlops("--json", "check")
    assert told.code == 2
    said = json.loads(told.out)
    assert [check["ok"] for check in said["result"]["checks"]] == [True, False, True, False, True, True]
    assert {problem["file"] for problem in said["problems"]} == {
        "data/curated/bad.jsonl",
        ".github/workflows/train.yml",
    }
