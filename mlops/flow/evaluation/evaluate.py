"""`mlops evaluate`: candidate and champion answer the same held-out conversations, each of them once.

The jobs outlive whoever submits them; `mlops resume` takes them up.
"""

from mlops import clock
from mlops.domain.evaluation.scoring import Act, Scored, decide
from mlops.errors import Problem, RemoteFailed, Unfinished
from mlops.flow import interrupt, observe
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.evaluation import jobs
from mlops.flow.evaluation.jobs import Evaluation
from mlops.render import Report, number, table

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0


def run(context: Context, *, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool) -> ReportOutcome:
    """Submit what is not scored yet, and look until it is or the time is up."""
    found = _wanted(context, job)
    if isinstance(found, str):
        return ReportOutcome(
            Report("Nothing to evaluate", (found,), next_step="mlops gate"), {"finished": "true", "jobs": ""}
        )
    bound = context.params.watch.wait_minutes if wait_minutes is None else wait_minutes
    pending = [_pending(scored) for scored in found.all if not scored.done]
    try:
        jobs.step(found, by_hand=True)
        found = _wait(found, clock.monotonic() + bound * 60)
    except KeyboardInterrupt:
        told = interrupt.settle(
            found.context.workspace, context.params.watch.on_interrupt, pending, f"mlops evaluate --job {found.job}"
        )
        raise KeyboardInterrupt(told) from None
    return _outcome(found, bound, ok_if_unfinished=ok_if_unfinished)


def _wanted(context: Context, job: str | None) -> Evaluation | str:
    """What is to be scored, or why nothing is; where evaluation is off, no service is asked."""
    if not context.params.evaluation.enabled:
        return jobs.DISABLED
    return jobs.wanted(context, observe.job_name(context, job))


def _pending(scored: Scored) -> str:
    """The job that runs, or that is about to be submitted."""
    return scored.next_job if decide(scored, by_hand=True) is Act.SUBMIT else scored.job


def _wait(found: Evaluation, deadline: float) -> Evaluation:
    pause, shown = FIRST_PAUSE, ""
    while True:
        found = found.again()
        line = ", ".join(f"{item.attempt.name} is {item.attempt.state}" for item in found.all if item.attempt)
        if line != shown:
            found.context.say(line)
            shown, pause = line, FIRST_PAUSE
        if all(item.attempt and item.attempt.state.ended for item in found.all):
            return found
        if clock.monotonic() + pause > deadline:
            return found
        clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _outcome(found: Evaluation, bound: float, *, ok_if_unfinished: bool) -> ReportOutcome:
    rows = [(item.model, item.attempt.name if item.attempt else "", _state(item)) for item in found.all]
    models_table = table("Models", ("model", "job", "state"), rows)
    names = " ".join(name for _, name, _ in rows)
    failed = [item for item in found.all if item.attempt and item.attempt.state.retryable]
    done = all(item.done for item in found.all)
    outputs = {"finished": "true" if done else "false", "jobs": names}
    lines = (f"{found.job} on {':'.join(found.asset)}, made from {found.test}",)
    if failed:
        problems = [jobs.problem_of(found, item) for item in failed]
        return ReportOutcome(Report("The evaluation failed", lines, (models_table,)), outputs, RemoteFailed(problems))
    if not done:
        resume = f"mlops evaluate --job {found.job}"
        what = f"the evaluation of {found.job} is not finished after {bound:g} minutes"
        failure = None if ok_if_unfinished else Unfinished(Problem(what, fix=resume))
        return ReportOutcome(Report("Still evaluating", lines, (models_table,), next_step=resume), outputs, failure)
    scores = [(found.metrics(item), item) for item in found.all]
    metrics = sorted({name for values, _ in scores for name in values})
    compared = [(name, *(number(values[name]) if name in values else "" for values, _ in scores)) for name in metrics]
    shown = table("Metrics", ("metric", *(item.model for _, item in scores)), compared)
    next_step = f"mlops gate --job {found.job}"
    return ReportOutcome(
        Report(f"{found.job} is evaluated", lines, (models_table, shown), next_step=next_step), outputs
    )


def _state(scored: Scored) -> str:
    return scored.attempt.state.value if scored.attempt else "not submitted"
