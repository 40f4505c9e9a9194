"""`mlops watch`: looks at a run until it ends or the bound is reached; a run outlives whoever watches it."""

from mlops import clock
from mlops.azure import jobs
from mlops.domain import evaluation
from mlops.domain.run import JobState
from mlops.errors import BadInput, Problem, RemoteFailed, Unfinished
from mlops.flow import observe
from mlops.flow.context import Context, Outcome
from mlops.views import Report, table

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 20.0
SHOWN = ("loss", "eval_loss")


def run(context: Context, *, job: str | None, wait_minutes: float | None, ok_if_unfinished: bool) -> Outcome:
    """Look again and again, at growing intervals, until the run ends or the time is up."""
    name = observe.job_name(context, job)
    bound = context.params.watch.wait_minutes if wait_minutes is None else wait_minutes
    found = _look(context, name, clock.monotonic() + bound * 60)
    outputs = {
        "status": found.state.value,
        "finished": "true" if found.state is JobState.COMPLETED else "false",
        "job": name,
    }
    if found.state is JobState.COMPLETED:
        values = jobs.metrics(context.workspace, name)
        metrics = table("Metrics so far", ("metric", "value"), sorted(values.items()))
        return Outcome(
            Report(
                f"{name} is Completed",
                (found.studio_url,),
                (metrics,),
                next_step=f"mlops {_next(context, found)} --job {name}",
            ),
            outputs,
        )
    if found.state.ended:
        why = jobs.failure(context.workspace, name)
        problem = Problem(
            f"{name} is {found.state}",
            why=why,
            fix=f"look at its logs: {found.studio_url}; `mlops submit` starts a new attempt",
        )
        return Outcome(Report(f"{name} is {found.state}", (why, found.studio_url)), outputs, RemoteFailed(problem))
    resume = f"mlops watch --job {name}"
    report = Report(
        f"{name} is still {found.state}", (f"looked for {bound:g} minutes", found.studio_url), next_step=resume
    )
    failure = (
        None
        if ok_if_unfinished
        else Unfinished(Problem(f"{name} is {found.state} after {bound:g} minutes", fix=resume))
    )
    return Outcome(report, outputs, failure)


def _next(context: Context, found: jobs.Job) -> str:
    why_not = evaluation.why_not(enabled=context.params.evaluation.enabled, training_outputs=found.outputs)
    return "gate" if why_not else "evaluate"


def _look(context: Context, name: str, deadline: float) -> jobs.Job:
    pause, shown = FIRST_PAUSE, ""
    while True:
        found = jobs.find(context.workspace, name)
        if found is None:
            raise BadInput(Problem(f"there is no job {name}", "the workspace", fix="run `mlops submit`"))
        line = f"{name} is {found.state}{_progress(context, found)}"
        if line != shown:
            context.say(line)
            shown, pause = line, FIRST_PAUSE
        if found.state.ended or clock.monotonic() + pause > deadline:
            return found
        clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _progress(context: Context, found: jobs.Job) -> str:
    if found.state not in (JobState.RUNNING, JobState.FINALIZING):
        return ""
    values = jobs.metrics(context.workspace, found.name)
    return "".join(f", {name} {values[name]:.4g}" for name in SHOWN if name in values)
