"""What is said of a promotion or rollback that was interrupted: how it left the endpoint, and how to go on.

It must not change anything: traffic only ever stands on healthy deployments, so what is there is safe to leave.
"""

from contextlib import suppress

from mlops.azure import endpoints
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.errors import MlopsError
from mlops.flow.promote.report import Story


def message(story: Story) -> str:
    """In words, from one more look; from the last one where the service does not answer in time."""
    facts, seen = story.last, "as it was seen last"
    if facts.name:  # else nothing was changed, and a service that never answered is not asked again
        with suppress(MlopsError, KeyboardInterrupt):  # or the runner's second signal
            facts, seen = endpoints.observe(story.context.workspace, story.endpoint, story.context.owner), "as it is"
    return f"interrupted; {story.environment} is left {seen}: {_stands(facts, story)}; {_next(facts, story)}"


def _stands(facts: EndpointFacts, story: Story) -> str:
    if not facts.name:
        return "nothing was looked at or changed yet"
    if facts.state is EndpointState.ABSENT:
        return f"there is no endpoint {story.endpoint} yet"
    traffic = ", ".join(f"{name} {percent} %" for name, percent in sorted(facts.live.items()))
    idle = ", ".join(f"{one.name} ({one.state.value})" for one in facts.deployments if not facts.share(one.name))
    return f"{traffic or 'no deployment'} has the traffic{f', none of it has {idle}' if idle else ''}"


def _next(facts: EndpointFacts, story: Story) -> str:
    if story.model is None:
        return f"`mlops rollback {story.environment}` again finishes it"
    ends = f"`mlops promote {story.environment} --model {story.model.label}` finishes it or takes it back"
    watched = len(facts.live) > 1
    alone = f"nobody judges them now; `mlops rollback {story.environment}` gives all back at once, " if watched else ""
    return f"{alone}{ends}"
