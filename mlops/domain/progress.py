"""What is known of the steps of a run while it goes on, and what of it is worth showing.

Pure. It must not read a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Step:
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


def machine_seconds(steps: Sequence[Step]) -> float:
    """Time in which the steps held machines, without what they waited in queues. 0 when nothing is known."""
    return sum(step.seconds() or 0.0 for step in steps if step.leaf)
