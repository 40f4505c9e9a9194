"""How far a run is and when it will end, by its own steps and epochs and by what the same steps took in runs before.

Pure. It must not read a run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops.domain.training.progress import PipelineStep, Snapshot

EPOCH = "epoch"
LEAST = 0.02  # part of the epochs that must be done before their speed says anything


@dataclass(frozen=True)
class TimeLeft:
    """Percent of the time that has gone, and the seconds that are left; by so many completed `runs`, 0: by its epochs.

    A run that took longer than those before it has 0 seconds left and never 100 percent.
    """

    percent: int
    seconds: float
    runs: int


@dataclass(frozen=True)
class PastSteps:
    """Seconds that each step took, the median of so many completed runs; empty where none has completed."""

    seconds: Mapping[str, float]
    runs: int

    @classmethod
    def of(cls, runs: Iterable[Sequence[PipelineStep]]) -> "PastSteps":
        """From the steps of completed runs; those that were skipped or reused took no time."""
        took: dict[str, list[float]] = {}
        count = 0
        for steps in runs:
            count += 1
            for step in steps:
                if step.leaf:
                    took.setdefault(step.name, []).append(step.seconds() or 0.0)
        from statistics import median  # of a run that goes on

        return cls({name: median(found) for name, found in took.items()}, count)


NONE = PastSteps({}, 0)


def time_left(seen: Snapshot, past: PastSteps, epochs: float | None, now: datetime) -> TimeLeft | None:
    """The sum over the steps; None where neither earlier runs nor epochs say anything.

    The speed of its own epochs counts more than what the step took before: the data may be larger now.
    """
    gone, left, known = 0.0, 0.0, bool(past.seconds)
    mine = {step.name: step for step in seen.steps if step.leaf}
    for name in dict.fromkeys([*mine, *past.seconds]):
        step = mine.get(name)
        took = (step.seconds(now) or 0.0) if step else 0.0
        gone += took
        if step and step.ended:
            continue
        by_epochs = _by_epochs(took, seen.metrics.get(EPOCH), epochs) if step is not None and step.started else None
        known = known or by_epochs is not None
        left += by_epochs if by_epochs is not None else max(0.0, past.seconds.get(name, 0.0) - took)
    if not known:
        return None
    percent = 100 * gone / (gone + left) if gone + left else 0.0
    return TimeLeft(min(99, int(percent)), left, past.runs)


def _by_epochs(took: float, epoch: float | None, epochs: float | None) -> float | None:
    """Only the step that trains logs epochs, and it is the one that runs while they grow."""
    if not epoch or not epochs or epoch >= epochs or epoch / epochs < LEAST:
        return None
    return took * (epochs - epoch) / epoch
