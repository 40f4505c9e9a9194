"""Runs one workflow with act in host mode: on a copy, in a clean environment, remote actions replaced by local ones.

Not as on GitHub: environments have no protection and no variables of their own, `concurrency` and `permissions` are
ignored (so a job without `id-token: write` sees the OIDC variables too: the static tests check that), and cancellation
kills at once.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops.actions.events import (
    Annotation,
    Event,
    Exit,
    JobEnded,
    Output,
    StepEnded,
    Summary,
    Trouble,
    parse,
)
from mlops.actions.workflows import Workflow, read
from mlops.errors import BadInput, Problem

# Syntax of 2026 that act 0.2.89 does not know, and that changes nothing of what a single run does.
UNKNOWN_KEYS = re.compile(r"^\s*(queue:|deployment: *(true|false)|cache-mode:).*\n", re.MULTILINE)
SELF = re.compile(r"(uses:\s*)\$/")
USES = re.compile(r"uses:\s*['\"]?([^'\"\s#]+)@([^'\"\s#]+)")
RUNS_ON = re.compile(r"runs-on:\s*['\"]?([A-Za-z0-9._-]+)")
NOTHING = """\
name: replaced
description: Does nothing here.
runs:
  using: composite
  steps:
    - run: "true"
      shell: bash
