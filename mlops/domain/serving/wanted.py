"""How a deployment differs from what a promotion wants, in words."""

from mlops.domain.promote.endpoint import DeploymentFacts, EndpointFacts
from mlops.domain.promote.steps import DesiredRollout
from mlops.domain.serving.settings import differences


def difference_of(one: DeploymentFacts, wanted: DesiredRollout) -> str:
    """What has to be made anew; empty where nothing differs, or is not known to."""
    if one.instance_type and one.instance_type.casefold() != wanted.instance_type.casefold():
        return f"it runs on {one.instance_type}, and {wanted.instance_type} is wanted"
    found = differences(one.settings, one.serving, wanted.settings)
    return ", ".join(f"{each.name} is {each.before or 'unset'}, not {each.after or 'unset'}" for each in found)


def missing(facts: EndpointFacts, wanted: DesiredRollout) -> str:
    """Why a deployment is to be made."""
    changed = next((one for one in facts.deployments if one.model == wanted.model and one.state.healthy), None)
    if changed is None:
        return f"no deployment of {facts.name} holds {wanted.model}"
    found = differences(changed.settings, changed.serving, wanted.settings)
    told = ", ".join(f"{each.name} from {each.before or 'unset'} to {each.after or 'unset'}" for each in found)
    return f"{changed.name} holds {wanted.model} with other serving settings ({told})"
