"""What of an environment's serving settings is not yet as params.yaml says, and how it would be brought there."""

from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.serving import scale
from mlops.domain.serving.settings import AUTH, COUNT, HowApplied, SettingChange, differences


def pending(facts: EndpointFacts, spec: RolloutSpec) -> tuple[SettingChange, ...]:
    """Old and new of each setting of what has all the traffic; nothing where nobody has."""
    live = facts.live_deployment
    if live is None:
        return ()
    found = list(differences(live.settings, live.serving, spec.settings))
    count = None if spec.autoscale else scale.in_place(live, spec.instance_count)
    if count is not None:
        applied = HowApplied.NEW_DEPLOYMENT if found else HowApplied.IN_PLACE
        found.append(SettingChange(COUNT, str(live.instance_count), str(count), applied))
    if facts.auth_mode and facts.auth_mode != spec.auth_mode:
        found.append(SettingChange(AUTH, facts.auth_mode, spec.auth_mode, HowApplied.REFUSED))
    return tuple(found)
