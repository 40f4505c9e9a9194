"""The endpoint of an environment, which must be this project's and this environment's before it is relied on."""

from collections.abc import Mapping

from mlops.azure import endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.preflight import belongs_to_another
from mlops.errors import BadInput, Problem
from mlops.flow.context import Context


def own_endpoint(workspace: Workspace, name: str, owner: str, environment: str) -> EndpointFacts:
    """The endpoint as it is. Raises BadInput when it belongs to another project or to another environment."""
    facts = endpoints.observe(workspace, name, owner)
    if problem := belongs_to_another(facts, environment):
        raise BadInput(problem)
    return facts


def own_endpoints(context: Context) -> Mapping[str, EndpointFacts]:
    """The endpoint of every environment, in order. Raises BadInput with all that belong to somebody else."""
    found: dict[str, EndpointFacts] = {}
    problems: list[Problem] = []
    for environment in context.params.environments:
        try:
            name = context.endpoint_name(environment)
            found[environment] = own_endpoint(context.workspace, name, context.owner, environment)
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return found
