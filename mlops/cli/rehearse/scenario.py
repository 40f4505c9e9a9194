"""The scenario of a rehearsal: STEPS in order.

It must not reach into the product: it runs workflows and commands as GitHub and a person would.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from azureml_emulator import process
from azureml_emulator.core import model_stack
from azureml_emulator.http.address import Address
from mlops import actions, clock, history
from mlops.azure.target import FOLDER_VARIABLE, KEPT, note_rehearsal
from mlops.cli.projects import ONLY_VARIABLE
from mlops.cli.rehearse import failures, forks, github_side, places, roles, typed
from mlops.cli.rehearse.calls import CallCounter, check_hosts
from mlops.cli.rehearse.github_side import REF, REPOSITORY, GithubSide
from mlops.cli.rehearse.record import Record, commit_of, own_folder
from mlops.cli.rehearse.show import Show
from mlops.cli.rehearse.titles import INTERRUPTED, TITLES
from mlops.cli.session import SET_VARIABLE
from mlops.errors import BadInput, MlopsError, Problem, RemoteFailed
from mlops.params import REHEARSAL_VARIABLE, Params

LOOKS = ("projects", "plan", "summary")  # jobs of `train`, and of `train-models`, that do nothing
HOUR, DAY = 3600.0, 86400.0
RUNNERS_OWN = re.compile(r"CI$|(ACTIONS|GITHUB|RUNNER)_")  # variables that a person's shell does not have


@dataclass(frozen=True)
class ScenarioStep:
    """One step of the scenario. `do` gives False when there is nothing more to see."""

    name: str
    title: str
    do: "Callable[[Rehearsal], bool]"


@dataclass
class Rehearsal:
    """One rehearsal: where it runs, and what it has seen."""

    root: Path
    params: Params
    show: Show
    keep: bool
    state: Path | None
    settings: tuple[str, ...] = ()
    open_site: bool = False
    cloud: str = ""  # that the emulator poses as; the public one
    stack: list[str] = field(default_factory=list)  # what starts another one than the stand-in
    place: Path = Path()  # that -C named
    plain: bool = False  # each command is a start of Python, and not a fork of one process
    binaries: Path = Path(sys.executable).parent  # of the commands
    record: Record = field(default_factory=Record)
    address: Address | None = None
    started: datetime = field(default_factory=clock.now)

    @cached_property
    def calls(self) -> CallCounter:
        """What each step asks of the service."""
        return CallCounter(self.state_folder, self.record.calls, self.record.polls)

    @property
    def github(self) -> GithubSide:
        """What GitHub has of the repository."""
        return github_side.of_rehearsal(self.params, self.running.cloud)

    @property
    def top(self) -> Path:
        """The top of the repository, where its workflows lie."""
        return history.top(self.root)

    @property
    def project(self) -> str:
        """The folder of the parameters, from the top."""
        return self.root.resolve().relative_to(self.top.resolve()).as_posix()

    @cached_property
    def folder(self) -> Path:
        """Where the record lies; made when first asked for."""
        return own_folder(self.root / "build" / "rehearsals" / f"{self.started.astimezone(UTC):%Y%m%dT%H%M%SZ}")

    @property
    def state_folder(self) -> Path:
        """Where the emulator keeps its state."""
        kept = self.state.resolve() if self.state else self.root / KEPT
        return kept if self.keep else self.folder / "emulator"

    def run(self, *, first: str, last: str, pause: bool) -> None:
        """Go from a step to another; the record is written however it ends."""
        names = [step.name for step in STEPS]
        due = STEPS[names.index(first) : names.index(last) + 1]
        if first != names[0] and not (self.keep and self.state_folder.exists()):
            raise BadInput(Problem("there is no state of an earlier --keep to go on from", fix="mlops rehearse --keep"))
        self.record.commit = commit_of(self.root)
        try:
            with forks.programs(os.environ, plain=self.plain) as self.binaries:
                self._go(due, pause=pause)
            check_hosts(self.state_folder, self.running.cloud)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(INTERRUPTED[self.keep]) from None
        finally:
            self.show.calm()
            self._finish()

    def _go(self, due: tuple[ScenarioStep, ...], *, pause: bool) -> None:
        begun = clock.monotonic()  # what the first step takes includes that the emulator starts
        self._ensure_emulator()
        for step in due:
            self.show.title(STEPS.index(step) + 1, len(STEPS), step.title)
            if pause:
                click.pause("      press Enter to go on")
                begun = clock.monotonic()
            go_on = step.do(self)
            ended = clock.monotonic()
            self.record.seconds[step.name], begun = round(ended - begun, 1), ended
            if not go_on:
                break

    def workflow(self, name: str, event: str, payload: dict[str, Any]) -> tuple[actions.ActRun, MlopsError | None]:
        """Run a workflow of the repository as GitHub would for an event; what it did, and the failure it ended in."""
        heard = self.calls.heard(name, self.show.event)
        done = actions.run(self.top, f"{name}.yml", event, payload, self._machine(event, name), heard)
        self.show.calm()
        self.record.take(name, done)
        if done.unexplained:
            what = f"{name}: jobs that should have run did not: {', '.join(done.unexplained)}"
            return done, RemoteFailed(Problem(what, why="; ".join(trouble.text for trouble in done.troubles)))
        return done, None if done.succeeded else failures.of_workflow(name, done)

    def command(self, *arguments: str) -> dict[str, Any]:
        """Run an `mlops` command as a person would, and read its JSON."""
        person = {name: value for name, value in os.environ.items() if not RUNNERS_OWN.match(name)}
        environment = {**person, **process.variables(self.running, person), **self._overlay()}
        words = [str(self.binaries / "python"), "-m", "mlops", "--json", *arguments]
        done = subprocess.run(words, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        return failures.answer(arguments, done)

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock."""
        found = process.control(self.running, "POST", "/clock", {"advance_seconds": seconds})
        self.show.line(f"the emulator's clock goes forward {seconds / DAY:.1f} days, to {found['now'][:16]}")

    @property
    def running(self) -> Address:
        """The emulator."""
        assert self.address is not None, "the first step starts it"
        return self.address

    def _ensure_emulator(self) -> None:
        try:
            model_stack.use(self.state_folder, self.stack)
            self.address = process.launch(self.state_folder, cloud=self.cloud)
            note_rehearsal(self.state_folder, self.root, self.settings)
            places.make(self.address, self.params)
            process.control(self.address, "PUT", "/access", roles.access(REPOSITORY, self.params))
            process.control(self.address, "PUT", "/delay/jobs", {"delay": "at once"})
        except process.NotStarted as error:
            raise BadInput(Problem("the emulator did not start", str(self.state_folder), why=str(error))) from None

    def _machine(self, event: str, workflow: str) -> actions.RunnerSetup:
        folders = (self.binaries, Path(sys.executable).parent, "/usr/local/bin", "/usr/bin", "/bin")
        path = os.pathsep.join(dict.fromkeys(map(str, folders)))
        environment = {
            **process.network(self.running),
            **self._overlay(),
            "HF_HOME": process.variables(self.running, {})["HF_HOME"],
            "MLOPS_VENV": str(self.binaries.parent),
            "MLOPS_VENV_READY": str(self.binaries.parent),
        }
        return self.github.machine(event, path, environment, workflow)

    def _overlay(self) -> dict[str, str]:
        """What makes the commands of a rehearsal read the values that are meant for one."""
        return {REHEARSAL_VARIABLE: "true", SET_VARIABLE: "\n".join(self.settings), ONLY_VARIABLE: self.project}

    def _finish(self) -> None:
        try:
            self.record.write(self.folder)
            self.show.report(self.record.report(typed.short(self.folder, self.root)))
        finally:  # also where there is no room for the record, or nobody reads any more
            if not self.keep:
                process.stop(self.state_folder)
                shutil.rmtree(self.state_folder, ignore_errors=True)
        if not self.keep:
            return
        state, program = typed.short(self.state_folder, self.root), typed.command(self.root, self.place)
        self.show.line(f"The emulator keeps running, state in {state}. Look around:")
        there = f"{FOLDER_VARIABLE}={state} " if self.state else ""
        for words in ("status", f"ask {list(self.params.environments)[-1]}", "history"):
            self.show.line(f"    {there}{program} --target emulator {words}")
        self.show.line(f"    {program} emulator down --state {state}")


