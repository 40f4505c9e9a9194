"""`mlops freeze`: until it is thawed, nothing but a rollback changes the endpoint of an environment."""

from mlops.azure import endpoints
from mlops.azure.blob_lock import Holder
from mlops.domain.promote import audit
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.tags import FROZEN_TAG
from mlops.errors import BadInput, Problem, Unfinished
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoint
from mlops.flow.promote.lease import EndpointLease
from mlops.flow.promote.result import FreezeResult
from mlops.flow.promote.rollout_spec import rollout_spec


def run(context: Context, environment: str, *, reason: str) -> Outcome[FreezeResult]:
    """Write the freeze; one that is there stays as it is. Raises Unfinished while a promotion is under way."""
    if not reason.strip():
        raise BadInput(Problem("a freeze needs a reason", "--reason", fix="say why, for whoever meets it"))
    spec, workspace = rollout_spec(context, environment), context.workspace_of(environment)
    facts = own_endpoint(workspace, spec.endpoint, spec.owner, environment, endpoints.live)
    if audit.frozen(facts.tags):  # one answer may be of a moment ago, and nothing would be done because of it
        facts = own_endpoint(workspace, spec.endpoint, spec.owner, environment, endpoints.live)
    if facts.state is EndpointState.ABSENT:
        what = f"{environment} has no endpoint: there is no {spec.endpoint}"
        raise BadInput(Problem(what, "the workspace", fix=f"mlops promote {environment}"))
    if entry := audit.frozen(facts.tags):
        return Outcome(FreezeResult(environment, facts.name, False, entry.at, entry.by, entry.why))
    now = workspace.now()
    entry = AuditEntry(now, context.actor, reason)
    held = EndpointLease(workspace, facts.name, context.holder, "freeze")
    _refuse_while_changing(facts, environment, held.take())
    try:
        endpoints.set_tags(workspace, facts.name, {FROZEN_TAG: entry.to_tag()})
    finally:
        held.release()
    return Outcome(FreezeResult(environment, facts.name, True, now, context.actor, reason))


def _refuse_while_changing(facts: EndpointFacts, environment: str, held: Holder | None) -> None:
    """A freeze in the middle would leave the traffic divided."""
    if held is None:
        return
    fix = f"wait for it, or stop it: `mlops rollback {environment}`; then freeze again"
    what = f"{held} is changing {facts.name}"
    raise Unfinished(Problem(what, "the workspace", fix=fix))
