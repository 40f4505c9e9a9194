"""Makes a new folder a git repository with its first commit: what a push would be made on, and a rehearsal needs."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from mlops import history
from mlops.errors import BadInput, Problem

NOBODY = ("-c", "user.name=mlops init", "-c", "user.email=mlops@localhost")  # where git does not know who works here


def make(folder: Path, paths: Iterable[str]) -> str:
    """The commit, of these files alone. Raises BadInput when git refuses."""
    _git(folder, "init", "--quiet", "--initial-branch=main")
    known = history.setting(folder, "user.email")
    _git(folder, "add", "--", *paths)
    _git(folder, *(() if known else NOBODY), "commit", "--quiet", "--message", "A repository for fine-tuning, by mlops")
    return history.head(folder)


def _git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git with our own words
    if done.returncode:
        verb = next(word for word in arguments if not word.startswith("-") and "=" not in word)
        raise BadInput(Problem(f"git {verb} failed", str(folder), why=done.stderr.strip() or done.stdout.strip()))
