"""Renders what a verb found, for people, for programs and for the step summary. It must not find anything out."""

from mlops.domain.numbers import number
from mlops.views.bars import Bars
from mlops.views.board import Board, Lines, board
from mlops.views.card import model_card
from mlops.views.charts import Chart, chart
from mlops.views.failure import explain, failure_report
from mlops.views.flowchart import Flowchart
from mlops.views.markdown import fenced
from mlops.views.report import Cell, Report, Section, Table, table
from mlops.views.units import duration, size
from mlops.views.verdict import verdict_report
from mlops.views.view import Human, Json, Markdown, View, console

__all__ = [
    "Bars",
    "Board",
    "Cell",
    "Chart",
    "Flowchart",
    "Human",
    "Json",
    "Lines",
    "Markdown",
    "Report",
    "Section",
    "Table",
    "View",
    "board",
    "chart",
    "console",
    "duration",
    "explain",
    "failure_report",
    "fenced",
    "model_card",
    "number",
    "size",
    "table",
    "verdict_report",
]
