"""How far a promotion got, as it is written in a tag of the training run that made the model.

Whoever looks later sees from it whether a promotion was handed over, cut off, refused or done. It must not decide what
follows from that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mlops.domain.tags import PROMOTION_PREFIX


class Progress(StrEnum):
    """Where a promotion to one environment stands."""

    HANDED_OVER = "handed-over"  # a tick gave the model to the promote workflow
    BEGUN = "begun"
    INTERRUPTED = "interrupted"  # ended without an answer: a service that could not be reached
    REFUSED = "refused"  # rolled back, or refused by a rule or by Azure: doing it again changes nothing
    DONE = "done"


@dataclass(frozen=True)
class Mark:
    """A promotion's progress, since when, and how often a tick handed the model over."""

    progress: Progress
    at: datetime
    retries: int = 0

    def to_tag(self) -> str:
        """`progress retries time`, such as `begun 1 2026-11-23T10:00:00+00:00`."""
        return f"{self.progress} {self.retries} {self.at.astimezone(UTC).isoformat(timespec='seconds')}"


def tag(environment: str) -> str:
    """The tag's name."""
    return f"{PROMOTION_PREFIX}{environment}"


def read(tags: Mapping[str, str], environments: Iterable[str]) -> dict[str, Mark]:
    """The marks of a run by environment; one that cannot be read, because somebody changed it, is as none."""
    return {name: mark for name in environments if (mark := _parse(tags.get(tag(name), "")))}


def _parse(text: str) -> Mark | None:
    try:
        progress, retries, at = text.split()
        moment = datetime.fromisoformat(at)
        return Mark(Progress(progress), moment if moment.tzinfo else moment.replace(tzinfo=UTC), int(retries))
    except ValueError:
        return None
