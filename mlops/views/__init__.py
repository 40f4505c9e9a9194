"""Renders what a verb found, for people, for programs and for the step summary. It must not find anything out."""

from mlops.domain.numbers import number
from mlops.views.bars import Bars
from mlops.views.card import model_card
from mlops.views.charts import Chart, chart
from mlops.views.failure import explain
from mlops.views.flowchart import Flowchart
from mlops.views.report import Report, Section, Table, table
from mlops.views.units import duration, size
from mlops.views.verdict import verdict_report
from mlops.views.view import Human, Json, View, console

__all__ = [
    "Bars",
    "Chart",
    "Flowchart",
    "Human",
    "Json",
    "Report",
    "Section",
    "Table",
    "View",
    "chart",
    "console",
    "duration",
    "explain",
    "model_card",
    "number",
    "size",
    "table",
    "verdict_report",
]
