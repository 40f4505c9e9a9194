"""`mlops rollback`: gives the traffic back to the deployment that served before, in one request."""

from mlops.azure import endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.promote import lease
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.promote.steps import Refuse, SetTraffic, Step, Wait
from mlops.domain.tags import LEASE_TAG
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import interrupted, review, share
from mlops.flow.promote.reconcile import Reconciliation
from mlops.flow.promote.result import RollbackResult
from mlops.flow.promote.rollout_log import RolloutLog, endpoint_status
from mlops.flow.promote.rollout_spec import rollout_spec


def run(context: Context, environment: str) -> Outcome[RollbackResult]:
    """Give all traffic back to the newest healthy deployment that is not live. A promotion under way is stopped."""
    spec = rollout_spec(context, environment)
    return Outcome(_roll_back(context.workspace, spec, RolloutLog(spec, context.say)))


def _roll_back(workspace: Workspace, spec: RolloutSpec, log: RolloutLog) -> RollbackResult:
    def observe() -> EndpointFacts:
        return endpoints.observe(workspace, spec.endpoint, spec.owner)

    def act(step: Step, facts: EndpointFacts) -> Wait | None:
        assert isinstance(step, SetTraffic), "a rollback is one request"
        log.step(step)
        # A promotion that is at it finds its lease gone, and stops.
        endpoints.set_traffic(workspace, facts, step.percentages, {**step.tags, LEASE_TAG: lease.FREE})
        return None

    def decide(facts: EndpointFacts) -> Step:
        return rollback_step(facts, workspace.now(), spec.environment)

    try:
        loop = Reconciliation(observe, decide, act, log, f"mlops rollback {spec.environment}")
        facts, end = loop.run()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(interrupted.message(workspace, log, None)) from None
    if isinstance(end, Refuse):
        raise end.failure(end.problems)
    share.set_champion(workspace, spec, facts)
    status = endpoint_status(workspace, facts, spec.endpoint)
    model = review.find(workspace, status.live.model, spec.registry) if status.live else None
    return RollbackResult(spec.environment, bool(log.steps), end.why, status, tuple(log.steps), model)
