"""`mlops gate`: judges a finished run by the rules of params.yaml; a refusal is an answer and not a breakdown."""

from pathlib import Path

from mlops import clock
from mlops.azure import jobs
from mlops.domain.metrics import Verdict, judge, read_metrics
from mlops.domain.run import JobState
from mlops.errors import BadInput, GateRefused, Problem
from mlops.flow import observe
from mlops.flow.context import Context, Outcome
from mlops.views import Report, number, verdict_report

PAUSE = 3.0
CHARTED = ("loss", "eval_loss")
VERDICT_TAG = "mlops-verdict"


def run(context: Context, *, job: str | None) -> Outcome:
    """Wait for the metrics within the bound, judge, and write the verdict on the run."""
    name = observe.job_name(context, job)
    require_completed(context, name)
    verdict = wait_and_judge(context, name)
    history = {metric: jobs.history(context.workspace, name, metric) for metric in CHARTED}
    jobs.tag(context.workspace, name, {VERDICT_TAG: "pass" if verdict.passed else "refuse"})
    return _outcome(verdict, verdict_report(verdict, job=name, history=history))


def run_from_file(context: Context, path: Path) -> Outcome:
    """Judge the metrics in a file, without any service and without a champion."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Problem("cannot be read", str(path), why=str(error))) from None
    verdict = judge(read_metrics(text, str(path)), None, observe.rules(context.params))
    return _outcome(verdict, verdict_report(verdict))


def wait_and_judge(context: Context, job: str) -> Verdict:
    """The verdict; metrics may lag behind the end of a run, so missing ones are waited for within the bound."""
    deadline = clock.monotonic() + context.params.gate.wait_for_metrics_seconds
    while True:
        verdict = observe.judge(context, job)
        missing = [finding.metric for finding in verdict.refusals if finding.kind == "missing"]
        if not missing or clock.monotonic() + PAUSE > deadline:
            return verdict
        context.say(f"waiting for {', '.join(missing)}")
        clock.sleep(PAUSE)


def require_completed(context: Context, name: str) -> jobs.Job:
    """The job, or BadInput when it does not exist or has not ended well."""
    found = jobs.find(context.workspace, name)
    if found is None:
        raise BadInput(Problem(f"there is no job {name}", "the workspace", fix="run `mlops submit`"))
    if found.state is not JobState.COMPLETED:
        raise BadInput(
            Problem(
                f"{name} is {found.state}; only a completed run can be judged",
                "the workspace",
                fix=f"mlops watch --job {name}",
            )
        )
    return found


def refusal(verdict: Verdict) -> GateRefused:
    """The refusal as a failure: each required rule that was not met, with the sentence that says why."""
    fix = "change data or parameters and push; or change the rules, if they are wrong"
    return GateRefused([Problem(finding.sentence, "params.yaml", fix=fix) for finding in verdict.refusals])


def measured(verdict: Verdict) -> str:
    """Each judged metric and its value, once, in one short line for outputs and records."""
    values = {finding.metric: finding.candidate for finding in verdict.findings}
    return ", ".join(f"{name} {number(value) if value is not None else 'missing'}" for name, value in values.items())


def _outcome(verdict: Verdict, report: Report) -> Outcome:
    outputs = {"verdict": "pass" if verdict.passed else "refuse", "metrics": measured(verdict)}
    return Outcome(report, outputs, None if verdict.passed else refusal(verdict))
