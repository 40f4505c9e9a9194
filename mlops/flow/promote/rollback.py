"""`mlops rollback`: gives the traffic back to the deployment that served before, in one request, and holds the model.

A promotion under way is stopped, in whatever phase it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mlops.azure import endpoints
from mlops.azure.workspace import Workspace
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.promote.steps import Refuse, SetTraffic, Step, StopPromotion, Wait
from mlops.errors import AzureRefused, MlopsError, RemoteFailed
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import holds, interrupted, review, share
from mlops.flow.promote.lease import EndpointLease
from mlops.flow.promote.reconcile import Reconciliation
from mlops.flow.promote.result import Action, RollbackResult
from mlops.flow.promote.rollout_log import RolloutLog, endpoint_status
from mlops.flow.promote.rollout_spec import rollout_spec
from mlops.flow.serving import autoscale


def run(context: Context, environment: str, *, reason: str) -> Outcome[RollbackResult]:
    """Give all traffic back to the newest healthy deployment that is not live, and hold what was live.

    Raises KeyboardInterrupt with how the endpoint was left.
    """
    spec = rollout_spec(context, environment)
    log = RolloutLog(spec, context.say)
    try:  # who asks is read from a token, and so the first thing that may hang
        by = context.actor
        registries = [
            one.registry
            for one in context.params.environments.values()
            if one.registry and one.registry != spec.registry
        ]
        return Outcome(Rollback(context.workspace, spec, log, by, reason, context.holder, registries).run())
    except KeyboardInterrupt:
        raise KeyboardInterrupt(interrupted.message(context.workspace_of(environment), log, None)) from None


@dataclass
class Rollback:
    """One rollback of one environment."""

    home: Workspace  # of the training
    spec: RolloutSpec
    log: RolloutLog
    by: str
    reason: str
    holder: str
    registries: Sequence[str] = ()  # of other environments
    stopped: str = ""  # the model whose promotion it ended
    _alone: bool = False

    def run(self) -> RollbackResult:
        """Until the planner says that it is over."""
        try:
            return self._run()
        finally:
            self._lease.release()

    def _run(self) -> RollbackResult:
        loop = Reconciliation(self._observe, self._decide, self._act, self.log, f"mlops rollback {self._name}")
        facts, end = loop.run()
        if isinstance(end, Refuse):
            raise end.failure(end.problems)
        share.set_champion(self.home, self.spec, self.log.first, facts, self.log.say)
        self._move_autoscale(facts)
        holds.repeat(self.home, self.spec, facts, self.log.say)
        share.repeat_holds(self.home, self.spec, self.registries, facts, self.log.say)
        status = endpoint_status(self.workspace, facts, self.spec.endpoint)
        model = review.find(self.workspace, status.live.model, self.spec.registry) if status.live else None
        steps = tuple(self.log.steps)
        return RollbackResult(
            self._name,
            bool(steps),
            end.why,
            self.entry.by,
            self.entry.why,
            holds.listed(self.spec, facts),
            status,
            steps,
            model,
        )

    def _move_autoscale(self, facts: EndpointFacts) -> None:
        """What fails here is told, and does not make the rollback fail."""
        try:
            autoscale.move(self.workspace, self.spec, facts, lambda said: self.log.note(Action.AUTOSCALE, said))
        except MlopsError as error:
            again = f"`mlops promote {self._name} --model {facts.live_model}` sets it"
            self.log.note(Action.AUTOSCALE, f"not moved: {error.problems[0].what}; {again}")

    @property
    def workspace(self) -> Workspace:
        """The one that has the endpoint."""
        return self.home.at(self.spec.place)

    @property
    def _name(self) -> str:
        return self.spec.environment

    def _observe(self) -> EndpointFacts:
        return endpoints.live(self.workspace, self.spec.endpoint, self.spec.owner)

    @cached_property
    def entry(self) -> AuditEntry:
        """Who, why and when: the service's time as the first look told it."""
        return AuditEntry(self.workspace.now(), self.by, self.reason)

    @cached_property
    def _lease(self) -> EndpointLease:
        return EndpointLease(self.workspace, self.spec.endpoint, self.holder, "rollback")

    def _stop_others(self, facts: EndpointFacts) -> Wait | None:
        """Take the lease from a promotion, which then stops; another rollback, or a deletion, is waited for.

        Where the storage is out of reach it goes on: a promotion sees its note gone.
        """
        try:
            if other := self._lease.take(over=True):
                return Wait(
                    facts.name, f"{other} changes {facts.name}; where that run died, its lease ends within a minute"
                )
        except (AzureRefused, RemoteFailed) as error:
            self.log.say(f"rolls back without the lease of {facts.name}: {error.problems[0].what}")
        self._alone = True
        return None  # what was seen before may have changed

    def _check(self) -> None:
        if self._lease.has:
            self._lease.check()

    def _decide(self, facts: EndpointFacts) -> Step:
        return rollback_step(facts, self.workspace.now(), self._name, self.entry, self.stopped)

    def _act(self, step: Step, facts: EndpointFacts) -> Wait | None:
        if not self._alone:
            return self._stop_others(facts)
        self.log.step(step)
        match step:
            case SetTraffic():
                endpoints.set_traffic(self.workspace, facts, step.percentages, step.tags, sure=self._check)
            case StopPromotion():
                self._check()
                stopped = facts.promoting
                endpoints.set_tags(self.workspace, facts.name, step.tags)
                self.stopped = stopped
            case _:
                raise AssertionError(f"no step of a rollback: {step}")
        return None
