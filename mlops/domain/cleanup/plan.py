"""What a cleanup plan is made of: items with a state and a reason, the switches, and the caps over all of them.

The modules beside this one judge a kind of resource each, and give items.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What an item is."""

    ENDPOINT = "endpoint"
    DEPLOYMENT = "deployment"
    JOB = "job"
    COMPUTE = "compute"
    MODEL = "model"
    DATA = "data"
    EVALUATION = "evaluation"


class Cause(StrEnum):
    """Why something may go; the values are the keys of `cleanup.what` in the parameters."""

    IDLE_ENDPOINTS = "idle_endpoints"
    EMPTY_ENDPOINTS = "empty_endpoints"
    ORPHANED_ENDPOINTS = "orphaned_endpoints"
    IDLE_DEPLOYMENTS = "idle_deployments"
    FAILED_DEPLOYMENTS = "failed_deployments"
    LONG_JOBS = "long_jobs"
    IDLE_COMPUTE = "idle_compute"
    OLD_MODELS = "old_models"
    OLD_DATA = "old_data"
    OLD_EVALUATIONS = "old_evaluations"


class Mode(StrEnum):
    """What is done about a cause: nothing, only said, or done."""

    IGNORE = "ignore"
    REPORT = "report"
    ACT = "act"


class ItemState(StrEnum):
    """What is to be done; refused is what a cap held back."""

    KEEP = "keep"
    REPORT = "report"
    MARK = "mark"
    UNMARK = "unmark"
    DELETE = "delete"
    CANCEL = "cancel"
    RELEASE = "release"
    ARCHIVE = "archive"
    REFUSED = "refused"


DESTRUCTIVE = frozenset({ItemState.DELETE, ItemState.CANCEL})  # what cannot be taken back, so the caps are for these
_SWITCHED = DESTRUCTIVE | {ItemState.MARK, ItemState.ARCHIVE, ItemState.RELEASE}


class Because(StrEnum):
    """The reason in a word, to count by."""

    NOT_OURS = "not ours"
    PROTECTED = "protected"
    IN_USE = "in use"
    NEEDED = "needed"
    TOO_YOUNG = "too young"
    NO_DATA = "no data"
    CHANGING = "changing"
    WAITING = "marked"
    OFF = "switched off"
    IDLE = "idle"
    EMPTY = "empty"
    ORPHANED = "model gone"
    NO_TRAFFIC = "no traffic"
    FAILED = "failed"
    TOO_LONG = "too long"
    OLD = "old"


@dataclass(frozen=True)
class Item:
    """What becomes of one thing and why; `marked` is the date of the mark once the plan is applied.

    `name` is unique in its kind: a deployment's is endpoint/deployment, a version's is name:version. `machines` are the
    instances by size that it keeps running. `cause` is set where something is wrong with it.
    """

    name: str
    environment: str | None
    state: ItemState
    reason: str
    ours: bool
    instances: int = 0
    marked: datetime | None = None
    kind: Kind = Kind.ENDPOINT
    because: Because = Because.IN_USE
    cause: Cause | None = None
    machines: Mapping[str, int] = field(default_factory=dict)
    workspace: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What no other item has."""
        return (self.workspace, self.kind, self.name)


@dataclass(frozen=True)
class Plan:
    """Every item, with the refusal when a cap held the deletions back."""

    items: tuple[Item, ...]
    refusal: str | None = None

    def of(self, state: ItemState) -> tuple[Item, ...]:
        """List the items in a state."""
        return tuple(item for item in self.items if item.state is state)


def plan(
    items: Iterable[Item],
    *,
    max_deletions: int,
    max_share: float,
    modes: Mapping[Cause, Mode] | None = None,
    max_archived: int | None = None,
) -> Plan:
    """Apply the switches, then hold what cannot be taken back against the caps.

    Beyond a cap nothing at all is deleted or canceled; marks are still set and removed. Archiving can be undone, so it
    is not refused but bounded: the rest waits for the next run.
    """
    switched = [_switch(item, modes or {}) for item in items]
    switched.sort(
        key=lambda item: (item.workspace, item.kind, item.name, item.environment or "", item.state, item.reason)
    )
    bounded = _bounded(switched, max_archived)
    refusal = _refusal(bounded, max_deletions, max_share)
    if refusal:
        bounded = [
            replace(item, state=ItemState.REFUSED, reason=f"{item.reason}; held back: {refusal}")
            if item.state in DESTRUCTIVE
            else item
            for item in bounded
        ]
    return Plan(tuple(bounded), refusal)


def _switch(item: Item, modes: Mapping[Cause, Mode]) -> Item:
    mode = modes.get(item.cause, Mode.ACT) if item.cause else Mode.ACT
    if mode is Mode.IGNORE and (item.state in _SWITCHED or item.state is ItemState.REPORT):
        return replace(item, state=ItemState.KEEP, because=Because.OFF, reason=f"{item.reason}; {item.cause}: ignore")
    if mode is Mode.REPORT and item.state in _SWITCHED:
        return replace(item, state=ItemState.REPORT, reason=f"{item.reason}; {item.cause}: report")
    return item


def _bounded(items: Sequence[Item], most: int | None) -> list[Item]:
    """Archive so many in one run at most."""
    kept, done = [], 0
    for item in items:
        if item.state is ItemState.ARCHIVE and most is not None:
            done += 1
            if done > most:
                item = replace(item, state=ItemState.REPORT, reason=f"{item.reason}; more than {most} wait for later")  # noqa: PLW2901
        kept.append(item)
    return kept


def _refusal(items: Sequence[Item], max_deletions: int, max_share: float) -> str | None:
    planned = [item for item in items if item.state in DESTRUCTIVE]
    if len(planned) > max_deletions:
        return f"{len(planned)} deletions are planned and max_deletions is {max_deletions}"
    for kind, count in sorted(Counter(item.kind for item in planned).items()):
        ours = sum(item.ours for item in items if item.kind is kind)
        share = math.floor(round(max_share * ours, 6))
        allowed = max(1, share) if max_share > 0 else 0
        if count > allowed:
            name = "" if kind is Kind.ENDPOINT else f" {kind}s"
            return f"{count} of our {ours}{name} are to be deleted and max_share {max_share:g} allows {allowed}"
    return None
