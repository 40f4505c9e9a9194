"""A report as lines of a log, the same as rich would draw, for those reports whose tables fit as they are.

It must not import rich: that, and its way to the width of a column, is a third of what a short command takes.
"""

import re
from collections.abc import Iterator

from mlops.render.markdown import clean
from mlops.render.report import Report, Section, Table, is_command, shown

LOG_WIDTH = 160  # columns of a log that nobody's window limits
# Letters of which each takes one column: of Latin, and the signs that reports are written with.
_NARROW = re.compile(r"[ -~¡-¬®-˿\u2013\u2014…→←↑↓≤≥±─-╿▀-▟✓✗]*")


def text_of(report: Report) -> str | None:
    """The whole report; None where it takes more than putting cells side by side."""
    lines: list[str] = []
    for section in report.as_sections():
        tables = [_table(item) for item in section.tables]
        if not all(tables):
            return None
        lines += _said(section, [line for found in tables if found for line in found])
    if report.next_step:
        indent = "    " if is_command(report.next_step) else "  "
        lines += ["Next:", *clean(f"{indent}{report.next_step}").split("\n")]
    if any("\t" in line or (len(line) > LOG_WIDTH and line[-1].isspace()) for line in lines):
        return None
    return "".join(f"{line}\n" for line in lines)


def _said(section: Section, tables: list[str]) -> Iterator[str]:
    yield from clean(section.title).split("\n")
    for line in section.lines:
        if line:
            yield from clean("\n".join(f"  {part}" for part in line.splitlines())).split("\n")
    yield from tables
    for chart in section.charts:
        for line in chart.sparklines():
            yield from clean(f"  {line}").split("\n")


def _table(item: Table) -> list[str] | None:
    """Its lines; None where a cell has lines of its own or wide letters, or where all is wider than a log."""
    cells = [[clean(text) for text in row] for row in (item.columns, *(map(shown, row) for row in item.rows))]
    if not item.columns or not all(_NARROW.fullmatch(text) for row in cells for text in (item.title, *row)):
        return None
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    whole = sum(widths) + 3 * len(widths) + 1
    if whole >= LOG_WIDTH or len(item.title) > whole or 0 in widths:
        return None
    right = [item.numeric(index) for index in range(len(widths))]
    head, *rows = (
        "  "
        + "".join(
            f" {text:>{width}}  " if at_end else f" {text:<{width}}  "
            for text, width, at_end in zip(row, widths, right, strict=True)
        )
        for row in cells
    )
    made = ["", head, f"  {'─' * (whole - 2)}", *rows, ""]
    return [line.rstrip() for line in ([f" {item.title}", *made] if item.title else made)]
