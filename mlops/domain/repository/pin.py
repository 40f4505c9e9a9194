"""The commit of this program that a team's workflows call: read, written, and moved."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SINGLE = ("auth-check", "check", "cleanup", "comment", "promote", "resume", "rollback", "site", "poll", "train")
EACH = ("check-models", "cleanup-models", "poll-models", "resume-models", "train-models")  # for several models
CALLED = (*SINGLE, *EACH)  # workflows of this program
PATHS = tuple(f".github/workflows/{name}.yml" for name in CALLED)
_STATED = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")
_USED = re.compile(
    r"(?P<before>\buses:\s*)(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>\.github/workflows/[\w.-]+\.ya?ml)"
    r"@(?P<ref>\S+)(?P<comment>[ \t]+#[^\n]*)?"
)
_VERSION = re.compile(r"mlops (?P<version>\d[\w.]*)")


@dataclass(frozen=True)
class Pin:
    """A commit of a repository on GitHub, and the version that it has; empty where that is not known."""

    repository: str
    commit: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit}"

    @property
    def comment(self) -> str:
        """What stands behind the pin, for people."""
        return f" # mlops {self.version}" if self.version else ""


def parse(text: str) -> Pin | None:
    """`OWNER/REPO@COMMIT`; None for anything else, a branch too: it would let others change what runs with a token."""
    found = _STATED.fullmatch(text.strip())
    return Pin(found["repository"], found["commit"]) if found else None


def pins(text: str, names: Iterable[str]) -> tuple[Pin, ...]:
    """Every pin in a workflow file of a reusable workflow that is called by one of these paths."""
    known = set(names)
    return tuple(
        Pin(used["repository"], used["ref"], _version(used["comment"]))
        for used in _USED.finditer(text)
        if used["path"] in known
    )


def moved(text: str, names: Iterable[str], to: Pin) -> str:
    """The file with each of these pins at another commit; all else stays as it is, byte for byte."""
    known = set(names)

    def one(used: re.Match[str]) -> str:
        if used["path"] not in known:
            return used[0]
        return f"{used['before']}{to.repository}/{used['path']}@{to.commit}{to.comment}"

    return _USED.sub(one, text)


def _version(comment: str | None) -> str:
    found = _VERSION.search(comment or "")
    return found["version"] if found else ""
