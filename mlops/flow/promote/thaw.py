"""`mlops thaw`: ends the freeze of an environment."""

from mlops.azure import endpoints
from mlops.domain.promote import audit
from mlops.domain.tags import FROZEN_TAG, IDLE_DEPLOYMENT_PREFIX, IDLE_SINCE_TAG
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.result import ThawResult
from mlops.flow.promote.rollout_spec import rollout_spec


def run(context: Context, environment: str) -> Outcome[ThawResult]:
    """Take the freeze away; where there is none, nothing is done.

    Marks of cleanup go with it: nobody had a grace period to object in, while nothing could be deleted.
    """
    spec, workspace = rollout_spec(context, environment), context.workspace_of(environment)
    facts = own_endpoint(workspace, spec.endpoint, spec.owner, environment, endpoints.live)
    if not audit.frozen(facts.tags):  # one answer may be of a moment ago, and nothing would be done because of it
        facts = own_endpoint(workspace, spec.endpoint, spec.owner, environment, endpoints.live)
    entry = audit.frozen(facts.tags)
    if entry:
        marks = [tag for tag in facts.tags if tag == IDLE_SINCE_TAG or tag.startswith(IDLE_DEPLOYMENT_PREFIX)]
        endpoints.set_tags(workspace, facts.name, dict.fromkeys([FROZEN_TAG, *marks]))
    return Outcome(ThawResult(environment, spec.endpoint, entry is not None, str(entry or "")))
