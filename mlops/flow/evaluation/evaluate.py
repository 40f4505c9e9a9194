"""`mlops evaluate`: candidate and champion answer the same held-out conversations, each of them once.

The jobs outlive whoever submits them; `mlops resume` takes them up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlops import clock
from mlops.azure import at_once, run_tree
from mlops.domain.evaluation import scoring
from mlops.domain.evaluation.scoring import Scored, ScoringAction, decide
from mlops.domain.training.run import JobState
from mlops.errors import MlopsError, Problem, RemoteFailed, Unfinished
from mlops.flow import interrupt, observe, poll
from mlops.flow.context import Context
from mlops.flow.evaluation import submit
from mlops.flow.evaluation.evaluator import Evaluator, RequestedEvaluation, problem_of
from mlops.flow.heartbeat import heartbeat
from mlops.flow.outcome import Outcome, Skipped

PAUSES = poll.Pauses(0.5, factor=1.15, longest=20.0)  # who waits is late by a sixth at most


class EvaluationState(StrEnum):
    """How far an evaluation is."""

    NOT_NEEDED = "not needed"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True)
class EvaluatedModel:
    """One model and the job in which it answered. `state` None: not submitted. Metrics of a finished evaluation."""

    model: str
    job: str
    state: JobState | None
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class EvaluateResult:
    """The candidate, then the champion where there is one. `skipped` says why nothing is to be evaluated.

    `questions` and `test` are data as name:version: what was answered, and the test split that it was made from.
    """

    state: EvaluationState
    skipped: Skipped | None
    job: str
    questions: str
    test: str
    bound_minutes: float
    models: tuple[EvaluatedModel, ...]


def run(
    context: Context, *, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool
) -> Outcome[EvaluateResult]:
    """Submit what is not scored yet, and look until it is or the time is up."""
    watch = context.params.watch
    bound = watch.wait_minutes if wait_minutes is None else wait_minutes
    if not context.params.evaluation.enabled:  # then no service is asked
        why = Skipped(scoring.why_not(enabled=False))
        return Outcome(EvaluateResult(EvaluationState.NOT_NEEDED, why, job or "", "", "", bound, ()))
    name = observe.job_name(context, job)
    found = Evaluator.of(context).wanted(name)
    if isinstance(found, Skipped):
        return Outcome(EvaluateResult(EvaluationState.NOT_NEEDED, found, name, "", "", bound, ()))
    pending = [pending_job(scored) for scored in found.all if not scored.done]
    try:
        submit.step(found, by_hand=True)
        found = wait(found, clock.monotonic() + bound * 60)
    except KeyboardInterrupt:
        again = f"mlops evaluate --job {found.job}"
        raise KeyboardInterrupt(interrupt.settle(context.workspace, watch.on_interrupt, pending, again)) from None
    result = _result(found, bound)
    return Outcome(result, _failure(found, result, ok_if_unfinished=ok_if_unfinished))


def pending_job(scored: Scored) -> str:
    """The job that runs, or that is about to be submitted."""
    return scored.next_job if decide(scored, by_hand=True) is ScoringAction.SUBMIT else scored.job


def wait(found: RequestedEvaluation, deadline: float) -> RequestedEvaluation:
    """Look until every model has answered or failed, or until the deadline (seconds, `clock.monotonic`)."""
    said = ""

    def ended(seen: RequestedEvaluation) -> bool:
        nonlocal said
        line = ", ".join(f"{item.attempt.name} is {item.attempt.state}" for item in seen.all if item.attempt)
        if line != said:
            seen.evaluator.say(line)
            said = line
        return all(item.attempt and item.attempt.state.ended for item in seen.all)

    with heartbeat(found.evaluator.say, "models answer"):
        return poll.until(found.again, ended, PAUSES, deadline)


def _result(found: RequestedEvaluation, bound: float) -> EvaluateResult:
    done = all(item.done for item in found.all)
    means: Mapping[str, Mapping[str, float]] = {}
    measured: list[dict[str, float]] = [{} for _ in found.all]
    if done:
        run_tree.read_ended(found.evaluator.workspace, [item.job for item in found.all])
        measured, answers = at_once.both(lambda: at_once.each(found.metrics, found.all), found.every_answer)
        means = {said.job: said.means for said in answers.values()}
    failed = any(item.attempt and item.attempt.state.retryable for item in found.all)
    return EvaluateResult(
        state=EvaluationState.FAILED if failed else EvaluationState.DONE if done else EvaluationState.RUNNING,
        skipped=None,
        job=found.job,
        questions=":".join(found.asset),
        test=found.test,
        bound_minutes=bound,
        models=tuple(
            EvaluatedModel(
                item.model,
                item.job,
                item.attempt.state if item.attempt else None,
                {**metrics, **means.get(item.job, {})},
            )
            for item, metrics in zip(found.all, measured, strict=True)
        ),
    )


def _failure(found: RequestedEvaluation, result: EvaluateResult, *, ok_if_unfinished: bool) -> MlopsError | None:
    if result.state is EvaluationState.FAILED:
        bad = [item for item in found.all if item.attempt and item.attempt.state.retryable]
        return RemoteFailed([problem_of(found, item) for item in bad])
    if result.state is EvaluationState.RUNNING and not ok_if_unfinished:
        what = f"the evaluation of {result.job} is not finished after {result.bound_minutes:g} minutes"
        return Unfinished(Problem(what, fix=f"mlops evaluate --job {result.job}"))
    return None
