"""Repeats on the model's versions what the endpoint says of holds, so that they outlive the endpoint.

The endpoint has them first, in the request that moved the traffic. The versions are those of the workspace of the
training (`home`); where that is out of sight, because the sign-in names another, only the endpoint has them.
"""

from collections.abc import Callable
from contextlib import suppress

from mlops.azure import models
from mlops.azure.failures import NotFound
from mlops.azure.workspace import Workspace
from mlops.domain.promote import audit
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.registry import passed
from mlops.domain.tags import HELD_IN_PREFIX
from mlops.flow.promote.home import as_allowed
from mlops.flow.promote.result import Hold


def repeat(home: Workspace, spec: RolloutSpec, facts: EndpointFacts, say: Callable[[str], None]) -> None:
    """Write each hold of the endpoint on its version, where that does not say it yet.

    With serving settings that were rolled back it did not pass the environment.
    """
    with as_allowed(spec, say, "the hold on the model's version"):
        for version, entry in audit.held(facts.tags).items():
            with suppress(NotFound):  # it is gone
                models.set_tags(home, spec.owner, version, {tag(spec): entry.to_tag()}, if_other=True)
        for (version, mark), entry in audit.serving_holds(facts.tags).items():
            model = models.find(home, spec.owner, version)
            if model and (said := passed.taken_back(model.tags, spec.environment, mark, entry)):
                models.set_tags(home, spec.owner, version, {passed.tag(spec.environment): said})


def listed(spec: RolloutSpec, facts: EndpointFacts) -> tuple[Hold, ...]:
    """The holds of an endpoint."""
    found = audit.held(facts.tags)
    return tuple(Hold(f"{spec.owner}:{version}", one.at, one.by, one.why) for version, one in found.items())


def release(home: Workspace, spec: RolloutSpec, model: models.Registered, say: Callable[[str], None]) -> None:
    """Take the hold off a version."""
    with as_allowed(spec, say, "the end of the hold on the model's version"):
        known = model if spec.registry is None else models.find(home, model.name, model.version)
        if known and tag(spec) in known.tags:
            models.set_tags(home, known.name, known.version, {tag(spec): None})


def of(spec: RolloutSpec, model: models.Registered) -> audit.AuditEntry | None:
    """The hold that a version carries."""
    return audit.read(model.tags.get(tag(spec), ""))


def tag(spec: RolloutSpec) -> str:
    """The tag of a version that is held in an environment."""
    return f"{HELD_IN_PREFIX}{spec.environment}"
