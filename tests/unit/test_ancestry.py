"""Which commit came first, from a clone that has the history and from one that was cut short."""

import subprocess
from pathlib import Path

import pytest

from mlops import history
from mlops.flow.ancestry import Ancestry

WHO = ("-c", "user.name=ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *WHO, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository with three commits in a row, and a fourth beside the third."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commits = []
    for number in range(3):
        git(folder, "commit", "--quiet", "--allow-empty", "--message", str(number))
        commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "checkout", "--quiet", "-b", "beside", commits[1])
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "beside")
    commits.append(git(folder, "rev-parse", "HEAD"))
    return folder, commits


def clone(origin: Path, folder: Path, *how: str) -> Path:
    git(origin.parent, "clone", "--quiet", "--branch", "main", *how, origin.as_uri(), str(folder))
    return folder


def test_a_whole_clone_knows_and_says_nothing(origin: tuple[Path, list[str]], tmp_path: Path) -> None:
    place, (first, _, last, beside) = origin
    said: list[str] = []
    ask = Ancestry(clone(place, tmp_path / "whole"), said.append)
    assert [ask(first, last), ask(last, first), ask(last, beside)] == [True, False, False]
    assert said == []


@pytest.mark.parametrize("how", [("--depth", "1"), ("--depth", "1", "--no-single-branch")])
def test_a_shallow_clone_does_not_know_and_says_so_once(
    origin: tuple[Path, list[str]], tmp_path: Path, how: tuple[str, ...]
) -> None:
    place, (first, _, last, beside) = origin
    folder = clone(place, tmp_path / "shallow", *how)
    said: list[str] = []
    ask = Ancestry(folder, said.append)
    assert ask(first, last) is None, "the first commit is not there"
    assert ask(last, beside) is None, "both may be there, and what is between them is not"
    assert len(said) == 1
    assert "time of submission decides" in said[0]
    assert "fetch-depth: 0" in said[0]
    git(folder, "fetch", "--quiet", "--unshallow")
    assert ask(first, last) is True


def test_what_a_shallow_clone_has_it_knows(origin: tuple[Path, list[str]], tmp_path: Path) -> None:
    place, (_, second, last, _) = origin
    folder = clone(place, tmp_path / "two", "--depth", "2")
    assert history.is_shallow(folder)
    assert history.is_ancestor(folder, second, last) is True
