"""Real workflow files run by act, with a stand-in for our own command line that does what a scenario says."""

import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops import actions
from tests.project import PARAMS_FILE
from tests.workflows import stand_in

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = {"GITHUB_REPOSITORY": "octo-org/mlops"}  # as in the payloads
ENVIRONMENTS = """#!/bin/sh
known={known}/$( {{ env | grep ^MLOPS_PROJECT | sort; printf '%s\\037' "$@"; cat {params}; }} | sha256sum | cut -c-64 )
if [ ! -e "$known" ]; then  # it says the same to the same
  GITHUB_OUTPUT=$known.$$ {python} -m mlops --params {params} "$@" || exit
  mv "$known.$$" "$known"
fi
cat "$known" >> "$GITHUB_OUTPUT"
"""


class Scenario:
    """A workflow run and the calls of `mlops` that it made."""

    def __init__(self, done: actions.ActRun, calls: list[list[str]]) -> None:
        self.done = done
        self.polling = [call[1] for call in calls if call[0] == "polling"]  # beside the rest, at no certain time
        self.calls = [call for call in calls if call[0] != "polling"]

    @property
    def verbs(self) -> list[str]:
        """The verbs in the order of their calls."""
        return [call[0] for call in self.calls]


class Play:
    """Runs a workflow for an event; `answers` says which outputs and exit code each verb gives."""

    def __init__(self, repository: Path, folder: Path, known: Path | None = None) -> None:
        self._repository, self._folder, self._known = repository, folder, known or folder
        self._binaries = folder / "bin"
        self._binaries.mkdir(parents=True)

    def __call__(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, object],
        answers: Mapping[str, object],
        *,
        configured: bool = True,
        params: Path | None = None,
        also: Mapping[str, str] = {},
    ) -> Scenario:
        calls, environments = self._folder / "calls", self._folder / "environments"
        calls.write_text("")
        words = {"params": params or PARAMS_FILE, "known": self._known, "python": sys.executable}
        environments.write_text(ENVIRONMENTS.format(**{name: shlex.quote(str(word)) for name, word in words.items()}))
        real = shlex.join(["/bin/sh", str(environments)])
        self.program("mlops", stand_in.script(calls, answers, real))
        # The set-up action runs for real and finds its environment ready: the folder that holds the stand-in.
        environment = {"MLOPS_VENV": str(self._folder), "MLOPS_VENV_READY": str(self._folder), **REPOSITORY}
        places = [str(self._binaries), str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
        variables = {**({"AZURE_ML_WORKSPACE": "w"} if configured else {}), **also}
        machine = actions.RunnerSetup(os.pathsep.join(places), variables, environment)
        done = actions.run(self._repository, f"{workflow}.yml", event, payload, machine)
        if not done.succeeded:  # pytest shows it where the test fails: which step ended how, and its last words
            print(done.jobs, *(step for step in done.steps if step.result == "failure"), done.cause(), sep="\n")
        return Scenario(done, stand_in.read(calls))

    def program(self, name: str, text: str) -> None:
        """Put a program before all others on the search path of the steps."""
        path = self._binaries / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows and what they run before `mlops`, and no more: act copies all of it for each job."""
    made = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / ".github", made / ".github")
    (made / "tools").mkdir()
    for name in ("Makefile", "tools/setup.py"):
        shutil.copy2(ROOT / name, made / name)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message=first"]):
        subprocess.run(["git", *identity, *words], cwd=made, check=True)
    return made


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the real command said of environments before."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def play(lean: Path, tmp_path: Path, known: Path) -> Play:
    """A player of workflows."""
    return Play(lean, tmp_path, known)
