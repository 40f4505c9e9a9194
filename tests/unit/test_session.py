"""What a step of a workflow leaves on its run when it fails: annotations on the right line, and a summary."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlops.errors import BadInput, Problem
from mlops.params import point
from mlops.render import failure_report
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]
PARAMS = PARAMS_FILE


def line_of(text: str) -> int:
    lines = PARAMS.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(text))


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("training.parameters.learning_rate", "learning_rate:"),
        ("training.instance_type", "instance_type:"),
        ("environments.production.endpoint", "endpoint: chat-production"),
        ("environments.staging", "staging:"),
        ("gate.rules.0", "- metric: eval_loss"),
        ("gate.rules.0.max", "max:"),
        ("training.parameters.max_steps", "parameters:"),  # it is to be added there
        ("data.personal_data", "data:"),  # a default that is not written; its block is
    ],
)
def test_a_problem_points_at_the_line_of_its_key(key: str, written: str) -> None:
    for where in ("params.yaml", str(PARAMS), None):
        found = point(Problem("it is wrong", where, key=key), PARAMS)
        assert found.line == line_of(written)
        assert (found.where, found.what) == (str(PARAMS), "it is wrong")


@pytest.mark.parametrize(
    "problem",
    [
        Problem("training.nodes is 2", "the workspace", key="training.nodes"),
        Problem("training.nodes is 2", "--set training.nodes", key="training.nodes"),
        Problem("training.nodes is 2", "params.yaml"),  # a message is read by people alone
        Problem("training.nodes is 2", "params.yaml", 7, 3, key="training.nodes"),
    ],
)
def test_a_problem_of_another_place_or_without_a_key_stays_as_it_is(problem: Problem) -> None:
    assert point(problem, PARAMS) == problem


def test_a_failed_step_annotates_the_line_and_says_in_its_summary_what_to_do(tmp_path: Path) -> None:
    for name in ("output", "summary"):
        (tmp_path / name).touch()
    spoilt = PARAMS.read_text(encoding="utf-8").replace("percent: 5 ", "percent: 500 ")
    (tmp_path / "params.yaml").write_text(spoilt, encoding="utf-8")
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    command = [sys.executable, "-m", "mlops", "plan", "--offline"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == BadInput.exit_code, done.stderr
    line = next(number for number, text in enumerate(spoilt.splitlines(), start=1) if "percent: 500" in text)
    assert f"::error file=params.yaml,line={line},col=5,title=" in done.stdout + done.stderr
    summary = (tmp_path / "summary").read_text()
    assert "(exit code 2)" in summary
    assert "data.dataset.percent" in summary


def test_a_failure_names_the_next_step() -> None:
    problems = [Problem("no data", "the workspace", fix="run `mlops prepare`"), Problem("late", fix="wait")]
    text = failure_report(BadInput(problems)).to_markdown()
    assert "| where | what | fix |" in text
    assert text.rstrip().endswith("```sh\nmlops prepare\n```")
