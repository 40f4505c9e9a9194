"""Every failure a user can meet: one class, one exit code, one fixed summary, and problems that say how to fix it.

It must not print, and it must not know where an error is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

MOST_TOLD = 200  # problems of one failure; nobody reads more at once


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, where, why, and what to do about it.

    `key` is the dotted key of params.yaml that it is about, such as `environments.staging.endpoint` or `gate.rules.0`;
    the file's line is found by it, and programs read it.
    """

    what: str
    where: str | None = None
    line: int | None = None
    column: int | None = None
    why: str = ""
    fix: str = ""
    key: str = ""

    def place(self) -> str:
        """`file:line:column` as far as it is known, else an empty string."""
        parts = [self.where or "", *(str(number) for number in (self.line, self.column) if number is not None)]
        return ":".join(parts) if self.where else ""

    def __str__(self) -> str:
        head = f"{self.place()}: {self.what}" if self.where else self.what
        lines = [head]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class MlopsError(Exception):
    """A condition with a class of its own. Subclasses give the exit code and the summary line."""

    exit_code: ClassVar[int] = 1
    summary: ClassVar[str] = "Something went wrong"
    code: ClassVar[str] = "failed"
    meaning: ClassVar[str] = "a bug, or this machine failed (a full disk, no permission)"

    def __init__(self, problems: str | Problem | Iterable[str | Problem]) -> None:
        given = [problems] if isinstance(problems, str | Problem) else list(problems)
        more = [f"and {len(given) - MOST_TOLD:,} more"] if len(given) > MOST_TOLD else []
        told = [*given[:MOST_TOLD], *more]
        self.problems: tuple[Problem, ...] = tuple(p if isinstance(p, Problem) else Problem(p) for p in told)
        self.is_on_stdout = False  # whether `--json` has told it to programs
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BadInput(MlopsError):
    """Wrong usage, parameters, data or missing configuration; found before anything is changed."""

    exit_code = 2
    code = "bad-input"
    summary = "The input or the configuration is not right"
    meaning = "bad usage, parameters, data or configuration"


class CapRefused(MlopsError):
    """A safety cap stopped the run before it deleted more than anybody can have meant."""

    exit_code = 3
    code = "cap-refused"
    summary = "A safety cap stopped this"
    meaning = "stopped by a safety cap"


class GateRefused(MlopsError):
    """The metric gate judged the candidate and said no. Not a breakdown."""

    exit_code = 4
    code = "gate-refused"
    summary = "The gate refused this model"
    meaning = "refused by the gate"


class Unfinished(MlopsError):
    """The remote work goes on; running the same command later carries on from here."""

    exit_code = 5
    code = "unfinished"
    summary = "Not finished yet"
    meaning = "not finished yet, can be resumed"


class AzureRefused(MlopsError):
    """Azure said no: quota, instance type, permission, name."""

    exit_code = 6
    code = "azure-refused"
    summary = "Azure refused the request"
    meaning = "refused by Azure (quota, instance type, permission, name)"


class RemoteFailed(MlopsError):
    """The remote work was accepted and failed: a training run, a deployment, a deletion."""

    exit_code = 7
    code = "remote-failed"
    summary = "The work on Azure failed"
    meaning = "the remote work failed"


class GithubRefused(MlopsError):
    """GitHub said no, or could not be reached."""

    exit_code = 8
    code = "github-refused"
    summary = "GitHub refused the request"
    meaning = "refused by GitHub, or GitHub could not be reached"


class GithubNotFound(GithubRefused):
    """What was asked for does not exist, or the token may not see it: GitHub answers 404 for both."""


INTERRUPTED = 130

ALL: tuple[type[MlopsError], ...] = (
    MlopsError,
    BadInput,
    CapRefused,
    GateRefused,
    Unfinished,
    AzureRefused,
    RemoteFailed,
    GithubRefused,
)


def exit_codes() -> dict[int, str]:
    """Exit code -> meaning, for the README's table and its test."""
    return {0: "done, or nothing to do", **{kind.exit_code: kind.meaning for kind in ALL}, INTERRUPTED: "interrupted"}
