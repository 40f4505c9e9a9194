"""How many instances a deployment gets: as many as params.yaml says, and what somebody else scaled is respected.

Who scaled is known from the deployment's tag, which says how many were stated when it was made or scaled by mlops.
"""

from typing import TYPE_CHECKING

from mlops.domain.promote.endpoint import ALL, DeploymentFacts, EndpointFacts

if TYPE_CHECKING:
    from mlops.domain.promote.steps import DesiredRollout, Progress, Scale


def scaled_by_others(one: DeploymentFacts) -> bool:
    """Whether autoscale or a person set its instances; True where nobody knows."""
    return one.stated_count is None or one.stated_count != one.instance_count


def candidate_count(live: DeploymentFacts | None, wanted: int) -> int:
    """Instances of a new deployment: at least as many as what is live has."""
    return max(wanted, live.instance_count if live else 0)


def candidate_statement(live: DeploymentFacts | None, wanted: int) -> int:
    """The instances in its tag: more than wanted where they are lowered on purpose, once it has all traffic."""
    if live and live.instance_count > wanted and not scaled_by_others(live):
        return live.instance_count
    return wanted


def in_place(one: DeploymentFacts, wanted: int) -> int | None:
    """Instances that a live deployment is scaled to; None where they stay as they are.

    What somebody else scaled is only ever scaled up. A file that did not change since asks for nothing.
    """
    if one.instance_count in (0, wanted) or one.stated_count == wanted:
        return None
    if not scaled_by_others(one):
        return wanted
    return wanted if wanted > one.instance_count else None


def step(facts: EndpointFacts, wanted: "DesiredRollout", new: DeploymentFacts, progress: "Progress") -> "Scale | None":
    """A candidate up to what is live, so that it can carry the same; what has all traffic as params.yaml says."""
    from mlops.domain.promote import rollback_target
    from mlops.domain.promote.steps import Scale  # what only looks at the number of instances takes no step

    stated = wanted.instance_count
    if facts.share(new.name) == ALL:
        count = None if wanted.autoscaled else in_place(new, stated)
        why = "params.yaml says so; in place, since no instance that runs is changed by it"
    else:
        main = rollback_target.main(facts, new.name)
        needed = candidate_count(main, stated)
        count = needed if 0 < new.instance_count < needed else None
        why = f"{main.name} has as many" if main and needed == main.instance_count else "params.yaml says so"
        stated = new.stated_count or stated
    if count is None or count == progress.scaled:
        return None
    return Scale(new.name, count, stated, f"{new.name} goes from {new.instance_count} to {count} instances: {why}")
