"""Reads workflow files: which event starts which of them, and which jobs they define.

`act` ignores branches and paths, so GitHub's filters are applied here. Source: GitHub's documentation on workflow
syntax (filter patterns: `*`, `**`, `?`, `+`, `[]`, `!`; the last pattern that fits decides).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlops.errors import BadInput, Problem


@dataclass(frozen=True)
class Job:
    """One job. `key` is what act calls it: its id, or `caller/called.yml/id` in a reusable workflow."""

    key: str
    needs: tuple[str, ...]
    conditional: bool


@dataclass(frozen=True)
class Workflow:
    """One workflow file."""

    path: Path
    name: str
    on: Mapping[str, Any]
    jobs: Mapping[str, Mapping[str, Any]]

    def started_by(self, event: str, *, ref: str, changed: Sequence[str]) -> bool:
        """Whether GitHub would start it for this event on this ref with these changed files."""
        if event not in self.on:
            return False
        filters = self.on[event] or {}
        if event not in ("push", "pull_request") or not isinstance(filters, Mapping):
            return True
        branch = ref.removeprefix("refs/heads/")
        if "branches" in filters and not matches(filters["branches"], branch):
            return False
        if "branches-ignore" in filters and matches(filters["branches-ignore"], branch):
            return False
        if "paths" in filters:
            return any(matches(filters["paths"], path) for path in changed)
        if "paths-ignore" in filters:
            return not changed or any(not matches(filters["paths-ignore"], path) for path in changed)
        return True

    def expected(self) -> list[Job]:
        """Every job that it defines, those of reusable workflows of the same repository included."""
        found: list[Job] = []
        for id, body in self.jobs.items():
            needs = body.get("needs", ())
            needed = (needs,) if isinstance(needs, str) else tuple(needs)
            called = re.fullmatch(r"(?:\$|\.)/(.+)", str(body.get("uses", "")))
            if not called:
                found.append(Job(id, needed, "if" in body))
                continue
            inner = read(self.path.parents[2] / called[1])
            for job in inner.expected():
                key = f"{id}/{inner.path.name if not inner.name else inner.name}/{job.key}"
                found.append(Job(key, needed, "if" in body or job.conditional))
        return found


def read(path: Path) -> Workflow:
    """A workflow file. Raises BadInput when it is none."""
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        on = body.get("on", body.get(True))  # YAML 1.1 reads a bare `on` as true
        events = {on: None} if isinstance(on, str) else dict.fromkeys(on) if isinstance(on, list) else dict(on)
        return Workflow(path, str(body.get("name") or ""), events, body["jobs"])
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise BadInput(Problem("not a workflow file", str(path), why=str(error))) from None


def started_by(repository: Path, event: str, *, ref: str, changed: Sequence[str]) -> list[Workflow]:
    """The workflows of a repository that GitHub would start, by file name."""
    files = sorted((repository / ".github" / "workflows").glob("*.y*ml"))
    return [found for path in files if (found := read(path)).started_by(event, ref=ref, changed=changed)]


def matches(patterns: Iterable[str], text: str) -> bool:
    """Whether a list of filter patterns takes a branch or path; a later `!pattern` takes it out again."""
    taken = False
    for pattern in patterns:
        negative = pattern.startswith("!")
        if _regex(pattern.removeprefix("!")).fullmatch(text):
            taken = not negative
    return taken


def _regex(pattern: str) -> re.Pattern[str]:
    pieces, index = [], 0
    while index < len(pattern):
        rest = pattern[index:]
        if rest.startswith("**/"):
            pieces.append("(?:.*/)?")
            index += 3
        elif rest.startswith("**"):
            pieces.append(".*")
            index += 2
        elif rest[0] == "*":
            pieces.append("[^/]*")
            index += 1
        elif rest[0] in "?+":  # zero or one, and one or more, of the character before
            pieces.append(rest[0])
            index += 1
        elif rest[0] == "[" and "]" in rest:
            end = rest.index("]")
            pieces.append(rest[: end + 1])
            index += end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            pieces.append(re.escape(rest[1]))
            index += 2
        else:
            pieces.append(re.escape(rest[0]))
            index += 1
    return re.compile("".join(pieces))
