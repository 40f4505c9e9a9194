"""`mlops gate`: judges a finished run by the rules of params.yaml; a refusal is an answer and not a breakdown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops import clock
from mlops.azure import at_once, jobs
from mlops.domain.evaluation import evidence as record
from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.probes.suites import Probe
from mlops.domain.evaluation.rules import Verdict, lost
from mlops.domain.evaluation.side_by_side import most_changed
from mlops.domain.training import curves
from mlops.flow import observe, poll
from mlops.flow.context import Context
from mlops.flow.evaluation import evidence
from mlops.flow.evaluation.evaluator import Evaluator, RequestedEvaluation
from mlops.flow.evaluation.verdict import ChangedAnswers, GateResult, judge, settled
from mlops.flow.outcome import Outcome, Skipped

PAUSES = poll.Pauses(3.0)
SHOWN = 5  # answers in the summary of a release


def run(context: Context, *, job: str | None, out: Path | None = None) -> Outcome[GateResult]:
    """Wait for the metrics within the bound, judge, and write the verdict on the run and into a file."""
    return judge_run(Evaluator.of(context), observe.job_name(context, job), out)


def judge_run(evaluator: Evaluator, name: str, out: Path | None) -> Outcome[GateResult]:
    """The same for a run whose name is known."""
    workspace = evaluator.workspace
    evidence.require_completed(workspace, name)
    judged = wait_and_judge(evaluator, name)
    evaluator.reads.keep(name)
    verdict, found = judged.verdict, judged.evidence
    tags = record.tags(verdict, found)
    _, read = at_once.both(
        lambda: jobs.tag(workspace, name, tags), lambda: evidence.histories(workspace, name, curves.READ)
    )
    history = {metric: tuple(points) for metric, points in read.items()}
    outcome = settled(verdict, found, out, history, evaluator.spec.gate)
    changed, advice = _changed(judged, evaluator.spec.probes), curves.judge_curves(history)
    return replace(outcome, result=replace(outcome.result, changed=changed, curves=advice))


@dataclass(frozen=True)
class JudgedRun:
    """A verdict, what it rests on, and the evaluation that its answers are of."""

    verdict: Verdict
    evidence: Evidence
    asked: RequestedEvaluation | Skipped


def wait_and_judge(evaluator: Evaluator, job: str) -> JudgedRun:
    """The verdict and its evidence; metrics may lag behind the end of a run, so missing ones are waited for a while.

    Raises Unfinished where models have yet to answer the held-out conversations, RemoteFailed where that failed.
    """
    gate, asked = evaluator.spec.gate, evaluator.require(job)

    def look() -> JudgedRun:
        found = evaluator.evidence(job, asked)
        return JudgedRun(judge(found, gate.rules, gate.seed), found, asked)

    def is_whole(seen: JudgedRun) -> bool:
        missing = [finding.metric for finding in seen.verdict.refusals if finding.kind == "missing"]
        if not missing or (isinstance(asked, Skipped) and lost(seen.evidence.metrics, gate.rules)):
            return True
        evaluator.say(f"waiting for {', '.join(missing)}")
        return False

    return poll.until(look, is_whole, PAUSES, clock.monotonic() + gate.wait_seconds)


def _changed(judged: JudgedRun, probes: Sequence[Probe]) -> ChangedAnswers | None:
    """What the candidate answers otherwise than the champion; where there is none, than the base model."""
    said = {} if isinstance(judged.asked, Skipped) else judged.asked.all_heard()
    against = next((role for role in ("champion", "base") if role in said), "")
    if "candidate" not in said or not against:
        return None
    mine, theirs = said["candidate"], said[against]
    return ChangedAnswers(against, theirs.answers.model, most_changed(mine, theirs, probes, SHOWN))
