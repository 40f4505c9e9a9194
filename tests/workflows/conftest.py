"""Real workflow files run by act, with a stand-in for our own command line that does what a scenario says."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops import actions

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """#!{python}
import json, os, sys
calls, said = {calls!r}, json.load(open({script!r}))
verb = " ".join(sys.argv[1:3]) if sys.argv[1] in ("promote", "rollback") else sys.argv[1]
with open(calls, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
answer = said.get(verb, {{}})
with open(os.environ["GITHUB_OUTPUT"], "a") as file:
    for name, value in answer.get("outputs", {{}}).items():
        file.write(f"{{name}}={{value}}\\n")
sys.exit(answer.get("exit", 0))
"""


class Scenario:
    """A workflow run and the calls of `mlops` that it made."""

    def __init__(self, done: actions.ActRun, calls: list[list[str]]) -> None:
        self.done = done
        self.calls = calls

    @property
    def verbs(self) -> list[str]:
        """The verbs in the order of their calls."""
        return [call[0] for call in self.calls]


Play = Callable[..., Scenario]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run a workflow for an event; `answers` says which outputs and exit code each verb gives."""

    def run(workflow: str, event: str, payload: dict[str, object], answers: dict[str, object]) -> Scenario:
        binaries = tmp_path / "bin"
        binaries.mkdir()
        calls, script = tmp_path / "calls.jsonl", tmp_path / "answers.json"
        calls.touch()
        script.write_text(json.dumps(answers))
        program = binaries / "mlops"
        program.write_text(STAND_IN.format(python=sys.executable, calls=str(calls), script=str(script)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        # The set-up action runs for real and finds its environment ready: the folder that holds the stand-in.
        environment = {"MLOPS_VENV": str(tmp_path), "MLOPS_VENV_READY": str(tmp_path)}
        path = os.pathsep.join([str(binaries), str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
        machine = actions.Machine(path, {"AZURE_ML_WORKSPACE": "w"}, environment)
        done = actions.run(ROOT, f"{workflow}.yml", event, payload, machine)
        return Scenario(done, [json.loads(line) for line in calls.read_text().splitlines()])

    return run
