"""The place where act runs a workflow: a copy of the repository, folders of act's own, and what a runner would have.

It must not start act. Everything lies below one temporary folder, which is removed however the run ends. Act makes a
copy of the repository for each job, which on a slow disk is half of a rehearsal's time: hence in memory where it can.
"""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mlops import memory
from mlops.actions.own_environments import TokenService, flat, resolved
from mlops.actions.scratch import scratch
from mlops.actions.workflows import PRODUCT, Workflow, origin
from mlops.errors import BadInput, Problem

# Syntax of 2026 that act 0.2.89 does not know, and that changes nothing of what a single run does.
UNKNOWN_KEYS = re.compile(r"^\s*(queue:|deployment: *(true|false)|cache-mode:).*\n", re.MULTILINE)
SELF = re.compile(r"(uses:\s*)\$/")
OWN = re.compile(r"(uses:\s*)\$/(\S+)")
COPIES = 10  # of the repository that may lie there at once: one, and one of each job that has failed or still runs
BUILT_IN = "actions/checkout"  # act copies the working tree itself
# What the first two install is there already; the others need servers of GitHub, Sigstore and PyPI.
REPLACED = frozenset(
    {
        "astral-sh/setup-uv",
        "actions/setup-python",
        "actions/upload-artifact",
        "actions/download-artifact",
        "actions/attest-build-provenance",
        "actions/upload-pages-artifact",
        "actions/deploy-pages",
        "pypa/gh-action-pypi-publish",
    }
)
NOTHING = """\
name: replaced
description: Does nothing here.
runs:
  using: composite
  steps:
    - run: "true"
      shell: bash
"""
# Act closes the terminal of a step as soon as it has failed, and with it goes what nobody had read yet: the reason.
# So each bash of a step that fails says that it ends, and waits until that has been read, as all before it then has.
ENDS = "this step ends as "
OF_A_SHELL = re.compile(r"[\s'\"\\$`]")
LAST_WORDS = """\
unset BASH_ENV GOGC SHA_REF  # which only act is told
heard_by_mlops={folder}/$$
trap 'ended=$?
if [ "$ended" != 0 ]; then
  echo "{ends}$$"
  for _ in {{1..500}}; do [ ! -e "$heard_by_mlops" ] || break; sleep 0.02; done
fi' EXIT
"""
NODE = """\
#!/bin/sh
[ "$*" = "--no-warnings -e console.log(process.execPath)" ] && echo {real} || exec {real} "$@"
"""


@dataclass(frozen=True)
class RunnerSetup:
    """What a runner would have: search path, variables of the repository, environment of every step, who started it.

    `environments` are GitHub's, with the variables of each; a job reads those of its own. `tokens` is asked by jobs
    that may write an `id-token`. GITHUB_RUN_ID and GITHUB_REPOSITORY may stand in `environment`.
    """

    path: str
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tokens: TokenService | None = None


