"""A repository with our workflows, changed as a user would change it, and the command line run in it."""

import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.http.address import Address
from mlops import actions
from mlops.cli.rehearse import forks
from mlops.cli.rehearse import roles as rehearsal
from mlops.cli.rehearse.github_side import REF, REPOSITORY
from mlops.cli.rehearse.scenario import Rehearsal
from mlops.cli.rehearse.show import Show
from mlops.params import load
from tests.project import PARAMS_FILE, PROJECT
from tools import roles

ROOT = Path(__file__).resolve().parents[2]


class Ears(Show):
    """Shows nothing, and passes on what a workflow's steps print."""

    heard: Callable[[str], None] = staticmethod(lambda _: None)

    def event(self, event: actions.Event) -> None:
        if isinstance(event, actions.Text):
            self.heard(event.text)


@dataclass
class Clone:
    """A working copy and the state of its emulator."""

    folder: Path
    state: Path
    binaries: Path  # with `python` and `mlops`

    def mlops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the clone, with nothing of Azure in the environment."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))
        }
        environment = {**kept, "NO_COLOR": "1", "PATH": f"{self.binaries}{os.pathsep}{kept['PATH']}"}
        command = [str(self.binaries / "mlops"), *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def rehearse(self, *options: str) -> tuple[int, str, dict[str, Any]]:
        """Rehearse on kept state: exit code, what was printed, the record."""
        done = self.mlops("rehearse", "--state", str(self.state), *options)
        records = sorted(
            (self.folder / "build" / "rehearsals").glob("*/record.json"), key=lambda path: path.stat().st_mtime_ns
        )
        return done.returncode, done.stdout + done.stderr, json.loads(records[-1].read_text())

    def summaries(self) -> str:
        """Those of the newest rehearsal."""
        newest = max((self.folder / "build" / "rehearsals").iterdir())
        return (newest / "summaries.md").read_text(encoding="utf-8")

    def run(self, *words: str) -> dict[str, Any]:
        """A command as a person would give it, against the emulator: its result."""
        done = self.mlops("emulator", "exec", "--state", str(self.state), "--", "mlops", "--json", *words)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)["result"])

    def calls_of_roles(self) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
        """What identities of each kind asked of the service, and what of that their roles were not written from."""
        kinds = {rehearsal.client(name): kind for name, kind in rehearsal.kinds(load(PARAMS_FILE)).items()}
        recorded, made = roles.read(), roles.calls([self.state / "requests.log"], kinds)
        return made, {kind: sorted(calls - set(recorded.get(kind, ()))) for kind, calls in made.items()}

    def dispatch(
        self,
        workflow: str,
        *,
        heard: Callable[[str], None] = lambda _: None,
        settings: tuple[str, ...] = (),
        **inputs: str,
    ) -> actions.ActRun:
        """A person starts a workflow with inputs; `heard` is called with each line that its steps print."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return self._workflow(workflow, "workflow_dispatch", {"inputs": given}, heard, settings)

    def push(self) -> actions.ActRun:
        """Push what is here to main."""
        payload = {"ref": REF, "repository": {"full_name": REPOSITORY, "fork": False}}
        return self._workflow("train", "push", payload)

    def _workflow(
        self,
        name: str,
        event: str,
        payload: dict[str, Any],
        heard: Callable[[str], None] = lambda _: None,
        settings: tuple[str, ...] = (),
    ) -> actions.ActRun:
        """Run a workflow, whose steps alone read the clone's parameters."""
        show = Ears(io.StringIO(), {"NO_COLOR": "1"}, verbose=False)
        show.heard = heard
        made = Rehearsal(self.folder, load(PARAMS_FILE), show, keep=True, state=self.state, settings=settings)
        made.address, made.binaries = self.address, self.binaries
        return made.workflow(name, event, payload)[0]

    @property
    def address(self) -> Address:
        """The emulator that an earlier rehearsal left."""
        found = process.find(self.state)
        assert found is not None
        return found

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Steer the emulator."""
        return process.control(self.address, method, path, body)

    def by_hand(self, endpoint: str, traffic: dict[str, int]) -> None:
        """Somebody moves the traffic of an endpoint in the studio."""
        self._change(f"onlineEndpoints/{endpoint}", lambda body: body["properties"].update(traffic=traffic))

    def scale_by_hand(self, endpoint: str, deployment: str, instances: int) -> None:
        """Somebody, or an autoscale setting, gives a deployment another number of instances."""
        path = f"onlineEndpoints/{endpoint}/deployments/{deployment}"
        self._change(path, lambda body: body["sku"].update(capacity=instances))

    def _change(self, path: str, change: Callable[[dict[str, Any]], None]) -> None:
        names, web = process.identity(), requests.Session()
        web.trust_env = False  # its bundle of certificates would win over this one
        web.proxies, web.verify = {"https": self.address.proxy_url}, self.address.ca_file
        asked = {
            "grant_type": "client_credentials",
            "client_id": names["AZURE_CLIENT_ID"],
            "client_secret": names["AZURE_CLIENT_SECRET"],
            "scope": "https://management.azure.com/.default",
        }
        sign_in = f"https://login.microsoftonline.com/{names['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        web.headers["Authorization"] = f"Bearer {web.post(sign_in, data=asked).json()['access_token']}"
        url = f"https://{arm.HOST}{arm.default_workspace_id()}/{path}?api-version=2024-10-01"
        body = web.get(url).json()
        change(body)
        assert web.put(url, json=body).status_code in (200, 202)

    def replace(self, name: str, old: str, new: str) -> None:
        """Edit a file."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@dataclass(frozen=True)
