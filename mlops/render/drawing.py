"""A report as rich draws it on a terminal or in a log. It is imported when something is drawn, and not before."""

import io
from collections.abc import Mapping
from typing import Literal, TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from mlops import streams
from mlops.render.log import LOG_WIDTH
from mlops.render.markdown import clean
from mlops.render.report import Cell, Report, Section, Table, is_command, shown

_STYLES = {
    **dict.fromkeys(("pass", "ok", "Completed", "Succeeded"), "green"),
    **dict.fromkeys(("refuse", "failed", "Failed", "NotResponding"), "red"),
    **dict.fromkeys(("advisory", "held back", "Canceled", "CancelRequested"), "yellow"),
    **dict.fromkeys(("run", "Running"), "cyan"),
    "skip": "dim",
}


class _Console(Console):
    """Goes on when its reader went away, as `head` does: the work is not done yet, and its exit code is the answer."""

    def on_broken_pipe(self) -> None:
        """Say nothing more."""
        self.quiet = True
        streams.forget(self.file)


def console(stream: TextIO, environ: Mapping[str, str], *, watched: bool) -> Console:
    """A console on a stream, which is moved on where it is `watched`; NO_COLOR is honoured."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # a log in another encoding than UTF-8 must not end a command
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


def draw(report: Report, on: Console) -> None:
    """Write the report. Commands and sentences are not wrapped, so they can be copied."""
    for section in report.as_sections():
        _draw(on, section)
    if report.next_step:
        _say(on, "Next:", "bold")
        _say(on, f"    {report.next_step}" if is_command(report.next_step) else f"  {report.next_step}")


def _draw(console: Console, section: Section) -> None:
    _say(console, section.title, "bold")
    for line in section.lines:
        if line:
            _say(console, "\n".join(f"  {part}" for part in line.splitlines()))
    for item in section.tables:
        _print_table(console, item)
    for chart in section.charts:
        for line in chart.sparklines():
            _say(console, f"  {line}")


def _print_table(console: Console, item: Table) -> None:
    """Write a table; in a log or a file without the blanks that fill its cells up.

    Where a terminal is so narrow that words would be broken, each row is written as lines of name and value.
    """
    made = Padding(drawn(item, whole_words=console.is_terminal), (0, 0, 0, 1), expand=False)
    if not console.is_terminal:
        with console.capture() as held:
            console.print(made)
        _say(console, "\n".join(line.rstrip() for line in held.get().splitlines()))
    elif Measurement.get(console, console.options.update(max_width=10_000), made).minimum <= console.width:
        console.print(made)
    else:
        _print_rows(console, item)


def _print_rows(console: Console, item: Table) -> None:
    if item.title:
        _say(console, f" {item.title}")
    for row in item.rows:
        made = RichTable.grid(padding=(0, 2))
        made.add_column()
        made.add_column(overflow="fold")
        for name, cell in zip(item.columns, row, strict=True):
            if shown(cell):
                made.add_row(Text(clean(name), style="bold"), _cell(cell))
        console.print(Padding(made, (1, 0, 0, 3), expand=False))


def drawn(item: Table, *, whole_words: bool = False) -> RichTable:
    """A table for a terminal. `whole_words`: no column is narrower than its longest word."""
    made = RichTable(title=Text(clean(item.title)) if item.title else None, title_justify="left", box=SIMPLE_HEAD)
    for index, name in enumerate(item.columns):
        justify: Literal["left", "right"] = "right" if item.numeric(index) else "left"
        words = " ".join([clean(name), *(clean(shown(row[index])) for row in item.rows)]).split()
        longest = max(map(cell_len, words), default=0) if whole_words else None
        made.add_column(Text(clean(name)), justify=justify, overflow="fold", min_width=longest)
    for row in item.rows:
        made.add_row(*map(_cell, row))
    return made


def _cell(cell: Cell) -> Text:
    return Text(clean(shown(cell)), style=_STYLES.get(str(cell), ""))


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(clean(text), style=style), soft_wrap=True)
