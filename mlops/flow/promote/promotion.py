"""One promotion: the model takes over the endpoint step by step, or is taken back when it is bad."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from mlops.azure import at_once, endpoints, models
from mlops.azure.failures import Denied, Transient
from mlops.azure.workspace import Workspace
from mlops.domain.machines import MachineFinding, failure_of
from mlops.domain.promote import planner
from mlops.domain.promote.audit import AuditEntry, release_tags
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState, promoting_value
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.promote.steps import (
    BakeCanary,
    CreateDeployment,
    CreateEndpoint,
    DesiredRollout,
    Done,
    Mirror,
    Progress,
    Refuse,
    RolledBack,
    Skip,
    SmokeTest,
    Step,
    Wait,
)
from mlops.domain.serving import naming
from mlops.domain.serving.causes import Blame, explain
from mlops.domain.serving.settings import fingerprint
from mlops.domain.tags import PROMOTING_TAG
from mlops.errors import MlopsError, RemoteFailed
from mlops.flow.outcome import Outcome
from mlops.flow.promote import holds, interrupted, passed, preflight, review, share
from mlops.flow.promote.apply import PromotionSteps
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.lease import EndpointLease
from mlops.flow.promote.precedence import Precedence
from mlops.flow.promote.reconcile import Final, Reconciliation
from mlops.flow.promote.result import Action, PromoteOutcome, PromoteResult
from mlops.flow.promote.rollout_log import RolloutLog, endpoint_status
from mlops.flow.serving import autoscale, blame

_ASKS = (SmokeTest, Mirror, BakeCanary)
_SHOWS_THE_MODEL_BAD = (CreateDeployment, *_ASKS)


@dataclass
class Promotion:
    """One promotion of one model to one environment; `later` are the environments right after it."""

    home: Workspace  # of the training, where models, their runs and their aliases are
    spec: RolloutSpec
    model: models.Registered
    later: Sequence[RolloutSpec]
    say: Callable[[str], None]
    holder: str
    audit: AuditEntry
    consent: Consent
    precedence: Precedence
    passage: passed.Passage
    _deployment: str = ""  # the name of the candidate
    _progress: Progress = field(default_factory=Progress)
    _checked: bool = False
    _leased: bool = False
    _released: bool = False
    _waited: bool = False  # for another that changes the endpoint
    _made: bool = True  # False when the deployment itself failed, and not an answer of it

    def run(self) -> Outcome[PromoteResult]:
        """Step by step until the planner says that it is over.

        Raises KeyboardInterrupt with how the endpoint was left, when it is interrupted; its lease is given back first.
        """
        again = f"mlops promote {self.spec.environment}"
        try:
            loop = Reconciliation(self._observe, self._decide, self._act, self._log, again)
            return self._outcome(*loop.run())
        except KeyboardInterrupt:
            self._lease.release()  # at once: the runner's next signal ends this process
            raise KeyboardInterrupt(interrupted.message(self.workspace, self._log, self.model.label)) from None
        finally:
            self._lease.release()

    @property
    def workspace(self) -> Workspace:
        """The one that has the endpoint."""
        return self.home.at(self.spec.place)

    @cached_property
    def _log(self) -> RolloutLog:
        return RolloutLog(self.spec, self.say)

    @cached_property
    def _lease(self) -> EndpointLease:
        also = share.repository_tag(self.spec) if self.spec.repository or self.consent.take_over else {}
        return EndpointLease(self.workspace, self.spec.endpoint, self.holder, "promote", also, self._promoting())

    def _promoting(self) -> dict[str, str]:
        mark = fingerprint(self.spec.settings)
        return {PROMOTING_TAG: promoting_value(self.model.label, self._deployment, mark)}

    def _observe(self) -> EndpointFacts:
        """What is there. Nothing is taken for true by one answer that this run changes anything because of."""
        name, owner = self.spec.endpoint, self.spec.owner
        if not self._leased:
            facts = endpoints.first_look(self.workspace, name, owner)
            if facts.state is not EndpointState.ABSENT or isinstance(self._decide(facts), CreateEndpoint):
                return facts  # that there is none is looked at again before one is made
        elif (made := self._steps.new_facts()) and isinstance(self._decide(made), SmokeTest):  # which changes nothing
            return made
        expected = (self._deployment,) if self._progress.created else ()
        is_empty = self._leased and self._steps.has_new_endpoint()
        return endpoints.observe(self.workspace, name, owner, expected, is_empty=is_empty)

    def _decide(self, facts: EndpointFacts) -> Step:
        if not self._leased:  # and once it may change something, its candidate keeps its name
            self._deployment = naming.deployment_for(facts, self.model.label, self.spec.settings)
        desired = DesiredRollout(
            environment=self.spec.environment,
            endpoint=self.spec.endpoint,
            deployment=self._deployment,
            model=self.model.label,
            instance_type=self.spec.instance_type,
            instance_count=self.spec.instance_count,
            traffic_steps=self.spec.traffic_steps,
            now=self.workspace.now(),
            mirror_percent=self.spec.mirror_percent,
            retention=self.spec.retention,
            older=None if self.consent.allow_older else self.precedence.older(facts, self._deployment),
            allow_older=self.consent.allow_older,
            repository=self.spec.repository,
            take_over=self.consent.take_over,
            audit=self.audit,
            hold=holds.of(self.spec, self.model),
            release_hold=self.consent.release_hold and not self._leased,  # one that comes later is another decision
            accept_drift=self.consent.accept_drift,
            lacking=self.passage.lacking(self.model),
            settings=self.spec.settings,
            auth_mode=self.spec.auth_mode,
            autoscaled=self.spec.autoscale is not None,
        )
        return planner.next_step(facts, desired, self._progress)

    def _act(self, step: Step, facts: EndpointFacts) -> Wait | None:
        """Take a step when the endpoint is this run's to change, and the pre-flight found nothing."""
        if not self._leased:
            if (wait := self._take_lease(facts)) or not self._leased or facts.state is not EndpointState.ABSENT:
                return wait
        elif not self._still_ours(step, facts):
            return None
        self._log.step(step)
        try:
            self._log.during(step, lambda: self._steps.take(step, facts))
        except Transient:
            raise
        except Denied as error:
            if not isinstance(step, _ASKS):
                raise
            raise blame.not_from_here(error, self.spec.environment, self.model.label, facts) from error
        except RemoteFailed as error:
            if not isinstance(step, _SHOWS_THE_MODEL_BAD):
                raise
            # That is for the planner to answer, not a crash.
            self._progress = self._progress.after(step).failed(str(error))
            self._made = not isinstance(step, CreateDeployment)
        else:
            self._progress = self._progress.after(step)
        return None

    def _still_ours(self, step: Step, facts: EndpointFacts) -> bool:
        """Whether the step may be taken; False where it is to be decided anew. Raises lease.Stopped."""
        if not self._lease.noted and facts.state is not EndpointState.ABSENT:
            self._lease.note(facts)  # the change that was to be the last took the note off
            return False
        if isinstance(step, CreateEndpoint | BakeCanary):
            self._lease.check()
        else:  # a change asks for the lease when it looks at the endpoint once more
            self._lease.look()
        self._lease.check_note(facts.tags)
        return True

    def _take_lease(self, facts: EndpointFacts) -> Wait | None:
        """Before the first change; what was seen before may have changed, so it is looked at again after it."""
        looks = () if self._waited or self._checked else (facts,)  # side by side, once
        other, found = at_once.beside(
            lambda: self._lease.take(over=self.consent.take_over, is_new=facts.state is EndpointState.ABSENT),
            lambda: [self._findings(one) for one in looks],
        )
        if other:
            self._waited = True
            return self._lease.waiting(other)
        if self.consent.release_hold and not self._released:
            self._release_hold()
        if facts.state is EndpointState.ABSENT and endpoints.is_there(self.workspace, self.spec.endpoint):
            self._log.forget()
            return None
        self._check(facts, *found)
        self._leased, self._lease.only_with_it = True, self._promoting()
        self._lease.note(facts)
        return None

    def _release_hold(self) -> None:
        """Off the version now, and off the endpoint with the lease; both before anything moves."""
        self._released = True
        holds.release(self.home, self.spec, self.model, self.say)
        tags = {name: value for name, value in self.model.tags.items() if name != holds.tag(self.spec)}
        self.model = replace(self.model, tags=tags)
        self._lease.also = {**self._lease.also, **release_tags(self.model.version, fingerprint(self.spec.settings))}
        self._log.note(Action.RELEASE, f"{self.model.label} may be promoted again: {self.audit.why}")

    def _findings(self, facts: EndpointFacts) -> list[MachineFinding]:
        return preflight.findings(self.workspace, self.spec, self.model, self._deployment, facts)

    def _check(self, facts: EndpointFacts, found: list[MachineFinding] | None = None) -> None:
        """The pre-flight, once, before the first change; `found` where it was done already."""
        if self._checked:
            return
        if failure := failure_of(self._findings(facts) if found is None else found):
            raise failure
        self._checked = True

    @cached_property
    def _steps(self) -> PromotionSteps:
        return PromotionSteps(self.workspace, self.spec, self.model, self._log, self._lease)

    def _outcome(self, facts: EndpointFacts, end: Final) -> Outcome[PromoteResult]:
        if isinstance(end, Refuse):
            raise self._refusal(end, facts)
        self._lease.tidy(facts)
        steps, passage, before = self._steps, self.passage, self._log.first
        ended = isinstance(end, Done) and steps.smoke_test
        tags = passage.evidence(self.model, self.audit, ended, steps.measurements) if ended else {}
        written = share.set_champion(self.home, self.spec, before, facts, self.say, tags)
        if isinstance(end, Skip):
            return Outcome(self._result(facts, PromoteOutcome.FROZEN, end.why))
        share.claim(self.workspace, self.spec, facts, take_over=self.consent.take_over)
        if isinstance(end, RolledBack):
            return self._taken_back(facts, end.why)
        tags = tags or passage.late(self.model, self.audit, lambda: steps.test(self._deployment))
        self.model = passage.record(self.model, tags, written=written and bool(ended))
        for shared in share.run(self.home, self.spec, self.later, self.model):
            self._log.note(Action.SHARE, shared)
        failure = self._move_autoscale(facts)
        outcome = PromoteOutcome.PROMOTED if self._log.steps else PromoteOutcome.UNCHANGED
        return Outcome(self._result(facts, outcome, end.why), failure)

    def _move_autoscale(self, facts: EndpointFacts) -> MlopsError | None:
        try:
            autoscale.move(self.workspace, self.spec, facts, lambda said: self._log.note(Action.AUTOSCALE, said))
            return None
        except MlopsError as error:
            return blame.autoscale_failed(error, self.spec.environment, facts)

    def _refusal(self, step: Refuse, facts: EndpointFacts) -> MlopsError:
        looked = (self.workspace, self.spec, self.model, self._deployment, facts)
        return step.failure([*step.problems, *([] if self._checked else preflight.problems(*looked))])

    def _result(
        self, facts: EndpointFacts, outcome: PromoteOutcome, why: str, cause: Blame | None = None
    ) -> PromoteResult:
        log, moved = self._log, self._log.first if self._log.steps else None
        compared = review.compare(self.workspace, self.spec, moved, facts, self.model) if moved else None
        goes_on = outcome in (PromoteOutcome.PROMOTED, PromoteOutcome.UNCHANGED)
        return PromoteResult(
            self.spec.environment,
            outcome,
            why,
            self.model.label,
            self.audit.by,
            self.audit.why,
            endpoint_status(self.workspace, facts, self.spec.endpoint),
            tuple(log.steps),
            compared,
            self._steps.smoke_test,
            tuple(self._steps.measurements),
            log.container_log,
            cause,
            self.passage.every(self.model),
            review.next_environments(self.home, self.later) if goes_on else (),
        )

    def _taken_back(self, facts: EndpointFacts, why: str) -> Outcome[PromoteResult]:
        """The candidate is gone: because the model is bad, or for a cause that says nothing of it."""
        known = explain(f"{self._log.container_log}\n{'' if self._made else why}")
        cause = known.cause if known else Blame.MODEL
        outcome = PromoteOutcome.ROLLED_BACK if cause.blames_model else PromoteOutcome.NOT_JUDGED
        failure = blame.failure(self.spec.environment, self.model.label, why, known, had_live=self._log.had_live)
        return Outcome(self._result(facts, outcome, why, cause), failure)
