"""Reads workflow files: which event starts which of them, which jobs they define, and which actions they use.

It must not run anything. `act` ignores the filters of events, so GitHub's are applied here. Source: GitHub's
documentation on workflow syntax and on events that trigger workflows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from mlops import product, textfiles, yamls
from mlops.actions.patterns import matches
from mlops.errors import BadInput, Problem

LOCAL = re.compile(r"(?:\$|\.)/(.+)")
CALLED = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>\.github/workflows/[\w.-]+\.ya?ml)@(?P<ref>\S+)")
PRODUCT = product.ROOT  # with the reusable workflows
NAMED = re.compile(r"(?:exec )?mlops (?:promote|rollback|ask|freeze|thaw) (?P<environment>[\w.-]+)")
OURS = re.compile(r"\bmlops\s")
VARIABLE = re.compile(r"\bvars\.(\w+)")
QUOTED = re.compile(r'"([\w.-]+)"')
FALL_BACK = re.compile(r"(?:\|\||&&) '([\w.-]+)'")  # of an expression that chooses a runner
OF_OTHER_REFS = ("pull_request", "release", "deployment")  # events of no branch: act knows what they are of
EVERY = ("all", "both")  # words of the promote workflow
# Activities that start a workflow which names none; for other events every activity does.
DEFAULT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}


@dataclass(frozen=True)
class WorkflowJob:
    """One job. `key` is its id, and `caller/name of the called workflow/id` in a reusable workflow."""

    key: str
    needs: tuple[str, ...]
    environment: str = ""  # as written; an expression stays one


@dataclass(frozen=True)
class Workflow:
    """One workflow file."""

    path: Path
    name: str
    on: Mapping[str, Any]
    jobs: Mapping[str, Mapping[str, Any]]

    def started_by(self, event: str, *, ref: str, changed: Sequence[str], payload: Mapping[str, Any] = {}) -> bool:
        """Whether GitHub would start it for this event, on this ref, with these changed files and this payload.

        For a pull request `ref` is the branch that it would be merged to.
        """
        if event not in self.on:
            return False
        filters = self.on[event] or {}
        if event == "schedule":
            return payload.get("schedule") in (None, *(entry["cron"] for entry in filters))
        types = filters.get("types", DEFAULT_TYPES.get(event, ()))
        if types and "action" in payload and payload["action"] not in ([types] if isinstance(types, str) else types):
            return False
        if ref.startswith("refs/tags/"):  # paths are not looked at for tags
            return _takes(filters, "tags", ref.removeprefix("refs/tags/"), other="branches")
        if not _takes(filters, "branches", ref.removeprefix("refs/heads/"), other="tags"):
            return False
        if "paths" in filters:
            return any(matches(filters["paths"], path) for path in changed)
        if "paths-ignore" in filters:
            return any(not matches(filters["paths-ignore"], path) for path in changed)
        return True

    def expected(self) -> list[WorkflowJob]:
        """Every job that it defines, those of reusable workflows of the same repository included."""
        found: list[WorkflowJob] = []
        for id, body in self.jobs.items():
            needs = body.get("needs", ())
            needed = (needs,) if isinstance(needs, str) else tuple(needs)
            inner = self._called(body)
            if inner is None:
                found.append(WorkflowJob(id, needed, _environment(body)))
            else:
                found += [
                    WorkflowJob(f"{id}/{inner.name}/{job.key}", needed, job.environment) for job in inner.expected()
                ]
        return found

    def files(self) -> set[str]:
        """The names of its own file and of those of every reusable workflow that it calls, here or of this program."""
        called = (inner for body in self.jobs.values() if (inner := self._called(body)))
        return {self.path.name}.union(*(inner.files() for inner in called))

    def callers(self) -> dict[str, str]:
        """How act's names of jobs in reusable workflows begin, and how their keys begin.

        act takes the caller's name where it has one, and no more than one caller; a key is made of ids, which do not
        hold expressions.
        """
        found: dict[str, str] = {}
        for id, body in self.jobs.items():
            if inner := self._called(body):
                shown, key = f"{body.get('name') or id}/{inner.name}/", f"{id}/{inner.name}/"
                found[shown] = key
                found |= {deeper: f"{key}{name}" for deeper, name in inner.callers().items()}
        return found

    def runners(self, variables: Mapping[str, str]) -> set[str]:
        """Labels of the runners that its jobs may name with these variables, those of reusable workflows included."""
        found: set[str] = set()
        for body in self.jobs.values():
            inner = self._called(body)
            found |= inner.runners(variables) if inner else _labels(str(body.get("runs-on", "")), variables)
        return found

    def uses(self) -> set[str]:
        """Every remote action that it can run, as `owner/repository/path@ref`, also through what is local."""
        found: set[str] = set()
        for body in self.jobs.values():
            inner = self._called(body)
            found |= inner.uses() if inner else set(_used(self._root, [body, *body["steps"]]))
        return found

    def calls(self) -> set[tuple[str, str]]:
        """Repository and ref of every reusable workflow of another repository that is one of this program's own."""
        named = [CALLED.fullmatch(str(body.get("uses", ""))) for body in self.jobs.values()]
        found = {(call["repository"], call["ref"]) for call in named if call and (PRODUCT / call["path"]).is_file()}
        return found.union(*(inner.calls() for body in self.jobs.values() if (inner := self._called(body))))

    def environments(self) -> tuple[str, ...]:
        """The environments that it names itself where it runs this program: of jobs, in commands, given to workflows.

        Those that are made of expressions are not known before it runs.
        """
        found: list[str] = []
        for body in self.jobs.values():
            runs = [str(step.get("run", "")) for step in body["steps"]]
            if any(OURS.search(command) for command in runs):
                found.append(_environment(body))
                found += [named["environment"] for named in map(NAMED.match, runs) if named]
            if self._called(body):
                found += str((body.get("with") or {}).get("environment") or "").split()
        if found:  # and what a person is offered who starts it
            for event in ("workflow_call", "workflow_dispatch"):
                stated = ((self.on.get(event) or {}).get("inputs") or {}).get("environment") or {}
                found += [*stated.get("options", ()), *str(stated.get("default") or "").split()]
        literal = (name for name in found if re.fullmatch(r"[\w-]+", name) and name not in EVERY)
        return tuple(dict.fromkeys(literal))

    @property
    def _root(self) -> Path:
        return self.path.parents[2]

    def _called(self, job: Mapping[str, Any]) -> "Workflow | None":
        used = str(job.get("uses", ""))
        if local := LOCAL.fullmatch(used):
            return read(self._root / local[1])
        called = CALLED.fullmatch(used)
        return read(PRODUCT / called["path"]) if called and (PRODUCT / called["path"]).is_file() else None


