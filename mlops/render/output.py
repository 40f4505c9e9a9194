"""Where reports go: to people, or to a program as one JSON object. It must not know what they say."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.text import Text

from mlops import streams
from mlops.errors import MlopsError
from mlops.render.markdown import clean
from mlops.render.plain import envelope
from mlops.render.report import Report

LOG_WIDTH = 160  # columns of a log that nobody's window limits


class Output(Protocol):
    """One way to show what a verb says."""

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:
        """Show a verb's typed result: its report to people, the result itself to programs."""

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Show a failure that left no result; people read it on stderr, so only programs are told here."""

    def note(self, text: str) -> None:
        """Say on stderr what is happening."""


@dataclass(frozen=True)
class Human:
    """For people: the report on stdout, notes and progress on stderr. `replaces`: a screen is cleared before it."""

    out: Console
    err: Console
    replaces: bool = False

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Print the report."""
        if self.replaces:
            self.out.clear()  # nothing where it is no terminal
        report.print(self.out)

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Nothing: it is told on stderr."""

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        _note(self.err, text)


@dataclass(frozen=True)
class Json:
    """For programs: exactly one JSON object on stdout; notes still go to stderr."""

    out: TextIO
    err: Console

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Write the object that `docs/json` describes."""
        self._dump(envelope(verb, result, failure))

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Write the problems, with a result of null."""
        self._dump(envelope(verb, None, failure))

    def _dump(self, shape: Mapping[str, Any]) -> None:
        text = json.dumps(shape, indent=2, allow_nan=False)
        # The same value, spelt so that a runner does not read it as a workflow command.
        _write(self.out, text.replace("##[", "#\\u0023[") + "\n")

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        _note(self.err, text)


@dataclass(frozen=True)
class Markdown:
    """For a comment, an issue or a file: the report as Markdown on stdout; notes still go to stderr."""

    out: TextIO
    err: Console

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Write the report."""
        _write(self.out, report.to_markdown())

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Nothing: it is told on stderr."""

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        _note(self.err, text)


@dataclass(frozen=True)
class Csv:
    """For spreadsheets: the first table of the report with its raw values on stdout; notes still go to stderr."""

    out: TextIO
    err: Console

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Write the table."""
        _write(self.out, report.tables[0].to_csv())

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Nothing: it is told on stderr."""

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        _note(self.err, text)


class _Console(Console):
    """Goes on when its reader went away, as `head` does: the work is not done yet, and its exit code is the answer."""

    def on_broken_pipe(self) -> None:
        """Say nothing more."""
        self.quiet = True
        streams.forget(self.file)


def console(stream: TextIO, environ: Mapping[str, str]) -> Console:
    """A console on a stream: NO_COLOR is honoured, and nothing moves on a runner, although those of act have a pty."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # a log in another encoding than UTF-8 must not end a command
    watched = stream.isatty() and not environ.get("CI") and environ.get("GITHUB_ACTIONS") != "true"
    return _Console(
        file=stream,
        force_terminal=None if watched else False,
        force_interactive=watched,
        width=None if watched else LOG_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        _environ=environ,
    )


def _note(console: Console, text: str) -> None:
    console.print(Text(clean(text)), soft_wrap=True)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        streams.forget(stream)
