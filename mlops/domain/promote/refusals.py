"""What the state of an endpoint refuses of a promotion, or makes it wait for."""

from datetime import datetime

from mlops.domain.promote import rollback_target
from mlops.domain.promote.audit import held, serving_hold
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState, age
from mlops.domain.promote.lease import Stopped
from mlops.domain.promote.preflight import belongs_to_another, of_another_repository, other_sign_in
from mlops.domain.promote.steps import DesiredRollout, Progress, Refuse, Wait
from mlops.domain.serving.settings import fingerprint
from mlops.errors import BadInput, Problem, RemoteFailed


def busy(facts: EndpointFacts, now: datetime, needed: set[str]) -> Wait | None:
    """What is under way on the endpoint, or on a deployment that is needed now."""
    if facts.state.busy:
        return Wait(facts.name, f"endpoint {facts.name} is {facts.state}")
    for one in facts.deployments:
        if one.name in needed and one.state.busy:
            made = f", made {age(one.created, now)} ago" if one.created else ""
            return Wait(one.name, f"deployment {one.name} is {one.state}{made}")
    return None


def not_ours(facts: EndpointFacts, wanted: DesiredRollout) -> Refuse | None:
    """Refuses the endpoint of another project, environment or repository."""
    theirs = None if wanted.take_over else of_another_repository(facts, wanted.environment, wanted.repository)
    problem = belongs_to_another(facts, wanted.environment) or theirs
    return Refuse((problem,)) if problem else None


def decided_otherwise(facts: EndpointFacts, wanted: DesiredRollout) -> Refuse | None:
    """Refuses what a person has the say in: a model that is held or skips an environment, traffic that they moved."""
    if problem := _held(facts, wanted):
        return Refuse((problem,))
    if wanted.lacking and not facts.share(wanted.deployment):
        return Refuse(wanted.lacking)
    return Refuse((_drifted(facts, wanted),), Stopped) if facts.drift and not wanted.accept_drift else None


def unsafe(facts: EndpointFacts, wanted: DesiredRollout, progress: Progress) -> Refuse | None:
    """Refuses an endpoint that stays broken, a name that is taken, and a version below the live one."""
    if facts.state is EndpointState.ABSENT:
        return None
    broken = facts.state.broken and progress.repaired
    found = [
        _still_broken(facts) if broken else None,
        _name_taken(facts, wanted),
        _older(facts, wanted),
        other_sign_in(facts, wanted.environment, wanted.auth_mode),
    ]
    problems = tuple(problem for problem in found if problem)
    return Refuse(problems, RemoteFailed if broken else BadInput) if problems else None


def _still_broken(facts: EndpointFacts) -> Problem:
    look = f"read why: az ml online-endpoint show -n {facts.name}"
    remove = f"nothing is live on it, so delete it: az ml online-endpoint delete -n {facts.name}; then run this again"
    return Problem(
        f"endpoint {facts.name} is {facts.state}",
        why="its last change did not come to an end, nor when it was repeated, so no further change to it is safe",
        fix=f"{look}; put that right and run this again" if facts.live else remove,
    )


def _name_taken(facts: EndpointFacts, wanted: DesiredRollout) -> Problem | None:
    new = facts.find(wanted.deployment)
    if new is None or new.model == wanted.model:
        return None
    return Problem(
        f"deployment {new.name} of {facts.name} holds {new.model or 'an unknown model'}, not {wanted.model}",
        why="a deployment is named after its model's version, and this name is taken",
        fix="delete that deployment when it has no traffic, or register the model under a new version",
    )


def _older(facts: EndpointFacts, wanted: DesiredRollout) -> Problem | None:
    """A model that was asked for before the live one is more often a slip, or a run that was late, than meant."""
    live = rollback_target.main(facts, wanted.deployment)
    if wanted.allow_older or live is None or facts.share(wanted.deployment):
        return None
    older = _has_lower_number(wanted.model, live.model) if wanted.older is None else wanted.older
    if not older or wanted.model == live.model:
        return None
    return Problem(
        f"{wanted.model} is older than {live.model}, which is live on {facts.name}",
        why="" if wanted.older is None else "the commit that asks for it is before the one that asked for the live one",
        fix="mlops rollback ENVIRONMENT returns to the one before; --allow-older promotes it all the same",
    )


def _has_lower_number(model: str, live: str) -> bool:
    (name, _, version), (live_name, _, live_version) = model.rpartition(":"), live.rpartition(":")
    numbers = version.isdecimal() and live_version.isdecimal()
    return name == live_name and numbers and int(version) < int(live_version)


def _held(facts: EndpointFacts, wanted: DesiredRollout) -> Problem | None:
    version = wanted.model.rpartition(":")[2]
    entry, with_these = held(facts.tags).get(version) or wanted.hold, ""
    if entry is None:
        entry, with_these = serving_hold(facts.tags, version, fingerprint(wanted.settings)), " with these settings"
    if entry is None or wanted.release_hold:
        return None
    again = f"mlops promote {wanted.environment} --model {wanted.model} --release-hold --reason WHY"
    what = f"{wanted.model}{with_these} is held in {wanted.environment} {entry}"
    return Problem(what, fix=f"`{again}` promotes it all the same")


def _drifted(facts: EndpointFacts, wanted: DesiredRollout) -> Problem:
    return Problem(
        f"somebody else changed {facts.name}: {facts.drift}",
        why="what a person moved is not moved back without their word; nothing was changed or deleted",
        fix=f"`mlops promote {wanted.environment} --model {wanted.model} --accept-drift` goes on from what is there",
    )