@dataclass(frozen=True)
class Sandbox:
    """A folder to run one workflow in."""

    folder: Path

    @property
    def copy(self) -> Path:
        """The repository."""
        return self.folder / "repository"

    def command(self, workflow: Workflow, event: str, payload: Mapping[str, Any], machine: RunnerSetup) -> list[str]:
        """The line that runs a workflow. Raises BadInput when it uses an action that nothing stands in for."""
        payload_file = self.folder / "event.json"
        payload_file.write_text(json.dumps(dict(payload)), encoding="utf-8")
        # The whole line is spelt out: act also reads .actrc, .env, .secrets, .vars and .input of the folder.
        # Only the verbose log says which jobs and steps were skipped by their conditions.
        line = [str(_program()), event, "--json", "--verbose", "--no-cache-server", "-C", str(self.copy)]
        line += ["-e", str(payload_file), "-W", str(self.copy / ".github" / "workflows" / workflow.path.name)]
        for kind in ("env", "secret", "var", "input"):
            line += [f"--{kind}-file", os.devnull]
        for label in sorted(workflow.runners(machine.variables)):
            line += ["-P", f"{label}=-self-hosted"]
        line += self._replacements(workflow)
        for repository, ref in sorted(workflow.calls()):
            line += ["--local-repository", f"{repository}@{ref}={self._product(repository, ref)}"]
        self._resolve(workflow.files(), machine)
        line += ["--env", f"BASH_ENV={self._last_words()}"]
        variables = {**machine.variables, **flat(machine.environments)}
        told = origin(event, payload, _git(self.copy, "rev-parse", "HEAD").strip())
        for flag, values in (("--env", {**told, **machine.environment}), ("--var", variables)):
            for name, value in values.items():
                line += [flag, f"{name}={value}"]
        return [*line, "--actor", machine.actor] if machine.actor else line

    def environment(self, machine: RunnerSetup) -> dict[str, str]:
        """What act itself sees of this machine: nothing of the caller's environment."""
        folders = {
            "HOME": self.folder / "home",
            "XDG_CACHE_HOME": self.folder / "cache",
            "XDG_CONFIG_HOME": self.folder / "config",
        }
        for path in folders.values():
            path.mkdir(exist_ok=True)
        # Steps run on a terminal under act, and not on GitHub: hence NO_COLOR.
        fixed = {"PATH": self._with_node(machine.path), "LANG": "C.UTF-8", "NO_COLOR": "1"}
        fixed["GOGC"] = "400"  # act looks for garbage less often: a tenth of its time, for some megabytes
        return {**fixed, **{name: str(path) for name, path in folders.items()}}

    def heard(self, line: str) -> str:
        """What a step said in a line, without that it ends; when it says so, it may."""
        said, found, process = line.partition(ENDS)
        if not found or not process.isdecimal():
            return line
        (self.folder / "ends" / process).touch()
        return said

    def _last_words(self) -> Path:
        """What each bash of a step begins with."""
        file, folder = self.folder / "last-words", self.folder / "ends"
        folder.mkdir(exist_ok=True)
        file.write_text(LAST_WORDS.format(ends=ENDS, folder=shlex.quote(str(folder))), encoding="utf-8")
        return file

    def _with_node(self, path: str) -> str:
        """The search path with a `node` before the real one that says at once where that is.

        Act asks node itself in every job, also where no step needs it, and node takes longer to start than the job.
        """
        real = shutil.which("node", path=path)
        if real is None:
            return path
        first = self.folder / "node"
        first.mkdir(exist_ok=True)
        (first / "node").write_text(NODE.format(real=shlex.quote(os.path.realpath(real))), encoding="utf-8")
        (first / "node").chmod(0o755)
        return f"{first}{os.pathsep}{path}"

    def _replacements(self, workflow: Workflow) -> list[str]:
        stand_in = self.folder / "replaced"
        stand_in.mkdir(exist_ok=True)
        (stand_in / "action.yml").write_text(NOTHING, encoding="utf-8")
        flags, unknown = [], []
        for used in sorted(workflow.uses()):
            name, _, ref = used.partition("@")
            repository = "/".join(name.split("/")[:2])
            if repository in REPLACED:
                flags += ["--local-repository", f"{repository}@{ref}={stand_in}"]
            elif repository != BUILT_IN:
                unknown.append(used)
        if unknown:
            why = "nothing is fetched from GitHub, and nothing here stands in for it"
            raise BadInput([Problem(f"cannot run the action {used}", str(workflow.path), why=why) for used in unknown])
        return flags

    def _resolve(self, names: Collection[str], machine: RunnerSetup) -> None:
        """Give the jobs of the workflows that act reads, the caller's and the called, what their environments have."""
        if not machine.environments and not machine.tokens:
            return
        for path in self.folder.rglob(".github/workflows/*.y*ml"):
            if path.name not in names:
                continue
            text = path.read_text(encoding="utf-8")
            with suppress(yaml.YAMLError):  # act says what is wrong with it, if it is used
                path.write_text(resolved(text, machine.tokens), encoding="utf-8")

    def _product(self, repository: str, ref: str) -> Path:
        """This program's workflows and what they need before `mlops`, as they would be had from that repository.

        What a called workflow names as of its own repository is spelt out, because act takes it for the caller's.
        """
        made = self.folder / "product" / ref
        shutil.copytree(PRODUCT / ".github", made / ".github")
        (made / "tools").mkdir()
        for name in ("Makefile", "tools/setup.py"):
            shutil.copy2(PRODUCT / name, made / name)
        for path in (made / ".github").rglob("*.y*ml"):
            text = OWN.sub(rf"\1{repository}/\2@{ref}", path.read_text(encoding="utf-8"))
            path.write_text(UNKNOWN_KEYS.sub("", text), encoding="utf-8")
        return made


