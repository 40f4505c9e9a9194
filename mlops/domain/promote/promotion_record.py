"""How far a promotion got, as it is written in a tag of the training run that made the model.

Whoever looks later sees from it whether a promotion was requested, cut off, refused or done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mlops.domain.moments import parse_date
from mlops.domain.tags import PROMOTION_PREFIX


class PromotionState(StrEnum):
    """Where a promotion to one environment stands."""

    REQUESTED = "requested"  # `resume` gave the model to the promote workflow
    BEGUN = "begun"
    INTERRUPTED = "interrupted"  # ended without an answer: a service that could not be reached
    REFUSED = "refused"  # rolled back, or refused by a rule or by Azure: doing it again changes nothing
    DONE = "done"


@dataclass(frozen=True)
class PromotionRecord:
    """How far a promotion got, since when, how often `resume` requested it, and which commit asked for it."""

    state: PromotionState
    at: datetime
    retries: int = 0
    commit: str = ""  # empty where that is not known

    def to_tag(self) -> str:
        """`state retries time commit`, such as `begun 1 2026-11-23T10:00:00+00:00 3b1f`; the commit may be absent."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        return f"{self.state} {self.retries} {at} {self.commit}".rstrip()


def record_tag(environment: str) -> str:
    """The tag's name."""
    return f"{PROMOTION_PREFIX}{environment}"


def read(tags: Mapping[str, str], environments: Iterable[str]) -> dict[str, PromotionRecord]:
    """The records of a run by environment. One that somebody changed, so that it cannot be read, is left out."""
    return {name: record for name in environments if (record := _parse(tags.get(record_tag(name), "")))}


def _parse(text: str) -> PromotionRecord | None:
    try:
        state, retries, at, *commit = text.split()
        moment = parse_date(at)
        return PromotionRecord(PromotionState(state), moment, int(retries), "".join(commit)) if moment else None
    except ValueError:
        return None
