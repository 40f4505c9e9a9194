"""What differs between an environment and what mlops last did there: somebody's hand, which is told and not undone.

It must not look anything up.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.tags import CHAMPION_PREFIX, ENVIRONMENT_TAG, PREVIOUS_TAG, ROLLBACK_TARGET_SINCE_TAG, ROLLED_BACK_TAG


class DriftKind(StrEnum):
    """What was changed."""

    TRAFFIC = "traffic"
    DEPLOYMENT = "deployment"
    TAG = "tag"
    MODEL = "model"


@dataclass(frozen=True)
class Drift:
    """One difference, for people in `what`."""

    environment: str
    kind: DriftKind
    what: str


@dataclass(frozen=True)
class KnownModels:
    """The versions of the project's model: listed ones, archived ones, and the champion of the environment.

    `champion` is None where its tags are in another workspace.
    """

    name: str
    listed: Collection[str]
    archived: Collection[str]
    champion: str | None


def drifts(
    environment: str, facts: EndpointFacts, known: KnownModels, retention: timedelta | None, now: datetime
) -> tuple[Drift, ...]:
    """All that differs; none of an endpoint that is not there, and only its traffic while a promotion is under way."""
    if facts.state is EndpointState.ABSENT:
        return ()
    found = [Drift(environment, DriftKind.TRAFFIC, facts.drift)] if facts.drift else []
    if not facts.promoting:
        found += [Drift(environment, kind, what) for kind, what in _at_rest(environment, facts, known, retention, now)]
    return tuple(found)


def _at_rest(
    environment: str, facts: EndpointFacts, known: KnownModels, retention: timedelta | None, now: datetime
) -> Iterator[tuple[DriftKind, str]]:
    if gone := _deleted_target(facts, retention, now):
        yield DriftKind.DEPLOYMENT, f"{gone}, which is kept for a rollback, was deleted: a rollback cannot return to it"
    for name in sorted(set(facts.live) - {one.name for one in facts.deployments}):
        yield DriftKind.DEPLOYMENT, f"{name} has {facts.share(name)} % of the traffic, and was deleted"
    if not facts.environment:
        yield DriftKind.TAG, f"the tag {ENVIRONMENT_TAG} of {facts.name} was removed"
    name, _, version = (facts.live_model or "").partition(":")
    if not version or name != known.name:
        return
    if known.champion is not None and known.champion != version:
        says = known.champion or "none"
        yield DriftKind.TAG, f"the tag {CHAMPION_PREFIX}{environment} of {name} says {says}, and {version} is live"
    if version in known.archived:
        yield DriftKind.MODEL, f"{name}:{version}, which is live, was archived"
    elif version not in known.listed and known.champion is not None:
        yield DriftKind.MODEL, f"{name}:{version}, which is live, is not registered any more"


def _deleted_target(facts: EndpointFacts, retention: timedelta | None, now: datetime) -> str:
    """The deployment that a rollback would return to, where it is gone before its time; else empty."""
    previous = facts.tags.get(PREVIOUS_TAG, "-").split()[:1]
    since = parse_date(facts.tags.get(ROLLBACK_TARGET_SINCE_TAG, ""))
    if not since or previous in ([], ["-"]) or facts.tags.get(ROLLED_BACK_TAG):
        return ""
    over = retention is not None and now - since >= retention
    return "" if over or facts.find(previous[0]) else previous[0]
