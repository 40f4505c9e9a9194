"""Decides the next step of a rollback from what an endpoint looks like at this moment.

A promotion whose model has no traffic yet is what is taken back: it is stopped, and what is live stays. What is left
is held: it is not promoted there again until a person says so.
"""

from datetime import datetime

from mlops.domain.promote import audit, rollback_target
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import ALL, DeploymentFacts, EndpointFacts, EndpointState, age
from mlops.domain.promote.lease import FREE
from mlops.domain.promote.preflight import belongs_to_another
from mlops.domain.promote.refusals import busy
from mlops.domain.promote.steps import Done, Refuse, SetTraffic, Step, StopPromotion
from mlops.domain.tags import LEASE_TAG, PROMOTING_TAG, ROLLBACK_TARGET_SINCE_TAG, ROLLED_BACK_TAG
from mlops.errors import Problem

ENDS_A_PROMOTION = {LEASE_TAG: FREE, PROMOTING_TAG: None}  # whoever is at it finds its lease gone, and stops


def rollback_step(facts: EndpointFacts, now: datetime, environment: str, entry: AuditEntry, stopped: str = "") -> Step:
    """Say the one thing to do now so that the deployment before the live one has all traffic again.

    Rolling back twice is rolling back once: the endpoint's tag says that it happened. A Failed endpoint is no reason
    to refuse here, because setting the traffic is also how it is repaired. `stopped` is the model whose promotion this
    rollback has ended already.
    """
    if stopped:
        live = " and ".join(facts.label(name) for name in facts.live) or "nothing"
        return Done(f"the promotion of {stopped} is stopped, and {stopped} is held; live is {live}")
    if problem := _nothing_to_return_from(facts, environment):
        return Refuse((problem,))
    if wait := busy(facts, now, set()):
        return wait
    if facts.promoting and not _has_traffic(facts):
        return _stop(facts, entry)
    return _return(facts, now, entry)


def _stop(facts: EndpointFacts, entry: AuditEntry) -> StopPromotion:
    holds = _hold_on_its_way(facts, entry)
    why = f"{facts.promoting} is on its way and has no traffic yet; what is live stays"
    return StopPromotion(why, {**ENDS_A_PROMOTION, **holds})


def _has_traffic(facts: EndpointFacts) -> bool:
    """Whether what is on its way is live by now: its deployment, or one of its model where no name is known."""
    if name := facts.promoting_deployment:
        return bool(facts.share(name))
    return any(one.model == facts.promoting and facts.share(one.name) for one in facts.deployments)


def _hold_on_its_way(facts: EndpointFacts, entry: AuditEntry) -> dict[str, str | None]:
    """The model is held; where it is live already with other serving settings, only it with the new ones."""
    version = _version(facts.promoting)
    if any(one.model == facts.promoting and facts.share(one.name) for one in facts.deployments):
        return audit.serving_hold_tags(facts.tags, version, facts.promoting_serving, entry)
    return audit.hold_tags(facts.tags, [version], entry)


def _hold_what_is_left(facts: EndpointFacts, target: DeploymentFacts, entry: AuditEntry) -> dict[str, str | None]:
    """Models that lose their traffic; of the target's own model, the serving settings that do."""
    leaves = [one for one in facts.deployments if facts.share(one.name) and one.name != target.name]
    models = [one.model for one in leaves if one.model not in ("", target.model)]
    found = audit.hold_tags(facts.tags, [_version(model) for model in models], entry)
    for one in leaves:
        if one.model == target.model and one.serving:
            found |= audit.serving_hold_tags(facts.tags, _version(one.model), one.serving, entry)
    return found


def _return(facts: EndpointFacts, now: datetime, entry: AuditEntry) -> Step:
    live = facts.live
    left, back = rollback_target.last_rollback(facts)
    if list(live) == [back] and back in (one.name for one in facts.healthy()):
        return Done(f"{facts.label(back)} has all traffic since the rollback from {facts.label(left)}")
    target = rollback_target.to_return_to(facts)
    if target is None:
        problem = Problem(
            f"{facts.name} has no healthy deployment from before {' and '.join(live)}",
            why="the one before failed, was deleted, or never was",
            fix="promote the version you want: mlops promote ENVIRONMENT --model NAME:VERSION",
        )
        return Refuse((problem,))
    current = max((name for name in live if name != target.name), key=lambda name: (live[name], name))
    made = f", made {age(target.created, now)} ago" if target.created else ""
    same = {one.model for one in facts.deployments if facts.share(one.name)} == {target.model}
    settings = f"; {target.model} with the serving settings that it leaves is held" if same else ""
    return SetTraffic(
        {target.name: ALL},
        f"returns from {facts.label(current)} to {facts.label(target.name)}{made}{settings}",
        {
            **ENDS_A_PROMOTION,
            **_hold_what_is_left(facts, target, entry),
            ROLLED_BACK_TAG: rollback_target.rolled_back(current, target.name),
            ROLLBACK_TARGET_SINCE_TAG: rollback_target.since(now),
        },
    )


def _nothing_to_return_from(facts: EndpointFacts, environment: str) -> Problem | None:
    if facts.state is EndpointState.ABSENT:
        return Problem(f"endpoint {facts.name} does not exist", fix="mlops promote makes it")
    if problem := belongs_to_another(facts, environment):
        return problem
    if not facts.live and not facts.state.busy and not facts.promoting:
        return Problem(f"nothing is live on {facts.name}", fix="mlops promote puts a model live")
    return None


def _version(model: str) -> str:
    return model.rpartition(":")[2]
