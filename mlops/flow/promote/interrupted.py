"""What is said of a promotion or rollback that was interrupted: how it left the endpoint, and how to go on.

Traffic only ever stands on healthy deployments, so what is there is safe to leave.
"""

from contextlib import suppress

from mlops.azure import endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.errors import MlopsError
from mlops.flow.promote.rollout_log import RolloutLog


def message(workspace: Workspace, log: RolloutLog, model: str | None) -> str:
    """For people, from one more look; from the last one where the service does not answer in time.

    `model` None means a rollback.
    """
    facts, seen, spec = log.last, "as it was seen last", log.spec
    if facts.name:  # else nothing was changed, and a service that never answered is not asked again
        with suppress(MlopsError, KeyboardInterrupt):  # or the runner's second signal
            facts, seen = endpoints.observe(workspace, spec.endpoint, spec.owner), "as it is"
    going_on = _next(facts, spec.environment, model)
    return f"interrupted; {spec.environment} is left {seen}: {stands(facts, spec.endpoint)}; {going_on}"


def stands(facts: EndpointFacts, endpoint: str) -> str:
    """Who has which share, in words."""
    if not facts.name:
        return "nothing was looked at or changed yet"
    if facts.state is EndpointState.ABSENT:
        return f"there is no endpoint {endpoint} yet"
    traffic = ", ".join(f"{name} {percent} %" for name, percent in sorted(facts.live.items()))
    idle = ", ".join(f"{one.name} ({one.state.value})" for one in facts.deployments if not facts.share(one.name))
    return f"{traffic or 'no deployment'} has the traffic{f', none of it has {idle}' if idle else ''}"


def _next(facts: EndpointFacts, environment: str, model: str | None) -> str:
    if model is None:
        return f"`mlops rollback {environment}` again finishes it"
    ends = f"`mlops promote {environment} --model {model}` finishes it or takes it back"
    watched = len(facts.live) > 1
    alone = f"nobody judges them now; `mlops rollback {environment}` gives all back at once, " if watched else ""
    return f"{alone}{ends}"
