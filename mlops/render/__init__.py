"""Renders what a verb found, for people, for programs and for the step summary. It must not find anything out.

What is named here is imported when it is first asked for, and what draws with rich when something is drawn.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops.domain.numbers import number
    from mlops.render.bars import Bars
    from mlops.render.board import Board, Lines, board
    from mlops.render.charts import Chart, chart
    from mlops.render.failure import explain, failure_report
    from mlops.render.markdown import fenced
    from mlops.render.output import Csv, Human, Json, Markdown, Output, Page
    from mlops.render.report import Cell, Report, Section, Table, table
    from mlops.render.units import duration, size

__all__ = [
    "Bars",
    "Board",
    "Cell",
    "Chart",
    "Csv",
    "Human",
    "Json",
    "Lines",
    "Markdown",
    "Output",
    "Page",
    "Report",
    "Section",
    "Table",
    "board",
    "chart",
    "duration",
    "explain",
    "failure_report",
    "fenced",
    "number",
    "size",
    "table",
]
PLACES = {
    "Bars": "render.bars",
    "Board": "render.board",
    "Cell": "render.report",
    "Chart": "render.charts",
    "Csv": "render.output",
    "Human": "render.output",
    "Json": "render.output",
    "Lines": "render.board",
    "Markdown": "render.output",
    "Output": "render.output",
    "Page": "render.output",
    "Report": "render.report",
    "Section": "render.report",
    "Table": "render.report",
    "board": "render.board",
    "chart": "render.charts",
    "duration": "render.units",
    "explain": "render.failure",
    "failure_report": "render.failure",
    "fenced": "render.markdown",
    "number": "domain.numbers",
    "size": "render.units",
    "table": "render.report",
}


def __getattr__(name: str) -> Any:
    """What a name of `__all__` stands for; it is found without this from then on.

    All that its module has is taken at once, for its import puts the module itself where `board` belongs.
    """
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"mlops.{PLACES[name]}")
    globals().update({one: getattr(module, one) for one, place in PLACES.items() if place == PLACES[name]})
    return globals()[name]
