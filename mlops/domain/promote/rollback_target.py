"""Which deployment carries the traffic, and which one it can go back to.

Who was live is written on the endpoint by the same request that moves the traffic, so a deployment that was merely
made, but never tested, is not taken for one to return to.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mlops.domain.moments import parse_date
from mlops.domain.promote.endpoint import DeploymentFacts, EndpointFacts
from mlops.domain.tags import PREVIOUS_TAG, ROLLBACK_TARGET_SINCE_TAG, ROLLED_BACK_TAG

NO_NAME = "-"
_TO = " to "
_REMEMBERED = 4  # a tag holds 256 characters, a name 32


def rolled_back(left: str, back: str) -> str:
    """Value of ROLLED_BACK_TAG."""
    return f"{left}{_TO}{back}"


def last_rollback(facts: EndpointFacts) -> tuple[str, str]:
    """Read which deployment was left and which one was returned to; empty when there was no rollback."""
    left, _, back = facts.tags.get(ROLLED_BACK_TAG, "").partition(_TO)
    return left, back


def previous(facts: EndpointFacts, now_live: str | None, coming: str) -> str:
    """Value of PREVIOUS_TAG when `coming` begins to take over from `now_live`."""
    names = [now_live, *facts.tags.get(PREVIOUS_TAG, "").split()]
    existing = [name for name in dict.fromkeys(names) if name and name != coming and facts.find(name)]
    return " ".join(existing[:_REMEMBERED]) or NO_NAME


def is_remembered(facts: EndpointFacts, name: str) -> bool:
    """Whether PREVIOUS_TAG names it."""
    return name in facts.tags.get(PREVIOUS_TAG, "").split()


def main(facts: EndpointFacts, without: str) -> DeploymentFacts | None:
    """Find the healthy live deployment with most traffic; on a tie the older one, which has served for longer."""
    oldest_first = newest_first([one for one in facts.healthy(without) if facts.share(one.name)])[::-1]
    return max(oldest_first, key=lambda one: facts.share(one.name), default=None)


def served_before(facts: EndpointFacts, *without: str) -> DeploymentFacts | None:
    """Find the healthy deployment that was live last, but for some; None when none is known to have been."""
    healthy = {one.name: one for one in facts.healthy(*without)}
    return next((healthy[name] for name in facts.tags.get(PREVIOUS_TAG, "").split() if name in healthy), None)


def to_return_to(facts: EndpointFacts) -> DeploymentFacts | None:
    """Find where a rollback goes: while traffic is divided, one of those that share it; else one that served before.

    On an endpoint without the tag, the newest that is older than what is live; never what a rollback left.
    """
    live = list(facts.live)
    sharing = [one for one in facts.healthy() if one.name in live] if len(live) > 1 else []
    if sharing:
        known = served_before(facts, *(one.name for one in facts.deployments if one not in sharing))
        return known or newest_first(sharing)[-1]
    if PREVIOUS_TAG in facts.tags:
        return served_before(facts, *live)
    current = [one for name in live if (one := facts.find(name))]
    left, _ = last_rollback(facts)
    older = [one for one in facts.healthy(left, *live) if all(is_older(one, other) for other in current)]
    return next(iter(newest_first(older)), None)


def kept(facts: EndpointFacts, current: DeploymentFacts) -> DeploymentFacts | None:
    """Find the one that stays at 0 % so that `current` can be rolled back."""
    if PREVIOUS_TAG in facts.tags:
        return served_before(facts, current.name, *facts.live)
    idle = facts.healthy(current.name, *facts.live)
    older = [one for one in idle if is_older(one, current)]
    return next(iter(newest_first(older or idle)), None)


def since(now: datetime) -> str:
    """Value of ROLLBACK_TARGET_SINCE_TAG."""
    return now.astimezone(UTC).isoformat(timespec="seconds")


def is_over(facts: EndpointFacts, now: datetime, retention: timedelta | None) -> bool:
    """Whether the rollback target was kept for its retention. An unknown beginning is not over."""
    begun = parse_date(facts.tags.get(ROLLBACK_TARGET_SINCE_TAG))
    return retention is not None and begun is not None and now - begun >= retention


def is_older(one: DeploymentFacts, other: DeploymentFacts) -> bool:
    """By creation time, else by model version; False where neither is known."""
    if one.created and other.created:
        return one.created < other.created
    return one.version is not None and other.version is not None and one.version < other.version


def newest_first(some: Sequence[DeploymentFacts]) -> list[DeploymentFacts]:
    """By creation time where all have one, else by model version; names make the order total."""
    dated = all(one.created for one in some)

    def key(one: DeploymentFacts) -> tuple[float, str]:
        return (one.created.timestamp() if dated and one.created else one.version or 0, one.name)

    return sorted(some, key=key, reverse=True)
