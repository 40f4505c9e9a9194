"""What Azure would refuse of an endpoint, and what its state refuses or has to wait for.

Source: how-to-manage-quotas of the Azure ML documentation.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from mlops.domain.machines import MachineFinding
from mlops.domain.promote import rollback_target
from mlops.domain.promote.audit import frozen, held, hold_of, serving_hold
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState, age
from mlops.domain.promote.lease import Stopped
from mlops.domain.promote.steps import DesiredRollout, Progress, Refuse, Wait
from mlops.domain.serving.settings import fingerprint
from mlops.domain.tags import ENVIRONMENT_TAG, OWNER_TAG, REPOSITORY_TAG
from mlops.errors import AzureRefused, BadInput, Problem, RemoteFailed

NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
SHORTEST, LONGEST = 3, 32
MOST_DEPLOYMENTS = 20


def check_name(name: str, what: str, where: str, key: str = "") -> MachineFinding | None:
    """An endpoint's or deployment's name, which people know as `what`."""
    if SHORTEST <= len(name) <= LONGEST and NAME.fullmatch(name):
        return None
    rule = f"Azure takes {SHORTEST} to {LONGEST} characters: a letter, then letters, digits and hyphens, no hyphen last"
    said = f"{what} {name!r} is no name that Azure takes ({len(name)} characters)"
    return MachineFinding(Problem(said, where, why=rule, fix="change it", key=key))


def check_room(endpoint: str, deployments: int) -> MachineFinding | None:
    """Whether an endpoint takes one deployment more."""
    if deployments < MOST_DEPLOYMENTS:
        return None
    what = f"{endpoint} has {deployments} deployments, as many as Azure takes"
    return MachineFinding(Problem(what, fix="delete some that have no traffic"), AzureRefused)


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


def other_sign_in(facts: EndpointFacts, environment: str, auth_mode: str) -> Problem | None:
    """An endpoint whose callers sign in otherwise than is wanted."""
    if not facts.auth_mode or not auth_mode or facts.auth_mode == auth_mode:
        return None
    return sign_in_problem(facts.name, environment, facts.auth_mode, auth_mode)


def sign_in_problem(endpoint: str, environment: str, before: str, after: str) -> Problem:
    """What cannot be changed, and the way round."""
    keys = [f"environments.{environment}.{name}" for name in ("auth_mode", "endpoint")]
    return Problem(
        f"callers of {endpoint} sign in by {before}, and {keys[0]} is {after}",
        why="it is set when an endpoint is made; a change would lock out everybody who calls it now",
        fix=f"set it back; or give another name at {keys[1]}: the next promotion makes that endpoint beside this one, "
        "callers move over, and this one is deleted by hand",
        key=keys[0],
    )


def _has_lower_number(model: str, live: str) -> bool:
    (name, _, version), (live_name, _, live_version) = model.rpartition(":"), live.rpartition(":")
    numbers = version.isdecimal() and live_version.isdecimal()
    return name == live_name and numbers and int(version) < int(live_version)


def belongs_to_another(facts: EndpointFacts, environment: str) -> Problem | None:
    """An endpoint of another project, or of another environment of this one: its traffic is not to be moved."""
    key = f"environments.{environment}.endpoint"
    if facts.state is EndpointState.ABSENT:
        return None
    if not facts.ours:
        owner = facts.tags.get(OWNER_TAG)
        return Problem(
            f"endpoint {facts.name} is not ours",
            why=f"its tag {OWNER_TAG} is {owner!r}" if owner else f"it has no tag {OWNER_TAG}",
            fix=f"give another name at {key}, or make it yours: set that tag to the name of your model",
            key=key,
        )
    if facts.environment in {"", environment}:
        return None
    return Problem(
        f"endpoint {facts.name} is the one of {facts.environment}, not of {environment}",
        why=f"its tag {ENVIRONMENT_TAG} says so; what serves {facts.environment} is not changed on behalf of another",
        fix=f"give {environment} an endpoint of its own at {key}",
        key=key,
    )


def blocked(facts: EndpointFacts, environment: str, model: str, tags: Mapping[str, str], serving: str) -> str:
    """Why no run promotes a model (with its version's tags) there by itself; empty where nothing stands in the way.

    `serving` is the fingerprint of the environment's serving settings.
    """
    if entry := frozen(facts.tags):
        return f"{environment} is frozen {entry}"
    if entry := hold_of(facts.tags, tags, environment, model.rpartition(":")[2]):
        return f"{model} is held in {environment} {entry}"
    if entry := serving_hold(facts.tags, model.rpartition(":")[2], serving):
        return f"{model} with these serving settings is held in {environment} {entry}"
    return f"somebody else changed {facts.name}: {facts.drift}" if facts.drift else ""


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


def of_another_repository(facts: EndpointFacts, environment: str, repository: str) -> Problem | None:
    """An endpoint that another repository deploys to. `repository` (owner/name) is empty where it is not known."""
    theirs = "" if facts.state is EndpointState.ABSENT else facts.tags.get(REPOSITORY_TAG, "")
    if not repository or theirs in {"", repository}:
        return None
    return Problem(
        f"endpoint {facts.name} is deployed to by {theirs}, not by {repository}",
        why="two repositories that deploy the same project would undo each other's releases",
        fix=f"mlops promote {environment} --take-over moves it to this repository; a project of its own has another "
        "model.name",
        key="model.name",
    )
