"""The endpoint of an environment, which must be this project's and this environment's before it is relied on.

And the project itself: before anything is paid for, its name must be no other team's.
"""

from collections.abc import Callable, Mapping
from functools import partial

from mlops.azure import at_once, endpoints, models
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.preflight import belongs_to_another, of_another_repository
from mlops.domain.tags import OWNER_TAG
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context


def own_endpoint(
    workspace: Workspace,
    name: str,
    owner: str,
    environment: str,
    look: Callable[[Workspace, str, str], EndpointFacts] = endpoints.observe,
) -> EndpointFacts:
    """The endpoint as it is. Raises BadInput when it belongs to another project or to another environment."""
    facts = look(workspace, name, owner)
    if problem := belongs_to_another(facts, environment):
        raise BadInput(problem)
    return facts


def own_endpoints(context: Context) -> Mapping[str, EndpointFacts]:
    """The endpoint of every environment, in order. Raises BadInput with all that belong to somebody else."""
    wanted = [(name, context.endpoint_name(name), context.workspace_of(name)) for name in context.params.environments]
    every = {place.id: at_once.once(partial(endpoints.names, place)) for _, _, place in wanted}

    def look(one: tuple[str, str, Workspace]) -> EndpointFacts | BadInput:
        environment, name, workspace = one
        observe = partial(endpoints.shown, every=every[workspace.id])
        try:
            return own_endpoint(workspace, name, context.owner, environment, observe)
        except BadInput as error:
            return error

    seen = dict(zip(context.params.environments, at_once.each(look, wanted), strict=True))
    if problems := [problem for one in seen.values() if isinstance(one, BadInput) for problem in one.problems]:
        raise BadInput(problems)
    return {environment: one for environment, one in seen.items() if isinstance(one, EndpointFacts)}


def check_project(
    workspace: Workspace, served: Mapping[str, EndpointFacts], owner: str, repository: str, where: str
) -> None:
    """Raises BadInput where another repository deploys this project, or its model's name is somebody else's."""
    found = [of_another_repository(facts, name, repository) for name, facts in served.items()]
    if problems := [problem for problem in (*found, _name_taken(workspace, owner, where)) if problem]:
        raise BadInput(problems)
    workspace.hand_on(_checked(owner, repository, where), True)


def is_checked(workspace: Workspace, owner: str, repository: str, where: str) -> bool:
    """Whether an earlier step of this workflow job has looked, which need not be repeated where nothing is made by it.

    A promotion, which makes something by these names, looks for itself.
    """
    return workspace.handed(_checked(owner, repository, where)) is True


def _checked(owner: str, repository: str, where: str) -> tuple[str, ...]:
    return "own names", owner, repository, where


def _name_taken(workspace: Workspace, owner: str, where: str) -> Problem | None:
    known = models.versions(workspace, owner, archived=True)
    if not known or any(one.tags.get(OWNER_TAG) == owner for one in known):
        return None
    theirs = next((one.tags[OWNER_TAG] for one in known if one.tags.get(OWNER_TAG)), "")
    return Problem(
        f"the model {owner} of the workspace was not made by this project",
        where,
        why=f"its versions are of {theirs}" if theirs else f"no version of it has the tag {OWNER_TAG}",
        fix=f"choose another model.name, or make it yours: set that tag of one version to {owner}",
        key="model.name",
    )
