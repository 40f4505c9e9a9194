"""Asks git what a commit changed, and what a file said before. Nothing else runs git for the product's road.

It must not change the repository, and it must not decide what a change means.
"""

import subprocess
from pathlib import Path
from threading import Lock

from mlops.errors import BadInput, Problem

_TOPS: dict[Path, Path] = {}  # of folders that were found to be in a repository, which do not leave it
_ASKING = Lock()


def known(folder: Path, commit: str) -> bool:
    """Whether the clone has a commit of that name; a shallow one has few."""
    return _git(folder, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{commit}^{{commit}}") is not None


def head(folder: Path) -> str:
    """The commit that a folder's repository is at; empty where there is none."""
    return (_git(folder, "rev-parse", "--verify", "--quiet", "HEAD") or b"").decode().strip()


def origin(folder: Path) -> str:
    """Where the folder's repository was cloned from; empty where it does not say."""
    return setting(folder, "remote.origin.url")


def setting(folder: Path, name: str) -> str:
    """What git is configured to in a folder; empty where it is not."""
    return (_git(folder, "config", "--get", name) or b"").decode(errors="replace").strip()


def within(folder: Path) -> bool:
    """Whether a folder is in a repository."""
    return _top(folder) is not None


def is_ancestor(folder: Path, one: str, other: str) -> bool | None:
    """Whether the first commit is in the history of the second; None where the clone does not have what tells.

    A shallow clone that has both may lack what is between them, so its "no" says nothing.
    """
    if not known(folder, one) or not known(folder, other):
        return None
    if _git(folder, "merge-base", "--is-ancestor", "--end-of-options", one, other) is not None:
        return True
    return None if is_shallow(folder) else False


def is_shallow(folder: Path) -> bool:
    """Whether the clone was made without its whole history, as by actions/checkout without fetch-depth: 0."""
    return _git(folder, "rev-parse", "--is-shallow-repository") == b"true\n"


def top(folder: Path) -> Path:
    """The top of the repository that a folder is in; the folder itself where it is in none."""
    return _top(folder) or folder


def _top(folder: Path) -> Path | None:
    """A plan asks four times, and each start of git takes as long as the plan's own decision."""
    place = folder.absolute()
    with _ASKING:
        if place not in _TOPS:
            found = _git(folder, "rev-parse", "--show-toplevel")
            if not found:
                return None
            _TOPS[place] = Path(found.decode(errors="replace").removesuffix("\n"))
    return _TOPS[place]


def shared(folder: Path) -> Path:
    """Git's own folder of a repository, which all its worktrees share."""
    found = _git(folder, "rev-parse", "--git-common-dir") or b".git"
    return folder / found.decode(errors="surrogateescape").removesuffix("\n")


def changed(folder: Path, base: str) -> list[str]:
    """Paths, from the top of the repository, that differ between a commit and the files as they are here.

    A renamed file is a deleted one and a new one, as for GitHub's path filters. A file that git does not follow here is
    among them once, whether or not the commit has it.
    """
    found = _git(folder, "diff", "--name-only", "--no-renames", "-z", base)
    new = _git(folder, "ls-files", "--others", "--exclude-standard", "--full-name", "-z")
    if found is None or new is None:
        raise BadInput(Problem(f"git cannot compare with {base}", str(folder)))
    names = found.decode(errors="replace") + new.decode(errors="replace")
    return sorted(set(filter(None, names.split("\0"))))


def tip(folder: Path, branch: str) -> str:
    """The newest commit of a branch as it was fetched last; empty where this clone does not follow it."""
    found = _git(folder, "rev-parse", "--quiet", "--verify", f"refs/remotes/origin/{branch}^{{commit}}")
    return found.decode().strip() if found else ""


def between(folder: Path, one: str, other: str) -> list[str]:
    """Paths, from the top of the repository, that differ between two commits; none where one is not known."""
    found = _git(folder, "diff", "--name-only", "--no-renames", "-z", "--end-of-options", one, other) or b""
    return list(filter(None, found.decode(errors="replace").split("\0")))


def content(folder: Path, base: str, path: str) -> bytes:
    """What a file, named from the top of the repository, held at a commit; nothing where it was not there."""
    return _git(folder, "show", "--end-of-options", f"{base}:{path}") or b""


def files(folder: Path, base: str, below: str) -> list[str]:
    """Every file that a commit holds below a folder; both are named from the top of the repository."""
    found = (
        _git(folder, "ls-tree", "-r", "--full-tree", "--name-only", "-z", "--end-of-options", base, "--", below) or b""
    )
    return list(filter(None, found.decode(errors="replace").split("\0")))


def ignored(folder: Path) -> set[Path]:
    """Every file below a folder that git ignores; none where the folder is in no repository."""
    found = _git(folder, "ls-files", "--others", "--ignored", "--exclude-standard", "-z")
    names = (found or b"").decode(errors="surrogateescape").split("\0")
    return {(folder / name).resolve() for name in names if name}


def _git(folder: Path, *arguments: str) -> bytes | None:
    # names begin at the top of the repository, whatever a person has git show below a folder
    command = ["git", "-C", str(folder), "-c", "diff.relative=false", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - git with our own arguments
    except OSError as error:
        raise BadInput(Problem("git cannot be run", why=str(error), fix="install git")) from None
    return None if done.returncode else done.stdout
