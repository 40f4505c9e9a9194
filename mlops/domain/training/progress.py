"""What is known of the steps of a run while it goes on, and what of it is worth showing.

Pure. It must not read a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

RUNNING = "Running"
BAD = ("Failed", "NotResponding")
SHOWN = ("epoch", "loss", "eval_loss", "learning_rate")


@dataclass(frozen=True)
class PipelineStep:
    """One step. `depth` counts from 0 below the pipeline; a leaf has none below it and is what holds a machine."""

    id: str
    name: str
    status: str
    depth: int = 0
    leaf: bool = True
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""

    def seconds(self, now: datetime | None = None) -> float | None:
        """How long it has run, or ran; None before its start, and for one that goes on where `now` is not given."""
        end = self.ended or now
        return None if self.started is None or end is None else max(0.0, (end - self.started).total_seconds())


def machine_seconds(steps: Sequence[PipelineStep]) -> float:
    """Time in which the steps held machines, without what they waited in queues. 0 when nothing is known."""
    return sum(step.seconds() or 0.0 for step in steps if step.leaf)


@dataclass(frozen=True)
class Snapshot:
    """A run at one look: its state, its steps, and the last values of its metrics."""

    name: str
    state: str
    steps: tuple[PipelineStep, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)

    def running(self) -> PipelineStep | None:
        """The step that works now; of several the last one."""
        return next((step for step in reversed(self.steps) if step.leaf and step.status == RUNNING), None)

    def failed(self) -> list[PipelineStep]:
        """The steps at which the run failed: those that failed and have no failed one below them."""
        bad = [step for step in self.steps if step.status in BAD]
        leaves = [step for step in bad if step.leaf]
        return leaves or bad

    def measured(self) -> str:
        """The metrics that tell how it goes, in one line; empty before the first."""
        return ", ".join(f"{name} {self.metrics[name]:.4g}" for name in SHOWN if name in self.metrics)

    def rows(self, now: datetime | None = None) -> list[tuple[str, str, float | None, str]]:
        """Step, state, seconds, error, for a table."""
        return [
            ("  " * step.depth + step.name, step.status, step.seconds(now), step.error.partition("\n")[0])
            for step in self.steps
        ]


def news(before: Snapshot | None, after: Snapshot) -> list[str]:
    """What is new since the look before, as lines of a log."""
    lines = []
    if before is None or before.state != after.state:
        lines.append(f"{after.name} is {after.state}")
    known = {step.id: step.status for step in before.steps} if before else {}
    for step in after.steps:
        if known.get(step.id) != step.status:
            took = f" after {step.seconds():.0f} s" if step.ended and step.seconds() is not None else ""
            lines.append(f"step {step.name} is {step.status}{took}")
    seen = before.metrics if before else {}
    if any(after.metrics.get(name) != seen.get(name) for name in SHOWN):
        lines.append(after.measured())
    return lines


def log_of_interest(paths: Sequence[str]) -> str | None:
    """The log to show: what the program itself wrote, of the first of several processes; None without any."""
    ranked = sorted(paths, key=lambda path: (not path.startswith("user_logs/"), "std_log" not in path, path))
    return ranked[0] if ranked else None
