"""A clone of this repository, changed as a user would change it, and the installed command line run in it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process
from tests.project import PARAMS_FILE, PROJECT

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Clone:
    """A working copy and the state of its emulator."""

    folder: Path
    state: Path

    def mlops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the clone, with the clone's own code and nothing of Azure in the environment."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))
        }
        environment = {**kept, "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "mlops", *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def rehearse(self, *options: str) -> tuple[int, str, dict[str, Any]]:
        """Rehearse on kept state: exit code, what was printed, the record."""
        done = self.mlops("rehearse", "--state", str(self.state), *options)
        records = sorted(
            (self.folder / "build" / "rehearsals").glob("*/record.json"), key=lambda path: path.stat().st_mtime_ns
        )
        return done.returncode, done.stdout + done.stderr, json.loads(records[-1].read_text())

    def replace(self, name: str, old: str, new: str) -> None:
        """Edit a file."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The working tree as it is, committed in a repository of its own."""
    folder = tmp_path_factory.mktemp("clone") / "repository"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    listing = ["git", "-C", str(ROOT), "ls-files", "-coz", "--exclude-standard"]
    for name in filter(None, subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    shutil.rmtree(folder / "data")  # a team's own; the tests walk with the project that is theirs
    shutil.copytree(PROJECT / "data", folder / "data")
    shutil.copy2(PARAMS_FILE, folder)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "mlops"], cwd=folder, check=True)
    made = Clone(folder, tmp_path_factory.mktemp("state"))
    made.replace("params.yaml", "production.bake_seconds: 2", "production.bake_seconds: 0")
    # What a release is compared with is a commit: it must have the data that the release was trained on.
    git = ["git", "-C", str(folder), "-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--no-verify", "--message", "The project of the tests"], check=True)
    yield made
    process.stop(made.state)
