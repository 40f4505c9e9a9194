"""`mlops resume`: one reconcile run: it judges and registers finished runs, and hands models to `promote`.

It keeps no state: what is left to do is what the workspace shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mlops.azure import jobs, models
from mlops.azure.workspace import Workspace
from mlops.domain.environments.order import PromotionOrder
from mlops.domain.evaluation import scoring
from mlops.domain.evaluation.rules import Ruling
from mlops.domain.promote import promotion_record
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.promotion_record import PromotionState
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.release.resume import TOLD, Run, RunAction, RunDecision, decide
from mlops.domain.serving.settings import to_apply
from mlops.domain.tags import COMMIT_TAG, FINGERPRINT_TAG, JOB_TAG, OWNER_TAG, TOLD_TAG, VERDICT_TAG
from mlops.domain.training.run import JobState, parse_job_name
from mlops.errors import MlopsError, Problem, RemoteFailed
from mlops.flow import observe
from mlops.flow.ancestry import Ancestry
from mlops.flow.context import Context
from mlops.flow.evaluation import gate, submit
from mlops.flow.evaluation.evaluator import Evaluator
from mlops.flow.evaluation.verdict import GateResult
from mlops.flow.outcome import Outcome, Skipped
from mlops.flow.own_endpoint import check_project, own_endpoints
from mlops.flow.promote import promotion_record as promotion_records
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.registry import register

VERDICTS = Path("build/verdicts")  # the workflow uploads what is there
LOOK_BACK = 50  # jobs that carry our tag, newest first


class RunOutcome(StrEnum):
    """What a reconcile run did about a training run."""

    WAITED = "wait"
    EVALUATED = "evaluate"
    REGISTERED = "register"
    PROMOTED = "promote"
    FAILED = "failed"
    NOTHING = "nothing"


@dataclass(frozen=True)
class CarriedRun:
    """One run: its state, what was done about it, and why in words."""

    run: str
    state: JobState
    done: RunOutcome
    why: str


@dataclass(frozen=True)
class PromotionRequest:
    """A model for `promote`: the run that made it, and the environments that are to get it, in order.

    `commit` asks for it.
    """

    job: str
    model: str
    environments: tuple[str, ...]
    commit: str


@dataclass(frozen=True)
class ResumeResult:
    """Every run that was looked at, newest first, the verdicts of this time, and what is to be promoted.

    `open`: a later reconcile run has something to look at. `warnings`: what failed, and was told before.
    """

    runs: tuple[CarriedRun, ...]
    verdicts: tuple[GateResult, ...]
    promotion: PromotionRequest | None
    open: bool
    warnings: tuple[str, ...]


def run(context: Context, *, render: register.Render) -> Outcome[ResumeResult]:
    """Look at the newest runs and take each one step further; what is wrong with one does not keep the others.

    The outcome fails when a run was refused now, or when the newest one failed and that was not told yet, so that a
    scheduled run is red once.
    `render` makes a model card's Markdown.
    """
    workspace, order = context.workspace, PromotionOrder(context.params.order)
    served = own_endpoints(context)
    check_project(workspace, served, context.owner, context.repository, str(context.params_path))
    specs = rollout_specs(context)
    found = _runs(workspace, context.owner, served, specs)
    live = {name: one.live_model for name, one in served.items()}
    spec = register.RegisterSpec.of(context)
    done = _Reconcile(Evaluator.of(context), spec, order, render)
    outdated = [name for name, changes in observe.outdated(workspace, served, specs).items() if to_apply(changes)]
    is_ancestor = Ancestry(context.root, context.say)
    decisions = decide(found, order, live, workspace.now(), outdated, is_ancestor)
    for decision in decisions:
        done.take(decision)
    still_open = any(decision.open for decision in decisions)
    warnings = tuple(f"{decision.run.name} {TOLD}" for decision in decisions if decision.reason is TOLD)
    result = ResumeResult(tuple(done.runs), tuple(done.verdicts), done.promotion, still_open, warnings)
    return Outcome(result, done.failure)


@dataclass
class _Reconcile:
    """What one reconcile run did so far."""

    evaluator: Evaluator
    spec: register.RegisterSpec
    order: PromotionOrder
    render: register.Render
    runs: list[CarriedRun] = field(default_factory=list)
    verdicts: list[GateResult] = field(default_factory=list)
    promotion: PromotionRequest | None = None
    errors: list[MlopsError] = field(default_factory=list)

    @property
    def failure(self) -> MlopsError | None:
        """All problems, under the class of the first."""
        problems = [problem for error in self.errors for problem in error.problems]
        return type(self.errors[0])(problems) if self.errors else None

    def take(self, decision: RunDecision) -> None:
        """Act on one decision, and keep what was done."""
        run, why = decision.run, decision.reason
        try:
            match decision.act:
                case RunAction.JUDGE:
                    done, why = self._carry_on(decision)
                case RunAction.PROMOTE:
                    done = RunOutcome.PROMOTED
                    if not run.promotions:  # whoever registered it may have died before all of that was done
                        register.register(self.evaluator, self.spec, run.name, _card(run), self.render)
                    self._request(run, decision.environments)
                case RunAction.FAILED:
                    raise self._failed(run)
                case RunAction.WAIT:
                    done = RunOutcome.WAITED
                case RunAction.NOTHING:
                    done = RunOutcome.NOTHING
        except MlopsError as error:
            self.errors.append(error)
            done, why = RunOutcome.FAILED, error.problems[0].why or error.problems[0].what
        self.runs.append(CarriedRun(run.name, run.state, done, why))

    def _carry_on(self, decision: RunDecision) -> tuple[RunOutcome, str]:
        """Have the model scored, then judged, then registered; what was done, and why."""
        run = decision.run
        if waiting := self._evaluate(run):
            return RunOutcome.EVALUATED, waiting
        judged = gate.judge_run(self.evaluator, run.name, VERDICTS / f"{run.name}.json")
        self.verdicts.append(judged.result)
        if judged.failure:
            raise judged.failure
        made = register.register(self.evaluator, self.spec, run.name, _card(run), self.render).label
        # The newest finished run is the one to promote; older ones are registered for the record.
        if decision.superseded_by:
            why = f"registered as {made}, and not promoted: {decision.superseded_by} was asked for later"
            return RunOutcome.REGISTERED, why
        if self.promotion is None:
            self._request(run, self.order.names, made)
        return RunOutcome.REGISTERED, f"registered as {made}"

    def _evaluate(self, run: Run) -> str:
        """Submit what has yet to answer the held-out conversations; what is waited for, empty when nothing is."""
        asked = self.evaluator.wanted(run.name)
        if isinstance(asked, Skipped):
            return ""
        decided = submit.step(asked, by_hand=False)
        waiting = [
            f"{act} {scored.model}"
            for scored, act in decided
            if act in (scoring.ScoringAction.SUBMIT, scoring.ScoringAction.WAIT)
        ]
        return f"held-out conversations: {', '.join(waiting)}" if waiting else ""

    def _request(self, run: Run, environments: tuple[str, ...], model: str = "") -> None:
        """Note it first: should the promote workflow never start, a later run sees that it was to."""
        workspace = self.evaluator.workspace
        for environment in self.order.waves(environments)[0]:
            before = run.promotions.get(environment)
            retries = before.retries + 1 if before else 0
            state = PromotionState.REQUESTED
            promotion_records.write(workspace, run.name, environment, state, retries, run.asked.commit)
        self.promotion = PromotionRequest(run.name, model or run.model or "", environments, run.asked.commit)

    def _failed(self, run: Run) -> RemoteFailed:
        why = jobs.failure(self.evaluator.workspace, run.name)
        jobs.tag(self.evaluator.workspace, run.name, {TOLD_TAG: self.evaluator.workspace.now().isoformat()})
        fix = "push what fixes it, or run `mlops submit` for another attempt; a newer run ends this message"
        return RemoteFailed(Problem(f"{run.name} is {run.state}", "the workspace", why=why, fix=fix))


def _card(run: Run) -> Path:
    return VERDICTS / f"{run.name}-model-card.md"


def _runs(
    workspace: Workspace, owner: str, served: Mapping[str, EndpointFacts], specs: Mapping[str, RolloutSpec]
) -> list[Run]:
    """Our newest runs with what became of them. `owner` is the name of our models, `served` the endpoints."""
    known = {model.tags.get(FINGERPRINT_TAG): model for model in models.versions(workspace, owner)}
    found: list[Run] = []
    for job in jobs.recent(workspace, LOOK_BACK, OWNER_TAG):
        parsed = parse_job_name(job.name)
        if parsed is None or job.tags.get(OWNER_TAG) != owner:
            continue
        model = known.get(parsed[0])
        found.append(
            Run(
                job.name,
                job.state,
                job.submitted,
                job.tags.get(VERDICT_TAG) == Ruling.REFUSE,
                model.label if model else None,
                model is None or model.tags.get(JOB_TAG, job.name) == job.name,
                model.registered if model else None,
                promotion_record.read(job.tags, served),
                observe.blocked(served, specs, model) if model else {},
                observe.unproven(served, specs, model) if model else {},
                job.tags.get(COMMIT_TAG, ""),
                TOLD_TAG in job.tags,
            )
        )
    return found