def start(rehearsal: Rehearsal) -> bool:
    """Say where the emulator is; it was started before the first step."""
    address = rehearsal.running
    rehearsal.show.line(f"proxy {address.proxy_url}, control {address.control_url}; nothing leaves this machine")
    if forks.has(rehearsal.binaries):
        rehearsal.show.line("each mlops command is a fork of one process; --plain-starts starts Python for each", "dim")
    for line in places.told(rehearsal.params):
        rehearsal.show.line(line)
    return True


def push(rehearsal: Rehearsal) -> bool:
    """Run the workflow that a push of data and parameters starts."""
    folder = rehearsal.root / rehearsal.params.data.curated
    files = (rehearsal.root / "params.yaml", *sorted(path for path in folder.rglob("*") if path.is_file()))
    changed = [Path(os.path.relpath(path.resolve(), rehearsal.top.resolve())).as_posix() for path in files]
    started = [flow.path.stem for flow in actions.started_by(rehearsal.top, "push", ref=REF, changed=changed)]
    rehearsal.show.line(f"GitHub would start: {', '.join(started)}; rehearsed here: train")
    if "train" not in started:
        what = "a push of data and params.yaml does not start the train workflow"
        raise BadInput(Problem(what, ".github/workflows/train.yml"))
    payload = {"ref": REF, "repository": {"full_name": REPOSITORY, "fork": False}}
    done, failure = rehearsal.workflow("train", "push", payload)
    record = rehearsal.record
    record.data, record.rows = done.output("prepare", "data-version"), done.output("prepare", "rows")
    record.job = done.output("submit", "job") or done.output("plan", "job")
    record.metrics, record.verdict = done.output("gate", "metrics"), done.output("gate", "verdict")
    record.model = done.output("register", "model") or done.output("plan", "model")
    for name in rehearsal.params.environments:
        if endpoint := done.output("promote", "endpoint", f"({name})"):
            record.endpoints[name] = f"{endpoint}: {done.output('promote', 'traffic', f'({name})')}"
    if failure:
        raise failure
    if done.only(LOOKS):
        rehearsal.show.line(f"nothing to do: {done.output('plan', 'why')}", "yellow")
        return False
    return True