class FirstRelease:
    """What a rehearsal of the whole road left, whose emulator was stopped, and how it went."""

    left: Clone
    code: int
    printed: str
    record: dict[str, Any]

    def copied(self, folder: Path) -> Clone:
        """The repository and the state to go on with, as a person may copy both folders."""
        shutil.copytree(self.left.folder, folder / "repository", symlinks=True)
        shutil.copytree(self.left.state, folder / "state", symlinks=True)
        return replace(self.left, folder=folder / "repository", state=folder / "state")


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs; the process behind them is one for the journeys of all workers."""
    if not forks.AVAILABLE:
        return Path(sys.executable).parent
    life = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    with of_all_workers(tmp_path_factory, "forks") as folder:
        if (made := folder / "bin").exists():
            return made
        until = os.pidfd_open(life)
        try:
            return forks.start(folder, until)
        finally:
            os.close(until)


@contextmanager
def of_all_workers(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that all workers have, one of them at a time."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / name


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, binaries: Path) -> Iterator[Clone]:
    """A repository of its own, in which nothing was done."""
    made = new(tmp_path_factory.mktemp("clone"), binaries)
    yield made
    process.stop(made.state)


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory, binaries: Path) -> FirstRelease:
    """Rehearsed by the first worker that has a journey which begins after it."""
    with of_all_workers(tmp_path_factory, "first-release") as folder:
        left, ended = Clone(folder / "repository", folder / "state", binaries), folder / "ended.json"
        if not ended.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that was interrupted
            new(folder, binaries)
            try:
                ended.write_text(json.dumps(left.rehearse()))
            finally:
                process.stop(left.state)
        return FirstRelease(left, *json.loads(ended.read_text()))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, first_release: FirstRelease) -> Iterator[Clone]:
    """A repository of its own, after its first release: production is live, and staging was deleted."""
    made = first_release.copied(tmp_path_factory.mktemp("released"))
    yield made
    process.stop(made.state)


def new(folder: Path, binaries: Path) -> Clone:
    """What of the working tree a rehearsal reads, in a repository of its own: act copies all of it for each job."""
    made = Clone(folder / "repository", folder / "state", binaries)
    shutil.copytree(ROOT / ".github", made.folder / ".github")
    (made.folder / "tools").mkdir()
    for name in ("Makefile", ".gitignore", "tools/setup.py"):
        shutil.copy2(ROOT / name, made.folder / name)
    shutil.copytree(PROJECT / "data", made.folder / "data")  # the tests walk with the project that is theirs
    shutil.copy2(PARAMS_FILE, made.folder)
    made.replace("params.yaml", "production.bake_seconds: 2", "production.bake_seconds: 0")
    made.replace("params.yaml", "percent: 5 ", "percent: 2 ")  # what is trained on is enough to improve
    made.replace("params.yaml", "conversations: 32 ", "conversations: 12 ")  # and what is answered to be compared
    for _ in ("evaluation", "serving"):
        made.replace("params.yaml", "max_new_tokens: 64", "max_new_tokens: 16")
    # What a release is compared with is a commit: it must have the data that the release was trained on.
    git = ["git", "-C", str(made.folder), "-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--no-verify", "--message", "The project of the tests"], check=True)
    return made
