"""What follows a promotion: the champion is set, and the model given to the next environment's registry.

The next environment may be another subscription, whose workspace cannot see this one's models.
"""

from collections.abc import Sequence

from mlops.azure import aliases, models, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.tags import DATA_TAG


def run(workspace: Workspace, spec: RolloutSpec, later: Sequence[RolloutSpec], model: models.Registered) -> list[str]:
    """Share the model and its held-out data with every registry that comes next; what was shared, for people."""
    wanted = dict.fromkeys(one.registry for one in later)
    done = []
    for registry in (name for name in wanted if name and name != spec.registry):
        if sharing.share_model(workspace, registry, model):
            done.append(f"{model.label} with the registry {registry}")
        name, _, version = model.tags.get(DATA_TAG, "").partition(":")
        if version and sharing.share_test_data(workspace, registry, name, version):
            done.append(f"the test file of {name}:{version} with the registry {registry}")
    return done


def set_champion(workspace: Workspace, spec: RolloutSpec, facts: EndpointFacts) -> None:
    """Whoever has all traffic is the champion of the environment, and is tagged so where the model is registered."""
    name, _, version = (facts.live_model or "").partition(":")
    if name == spec.owner and version and spec.registry is None:
        aliases.promoted(workspace, name, version, spec.environment)
