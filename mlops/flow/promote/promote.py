"""`mlops promote` and `mlops rollback`: observe the endpoint, take the next safe step, again until done.

Every step is decided anew from what is there, so a promotion that was interrupted anywhere is finished, or rolled
back, by running it again. The parts of it are in `mlops.flow.rollout`.
"""

from contextlib import suppress
from datetime import timedelta
from functools import cached_property, partial

from mlops import clock
from mlops.azure import endpoints, models, scoring
from mlops.azure.failures import Conflict, Transient
from mlops.domain.machines import Finding, failure_of
from mlops.domain.promote import planner
from mlops.domain.promote.deployment_errors import explain
from mlops.domain.tags import ENVIRONMENT_TAG, LEASE_TAG, OWNER_TAG
from mlops.errors import BadInput, MlopsError, Problem, RemoteFailed, Unfinished
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.promote import ask, candidate, interrupted, preflight, progress_tag, report, share, smoke_test
from mlops.flow.promote.canary import Soak
from mlops.flow.promote.lease import SHORT, Holder
from mlops.params import Environment

STEP_LIMIT = 1000  # a planner that goes in circles would be a bug
WAIT_SECONDS = 3600.0
PAUSE = 5.0
LONG = timedelta(minutes=60)  # making a deployment takes so long, and no lease can be renewed meanwhile

_WORDS: dict[type[planner.Step], str] = {
    planner.CreateEndpoint: "make the endpoint",
    planner.CreateDeployment: "deploy",
    planner.Wait: "wait",
    planner.Repair: "repair",
    planner.Smoke: "smoke test",
    planner.Mirror: "mirror",
    planner.Judge: "judge",
    planner.SetTraffic: "traffic",
    planner.DeleteDeployment: "delete",
}


def run(
    context: Context, environment: str, *, model: str | None, allow_older: bool = False, take_over: bool = False
) -> ReportOutcome:
    """Give a registered model all traffic of an environment."""
    settings = context.environment(environment)  # a misspelt name is told before anybody signs in
    registered = candidate.registered(context, model, settings.registry)
    with progress_tag.noted(context, registered, environment) as note:
        try:
            context.endpoint_name(environment)
        except BadInput as error:  # its name is bad: that, and everything else that can be known without it
            found = preflight.findings(context, environment, registered, candidate.deployment(registered), None)
            raise BadInput([*error.problems, *(finding.problem for finding in found)]) from None
        promotion = Promotion(context, environment, registered, allow_older=allow_older, take_over=take_over)
        return note.outcome(promotion.run())


def rollback(context: Context, environment: str) -> ReportOutcome:
    """Give all traffic back to the newest healthy deployment that is not live. A promotion under way is stopped."""
    return Promotion(context, environment, None, take_over=True).run()


_SHOWS_THE_MODEL_BAD = (planner.CreateDeployment, planner.Smoke, planner.Mirror, planner.Judge)


