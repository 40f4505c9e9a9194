"""Speaks to GitHub Actions: outputs, the step summary, annotations, groups and masks. Nothing else knows Actions.

It must not decide what is said, and outside Actions it says nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, TextIO

from mlops.errors import MlopsError, Problem, Unfinished
from mlops.guarded import Guarded

Level = Literal["error", "warning", "notice"]

# Source: docs of "Workflow commands"; GitHub shows no more of a level in one step.
ANNOTATIONS_OF_A_LEVEL = 10
# A larger summary is not uploaded at all, and the step stays green. Source: docs of "Adding a job summary".
SUMMARY_BYTES = 1024 * 1024
_OUTPUT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CUT = b"\n\n> This summary was cut at GitHub's limit of 1 MiB; the step's log has all of it.\n"
_FENCE = re.compile(rb"`{3,}")
_ENDS = 200  # room for what closes code blocks and folded parts


class Actions:
    """One step's way to its runner. Make it with `from_environment`."""

    def __init__(self, environ: Mapping[str, str], stdout: TextIO, *, enabled: bool) -> None:
        self.enabled = enabled
        self._environ = environ
        self._stdout = stdout
        self._said: Counter[Level] = Counter()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], stdout: TextIO) -> "Actions":
        """Enabled only where GITHUB_ACTIONS is `true`. Commands go to `stdout`; the runner reads stderr as well."""
        return cls(environ, stdout, enabled=environ.get("GITHUB_ACTIONS") == "true")

    @property
    def repository(self) -> str | None:
        """`owner/name`."""
        return self._known("GITHUB_REPOSITORY")

    @property
    def sha(self) -> str | None:
        """The commit that started the run."""
        return self._known("GITHUB_SHA")

    @property
    def pushed_branch(self) -> str | None:
        """The branch whose push started the run; None where something else did."""
        pushed = self._known("GITHUB_EVENT_NAME") == "push" and self._known("GITHUB_REF_TYPE") == "branch"
        return self._known("GITHUB_REF_NAME") if pushed else None

    @property
    def by_hand(self) -> bool:
        """Whether a person asked for what this step promotes: at a machine, or by starting the workflow `promote`."""
        asked = self._known("GITHUB_EVENT_NAME") == "workflow_dispatch"
        return not self.enabled or (asked and "/promote.yml@" in (self._known("GITHUB_WORKFLOW_REF") or ""))

    @property
    def actor(self) -> str | None:
        """Who started the run; of one that was started again, who did so."""
        return self._known("GITHUB_TRIGGERING_ACTOR") or self._known("GITHUB_ACTOR")

    @property
    def run_id(self) -> str | None:
        """The workflow run, the same in all its attempts."""
        return self._known("GITHUB_RUN_ID")

    @property
    def run_url(self) -> str | None:
        """The page of the workflow run."""
        server, repository, run = self._known("GITHUB_SERVER_URL"), self.repository, self.run_id
        return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None

    def output(self, values: Mapping[str, str]) -> None:
        """Set the step's outputs, all or none. Names and values are checked outside Actions too.

        Raises ValueError for a name that is not kebab-case, a value that is no string, and a resource id: where the
        subscription is masked, GitHub drops an output that holds it, and later jobs see nothing (actions/runner#1498).
        """
        for name, value in values.items():
            _check_output(name, value)
        if not self.enabled:
            return
        path = self._environ.get("GITHUB_OUTPUT")
        if not path:
            raise MlopsError(Problem("GITHUB_OUTPUT is not set", why="later steps would see no outputs and be skipped"))
        with _appended("GITHUB_OUTPUT", path) as file:
            file.write("".join(_heredoc(name, value) for name, value in values.items()).encode(errors="replace"))

    @property
    def summarizes(self) -> bool:
        """Whether somebody reads summaries: elsewhere none need be written."""
        return self._known("GITHUB_STEP_SUMMARY") is not None

    def summary(self, markdown: str) -> None:
        """Append to the step's summary; what goes over GitHub's limit is cut at a line, and a note says so."""
        path = self._known("GITHUB_STEP_SUMMARY")
        if not path:
            return
        with _appended("GITHUB_STEP_SUMMARY", path) as file:
            file.write(_fitting(markdown, SUMMARY_BYTES - file.tell()))

    def annotate(
        self,
        level: Level,
        message: str,
        title: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        """Write one annotation; beyond ten of a level it is only counted, in `hidden`."""
        if not self.enabled:
            return
        self._said[level] += 1
        if self._said[level] > ANNOTATIONS_OF_A_LEVEL:
            return
        place = {"file": file, "line": line, "col": column if line is not None else None} if file else {}
        given = {**place, "title": title}
        properties = ",".join(
            f"{name}={_property(str(value))}" for name, value in given.items() if value not in (None, "")
        )
        self._command(f"{level} {properties}".rstrip(), message)

    def error(self, error: MlopsError) -> None:
        """Annotate each problem under the error's summary; the last one that fits says how many more there are.

        What can be carried on later is a warning. A problem points into a file only where that file exists.
        """
        level: Level = "warning" if isinstance(error, Unfinished) else "error"
        room = ANNOTATIONS_OF_A_LEVEL - self._said[level]
        for index, problem in enumerate(error.problems, start=1):
            file = self._file(problem.where)
            message = _message(problem, with_place=file is None)
            if index == room < len(error.problems):
                message += f"\nand {len(error.problems) - room} more: the step's log has all of them"
            self.annotate(level, message, error.summary, file=file, line=problem.line, column=problem.column)

    @contextmanager
    def untrusted(self) -> Iterator[None]:
        """Keep the runner from reading what is printed inside as commands. Annotations inside are lost, too."""
        if not self.enabled:
            yield
            return
        import secrets

        token = secrets.token_hex(16)
        self._command("stop-commands", token)
        try:
            yield
        finally:
            self._command(token, "")

    def _known(self, name: str) -> str | None:
        return self._environ.get(name) or None if self.enabled else None

    def _command(self, head: str, data: str) -> None:
        if self.enabled:
            line = f"::{head}::{_data(data)}"
            if isinstance(self._stdout, Guarded):
                self._stdout.command(line)
            else:
                self._stdout.write(f"{line}\n")
            self._stdout.flush()

    def _file(self, where: str | None) -> str | None:
        """The path from the repository's top, which is how annotations name files; None when it is no file there."""
        top = self._known("GITHUB_WORKSPACE")
        if not where or not top:
            return None
        try:
            path, folder = Path(where).resolve(), Path(top).resolve()
            return path.relative_to(folder).as_posix() if path.is_relative_to(folder) and path.is_file() else None
        except (OSError, ValueError):  # a place that no file system takes as a path
            return None


@contextmanager
def _appended(variable: str, path: str) -> Iterator[IO[bytes]]:
    """A file that the runner reads after the step. Raises MlopsError where it cannot be written."""
    try:
        with Path(path).open("ab") as file:
            yield file
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fix = f"unset {variable} outside a runner; what the command did stays done"
        raise MlopsError(Problem(f"{variable} cannot be written", path, why=why, fix=fix)) from None


def _check_output(name: str, value: object) -> None:
    if not _OUTPUT.fullmatch(name):
        raise ValueError(f"an output's name is in lower case with hyphens, not {name!r}")
    if not isinstance(value, str):
        raise ValueError(f"output {name} is {value!r}, not a string")
    if "/subscriptions/" in value.lower():
        raise ValueError(f"output {name} is a resource id; give the short name, because GitHub drops a masked output")


def _heredoc(name: str, value: str) -> str:
    """Random, so that no value can end early and set another output."""
    import secrets

    delimiter = f"end-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _fitting(markdown: str, room: int) -> bytes:
    """As many whole lines as fit into so many bytes, with a note when some do not."""
    whole = (markdown if markdown.endswith("\n") else markdown + "\n").encode(errors="replace")
    if len(whole) <= room:
        return whole
    kept = whole[: max(0, room - len(_CUT) - _ENDS)]
    lines = kept[: kept.rfind(b"\n") + 1].split(b"\n")
    while len(lines) > 1 and lines[-2].startswith(b"|") and not any(line.startswith(b"|") for line in lines[-3:-2]):
        del lines[-2]  # the head of a table without the line below it is no table
    kept = b"\n".join(lines)
    end = _closing(lines) + _CUT
    return kept + end if len(kept) + len(end) <= room else b""


def _closing(lines: list[bytes]) -> bytes:
    """What ends the code block and the folded parts that are still open after these lines."""
    fence, folded = b"", 0
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            fence = b"" if found and found[0].startswith(fence) else fence
        elif found:
            fence = found[0]
        else:
            folded += line.startswith(b"<details") - line.startswith(b"</details")
    return fence + b"\n\n</details>" * folded


def _message(problem: Problem, *, with_place: bool) -> str:
    head = f"{problem.place()}: {problem.what}" if with_place and problem.where else problem.what
    why, fix = problem.why and f"why: {problem.why}", problem.fix and f"fix: {problem.fix}"
    return "\n".join(part for part in (head, why, fix) if part)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