@contextmanager
def sandbox(repository: Path, environ: Mapping[str, str]) -> Iterator[Sandbox]:
    """A copy of the working tree to run in: tracked and untracked files, not the ignored ones, at the real commit.

    `github.sha` is HEAD even where files differ from it, because that is the commit that a push would be made on.
    It lies in memory where there is room, unless `environ` names a place for temporary files.
    Raises BadInput when the folder is no checkout with a commit.
    """
    files = _files(repository)
    copies = COPIES * sum(found.st_size for found in files.values())
    with scratch(memory.folder(environ, copies) or _temporary()) as folder:
        made = Sandbox(folder)
        _copy_files(repository, files, made.copy)
        _copy_history(repository, made.copy)
        for path in (made.copy / ".github").rglob("*.y*ml"):
            text = path.read_text(encoding="utf-8")
            path.write_text(UNKNOWN_KEYS.sub("", SELF.sub(r"\1./", text)), encoding="utf-8")
        yield made


def _temporary() -> Path:
    """Raises BadInput where act could not run a step: it divides the line that it starts one with into words."""
    place = Path(tempfile.gettempdir())
    if OF_A_SHELL.search(str(place)):
        what = "steps cannot run where the name of the folder for temporary files has a space or a quote in it"
        raise BadInput(Problem(what, str(place), why="act cannot", fix="name another folder in TMPDIR"))
    return place


def _files(repository: Path) -> dict[str, os.stat_result]:
    """The files and links that lie there, by name; one that was deleted, which is not committed yet, is none."""
    found = dict[str, os.stat_result]()
    for name in filter(None, _git(repository, "ls-files", "-coz", "--exclude-standard").split("\0")):
        with suppress(FileNotFoundError, NotADirectoryError):
            found[name] = os.lstat(f"{repository}/{name}")  # a Path for each of thousands takes as long as to copy it
    return {name: one for name, one in found.items() if stat.S_ISREG(one.st_mode) or stat.S_ISLNK(one.st_mode)}


def _copy_files(repository: Path, files: Mapping[str, os.stat_result], copy: Path) -> None:
    """As a checkout makes them: with the time of now, and of the mode only whether they may be run."""
    for folder in {(copy / name).parent for name in files}:
        folder.mkdir(parents=True, exist_ok=True)
    for name, found in files.items():
        target = f"{copy}/{name}"
        shutil.copyfile(f"{repository}/{name}", target, follow_symlinks=False)
        if stat.S_ISREG(found.st_mode) and found.st_mode & stat.S_IXUSR:
            os.chmod(target, 0o755)  # noqa: PTH101, S103 - as above, and as git does


def _copy_history(repository: Path, copy: Path) -> None:
    clone = copy / ".clone"
    # Act copies each file for each job, so there are none of git's own examples.
    quietly = ["-c", "advice.detachedHead=false", "clone", "--quiet", "--template="]
    _git(repository, *quietly, "--shared", "--no-checkout", str(repository.resolve()), str(clone))
    # A clone of a detached checkout has no loose reference, and act copies no empty folder: without `refs` the copy
    # would be no repository, and the steps would find no history. A push is checked out on its branch, too.
    names = ("refs/heads/main", "refs/remotes/origin/main")  # what is run is what was pushed last
    _git(clone, "update-ref", "--stdin", said="".join(f"update {name} HEAD\n" for name in names))
    (clone / ".git").rename(copy / ".git")
    clone.rmdir()


def _git(repository: Path, *arguments: str, said: str = "") -> str:
    command = ["git", "-C", str(repository), *arguments]
    # a name is bytes for git, which need not be UTF-8
    done = subprocess.run(
        command, input=said, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False
    )
    if done.returncode:
        what = f"{repository} is no git checkout with a commit"
        raise BadInput(Problem(what, why=done.stderr.strip(), fix="run this in a clone of the repository"))
    return done.stdout


def _program() -> Path:
    found = Path(sys.executable).parent / "act"
    if not found.is_file():
        raise BadInput(Problem("act is not installed", str(found), fix="make setup"))
    return found
