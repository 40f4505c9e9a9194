"""Runs one workflow with act in host mode and gathers what it did.

Not as on GitHub: environments have no protection, `concurrency`, `permissions` and the time limits of jobs are ignored
(the static tests read those), and cancellation kills at once.
"""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops.actions.events import (
    Annotation,
    Event,
    Exit,
    JobEnded,
    StepEnded,
    StepOutput,
    StepStarted,
    Summary,
    Text,
    Trouble,
    parse,
)
from mlops.actions.sandbox import RunnerSetup, Sandbox, sandbox
from mlops.actions.workflows import Workflow, read
from mlops.errors import BadInput, Problem, Unfinished

KILL_AFTER = 10.0
LAST_LINES = 20  # of a step, to say why it failed


@dataclass
class ActRun:
    """What a workflow run did. Keys of jobs are as in `Workflow.expected`, with a matrix's values in brackets."""

    jobs: dict[str, str] = field(default_factory=dict)  # those that ran -> success or failure
    skipped: list[str] = field(default_factory=list)  # those that their conditions kept from running
    steps: list[StepEnded] = field(default_factory=list)
    outputs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # job, step id -> name -> value
    summaries: list[Summary] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    said: dict[tuple[str, str], deque[str]] = field(default_factory=dict)  # job, step -> its last lines
    unexplained: tuple[str, ...] = ()  # jobs that neither ran nor were skipped by a condition
    code: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether every job that had to run ran and none failed."""
        return self.code == 0 and not self.unexplained and all(result == "success" for result in self.jobs.values())

    def only(self, names: Collection[str]) -> bool:
        """Whether no other jobs ran than those that are called so, in whatever workflow."""
        return {key.rpartition("/")[2] for key in self.jobs} <= {*names}

    def output(self, step: str, name: str, job: str = "") -> str:
        """An output of a step, of the job whose key ends so; empty when it was not set."""
        found = (values for (where, id), values in self.outputs.items() if id == step and where.endswith(job))
        return next((values[name] for values in found if name in values), "")

    def cause(self) -> str:
        """Why the run failed: what act could not do, and the last lines of the step that failed first."""
        failed = next((step for step in self.steps if step.result == "failure"), None)
        lines = self.said.get((failed.job, failed.step), ()) if failed else ()
        return "\n".join(dict.fromkeys([*(trouble.text for trouble in self.troubles), *lines]))

    def add(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case JobEnded(result="skipped"):
                self.skipped.append(event.job)
            case JobEnded():
                self.jobs[event.job] = event.result
            case StepEnded():
                self.steps.append(event)
            case StepOutput():
                self.outputs.setdefault((event.job, event.step), {})[event.name] = event.value
            case Summary():
                self.summaries.append(event)
            case Annotation():
                self.annotations.append(event)
            case Exit():
                self.exits.append(event)
            case Trouble():
                self.troubles.append(event)
            case Text():
                self.said.setdefault((event.job, event.step), deque(maxlen=LAST_LINES)).append(event.text)
            case _:
                pass


def run(
    repository: Path,
    workflow: str,
    event: str,
    payload: Mapping[str, Any],
    machine: RunnerSetup,
    on_event: Callable[[Event], None] | None = None,
    *,
    timeout: float | None = None,
) -> ActRun:
    """Run a workflow of the repository, named by its file, for an event; inputs of a dispatch stand in the payload.

    `on_event` is called for each event while it runs. Whatever ends the run, a failure, an exception of `on_event`, an
    interrupt of this process, leaves no process and no folder behind.

    Raises BadInput when it cannot be run at all, Unfinished when it was stopped after `timeout` seconds.
    """
    flow = read(repository / ".github" / "workflows" / workflow)
    with sandbox(repository, os.environ) as place:
        done = _run(place, flow, place.command(flow, event, payload, machine), machine, on_event, timeout)
    if done.code and not done.jobs:
        said = "; ".join(trouble.text for trouble in done.troubles)
        raise BadInput(Problem(f"act cannot run {workflow} for the event {event}", str(flow.path), why=said))
    done.unexplained = _unexplained(flow, done)
    return done


def _run(
    place: Sandbox,
    flow: Workflow,
    command: list[str],
    machine: RunnerSetup,
    on_event: Callable[[Event], None] | None,
    timeout: float | None,
) -> ActRun:
    done, callers, newest = ActRun(), flow.callers(), "no step had begun"
    with _started(command, place.environment(machine), timeout) as (process, late):
        assert process.stdout is not None
        for line in process.stdout:
            found = parse(line, callers)
            if found is None:
                continue
            if isinstance(found, Text) and (said := place.heard(found.text)) != found.text:
                if not said:
                    continue
                found = replace(found, text=said)
            if isinstance(found, StepStarted):
                newest = f"it was in {found.job}, {found.step}"
            done.add(found)
            if on_event:
                on_event(found)
        done.code = process.wait()
    if late.is_set():
        raise Unfinished(Problem(f"{flow.path.name} did not end within {timeout:g} seconds", why=newest))
    return done


@contextmanager
def _started(
    command: list[str], environment: dict[str, str], timeout: float | None
) -> "Iterator[tuple[subprocess.Popen[str], threading.Event]]":
    """Start act in a process group of its own, and end it in any case; the event is set when time was up."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        _interrupt(process)

    timer = threading.Timer(timeout, stop) if timeout is not None else None
    try:
        if timer:
            timer.start()
        yield process, late
    finally:
        if timer:
            timer.cancel()
        _end(process)


def _interrupt(process: "subprocess.Popen[str]") -> None:
    """Ask act to stop; it kills the step's processes at once. What it has not done after a while is done to it."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(KILL_AFTER)
    except subprocess.TimeoutExpired:
        _kill(process)


def _end(process: "subprocess.Popen[str]") -> None:
    """Leave nothing running. What act still prints is read, or it could not end."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=KILL_AFTER)
    finally:
        _kill(process)
        if process.stdout:
            process.stdout.close()
        process.wait()


def _kill(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _unexplained(workflow: Workflow, done: ActRun) -> tuple[str, ...]:
    """Jobs that neither ran nor were skipped by a condition, their own or their caller's: act could not place them."""
    reported = {key.partition(" (")[0] for key in (*done.jobs, *done.skipped)}
    missing = (job.key for job in workflow.expected() if job.key not in reported)
    return tuple(key for key in missing if not any(key.startswith(f"{caller}/") for caller in done.skipped))