"""
REPLACED = frozenset({"astral-sh/setup-uv", "actions/setup-python"})  # what they install is there already
KILL_AFTER = 10.0


@dataclass(frozen=True)
class Machine:
    """What a runner would have: search path, variables of the repository, secrets, environment of every step."""

    path: str
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ActRun:
    """What a workflow run did. Keys of jobs are as in `Workflow.expected`."""

    jobs: dict[str, str] = field(default_factory=dict)
    steps: list[StepEnded] = field(default_factory=list)
    outputs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # job, step id -> name -> value
    summaries: list[Summary] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    unexplained: tuple[str, ...] = ()  # jobs that should have run and did not
    code: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether every job that had to run ran and none failed."""
        return self.code == 0 and not self.unexplained and all(result == "success" for result in self.jobs.values())

    def output(self, step: str, name: str, job: str = "") -> str:
        """An output of a step, of the job whose key ends so; empty when it was not set."""
        found = (values for (where, id), values in self.outputs.items() if id == step and where.endswith(job))
        return next((values[name] for values in found if name in values), "")

    def add(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case JobEnded():
                self.jobs[event.job] = event.result
            case StepEnded():
                self.steps.append(event)
            case Output():
                self.outputs.setdefault((event.job, event.step), {})[event.name] = event.value
            case Summary():
                self.summaries.append(event)
            case Annotation():
                self.annotations.append(event)
            case Exit():
                self.exits.append(event)
            case Trouble():
                self.troubles.append(event)
            case _:
                pass


def run(
    repository: Path,
    workflow: str,
    event: str,
    payload: Mapping[str, Any],
    machine: Machine,
    on_event: Callable[[Event], None] | None = None,
) -> ActRun:
    """Run a workflow of the repository, named by its file, for an event. Raises BadInput when it cannot be run."""
    with _workshop(repository) as (copy, folder):
        command = _command(copy, folder, workflow, event, payload, machine)
        done = ActRun()
        process = subprocess.Popen(
            command,
            env=_environment(folder, machine),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := parse(line):
                    done.add(found)
                    if on_event:
                        on_event(found)
            done.code = process.wait()
        finally:
            _end(process)
        done.unexplained = _unexplained(read(repository / ".github" / "workflows" / workflow), done)
        return done


def _unexplained(workflow: Workflow, done: ActRun) -> tuple[str, ...]:
    """Jobs without a condition whose needs all succeeded, and that did not run: act skips what it cannot place."""
    missing = []
    for job in workflow.expected():
        needed = [done.jobs.get(need) for need in job.needs if "/" not in need]
        if job.key not in done.jobs and not job.conditional and all(result == "success" for result in needed):
            missing.append(job.key)
    return tuple(missing)


@contextmanager
def _workshop(repository: Path) -> Iterator[tuple[Path, Path]]:
    """A copy of the working tree to run in, and a folder for everything that act writes; both are removed."""
    folder = Path(tempfile.mkdtemp(prefix="act-"))
    try:
        copy = folder / "repository"
        _copy(repository, copy)
        for path in (copy / ".github").rglob("*.y*ml"):
            text = path.read_text(encoding="utf-8")
            path.write_text(UNKNOWN_KEYS.sub("", SELF.sub(r"\1./", text)), encoding="utf-8")
        yield copy, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(repository: Path, copy: Path) -> None:
    """Tracked and untracked files, not the ignored ones, with the history so that the commit is the real one."""
    git = ["git", "-C", str(repository)]
    listing = subprocess.run(
        [*git, "ls-files", "-coz", "--exclude-standard"], capture_output=True, text=True, check=False
    )
    if listing.returncode:
        what = f"{repository} is no git checkout"
        raise BadInput(Problem(what, why=listing.stderr.strip(), fix="run this in a clone of the repository"))
    for name in filter(None, listing.stdout.split("\0")):
        source, target = repository / name, copy / name
        if not source.is_file():
            continue  # deleted, and not committed yet
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    clone = ["git", "clone", "--quiet", "--shared", "--no-checkout", str(repository.resolve()), str(copy / ".clone")]
    subprocess.run(clone, check=True, capture_output=True)
    (copy / ".clone" / ".git").rename(copy / ".git")
    (copy / ".clone").rmdir()


def _command(
    copy: Path, folder: Path, workflow: str, event: str, payload: Mapping[str, Any], machine: Machine
) -> list[str]:
    payload_file = folder / "event.json"
    payload_file.write_text(json.dumps(dict(payload)), encoding="utf-8")
    # The whole command line is spelt out: act also reads .actrc, .env, .secrets, .vars and .input of the folder.
    command = [str(_program()), event, "--json", "--no-cache-server", "-C", str(copy), "-e", str(payload_file)]
    command += ["-W", str(copy / ".github" / "workflows" / workflow)]
    for kind in ("env", "secret", "var", "input"):
        command += [f"--{kind}-file", os.devnull]
    texts = [path.read_text(encoding="utf-8") for path in sorted((copy / ".github").rglob("*.y*ml"))]
    for label in sorted({label for text in texts for label in RUNS_ON.findall(text)}):
        command += ["-P", f"{label}=-self-hosted"]
    command += _replacements(folder, {use for text in texts for use in USES.findall(text)})
    for flag, values in (("--env", machine.environment), ("--var", machine.variables)):
        for name, value in values.items():
            command += [flag, f"{name}={value}"]
    return command


def _replacements(folder: Path, uses: set[tuple[str, str]]) -> list[str]:
    stand_in = folder / "replaced"
    stand_in.mkdir()
    (stand_in / "action.yml").write_text(NOTHING, encoding="utf-8")
    flags = []
    for name, ref in sorted(uses):
        owner_and_repository = "/".join(name.split("/")[:2])
        if owner_and_repository in REPLACED:
            flags += ["--local-repository", f"{owner_and_repository}@{ref}={stand_in}"]
    return flags


def _environment(folder: Path, machine: Machine) -> dict[str, str]:
    for name in ("home", "cache", "config"):
        (folder / name).mkdir()
    return {
        "PATH": machine.path,
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",  # steps run on a terminal under act, and not on GitHub
    }


def _program() -> Path:
    found = Path(sys.executable).parent / "act"
    if not found.is_file():
        raise BadInput(Problem("act is not installed", str(found), fix="make setup"))
    return found


def _end(process: "subprocess.Popen[str]") -> None:
    """Leave nothing running, whatever happened: act's steps are in its session."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(KILL_AFTER)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout:
        process.stdout.close()
    process.wait()
