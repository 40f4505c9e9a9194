"""What act reports while it runs, as typed events.

It must not decide what they mean for the run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mlops import jsons

NANOSECONDS = 1e9
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


@dataclass(frozen=True)
class StepStarted:
    """A step of a job begins."""

    job: str
    step: str


@dataclass(frozen=True)
class StepEnded:
    """A step has ended: success, failure or skipped."""

    job: str
    step: str
    result: str
    seconds: float


@dataclass(frozen=True)
class Exit:
    """The exit code of a step that failed."""

    job: str
    step: str
    code: int


@dataclass(frozen=True)
class Text:
    """A line that a step printed."""

    job: str
    step: str
    text: str


@dataclass(frozen=True)
class StepOutput:
    """An output that a step set."""

    job: str
    step: str
    name: str
    value: str


@dataclass(frozen=True)
class Summary:
    """What a step added to its summary, as Markdown."""

    job: str
    step: str
    markdown: str


@dataclass(frozen=True)
class Annotation:
    """A notice, warning or error on the run."""

    job: str
    level: str
    title: str
    message: str
    file: str = ""
    line: str = ""

    @property
    def place(self) -> str:
        """`file:line` as far as it is known, else an empty string."""
        return ":".join(filter(None, (self.file, self.line))) if self.file else ""


@dataclass(frozen=True)
class JobEnded:
    """A job has ended: success, failure or skipped, which is what its condition decided."""

    job: str
    result: str


@dataclass(frozen=True)
class Trouble:
    """Something that act itself says about a job or the run."""

    job: str
    text: str


Event = StepStarted | StepEnded | Exit | Text | StepOutput | Summary | Annotation | JobEnded | Trouble
INNER_STEPS = frozenset({"Set up job", "Complete job"})
UNPLACED = "unsupported platform"  # act leaves such a job out and ends well
# Said in every run without containers, and none is needed; and what only repeats that a job failed.
NOISE = re.compile(
    r"docker connection|DOCKER_HOST|docker host|unable to load etag|^Error: Job '.*' failed$", re.IGNORECASE
)
# Nine of ten lines are act's own steps at work, in which nothing of these is said: they need not be read.
DEBUG, TELLS = '"level":"debug"', re.compile(r'"(?:jobResult|stepResult|raw_output|command)":')


def parse(line: str, callers: Mapping[str, str] = {}) -> Event | None:
    """One line of `act --json --verbose`; None for what nobody needs to know.

    `callers` says which key stands for act's name of a job that calls a reusable workflow: `Workflow.callers`.
    """
    if DEBUG in line and not TELLS.search(line):
        return None
    try:
        item: dict[str, Any] = jsons.read(line)
    except ValueError:
        return _trouble("", line.strip())
    job, step = _job(item, callers), str(item.get("step") or "")
    if "jobResult" in item:
        return JobEnded(job, str(item["jobResult"]))
    if item.get("raw_output"):
        return Text(job, step, str(item.get("msg") or "").rstrip("\r\n"))
    if item.get("command"):
        return _command(item, job, step)
    return None if step in INNER_STEPS else _progress(item, job, step)


def _command(item: dict[str, Any], job: str, step: str) -> Event | None:
    command, text = item["command"], str(item.get("arg") or "")
    if command == "set-output":
        return StepOutput(job, str((item.get("stepID") or [step])[-1]), str(item["name"]), text)
    if command == "summary":
        return Summary(job, step, str(item.get("content") or ""))
    if command in ("notice", "warning", "error"):
        pairs = item.get("kvPairs") or {}
        title, file, row = (str(pairs.get(key) or "") for key in ("title", "file", "line"))
        return Annotation(job, command, title, text, file, row)
    return None


def _progress(item: dict[str, Any], job: str, step: str) -> Event | None:
    message = str(item.get("msg") or "").strip()
    # What an action does inside, or after the job, is no step of the workflow.
    own = item.get("stage") == "Main" and len(item.get("stepID") or ()) == 1
    if "stepResult" in item:
        seconds = float(item.get("executionTime") or 0) / NANOSECONDS
        return StepEnded(job, step, str(item["stepResult"]), seconds) if own else None
    if item.get("level") == "debug":
        return None
    if message.startswith("⭐"):
        return StepStarted(job, step) if own else None
    if message.startswith("exit status "):
        return Exit(job, step, int(message.rsplit(" ", 1)[1]))
    return _trouble(job, message) if item.get("level") in ("error", "warning") or UNPLACED in message else None


def _trouble(job: str, message: str) -> Trouble | None:
    return Trouble(job, message) if message and not NOISE.search(message) else None


def _job(item: Mapping[str, Any], callers: Mapping[str, str]) -> str:
    """The key of a job: act shows names, which may hold expressions and slashes, and says the id apart.

    Jobs of a matrix are told apart as on GitHub, by their values in brackets.
    """
    id, name = str(item.get("jobID") or ""), str(item.get("job") or "")
    matrix = item.get("matrix") or {}
    values = f" ({', '.join(str(value) for value in matrix.values())})" if matrix else ""
    starts = [start for start in callers if _begins(start).match(name)]
    caller = callers[max(starts, key=len)] if starts else ""
    return f"{caller}{id}{values}"


@cache
def _begins(caller: str) -> re.Pattern[str]:
    """How a name of act's begins for a caller; for one with a matrix it fills expressions in and counts: `x-2/`."""
    outer, _, inner = caller.removesuffix("/").rpartition("/")
    filled = ".+?".join(re.escape(part) for part in EXPRESSION.split(outer))
    return re.compile(rf"{filled}(?:-\d+)?/{re.escape(inner)}/")