def read(path: Path) -> Workflow:
    """A workflow file. Raises BadInput when it is none."""
    try:
        return _read(path, textfiles.read(path))
    except OSError as error:
        raise BadInput(Problem("not a workflow file", str(path), why=str(error))) from None


def _read(path: Path, text: str) -> Workflow:
    try:
        return Workflow(path, *_parts(text, path.name))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(Problem("not a workflow file", str(path), why=str(error))) from None


@lru_cache(maxsize=64)
def _parts(text: str, name: str) -> tuple[str, dict[str, Any], dict[str, dict[str, Any]]]:
    """Name, events and jobs, read once for each content: a run asks a dozen times for what each workflow calls."""
    body = yamls.read(text)
    on = body.get("on", body.get(True))  # YAML 1.1 reads a bare `on` as true
    events = {on: None} if isinstance(on, str) else dict.fromkeys(on) if isinstance(on, list) else dict(on)
    jobs = {str(id): dict(job) for id, job in body["jobs"].items()}
    for job in jobs.values():
        job["steps"] = [dict(step) for step in job.get("steps", ())]
    return str(body.get("name") or name), events, jobs


def started_by(
    repository: Path, event: str, *, ref: str, changed: Sequence[str], payload: Mapping[str, Any] = {}
) -> list[Workflow]:
    """The workflows of a repository that GitHub would start, by file name."""
    files = sorted((repository / ".github" / "workflows").glob("*.y*ml"))
    flows = [read(path) for path in files]
    return [flow for flow in flows if flow.started_by(event, ref=ref, changed=changed, payload=payload)]


def origin(event: str, payload: Mapping[str, Any], commit: str) -> dict[str, str]:
    """Commit, branch and repository of an event, by the names under which act is told of them.

    What it is not told it looks up in git, anew for each expression: a third of its time.
    """
    about = payload.get("repository") or {}
    found = {"SHA_REF": commit}
    if name := about.get("full_name"):
        found["GITHUB_REPOSITORY"] = str(name)
    if not event.startswith(OF_OTHER_REFS):
        found["GITHUB_REF"] = str(payload.get("ref") or f"refs/heads/{about.get('default_branch') or 'main'}")
    return found


def _environment(job: Mapping[str, Any]) -> str:
    stated = job.get("environment") or ""
    return str(stated.get("name", "") if isinstance(stated, Mapping) else stated)


def _labels(stated: str, variables: Mapping[str, str]) -> set[str]:
    """The label itself; of an expression what its variables say, as one label or as JSON, and what it falls back to."""
    if "${{" not in stated:
        return {stated}
    said = [variables.get(name, "") for name in VARIABLE.findall(stated)]
    chosen = {label for value in said for label in (QUOTED.findall(value) or [value]) if label}
    return chosen.union(FALL_BACK.findall(stated))


def _takes(filters: Mapping[str, Any], kind: str, name: str, *, other: str) -> bool:
    """Whether filters on branches, or on tags, let a name pass; filters on the other kind alone let none pass."""
    if kind in filters:
        return matches(filters[kind], name)
    if f"{kind}-ignore" in filters:
        return not matches(filters[f"{kind}-ignore"], name)
    return other not in filters and f"{other}-ignore" not in filters


def _used(root: Path, steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for step in steps:
        used = str(step.get("uses", ""))
        local = LOCAL.fullmatch(used)
        if local:
            for name in ("action.yml", "action.yaml"):
                if (path := root / local[1] / name).is_file():
                    yield from _used(root, _steps(textfiles.read(path)))
        elif used:
            yield used


@lru_cache(maxsize=64)
def _steps(text: str) -> Sequence[Mapping[str, Any]]:
    """Those of a composite action, read once for each content: every job sets up by the same one."""
    steps: Sequence[Mapping[str, Any]] = yamls.read(text)["runs"].get("steps", ())
    return steps
