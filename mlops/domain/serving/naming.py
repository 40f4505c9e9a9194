"""Which deployment holds a model with certain serving settings, or what the one that is to be made is called."""

import hashlib
from collections.abc import Mapping

from mlops.domain.promote import rollback_target
from mlops.domain.promote.endpoint import DeploymentFacts, EndpointFacts
from mlops.domain.promote.planner import deployment_name
from mlops.domain.promote.preflight import LONGEST
from mlops.domain.serving.settings import SHORT, differences, fingerprint

DIGITS = 24


def deployment_for(facts: EndpointFacts, model: str, settings: Mapping[str, str]) -> str:
    """The same whenever it is asked: the name after the model's version, unless other settings live under it.

    `model` is name:version. A deployment with other settings keeps its name while it has traffic or is the one to
    return to; else it is made anew under that name.
    """
    plain = deployment_name(*_parts(model))
    same = [one for one in facts.deployments if one.model == model and is_so(one, settings)]
    if same:
        return max(same, key=lambda one: (facts.share(one.name), one.state.healthy, one.name == plain, one.name)).name
    taken = facts.find(plain)
    if taken is None or taken.model != model or not (facts.share(plain) or rollback_target.is_remembered(facts, plain)):
        return plain
    return beside(model, settings)


def beside(model: str, settings: Mapping[str, str]) -> str:
    """The name of a deployment beside one of the same model with other settings."""
    mark = fingerprint(settings)
    name = f"{deployment_name(*_parts(model))}-{mark[:SHORT]}"
    if len(name) <= LONGEST:
        return name
    return f"model-{hashlib.sha256(f'{model}:{mark}'.encode()).hexdigest()[:DIGITS]}"


def is_so(one: DeploymentFacts, settings: Mapping[str, str]) -> bool:
    """Whether a deployment serves with these settings, as far as is known."""
    return not differences(one.settings, one.serving, settings)


def _parts(model: str) -> tuple[str, str]:
    name, _, version = model.rpartition(":")
    return name, version
