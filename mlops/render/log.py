"""A report as lines of a log, the same as rich would draw, for those reports whose tables fit as they are.

It must not import rich: that, and its way to the width of a column, is a third of what a short command takes.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest

from mlops.render.markdown import clean
from mlops.render.report import Report, Section, Table, is_command, shown

LOG_WIDTH = 160  # columns of a log that nobody's window limits
# Letters of which each takes one column: of Latin, and the signs that reports are written with.
_NARROW = re.compile(r"[ -~¡-¬®-˿\u2013\u2014…→←↑↓≤≥±─-╿▀-▟✓✗]*")
_WORD = re.compile(r" *[^ ]+ *")


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
    """Its lines; None where a cell has lines of its own or wide letters, or where numbers would have to be broken."""
    cells = [[clean(text) for text in row] for row in (item.columns, *(map(shown, row) for row in item.rows))]
    if not item.columns or not all(_NARROW.fullmatch(text) for row in cells for text in (item.title, *row)):
        return None
    columns = len(item.columns)
    full = [min(max(map(len, column)), LOG_WIDTH - columns - 4) for column in zip(*cells, strict=True)]
    right = [item.numeric(index) for index in range(columns)]
    widths = _narrowed(full, LOG_WIDTH - 3 * columns - 2)
    whole = sum(widths) + 3 * columns + 1
    if min(widths) < 1 or len(item.title) > whole:
        return None
    if any(at_end and width < before for at_end, width, before in zip(right, widths, full, strict=True)):
        return None
    head, *rows = ([_wrapped(text, width) for text, width in zip(row, widths, strict=True)] for row in cells)
    highest = max(map(len, head))
    head = [[*[""] * (highest - len(lines)), *lines] for lines in head]  # a short name stands next to its values
    made = [
        "",
        *_beside(head, widths, right),
        f"  {'─' * (whole - 2)}",
        *(line for row in rows for line in _beside(row, widths, right)),
        "",
    ]
    return [line.rstrip() for line in ([f" {item.title}", *made] if item.title else made)]


def _narrowed(widths: list[int], room: int) -> list[int]:
    """The widths of columns that together take no more than `room`: the widest go down to the next, and so on."""
    found = list(widths)
    while (excess := sum(found) - room) > 0:
        widest = [index for index, width in enumerate(found) if width == max(found)]
        step = min(excess, max(found) - max((width for width in found if width < max(found)), default=0))
        for before, index in enumerate(widest):
            taken = min(step, round(excess / (len(widest) - before)))
            found[index] -= taken
            excess -= taken
    return found


def _beside(cells: list[list[str]], widths: list[int], right: list[bool]) -> Iterator[str]:
    """The lines of a row, as many as its highest cell has."""
    for line in zip_longest(*cells, fillvalue=""):
        yield "  " + "".join(
            f" {text:>{width}}  " if at_end else f" {text:<{width}}  "
            for text, width, at_end in zip(line, widths, right, strict=True)
        )


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a cell; a word that is longer than one is broken where the line ends."""
    lines = [""]
    for word in _WORD.findall(text):
        if len(lines[-1]) + len(word.rstrip()) <= width:
            lines[-1] += word
            continue
        parts = [word]
        if len(word.rstrip()) > width:
            parts = [word[start : start + width] for start in range(0, len(word), width)]
        lines = parts if lines == [""] else [*lines, *parts]
    return [line[:width] for line in lines]  # what is over are blanks
