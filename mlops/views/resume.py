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
        (f"looked at {len(result.runs)} runs", *(f"warning: {text}" for text in result.warnings)),
        (table("Runs", ("run", "state", "done", "why"), rows),),
        sections=tuple(section for one in result.verdicts for section in gate.report(one).as_sections()),
        next_step=f"mlops promote {due.environments[0]} --model {due.model}" if due else "",
    )


def outputs(result: ResumeResult) -> Mapping[str, str]:
    """What `promote` takes over, empty where nothing is to be promoted; and whether polling is to go on."""
    due = result.promotion
    polling = {
        "open": "true" if result.open else "false",
        "still-open": "true" if result.open else "",  # an empty output of one hides none of another in a matrix
    }
    if due is None:
        return {**dict.fromkeys(("job", "model", "environment", "commit"), ""), "finished": "false", **polling}
    environments = " ".join(due.environments)
    done = {"job": due.job, "finished": "true", "model": due.model, "environment": environments, "commit": due.commit}
    return {**done, **polling}
