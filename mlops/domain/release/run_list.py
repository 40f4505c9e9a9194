"""Training runs beside each other: which order they stand in, and in what they differ. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops.domain.evaluation.findings import Ruling
from mlops.domain.evaluation.metric_table import direction
from mlops.domain.release.comparison import IngredientDifference, same
from mlops.domain.training.run import JobState

Value = str | float | None
PLAIN = ("submitted", "name", "state", "by", "data", "base", "component", "verdict", "model", "hours", "cost")


@dataclass(frozen=True)
class ListedRun:
    """A training run. `changed` is what differs from the run before it; null and empty text are what nobody knows.

    `metrics` are those that the gate judged, and the last ones of the run; `hours` those in which it held machines.
    """

    name: str
    state: JobState
    submitted: datetime | None
    by: str
    commit: str
    run_url: str
    data: str
    base: str
    component: str
    parameters: Mapping[str, str]
    changed: tuple[IngredientDifference, ...]
    metrics: Mapping[str, float]
    verdict: Ruling | None
    why: str
    model: str | None
    hours: float | None
    cost: float | None

    def value(self, key: str) -> Value:
        """A column, a metric or a parameter of that name; None where this run has none."""
        if key in PLAIN:
            found = getattr(self, key)
            return found.isoformat() if isinstance(found, datetime) else found
        return self.metrics.get(key, self.parameters.get(key))


@dataclass(frozen=True)
class DifferingRow:
    """One thing in which runs differ: its kind (data, parameter, metric, ...), its name, and the value of each run."""

    kind: str
    name: str
    values: tuple[Value, ...]


def keys(runs: Sequence[ListedRun]) -> list[str]:
    """What runs can be sorted by."""
    return [*PLAIN, *metric_names(runs), *parameter_names(runs)]


def metric_names(runs: Sequence[ListedRun]) -> list[str]:
    """Every metric that some run has."""
    return sorted({name for run in runs for name in run.metrics})


def parameter_names(runs: Sequence[ListedRun]) -> list[str]:
    """Every parameter that some run has."""
    return sorted({name for run in runs for name in run.parameters})


def in_order(runs: Sequence[ListedRun], key: str, *, reverse: bool = False) -> tuple[ListedRun, ...]:
    """By one key: of a metric the best first, of times the newest, else the smallest; what has no value comes last."""
    down = (direction(key) == "higher" or key == "submitted") != reverse
    known = [run for run in runs if run.value(key) is not None]
    rest = [run for run in runs if run.value(key) is None]
    return (*sorted(known, key=lambda run: _comparable(run.value(key)), reverse=down), *rest)


def differing(runs: Sequence[ListedRun]) -> tuple[DifferingRow, ...]:
    """Ingredients and parameters in which the runs differ, then how they ended and every metric."""
    made = [_row("", name, runs) for name in ("base", "component", "data")]
    made += [_row("parameter", name, runs) for name in parameter_names(runs)]
    ended = [_row("", name, runs) for name in ("state", "verdict", "model", "hours", "cost", "by", "submitted")]
    measured = [_row("metric", name, runs) for name in metric_names(runs)]
    return (*(row for row in made if not _alike(row.values)), *ended, *measured)


def _row(kind: str, name: str, runs: Sequence[ListedRun]) -> DifferingRow:
    return DifferingRow(kind, name, tuple(run.value(name) for run in runs))


def _alike(values: Sequence[Value]) -> bool:
    first = values[0]
    return all(value == first or same(_text(value), _text(first)) for value in values)


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _comparable(value: Value) -> tuple[int, float, str]:
    """Numbers before texts; a parameter is a text that may hold a number."""
    try:
        return 0, float(value or 0), ""
    except ValueError:
        return 1, 0.0, str(value)
