"""What follows a promotion: the champion is set, and the model given to the next environment's registry.

The next environment may be another subscription, whose workspace cannot see this one's models.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mlops.azure import aliases, endpoints, models, sharing
from mlops.azure.workspace import Workspace
from mlops.domain.promote import audit
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.tags import CHAMPION_PREFIX, DATA_TAG, REPOSITORY_TAG
from mlops.errors import MlopsError
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
        elif said := _repeated(home, registry, model):
            done.append(said)
        name, _, version = model.tags.get(DATA_TAG, "").partition(":")
        if version and sharing.share_test_data(home, registry, name, version):
            done.append(f"the test file of {name}:{version} with the registry {registry}")
    return done


def repeat_holds(
    home: Workspace, spec: RolloutSpec, registries: Iterable[str], facts: EndpointFacts, say: Callable[[str], None]
) -> None:
    """Tell the registries of other environments what was rolled back here; what fails is told."""
    versions = {*audit.held(facts.tags), *(version for version, _ in audit.serving_holds(facts.tags))}
    for registry in dict.fromkeys(registries):
        for version in sorted(versions):
            try:
                model = models.find(home, spec.owner, version)
            except MlopsError as error:
                say(f"{spec.environment}: {spec.owner}:{version} is not looked up: {error.problems[0].what}")
                continue
            if model and (said := _repeated(home, registry, model)):
                say(f"{spec.environment}: {said}")


def _repeated(home: Workspace, registry: str, model: models.Registered) -> str:
    """What a registry was told of its copy of a model; empty for nothing. Traffic has moved, so nothing is raised."""
    try:
        told = sharing.repeat_decisions(home, registry, model)
    except MlopsError as error:
        return f"what {model.label} passed is not told the registry {registry}: {error.problems[0].what}"
    return f"what {model.label} passed with the registry {registry}" if told else ""


def set_champion(
    home: Workspace,
    spec: RolloutSpec,
    before: EndpointFacts | None,
    facts: EndpointFacts,
    say: Callable[[str], None],
    also: Mapping[str, str] | None = None,
) -> bool:
    """Whoever has all traffic is the champion of the environment, and is tagged so where the model was registered.

    Where the tag named nothing that was deployed `before`, somebody edited it: that is told. `also` are further tags of
    its version; whether they are written.
    """
    name, _, version = (facts.live_model or "").partition(":")
    with as_allowed(spec, say, "the champion's alias"):
        if name == spec.owner and version and (spec.registry is None or models.find(home, name, version)):
            said = aliases.promoted(home, name, version, spec.environment, also)
            deployed = before.deployments if before else ()
            if said and deployed and said not in {version, *(one.model.partition(":")[2] for one in deployed)}:
                tag = f"{CHAMPION_PREFIX}{spec.environment}"
                say(f"{spec.environment}: somebody set the tag {tag} of {name} to {said}; now it says {version}")
            return True
    return False


def claim(workspace: Workspace, spec: RolloutSpec, facts: EndpointFacts, *, take_over: bool) -> None:
    """Move the endpoint to this repository, where a person said so; a promotion with nothing to do writes no lease."""
    if take_over and facts.tags.get(REPOSITORY_TAG, "") != spec.repository:
        endpoints.set_tags(workspace, spec.endpoint, repository_tag(spec))


def repository_tag(spec: RolloutSpec) -> dict[str, str | None]:
    """Whose the endpoint is; from a laptop, which has no repository, the next one's that deploys to it."""
    return {REPOSITORY_TAG: spec.repository or None}
