"""Renders what a verb found, for people, for programs and for the step summary. It must not find anything out.

What draws with rich is imported when something is drawn.
"""

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
