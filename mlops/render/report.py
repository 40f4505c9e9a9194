"""A report as plain data with three faces: a terminal, Markdown and JSON. It must not know what it reports on."""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mlops.domain.numbers import number, to_plain
from mlops.render.markdown import fenced, inline, paragraph

if TYPE_CHECKING:
    from rich.console import Console

Cell = str | int | float | bool | None
PROGRAMS = ("mlops ", "az ", "git ", "gh ", "make ", "python ", "curl ")


class Drawing(Protocol):
    """What Mermaid draws: its text, and the same as a table, as lines for a terminal and as data."""

    @property
    def title(self) -> str:
        """What it shows."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The head of its table."""

    def rows(self) -> Iterable[Iterable[Cell]]:
        """The rows of its table."""

    def to_mermaid(self) -> str:
        """The text that GitHub draws."""

    def caption(self) -> str:
        """What a reader without the drawing needs."""

    def sparklines(self) -> tuple[str, ...]:
        """Lines for a terminal."""

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data."""


@dataclass(frozen=True)
class Table:
    """Rows under columns; cells keep their values, and each face writes them its way."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"every row of {self.title!r} has {len(self.columns)} cells")

    def numeric(self, index: int) -> bool:
        """Whether a column holds numbers and nothing else, so that it is aligned to the right."""
        cells = [row[index] for row in self.rows if row[index] is not None]
        return bool(cells) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data with the raw values."""
        rows = [[to_plain(cell) for cell in row] for row in self.rows]
        return {"title": self.title, "columns": list(self.columns), "rows": rows}

    def to_csv(self) -> str:
        """Comma-separated values with a head, as RFC 4180 says; what is not there is empty."""
        import csv

        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(["" if cell is None else to_plain(cell) for cell in row] for row in self.rows)
        return text.getvalue()

    def to_markdown(self) -> str:
        """A Markdown table, without its title."""
        ruler = ["---:" if self.numeric(index) else "---" for index in range(len(self.columns))]
        lines = [[inline(name) for name in self.columns], ruler]
        lines += [[inline(shown(cell)) for cell in row] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass(frozen=True)
class Section:
    """Lines, tables and charts under a heading. Empty lines of text are left out."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Drawing, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "title": self.title,
            "lines": [line for line in self.lines if line],
            "tables": [table.to_json() for table in self.tables],
            "charts": [chart.to_json() for chart in self.charts],
        }


@dataclass(frozen=True)
class Report:
    """What a verb has to say. `next_step` is a command, or a sentence where there is none; `data` is for programs."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Drawing, ...] = ()
    sections: tuple[Section, ...] = ()
    next_step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data: what the other faces show, and `data`."""
        sections = [section.to_json() for section in self.sections]
        return {**self._top().to_json(), "sections": sections, "next_step": self.next_step, "data": _plain(self.data)}

    def to_markdown(self) -> str:
        """A section of the step summary; headings start at the third level."""
        blocks = list(_markdown(self._top(), "###"))
        for section in self.sections:
            blocks += _markdown(section, "####")
        if is_command(self.next_step):
            blocks += ["Next:", fenced(self.next_step, "sh")]
        elif self.next_step:
            blocks.append(f"Next: {inline(self.next_step)}")
        return "\n\n".join(blocks) + "\n"

    def print(self, console: "Console") -> None:
        """Write it to a terminal or a log. Commands and sentences are not wrapped, so they can be copied."""
        from mlops.render import drawing

        drawing.draw(self, console)

    def as_sections(self) -> "tuple[Section, ...]":
        """The whole report as parts of a larger one; the next step stays behind."""
        return (self._top(), *self.sections)

    def _top(self) -> Section:
        return Section(self.title, self.lines, self.tables, self.charts)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Table:
    """A table of any rows. Raises ValueError when a row has too few or too many cells."""
    return Table(title, tuple(columns), tuple(tuple(row) for row in rows))


def shown(cell: Cell) -> str:
    """A cell as people read it."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return number(cell) if isinstance(cell, int | float) else str(cell)


def is_command(text: str) -> bool:
    """Whether a text is a command to copy rather than a sentence."""
    return text.startswith(PROGRAMS)


def _markdown(section: Section, heading: str) -> Iterator[str]:
    yield f"{heading} {inline(section.title)}"
    yield from (paragraph(line) for line in section.lines if line)
    for item in section.tables:
        if item.title:
            yield f"**{inline(item.title)}**"
        yield item.to_markdown()
    for drawn in section.charts:
        values = table("", drawn.columns, drawn.rows())
        yield fenced(drawn.to_mermaid(), "mermaid")
        yield paragraph(drawn.caption())
        yield f"<details><summary>Values</summary>\n\n{values.to_markdown()}\n\n</details>"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return to_plain(value)
