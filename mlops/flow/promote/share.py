"""What follows a promotion: the champion is set, and the model given to the next environment's registry.

The next environment may be another subscription, whose workspace cannot see this one's models.
"""

from collections.abc import Callable, Sequence

from mlops.azure import aliases, endpoints, models, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.tags import CHAMPION_PREFIX, DATA_TAG, REPOSITORY_TAG
from mlops.flow.promote.home import as_allowed


def run(home: Workspace, spec: RolloutSpec, later: Sequence[RolloutSpec], model: models.Registered) -> list[str]:
    """Share the model and its held-out data with every registry that comes next; what was shared, for people.

    It is shared from where it was trained, also where this environment has it from another registry.
    """
    wanted = dict.fromkeys(one.registry for one in later if one.registry != spec.registry)
    done: list[str] = []
    if any(wanted) and spec.registry:
        found = models.find(home, model.name, model.version)
        if found is None:  # the one workspace that this sign-in names is not that of the training
            return done
        model = found
    for registry in (name for name in wanted if name):
        if sharing.share_model(home, registry, model):
            done.append(f"{model.label} with the registry {registry}")
        name, _, version = model.tags.get(DATA_TAG, "").partition(":")
        if version and sharing.share_test_data(home, registry, name, version):
            done.append(f"the test file of {name}:{version} with the registry {registry}")
    return done


def set_champion(
    home: Workspace, spec: RolloutSpec, before: EndpointFacts | None, facts: EndpointFacts, say: Callable[[str], None]
) -> None:
    """Whoever has all traffic is the champion of the environment, and is tagged so where the model was registered.

    Where the tag named nothing that was deployed `before`, somebody edited it: that is told.
    """
    name, _, version = (facts.live_model or "").partition(":")
    with as_allowed(spec, say, "the champion's alias"):
        if name == spec.owner and version and (spec.registry is None or models.find(home, name, version)):
            said = aliases.promoted(home, name, version, spec.environment)
            deployed = before.deployments if before else ()
            if said and deployed and said not in {version, *(one.model.partition(":")[2] for one in deployed)}:
                tag = f"{CHAMPION_PREFIX}{spec.environment}"
                say(f"{spec.environment}: somebody set the tag {tag} of {name} to {said}; now it says {version}")


def claim(workspace: Workspace, spec: RolloutSpec, facts: EndpointFacts, *, take_over: bool) -> None:
    """Move the endpoint to this repository, where a person said so; a promotion with nothing to do writes no lease."""
    if take_over and facts.tags.get(REPOSITORY_TAG, "") != spec.repository:
        endpoints.set_tags(workspace, spec.endpoint, repository_tag(spec))


def repository_tag(spec: RolloutSpec) -> dict[str, str | None]:
    """Whose the endpoint is; from a laptop, which has no repository, the next one's that deploys to it."""
    return {REPOSITORY_TAG: spec.repository or None}