def ask(rehearsal: Rehearsal) -> bool:
    """Ask the last environment a held-out question."""
    name = list(rehearsal.params.environments)[-1]
    asked = rehearsal.command("ask", name)["result"]["asked"][0]
    texts = {"question": asked["messages"][-1]["content"], "prediction": asked["answers"][0]["text"]}
    rows = {name: str(text) for name, text in {**texts, "ground truth": asked["ground_truth"]}.items()}
    for what, text in rows.items():
        rehearsal.show.line(f"{what:<13} {' '.join(text.split())}")
    rehearsal.show.line("a stand-in of 0.3 million parameters answers here, and learns form rather than facts", "dim")
    rehearsal.record.question = rows
    return True


def mark(rehearsal: Rehearsal) -> bool:
    """Let days pass without a request, then clean up for the first time."""
    rules = rehearsal.params.cleanup
    rehearsal.advance(max(rules.idle_days * DAY, rules.minimum_age_hours * HOUR) + DAY)
    _clean(rehearsal, "marked")
    return True


def delete(rehearsal: Rehearsal) -> bool:
    """Let the grace period pass, then clean up again."""
    rehearsal.advance(rehearsal.params.cleanup.grace_hours * HOUR + HOUR)
    deleted, record = _clean(rehearsal, "deleted"), rehearsal.record
    record.deleted = [f"{deleted} by cleanup"] if deleted else []
    gone = {name for name, text in record.endpoints.items() if text.partition(":")[0] in deleted.split(", ")}
    record.endpoints |= dict.fromkeys(gone, "deleted by cleanup")
    return True


def report(rehearsal: Rehearsal) -> bool:
    """Write the site: what is live and why, as a team would publish it."""
    site, cache = rehearsal.folder / "site", rehearsal.folder / "site-cache"
    rehearsal.command("report", "site", "--out", str(site), "--cache", str(cache))
    rehearsal.record.site = typed.short(site / "index.html", rehearsal.root).as_posix()
    rehearsal.show.line(rehearsal.record.site)
    if rehearsal.open_site:
        click.launch(str(site / "index.html"))
    return True


def _clean(rehearsal: Rehearsal, what: str) -> str:
    done, failure = rehearsal.workflow("cleanup", "schedule", {"schedule": "23 4 * * *"})
    if failure:
        raise failure
    found = done.output("cleanup", f"{what}-names")
    rehearsal.show.line(f"{what}: {found or 'nothing'}")
    return found


STEPS = tuple(
    ScenarioStep(name, title, do)
    for (name, title), do in zip(TITLES.items(), (start, push, ask, mark, delete, report), strict=True)
)
