"""What happened to the models of a project, in time order, read from the tags that Azure ML keeps.

What is deleted takes its tags along, so what cleanup deleted stands on the versions that it served.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mlops.domain.moments import parse_date
from mlops.domain.promote import audit, promotion_record
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.promotion_record import PromotionState
from mlops.domain.registry import passed
from mlops.domain.tags import (
    COMMIT_TAG,
    DELETED_PREFIX,
    HELD_IN_PREFIX,
    HISTORY_PREFIX,
    IDLE_SINCE_TAG,
    JOB_TAG,
    PROMOTED_TAG,
    REGISTERED_BY_TAG,
    RUN_TAG,
    VERDICT_TAG,
    VERDICT_WHY_TAG,
)
from mlops.domain.training.run import JobState

SAME_MOMENT = timedelta(minutes=5)  # an endpoint's tag and the model's are written within one promotion
_ENTRY = re.compile(r"(?P<role>\w+) (?P<at>\S+)")


class EventKind(StrEnum):
    """What happened."""

    SUBMITTED = "training submitted"
    FAILED = "training failed"
    CANCELED = "training canceled"
    REFUSED = "refused by the gate"
    REGISTERED = "registered"
    PROMOTED = "promoted"
    PROMOTION_REFUSED = "promotion refused"
    ROLLED_BACK = "rolled back"
    FROZEN = "frozen"
    MARKED = "marked as idle"
    DELETED = "deleted by cleanup"


@dataclass(frozen=True)
class Event:
    """One thing that happened. `at` None: nobody wrote down when. Empty text is what nobody knows.

    `environment` and `model` (`name:version`) are None where the event is about none. A training that failed, was
    canceled or refused stands at the time of its submission, which is what the service lists. `approved` names who
    approved a promotion on GitHub.
    """

    at: datetime | None
    kind: EventKind
    environment: str | None = None
    model: str | None = None
    run: str | None = None
    commit: str = ""
    by: str = ""
    why: str = ""
    approved: str = ""


@dataclass(frozen=True)
class RunRecord:
    """A training run with its tags."""

    name: str
    state: JobState
    submitted: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionRecord:
    """A registered version with its tags."""

    version: str
    registered: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)


def timeline(
    model: str,
    runs: Iterable[RunRecord],
    versions: Sequence[VersionRecord],
    endpoints: Mapping[str, Mapping[str, str]],
) -> tuple[Event, ...]:
    """Every event, oldest first; those without a time come first. `endpoints` are tags by environment."""
    found = [event for run in runs for event in _of_run(run, tuple(endpoints))]
    found += [event for one in versions for event in _of_version(model, one, endpoints)]
    found += [event for name, tags in endpoints.items() for event in _of_endpoint(name, tags)]
    return tuple(sorted(found, key=lambda event: event.at or datetime.min.replace(tzinfo=UTC)))


def _of_run(run: RunRecord, environments: Sequence[str]) -> Iterator[Event]:
    tags, commit = run.tags, run.tags.get(COMMIT_TAG, "")
    yield Event(run.submitted, EventKind.SUBMITTED, run=run.name, commit=commit, by=tags.get(RUN_TAG, ""))
    ended = {JobState.FAILED: EventKind.FAILED, JobState.CANCELED: EventKind.CANCELED}.get(run.state)
    if ended:
        yield Event(run.submitted, ended, run=run.name, commit=commit)
    if tags.get(VERDICT_TAG) == "refuse":
        why = tags.get(VERDICT_WHY_TAG, "")
        yield Event(run.submitted, EventKind.REFUSED, run=run.name, commit=commit, why=why)
    for name, record in promotion_record.read(tags, environments).items():
        if record.state is PromotionState.REFUSED:
            yield Event(record.at, EventKind.PROMOTION_REFUSED, name, run=run.name, commit=commit)


def _of_version(model: str, one: VersionRecord, endpoints: Mapping[str, Mapping[str, str]]) -> Iterator[Event]:
    tags, label = one.tags, f"{model}:{one.version}"
    run, commit = tags.get(JOB_TAG), tags.get(COMMIT_TAG, "")
    by, why = tags.get(REGISTERED_BY_TAG, ""), tags.get(VERDICT_WHY_TAG, "")
    yield Event(one.registered, EventKind.REGISTERED, None, label, run, commit, by, why)
    for key, text in tags.items():
        if key.startswith(HISTORY_PREFIX):
            environment = key.removeprefix(HISTORY_PREFIX)
            done, last = (
                passed.read(tags, environment),
                audit.read(endpoints.get(environment, {}).get(PROMOTED_TAG, "")),
            )
            known = [entry for entry in (done.entry if done else None, last) if entry]
            for at in _champion_since(text):
                said = next((entry for entry in known if _same(entry, at)), AuditEntry(at, "", ""))
                yield Event(at, EventKind.PROMOTED, environment, label, run, commit, said.by, said.why, said.approved)
        if key.startswith(HELD_IN_PREFIX) and (held := audit.read(text)):
            environment = key.removeprefix(HELD_IN_PREFIX)
            yield Event(held.at, EventKind.ROLLED_BACK, environment, label, run, commit, held.by, held.why)
        if key.startswith(DELETED_PREFIX) and (gone := audit.read(text)):
            environment = key.removeprefix(DELETED_PREFIX)
            yield Event(gone.at, EventKind.DELETED, environment, label, run, commit, gone.by, gone.why)


def _of_endpoint(environment: str, tags: Mapping[str, str]) -> Iterator[Event]:
    if frozen := audit.frozen(tags):
        yield Event(frozen.at, EventKind.FROZEN, environment, by=frozen.by, why=frozen.why)
    if tags.get(IDLE_SINCE_TAG):
        yield Event(parse_date(tags[IDLE_SINCE_TAG]), EventKind.MARKED, environment, by="cleanup")


def _champion_since(text: str) -> Iterator[datetime]:
    for entry in text.split("; "):
        found = _ENTRY.fullmatch(entry)
        at = parse_date(found["at"]) if found and found["role"] == "champion" else None
        if at:
            yield at


def _same(entry: AuditEntry, at: datetime) -> bool:
    return entry.at is not None and abs(entry.at - at) <= SAME_MOMENT
