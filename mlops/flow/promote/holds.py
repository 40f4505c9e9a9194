"""Repeats on the model's versions what the endpoint says of holds, so that they outlive the endpoint.

The endpoint has them first, in the request that moved the traffic. Where models come from a registry, only it has them.
"""

from mlops.azure import models
from mlops.azure.workspace import Workspace
from mlops.domain.promote import audit
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.tags import HELD_IN_PREFIX
from mlops.flow.promote.result import Hold


def repeat(workspace: Workspace, spec: RolloutSpec, facts: EndpointFacts) -> tuple[Hold, ...]:
    """Write each hold of the endpoint on its version, where that does not say it yet; all of them."""
    found = audit.held(facts.tags)
    for version, entry in found.items():
        model = models.find(workspace, spec.owner, version) if spec.registry is None else None
        if model and model.tags.get(tag(spec)) != entry.to_tag():
            models.set_tags(workspace, spec.owner, version, {tag(spec): entry.to_tag()})
    return tuple(Hold(f"{spec.owner}:{version}", one.at, one.by, one.why) for version, one in found.items())


def release(workspace: Workspace, spec: RolloutSpec, model: models.Registered) -> None:
    """Take the hold off a version."""
    if spec.registry is None and tag(spec) in model.tags:
        models.set_tags(workspace, model.name, model.version, {tag(spec): None})


def of(spec: RolloutSpec, model: models.Registered) -> audit.AuditEntry | None:
    """The hold that a version carries."""
    return audit.read(model.tags.get(tag(spec), ""))


def tag(spec: RolloutSpec) -> str:
    """The tag of a version that is held in an environment."""
    return f"{HELD_IN_PREFIX}{spec.environment}"
