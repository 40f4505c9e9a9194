"""Where reports go: to people, or to a program as one JSON object. It must not know what they say."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from mlops import streams
from mlops.errors import MlopsError
from mlops.render.log import text_of
from mlops.render.markdown import clean
from mlops.render.plain import envelope
from mlops.render.report import Report

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Page:
    """A stream that people read. What draws on it is imported for the first report; lines need nothing."""

    stream: TextIO
    environ: Mapping[str, str]

    @property
    def watched(self) -> bool:
        """Whether a person's terminal is behind it. Nothing moves on a runner, although those of act have a pty."""
        return self.stream.isatty() and not self.environ.get("CI") and self.environ.get("GITHUB_ACTIONS") != "true"

    @cached_property
    def console(self) -> "Console":
        """Rich's, for what a terminal shows, and for tables that do not fit as they are."""
        from mlops.render.drawing import console

        return console(self.stream, self.environ, watched=self.watched)

    def line(self, text: str) -> None:
        """One line, at once, and not wrapped, so that it can be copied."""
        self.write(f"{clean(text)}\n")

    def write(self, text: str) -> None:
        """A text as it is; a log in another encoding than UTF-8 must not end a command."""
        if isinstance(self.stream, io.TextIOWrapper):
            self.stream.reconfigure(errors="replace")
        _write(self.stream, text)


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

    out: Page
    err: Page
    replaces: bool = False

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Print the report."""
        if not self.out.watched and (text := text_of(report)) is not None:
            self.out.write(text)
            return
        if self.replaces:
            self.out.console.clear()  # nothing where it is no terminal
        report.print(self.out.console)

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Nothing: it is told on stderr."""

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        self.err.line(text)


@dataclass(frozen=True)
class Json:
    """For programs: exactly one JSON object on stdout; notes still go to stderr."""

    out: TextIO
    err: Page

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
        self.err.line(text)


@dataclass(frozen=True)
class Markdown:
    """For a comment, an issue or a file: the report as Markdown on stdout; notes still go to stderr."""

    out: TextIO
    err: Page

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Write the report."""
        _write(self.out, report.to_markdown())

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Nothing: it is told on stderr."""

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        self.err.line(text)


@dataclass(frozen=True)
class Csv:
    """For spreadsheets: the first table of the report with its raw values on stdout; notes still go to stderr."""

    out: TextIO
    err: Page

    def answer(self, verb: str, result: object, report: Report, failure: MlopsError | None) -> None:  # noqa: ARG002
        """Write the table."""
        _write(self.out, report.tables[0].to_csv())

    def refuse(self, verb: str, failure: MlopsError) -> None:
        """Nothing: it is told on stderr."""

    def note(self, text: str) -> None:
        """Print one line on stderr."""
        self.err.line(text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        streams.forget(stream)