class Promotion:
    """One run of the reconcile loop; `model` None means to roll back."""

    def __init__(
        self,
        context: Context,
        environment: str,
        model: models.Registered | None,
        *,
        allow_older: bool = False,
        take_over: bool = False,
    ) -> None:
        self._context = context
        self._environment = environment
        self._settings: Environment = context.environment(environment)
        self._endpoint = context.endpoint_name(environment)
        self._model = model
        self._allow_older = allow_older
        self._take_over = take_over
        self._holder = Holder(context, self._endpoint)
        self._progress = planner.Progress()
        self._checked = False
        self._story = report.Story(context, environment, self._endpoint, model)
        self._deadline = clock.monotonic() + WAIT_SECONDS

    def run(self) -> ReportOutcome:
        """Step by step until the planner says that it is over.

        Raises KeyboardInterrupt with how the endpoint was left, when it is interrupted; its lease is given back first.
        """
        try:
            return self._steps()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(interrupted.message(self._story)) from None

    def _steps(self) -> ReportOutcome:
        try:
            for _ in range(STEP_LIMIT):
                facts = endpoints.observe(self._context.workspace, self._endpoint, self._context.owner)
                self._story.see(facts)
                step = self._next(facts)
                match step:
                    case planner.Done(why=why):
                        share.crown(self._context, facts, self._environment)
                        self._hand_over()
                        return self._story.outcome(facts, why, None)
                    case planner.RolledBack(why=why):
                        share.crown(self._context, facts, self._environment)
                        return self._story.outcome(facts, why, self._failure(why))
                    case planner.Refuse():
                        raise self._refusal(step, facts)
                    case planner.Wait():
                        self._wait(step)
                    case _:
                        if self._may_act(step, facts):
                            self._apply(step)
            raise RemoteFailed(f"{self._endpoint} did not come to rest within {STEP_LIMIT} steps")
        finally:
            self._holder.release()

    def _hand_over(self) -> None:
        if self._model:
            for line in share.run(self._context, self._environment, self._model):
                self._story.say(line)

    def _next(self, facts: planner.EndpointFacts) -> planner.Step:
        now = self._context.workspace.now()
        if self._model is None:
            return planner.rollback_step(facts, now)
        settings = self._settings
        hours = settings.retention_hours
        wanted = planner.Wanted(
            endpoint=self._endpoint,
            deployment=candidate.deployment(self._model),
            model=self._model.label,
            instance_type=settings.instance_type,
            instance_count=settings.instance_count,
            traffic_steps=settings.traffic_steps,
            now=now,
            mirror_percent=settings.mirror_percent,
            retention=None if hours is None else timedelta(hours=hours),
            allow_older=self._allow_older,
        )
        return planner.next_step(facts, wanted, self._progress)

    def _may_act(self, step: planner.Step, facts: planner.EndpointFacts) -> bool:
        """Whether to take the step now: nothing stands in its way, and the endpoint is this run's to change.

        After the lease was written False, so that it is read again before anything is changed.
        """
        other = None if self._take_over else self._holder.other(facts)
        if other:
            held = f"{other.holder} may change {self._endpoint} until {other.until:%H:%M:%S} (UTC)"
            self._wait(planner.Wait(self._endpoint, held))
            return False
        if self._model is None:
            return True  # a rollback is one request, which carries its own note to whoever is at it
        if facts.state is not planner.EndpointState.ABSENT and self._holder.hold(facts, self._lasting(step)):
            self._take_over = False
            self._check(facts)
            return False
        self._check(facts)
        return True

    def _lasting(self, step: planner.Step) -> timedelta:
        if isinstance(step, planner.CreateDeployment):
            return LONG
        watched = self._settings.soak_seconds + self._settings.limits.metrics_wait_seconds
        return SHORT + 2 * timedelta(seconds=watched)

    def _check(self, facts: planner.EndpointFacts) -> None:
        """The pre-flight, once, before the first change."""
        if self._checked or self._model is None:
            return
        found = preflight.findings(
            self._context, self._environment, self._model, candidate.deployment(self._model), facts
        )
        if failure := failure_of(found):
            raise failure
        self._checked = True

    def _findings(self, model: models.Registered, facts: planner.EndpointFacts) -> list[Finding]:
        return preflight.findings(self._context, self._environment, model, candidate.deployment(model), facts)

    def _refusal(self, step: planner.Refuse, facts: planner.EndpointFacts) -> MlopsError:
        found = self._findings(self._model, facts) if self._model and not self._checked else []
        return step.failure([*step.problems, *(finding.problem for finding in found)])

    def _apply(self, step: planner.Step) -> None:
        self._say(step)
        match step:
            case planner.CreateDeployment():
                work = partial(self._deploy, step.name)
            case planner.Smoke():
                work = partial(self._smoke, step.deployment)
            case planner.Mirror():
                work = partial(self._mirror, step)
            case planner.Judge():
                work = partial(self._watch, f"{step.percent} %", step.deployment)
            case _:
                work = partial(self._change, step)
        try:
            work()
            self._progress = self._progress.after(step)
        except Conflict as error:  # somebody changes it between our look and our request
            self._wait(planner.Wait(self._endpoint, f"{self._endpoint} is being changed: {error.problems[0].why}"))
        except Transient as error:  # the connection or the service, not the model
            self._wait(planner.Wait(self._endpoint, f"it is tried again: {error.problems[0].what}"))
        except RemoteFailed as error:
            if not isinstance(step, _SHOWS_THE_MODEL_BAD):
                raise
            # That is for the planner to answer, not a crash.
            self._progress = self._progress.after(step).failed(str(error))

    def _change(self, step: planner.Step) -> None:
        workspace, name = self._context.workspace, self._endpoint
        match step:
            case planner.CreateEndpoint():
                tags = {OWNER_TAG: self._context.owner, ENVIRONMENT_TAG: self._environment}
                tags |= self._holder.tags(LONG)
                endpoints.create(workspace, name, auth_mode=self._settings.auth_mode, tags=tags)
            case planner.Repair():
                with suppress(RemoteFailed):  # the next look shows whether it helped
                    endpoints.set_traffic(workspace, name, step.percentages, {})
            case planner.SetTraffic():
                note = {LEASE_TAG: planner.LEASE_FREE} if self._model is None else {}
                endpoints.set_traffic(workspace, name, step.percentages, {**step.tags, **note})
            case planner.DeleteDeployment():
                if step.failed:
                    self._story.keep_log(step.name)
                endpoints.delete_deployment(workspace, name, step.name)

    def _wait(self, step: planner.Wait) -> None:
        """Somebody's change is under way: look again, but hold a runner no longer than the bound."""
        self._say(step)
        if clock.monotonic() > self._deadline:
            verb = f"promote {self._environment}" if self._model else f"rollback {self._environment}"
            raise Unfinished(
                Problem(
                    f"{step.what} is still being changed",
                    why=step.why,
                    fix=f"mlops {verb}, when it has come to rest; --take-over ends the lease of a run that died",
                )
            )
        clock.sleep(PAUSE)

    def _say(self, step: planner.Step) -> None:
        line = f"{_WORDS.get(type(step), type(step).__name__)}: {step.why}"
        if isinstance(step, planner.SetTraffic):
            line += f" ({', '.join(f'{who} {percent} %' for who, percent in step.percentages.items())})"
        self._story.say(line)

    def _deploy(self, name: str) -> None:
        assert self._model is not None, "only a promotion makes a deployment"
        spec = candidate.spec(self._context, self._settings, self._model, name)
        endpoints.deploy(self._context.workspace, self._endpoint, spec)

    @cached_property
    def _questions(self) -> list[tuple[list[dict[str, str]], str]]:
        assert self._model is not None, "only a promotion asks"
        count = self._context.params.serving.smoke_conversations
        return ask.held_out(self._context, self._model, count, self._settings.registry)

    @cached_property
    def _soak(self) -> Soak:
        asker = scoring.Asker(self._context.workspace, self._endpoint)
        return Soak(self._context, self._endpoint, self._settings, asker, self._questions, self._holder.check)

    def _smoke(self, deployment: str) -> None:
        self._story.smoke = smoke_test.run(self._context, self._soak.asker, self._questions, deployment)

    def _mirror(self, step: planner.Mirror) -> None:
        live = dict(self._story.last.live)
        mirror = {step.deployment: step.percent}
        endpoints.set_traffic(self._context.workspace, self._endpoint, live, {}, mirror=mirror)
        self._watch(f"{step.percent} % mirrored", step.deployment)

    def _watch(self, step: str, deployment: str) -> None:
        """Soak and judge, beside the healthy deployment with most other traffic or the one that stands by."""
        old = planner.beside(self._story.last, deployment)
        try:
            self._story.say(f"judged: {self._soak.run(step, deployment, old).why}")
        finally:
            self._story.judgements = self._soak.table()

    def _failure(self, why: str) -> MlopsError:
        """A rollback by the planner as a failure: why, and what to do where the cause is known."""
        known = explain(f"{self._story.log}\n{why}")
        fix = known.fix if known else "look at the steps and the log above; then mend data, model or params.yaml"
        cause = f"{why}; that means: {known.cause}" if known else why
        kept = "traffic is where it was" if self._story.had_live else "nothing is live on it"
        return RemoteFailed(Problem(f"{self._environment} was rolled back; {kept}", why=cause, fix=fix))
