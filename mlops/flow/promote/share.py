"""What follows a promotion: the champion is tagged, and the model given to the next environment's registry.

It must not promote. The next environment may be another subscription, whose workspace cannot see this one's models.
"""

from mlops.azure import aliases, models, sharing
from mlops.domain.promote.planner import EndpointFacts
from mlops.domain.tags import DATA_TAG
from mlops.flow.context import Context


def run(context: Context, environment: str, model: models.Registered) -> list[str]:
    """Share the model and its held-out data with every registry that comes next; what was done, in words."""
    names = list(context.params.environments)
    here = context.environment(environment).registry
    wanted = [context.params.environments[name].registry for name in names[names.index(environment) + 1 :]]
    done = []
    for registry in dict.fromkeys(name for name in wanted if name and name != here):
        if sharing.share_model(context.workspace, registry, model):
            done.append(f"share: {model.label} with the registry {registry}")
        name, _, version = model.tags.get(DATA_TAG, "").partition(":")
        if version and sharing.share_test_data(context.workspace, registry, name, version):
            done.append(f"share: the test file of {name}:{version} with the registry {registry}")
    return done


def crown(context: Context, facts: EndpointFacts, environment: str) -> None:
    """Whoever has all traffic is the champion of the environment, and is tagged so where the model is registered."""
    live = next((one.model for one in facts.deployments if facts.traffic.get(one.name) == 100), "")
    name, _, version = live.partition(":")
    if name == context.params.model.name and version and context.environment(environment).registry is None:
        aliases.promoted(context.workspace, name, version, environment)
