"""Looks up what somebody changed by hand since mlops last promoted: traffic, deployments, tags, models."""

from collections.abc import Mapping

from mlops.azure import aliases, models
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.release.drift import Drift, KnownModels, drifts


def found(
    workspace: Workspace, served: Mapping[str, EndpointFacts], specs: Mapping[str, RolloutSpec]
) -> tuple[Drift, ...]:
    """Every difference, in the order of the environments; models are looked up only where one is live."""
    owner = next((one.owner for one in specs.values()), "")
    known = KnownModels(owner, (), (), None)
    champions = None
    if any(one.live_model for one in served.values()):
        every = models.seen_versions(workspace, owner)
        archived = {one.version for one in every if one.archived}
        known = KnownModels(owner, {one.version for one in every} - archived, archived, None)
        champions = aliases.read(workspace, owner)
    told: list[Drift] = []
    for name, facts in served.items():
        spec = specs[name]
        here = champions.of(name).champion if champions and spec.registry is None else None
        there = KnownModels(known.name, known.listed, known.archived, here)
        told += drifts(name, facts, there, spec.retention, workspace.now())
    return tuple(told)
