"""Autoscale follows the traffic: the setting stands on the deployment that has all of it, and on no other of ours."""

from collections.abc import Callable

from mlops.azure import endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.serving.settings import HowApplied, SettingChange
from mlops.domain.tags import AUTOSCALE_TAG

NAME = "autoscale"


def change(workspace: Workspace, spec: RolloutSpec, facts: EndpointFacts) -> tuple[SettingChange, ...]:
    """What differs of the live deployment's autoscale; nothing where neither params.yaml nor the endpoint knows any."""
    live = facts.live_deployment
    if live is None or not _concerns(spec, facts):
        return ()
    from mlops.azure import autoscale  # few environments have it

    found = next((one for one in autoscale.listed(workspace, facts.name) if one.deployment == live.name), None)
    if (found and not found.ours) or (found.spec if found else None) == spec.autoscale:
        return ()
    before = str(found.spec or f"rules of {found.name}") if found else ""
    return (SettingChange(NAME, before, str(spec.autoscale or ""), HowApplied.IN_PLACE),)


def move(workspace: Workspace, spec: RolloutSpec, facts: EndpointFacts, note: Callable[[str], None]) -> None:
    """Bring it to the deployment with all the traffic, and off the others. What somebody else made stays.

    The tag of the endpoint is written first, so that whoever comes later looks for what a killed process left.
    """
    live = facts.live_deployment
    if live is None or not _concerns(spec, facts):
        return
    from mlops.azure import autoscale

    found = autoscale.listed(workspace, facts.name)
    here = next((one for one in found if one.deployment == live.name), None)
    if here and not here.ours:
        note(f"{live.name} has the autoscale setting {here.name}, which mlops did not make; it stays")
    elif spec.autoscale and (here is None or here.spec != spec.autoscale):
        endpoints.patch_tags(workspace, facts.name, {AUTOSCALE_TAG: live.name})
        autoscale.put(workspace, facts.name, live.name, spec.autoscale, spec.owner)
        note(f"{live.name}: {spec.autoscale}")
    for one in found:
        if one.ours and (one.deployment != live.name or spec.autoscale is None):
            autoscale.delete(workspace, one.name)
            note(f"off {one.deployment}, which keeps the instances that it has")
    if spec.autoscale is None:
        endpoints.patch_tags(workspace, facts.name, {AUTOSCALE_TAG: None})


def _concerns(spec: RolloutSpec, facts: EndpointFacts) -> bool:
    return spec.autoscale is not None or AUTOSCALE_TAG in facts.tags
