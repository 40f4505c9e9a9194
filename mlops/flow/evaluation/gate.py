"""`mlops gate`: judges a finished run by the rules of params.yaml; a refusal is an answer and not a breakdown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops import clock, textfiles
from mlops.azure import jobs
from mlops.domain.evaluation import document as verdict_document
from mlops.domain.evaluation import evidence as record
from mlops.domain.evaluation.evidence import Champion, Evidence
from mlops.domain.evaluation.paired import Paired
from mlops.domain.evaluation.paired_rules import by_category
from mlops.domain.evaluation.probes.suites import Probe
from mlops.domain.evaluation.rules import Finding, Rule, Ruling, Verdict, lost, read_metrics
from mlops.domain.evaluation.side_by_side import ChangedAnswer, most_changed
from mlops.domain.evaluation.spec import GateSpec
from mlops.domain.training import curves
from mlops.domain.training.curves import CurveFinding
from mlops.domain.training.run import Trigger
from mlops.errors import BadInput, GateRefused, Problem
from mlops.flow import observe, poll
from mlops.flow.context import Context
from mlops.flow.evaluation import evaluation_spec, evidence
from mlops.flow.evaluation.evaluator import Evaluator, RequestedEvaluation
from mlops.flow.outcome import Outcome, Skipped
from mlops.params import Params

PAUSES = poll.Pauses(3.0)
SHOWN = 5  # answers in the summary of a release


@dataclass(frozen=True)
class ChangedAnswers:
    """The candidate's answers that differ most from those of another model: `champion` or `base`."""

    against: str
    model: str
    answers: tuple[ChangedAnswer, ...]


@dataclass(frozen=True)
class GateResult:
    """The verdict with every finding, what it was judged from, and how the losses went: metric -> (step, value).

    `probes` are the candidate's against the base model's, by category; `written_to` is the file with the document.
    `changed` are the answers that differ most from those of the champion or base model. `curves` are advice: what the
    course of the losses shows.
    """

    ruling: Ruling
    findings: tuple[Finding, ...]
    evidence: Evidence
    probes: Mapping[str, Paired]
    history: Mapping[str, tuple[tuple[int, float], ...]]
    written_to: str | None
    changed: ChangedAnswers | None = None
    curves: tuple[CurveFinding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The findings with what follows from them."""
        return Verdict(self.findings)


def run(context: Context, *, job: str | None, out: Path | None = None) -> Outcome[GateResult]:
    """Wait for the metrics within the bound, judge, and write the verdict on the run and into a file."""
    return judge_run(Evaluator.of(context), observe.job_name(context, job), out)


def judge_run(evaluator: Evaluator, name: str, out: Path | None) -> Outcome[GateResult]:
    """The same for a run whose name is known."""
    workspace = evaluator.workspace
    evidence.require_completed(workspace, name)
    judged = wait_and_judge(evaluator, name)
    verdict, found = judged.verdict, judged.evidence
    jobs.tag(workspace, name, record.tags(verdict, found))
    history = {metric: tuple(jobs.history(workspace, name, metric)) for metric in curves.READ}
    outcome = _outcome(verdict, found, out, history, evaluator.spec.gate)
    changed, advice = _changed(judged, evaluator.spec.probes), curves.judge_curves(history)
    return replace(outcome, result=replace(outcome.result, changed=changed, curves=advice))


def run_from_file(
    params: Params, trigger: Trigger, path: Path, *, champion: Path | None = None, out: Path | None = None
) -> Outcome[GateResult]:
    """Judge what is in a file, without any service.

    A verdict that the gate wrote is decided again from its own numbers and rules. Metrics are judged by the rules of
    params.yaml, against those in another file where one is given.
    """
    text, gate = _text(path), evaluation_spec.gate_spec(params)
    if verdict_document.is_document(text):
        if champion:
            raise BadInput(Problem("a verdict says itself what it compares with", str(path), fix="leave out the other"))
        found, rules, seed = verdict_document.read(text, str(path))
        gate = replace(gate, rules=tuple(rules), seed=seed)
    else:
        theirs = Champion(str(champion), "", read_metrics(_text(champion), str(champion))) if champion else None
        found = Evidence(read_metrics(text, str(path)), theirs, commit=trigger.commit, run_url=trigger.run_url)
    return _outcome(evidence.judge(found, gate.rules, gate.seed), found, out, {}, gate)


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
        return JudgedRun(evidence.judge(found, gate.rules, gate.seed), found, asked)

    def settled(seen: JudgedRun) -> bool:
        missing = [finding.metric for finding in seen.verdict.refusals if finding.kind == "missing"]
        if not missing or (isinstance(asked, Skipped) and lost(seen.evidence.metrics, gate.rules)):
            return True
        evaluator.say(f"waiting for {', '.join(missing)}")
        return False

    return poll.until(look, settled, PAUSES, clock.monotonic() + gate.wait_seconds)


def _changed(judged: JudgedRun, probes: Sequence[Probe]) -> ChangedAnswers | None:
    """What the candidate answers otherwise than the champion; where there is none, than the base model."""
    said = {} if isinstance(judged.asked, Skipped) else judged.asked.all_heard()
    against = next((role for role in ("champion", "base") if role in said), "")
    if "candidate" not in said or not against:
        return None
    mine, theirs = said["candidate"], said[against]
    return ChangedAnswers(against, theirs.answers.model, most_changed(mine, theirs, probes, SHOWN))


def refusal(verdict: Verdict, rules: Sequence[Rule]) -> GateRefused:
    """The refusal as a failure: each required rule that was not met, with the sentence that says why."""
    fix = "change data or parameters and push; or change the rules, if they are wrong"
    return GateRefused(
        [Problem(finding.sentence, "params.yaml", fix=fix, key=_key(finding, rules)) for finding in verdict.refusals]
    )


def _key(finding: Finding, rules: Sequence[Rule]) -> str:
    """The key of the rule that was judged; of several for its metric the one that has the condition."""
    of_metric = [index for index, rule in enumerate(rules) if rule.metric == finding.metric]
    stating = [index for index in of_metric if getattr(rules[index], finding.kind, None) is not None]
    index = next(iter([*stating, *of_metric]), None)
    return "gate.rules" if index is None else f"gate.rules.{index}"


def _text(path: Path) -> str:
    try:
        return textfiles.read(path)
    except FileNotFoundError:
        raise BadInput(Problem(f"there is no file {path}", fix="name a JSON file of metrics")) from None


def _outcome(
    verdict: Verdict,
    found: Evidence,
    out: Path | None,
    history: Mapping[str, tuple[tuple[int, float], ...]],
    gate: GateSpec,
) -> Outcome[GateResult]:
    if out:
        written = verdict_document.document(verdict, found, gate.rules, gate.seed)
        write(out, json.dumps(written, indent=2, allow_nan=False) + "\n")
    probes = by_category(found.scores(gate.seed))
    result = GateResult(verdict.ruling, verdict.findings, found, probes, history, str(out) if out else None)
    return Outcome(result, None if verdict.passed else refusal(verdict, gate.rules))


def write(path: Path, text: str) -> None:
    """A file for people and for the workflow to keep. Raises BadInput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(Problem("cannot be written", str(path), why=str(error))) from None
