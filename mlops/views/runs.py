"""`mlops runs`: a row for each run, a column for each run, or every value for a spreadsheet."""

from collections.abc import Mapping
from datetime import datetime

from mlops.domain.moments import parse_date
from mlops.domain.release.run_list import PLAIN, ListedRun, Value, metric_names, parameter_names
from mlops.domain.training.costs import amount
from mlops.flow.release.runs import RunsResult
from mlops.render import Cell, Report, number, table

MOST_METRICS = 5  # in a line; the comparison has all
SHORT = 12  # characters of a data version


def report(result: RunsResult) -> Report:
    """For people."""
    if not result.runs:
        return Report("No runs yet", ("no training run of this model is in the workspace",), next_step="mlops plan")
    metrics = metric_names(result.runs)[:MOST_METRICS]
    columns = ("run", "state", "submitted", "by", "data", "changed", *metrics, "verdict", "hours", "cost", "model")
    rows: list[tuple[Cell, ...]] = [_row(one, metrics, result.currency) for one in result.runs]
    return Report(
        f"Training runs by {result.sorted_by}",
        tuple(f"{one.name} was refused: {one.why}" for one in result.runs if one.verdict == "refuse"),
        (table("Runs", columns, rows),),
        next_step=f"mlops runs {' '.join(one.name for one in result.runs[:2])} --compare" if result.runs[1:] else "",
    )


def outputs(_: RunsResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}


class Compared:
    """The view of `--compare`: what differs, with a column for each run."""

    def report(self, result: RunsResult) -> Report:
        """For people."""
        if not result.runs:
            return report(result)
        rows = [
            (f"{row.kind} {row.name}".strip(), *(_cell(row.name, value) for value in row.values))
            for row in result.differing
        ]
        lines = ("base model, component, data and parameters that are alike are left out",)
        columns = ("", *(one.name for one in result.runs))
        return Report("Training runs compared", lines, (table("Differences", columns, rows),))

    def outputs(self, result: RunsResult) -> Mapping[str, str]:
        """The same as of the list."""
        return outputs(result)


class Flat:
    """The view of `--csv`: every column, metric and parameter of each run."""

    def report(self, result: RunsResult) -> Report:
        """For spreadsheets."""
        keys = [*PLAIN, *metric_names(result.runs), *parameter_names(result.runs)]
        rows: list[tuple[Cell, ...]] = [tuple(one.value(key) for key in keys) for one in result.runs]
        return Report("Runs", tables=(table("Runs", keys, rows),))

    def outputs(self, result: RunsResult) -> Mapping[str, str]:
        """The same as of the list."""
        return outputs(result)


def _row(one: ListedRun, metrics: list[str], currency: str) -> tuple[Cell, ...]:
    name, _, version = one.data.partition(":")
    return (
        one.name,
        one.state.value,
        _moment(one.submitted),
        one.by,
        f"{name}:{version[:SHORT]}" if version else "",
        "; ".join(map(str, one.changed)),
        *(one.metrics.get(metric) for metric in metrics),
        one.verdict.value if one.verdict else "",
        None if one.hours is None else round(one.hours, 2),
        "" if one.cost is None else amount(one.cost, currency),
        one.model or "",
    )


def _moment(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else ""


def _cell(name: str, value: Value) -> str:
    if isinstance(value, float):
        return number(value)
    text = "" if value is None else str(value)
    return _moment(parse_date(text)) if name == "submitted" else text
