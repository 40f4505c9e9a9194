"""`mlops resume`: what one reconcile run did about each training run, and the verdicts it came to."""

from collections.abc import Mapping

from mlops.flow.release.resume import ResumeResult
from mlops.render import Report, table
from mlops.views import gate


def report(result: ResumeResult) -> Report:
    """For people."""
    rows = [(one.run, one.state.value, one.done.value, one.why) for one in result.runs]
    due = result.promotion
    return Report(
        "Resume",
        (f"looked at {len(result.runs)} runs",),
        (table("Runs", ("run", "state", "done", "why"), rows),),
        sections=tuple(section for one in result.verdicts for section in gate.report(one).as_sections()),
        next_step=f"mlops promote {due.environment} --model {due.model}" if due else "",
    )


def outputs(result: ResumeResult) -> Mapping[str, str]:
    """What `promote` takes over; empty where nothing is to be promoted."""
    due = result.promotion
    if due is None:
        return {"job": "", "finished": "false", "model": "", "environment": "", "commit": ""}
    environment = "both" if due.rest else due.environment
    return {"job": due.job, "finished": "true", "model": due.model, "environment": environment, "commit": due.commit}
