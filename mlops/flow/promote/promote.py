"""`mlops promote`: gives a registered model all the traffic of an environment, or takes it back when it is bad."""

import secrets

from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.preflight import check_name
from mlops.errors import BadInput
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import candidate, preflight
from mlops.flow.promote.promotion import Consent, Promotion
from mlops.flow.promote.promotion_record import recorded
from mlops.flow.promote.result import PromoteResult
from mlops.flow.promote.rollout_spec import rollout_specs


def run(
    context: Context, environment: str, *, model: str | None, consent: Consent | None = None
) -> Outcome[PromoteResult]:
    """Give a registered model all traffic of an environment."""
    consent = consent or Consent()
    consent.check(model)
    context.environment(environment)  # a misspelt name is told before anybody signs in
    specs = rollout_specs(context)
    spec, workspace = specs[environment], context.workspace
    later = list(specs.values())[list(specs).index(environment) + 1 :]
    registered = candidate.registered(context, model, spec.registry)
    holder = context.run_url or f"local-{secrets.token_hex(4)}"
    with recorded(workspace, registered, environment) as recorder:
        if bad := check_name(spec.endpoint, spec.key("endpoint"), spec.params_file, spec.key("endpoint")):
            # its name is bad: that, and everything else that can be known without it
            found = preflight.findings(workspace, spec, registered, candidate.deployment(registered), None)
            raise BadInput([bad.problem, *(finding.problem for finding in found)])
        audit = AuditEntry(workspace.now(), context.actor, consent.reason)
        promotion = Promotion(workspace, spec, registered, later, context.say, holder, audit, consent)
        return recorder.outcome(promotion.run())
