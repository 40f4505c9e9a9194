"""Where each number of a verdict comes from: who made it, in which run, of which weights, in which unit."""

from dataclasses import dataclass
from typing import Literal

from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.metric_table import Maker, Metric, known


@dataclass(frozen=True)
class Origin:
    """Of one metric of the candidate. Null and empty text are what is not known.

    `low` and `high` are the ends of its range. `weights` is the place in the training whose weights it is of, where
    the run kept those of an earlier evaluation.
    """

    unit: str
    low: float | None
    high: float | None
    better: Literal["lower", "higher"] | None
    maker: Maker | None
    run: str
    weights: str


def origins(evidence: Evidence) -> dict[str, Origin]:
    """Of every metric of the candidate, by its name."""
    return {name: _origin(name, known(name), evidence) for name in sorted(evidence.metrics)}


def _origin(name: str, metric: Metric | None, evidence: Evidence) -> Origin:
    kept = evidence.kept
    maker = metric.maker if metric else None
    return Origin(
        unit=metric.unit if metric else "",
        low=metric.low if metric else None,
        high=metric.high if metric else None,
        better=metric.better if metric else None,
        maker=maker,
        run=evidence.job if maker in (Maker.TRAINING, None) else evidence.evaluation or evidence.job,
        weights=kept.place if kept and kept.metric == name else "",
    )
