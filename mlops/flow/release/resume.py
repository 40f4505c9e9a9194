"""`mlops resume`: one tick that carries runs of this product on: judges, registers, and hands models over to `promote`.

It keeps no state: what is left to do is what the workspace shows.
"""

from dataclasses import dataclass, field
from pathlib import Path

from mlops.azure import jobs, models
from mlops.domain.evaluation import scoring
from mlops.domain.promote import promotion_record
from mlops.domain.promote.promotion_record import PromotionState
from mlops.domain.release.resume import Act, Decision, Run, decide
from mlops.domain.tags import FINGERPRINT_TAG, JOB_TAG, OWNER_TAG, VERDICT_TAG
from mlops.domain.training.run import parse_job_name
from mlops.errors import MlopsError, Problem, RemoteFailed
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.evaluation import gate
from mlops.flow.evaluation import jobs as evaluation_jobs
from mlops.flow.promote import promotion_record as promotion_records
from mlops.flow.registry import register
from mlops.render import Report, table

VERDICTS = Path("build/verdicts")  # the workflow uploads what is there
LOOK_BACK = 50  # jobs that carry our tag, newest first


def run(context: Context) -> ReportOutcome:
    """Look at the newest runs and take each one step further; what is wrong with one does not keep the others.

    The outcome fails when a run was refused now, or when the newest one failed, so that a scheduled tick is red.
    """
    found = _runs(context)
    environments = tuple(context.params.environments)
    registered = any(run.model for run in found)
    live = {name: observe.live_model(context, name) for name in environments} if registered else {}
    tick = _Tick(context)
    for decision in decide(found, environments, live, context.workspace.now()):
        tick.take(decision)
    report = Report(
        "Resume",
        (f"looked at {len(found)} runs",),
        (table("Runs", ("run", "state", "done", "why"), tick.rows),),
        sections=tuple(section for item in tick.verdicts for section in item.as_sections()),
        next_step=f"mlops promote {environments[0]} --model {tick.outputs['model']}" if tick.outputs["model"] else "",
    )
    return ReportOutcome(report, tick.outputs, tick.failure)


@dataclass
class _Tick:
    """What one tick did so far."""

    context: Context
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    outputs: dict[str, str] = field(
        default_factory=lambda: {"job": "", "finished": "false", "model": "", "environment": ""}
    )
    errors: list[MlopsError] = field(default_factory=list)
    verdicts: list[Report] = field(default_factory=list)

    @property
    def failure(self) -> MlopsError | None:
        """All problems, under the class of the first."""
        problems = [problem for error in self.errors for problem in error.problems]
        return type(self.errors[0])(problems) if self.errors else None

    def take(self, decision: Decision) -> None:
        """Act on one decision, and keep what was done as a row."""
        run, why = decision.run, decision.reason
        try:
            match decision.act:
                case Act.JUDGE:
                    done, why = self._carry_on(run)
                case Act.PROMOTE:
                    done = "promote"
                    self._request(run, decision.environment)
                case Act.FAILED:
                    done = "failed"
                    raise self._failed(run)
                case _:
                    done = decision.act.value
        except MlopsError as error:
            self.errors.append(error)
            done, why = "failed", error.problems[0].why or error.problems[0].what
        self.rows.append((run.name, run.state.value, done, why))

    def _carry_on(self, run: Run) -> tuple[str, str]:
        """Have the model scored, then judged, then registered; what was done, and why."""
        if waiting := self._evaluate(run):
            return "evaluate", waiting
        judged = gate.run(self.context, job=run.name, out=VERDICTS / f"{run.name}.json")
        self.verdicts.append(judged.report)
        if judged.failure:
            raise judged.failure
        card = VERDICTS / f"{run.name}-model-card.md"
        made = register.run(self.context, job=run.name, card=card).outputs["model"]
        # The newest finished run is the one to promote; older ones are registered for the record.
        if not self.outputs["model"]:
            self._request(run, next(iter(self.context.params.environments)), made)
        return "register", f"registered as {made}"

    def _evaluate(self, run: Run) -> str:
        """Submit what has yet to answer the held-out conversations; what is waited for, empty when nothing is."""
        asked = evaluation_jobs.wanted(self.context, run.name)
        if isinstance(asked, str):
            return ""
        decided = evaluation_jobs.step(asked, by_hand=False)
        waiting = [f"{act} {scored.model}" for scored, act in decided if act in (scoring.Act.SUBMIT, scoring.Act.WAIT)]
        return f"held-out conversations: {', '.join(waiting)}" if waiting else ""

    def _request(self, run: Run, environment: str, model: str = "") -> None:
        """Note it first: should the promote workflow never start, a later tick sees that it was to."""
        before = run.promotions.get(environment)
        retries = before.retries + 1 if before else 0
        promotion_records.write(self.context.workspace, run.name, environment, PromotionState.REQUESTED, retries)
        first = environment == next(iter(self.context.params.environments))
        self.outputs |= {
            "job": run.name,
            "finished": "true",
            "model": model or run.model or "",
            "environment": "both" if first else environment,
        }

    def _failed(self, run: Run) -> RemoteFailed:
        why = jobs.failure(self.context.workspace, run.name)
        fix = "push what mends it, or run `mlops submit` for another attempt; a newer run ends this message"
        return RemoteFailed(Problem(f"{run.name} is {run.state}", "the workspace", why=why, fix=fix))


def _runs(context: Context) -> list[Run]:
    """Our newest runs with what became of them."""
    names = tuple(context.params.environments)
    known = {
        model.tags.get(FINGERPRINT_TAG): model
        for model in models.versions(context.workspace, context.params.model.name)
    }
    found: list[Run] = []
    for job in jobs.recent(context.workspace, LOOK_BACK, OWNER_TAG):
        parsed = parse_job_name(job.name)
        if parsed is None or job.tags.get(OWNER_TAG) != context.owner:
            continue
        model = known.get(parsed[0])
        found.append(
            Run(
                job.name,
                job.state,
                job.submitted,
                job.tags.get(VERDICT_TAG) == "refuse",
                model.label if model else None,
                model is None or model.tags.get(JOB_TAG, job.name) == job.name,
                model.registered if model else None,
                promotion_record.read(job.tags, names),
            )
        )
    return found
