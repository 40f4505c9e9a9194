"""What Azure would refuse of an endpoint, whose it is, and what keeps a model from it.

It knows no step of a promotion, whose refusals are in `refusals.py` beside it: what only looks imports this.
Source: how-to-manage-quotas of the Azure ML documentation.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops.domain.promote.audit import frozen, hold_of, serving_hold
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.tags import ENVIRONMENT_TAG, OWNER_TAG, REPOSITORY_TAG
from mlops.errors import AzureRefused, Problem

if TYPE_CHECKING:
    from mlops.domain.machines import MachineFinding

NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
SHORTEST, LONGEST = 3, 32
MOST_DEPLOYMENTS = 20


def check_name(name: str, what: str, where: str, key: str = "") -> "MachineFinding | None":
    """An endpoint's or deployment's name, which people know as `what`."""
    if SHORTEST <= len(name) <= LONGEST and NAME.fullmatch(name):
        return None
    from mlops.domain.machines import MachineFinding  # most names are right

    rule = f"Azure takes {SHORTEST} to {LONGEST} characters: a letter, then letters, digits and hyphens, no hyphen last"
    said = f"{what} {name!r} is no name that Azure takes ({len(name)} characters)"
    return MachineFinding(Problem(said, where, why=rule, fix="change it", key=key))


def check_room(endpoint: str, deployments: int) -> "MachineFinding | None":
    """Whether an endpoint takes one deployment more."""
    if deployments < MOST_DEPLOYMENTS:
        return None
    from mlops.domain.machines import MachineFinding

    what = f"{endpoint} has {deployments} deployments, as many as Azure takes"
    return MachineFinding(Problem(what, fix="delete some that have no traffic"), AzureRefused)


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
