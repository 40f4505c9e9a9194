"""`mlops thaw`: ends the freeze of an environment."""

from mlops.azure import endpoints
from mlops.domain.promote import audit
from mlops.domain.tags import FROZEN_TAG
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.result import ThawResult
from mlops.flow.promote.rollout_spec import rollout_spec


def run(context: Context, environment: str) -> Outcome[ThawResult]:
    """Take the freeze away; where there is none, nothing is done."""
    spec, workspace = rollout_spec(context, environment), context.workspace_of(environment)
    facts = own_endpoint(workspace, spec.endpoint, spec.owner, environment)
    entry = audit.frozen(facts.tags)
    if entry:
        endpoints.set_tags(workspace, facts.name, {FROZEN_TAG: None})
    return Outcome(ThawResult(environment, spec.endpoint, entry is not None, str(entry or "")))
