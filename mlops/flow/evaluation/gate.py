"""`mlops gate`: judges a finished run by the rules of params.yaml; a refusal is an answer and not a breakdown."""

import json
from pathlib import Path

from mlops import clock
from mlops.azure import jobs
from mlops.domain.evaluation import evidence as record
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.rules import Verdict, lost, read_metrics
from mlops.errors import BadInput, GateRefused, Problem
from mlops.flow import observe
from mlops.flow.context import Context, ReportOutcome
from mlops.flow.evaluation import evidence
from mlops.flow.evaluation import jobs as evaluation_jobs
from mlops.render import number, verdict_report

PAUSE = 3.0
CHARTED = ("loss", "eval_loss")


def run(context: Context, *, job: str | None, out: Path | None = None) -> ReportOutcome:
    """Wait for the metrics within the bound, judge, and write the verdict on the run and into a file."""
    name = observe.job_name(context, job)
    evidence.require_completed(context, name)
    verdict, found = wait_and_judge(context, name)
    jobs.tag(context.workspace, name, record.tags(verdict, found))
    history = {metric: jobs.history(context.workspace, name, metric) for metric in CHARTED}
    return _outcome(verdict, found, out, history)


def run_from_file(
    context: Context, path: Path, *, champion: Path | None = None, out: Path | None = None
) -> ReportOutcome:
    """Judge the metrics in a file, without any service; against those in another file, where one is given."""
    theirs = Champion(str(champion), "", _metrics(champion)) if champion else None
    found = Evidence(_metrics(path), theirs, commit=context.commit, run_url=context.run_url)
    return _outcome(evidence.judge(context, found), found, out, {})


def wait_and_judge(context: Context, job: str) -> tuple[Verdict, Evidence]:
    """The verdict and its evidence; metrics may lag behind the end of a run, so missing ones are waited for a while.

    Raises Unfinished where models have yet to answer the held-out conversations, RemoteFailed where that failed.
    """
    asked = evaluation_jobs.require(context, job)
    deadline = clock.monotonic() + context.params.gate.wait_for_metrics_seconds
    while True:
        found = evaluation_jobs.scores(context, job, asked)
        verdict = evidence.judge(context, found)
        missing = [finding.metric for finding in verdict.refusals if finding.kind == "missing"]
        settled = isinstance(asked, str) and lost(found.metrics, evidence.rules(context.params))
        if not missing or settled or clock.monotonic() + PAUSE > deadline:
            return verdict, found
        context.say(f"waiting for {', '.join(missing)}")
        clock.sleep(PAUSE)


def refusal(verdict: Verdict) -> GateRefused:
    """The refusal as a failure: each required rule that was not met, with the sentence that says why."""
    fix = "change data or parameters and push; or change the rules, if they are wrong"
    return GateRefused([Problem(finding.sentence, "params.yaml", fix=fix) for finding in verdict.refusals])


def measured(verdict: Verdict) -> str:
    """Each judged metric and its value, once, in one short line for outputs and records."""
    values = {finding.metric: finding.candidate for finding in verdict.findings}
    return ", ".join(f"{name} {number(value) if value is not None else 'missing'}" for name, value in values.items())


def _metrics(path: Path) -> dict[str, float]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Problem("cannot be read", str(path), why=str(error))) from None
    return read_metrics(text, str(path))


def _outcome(
    verdict: Verdict, found: Evidence, out: Path | None, history: dict[str, list[tuple[int, float]]]
) -> ReportOutcome:
    written = record.document(verdict, found)
    if out:
        write(out, json.dumps(written, indent=2, allow_nan=False) + "\n")
    report = verdict_report(
        verdict,
        job=found.job,
        champion=found.champion.model if found.champion else "",
        history=history,
        notes=(*found.notes(), f"written to {out}" if out else ""),
        data=written,
    )
    outputs = {"verdict": "pass" if verdict.passed else "refuse", "metrics": measured(verdict)}
    return ReportOutcome(report, outputs, None if verdict.passed else refusal(verdict))


def write(path: Path, text: str) -> None:
    """A file for people and for the workflow to keep. Raises BadInput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(Problem("cannot be written", str(path), why=str(error))) from None
