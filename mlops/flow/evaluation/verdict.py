"""What the gate gives: the verdict and all that it rests on, its document, the refusal as a failure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops.domain.evaluation import document
from mlops.domain.evaluation import rules as evaluation_rules
from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.paired import Paired
from mlops.domain.evaluation.paired_rules import by_category
from mlops.domain.evaluation.rules import Finding, Rule, Ruling, Verdict
from mlops.domain.evaluation.side_by_side import ChangedAnswer
from mlops.domain.evaluation.spec import GateSpec
from mlops.domain.training.curves import CurveFinding
from mlops.errors import BadInput, GateRefused, Problem
from mlops.flow.outcome import Outcome


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


def judge(evidence: Evidence, rules: Sequence[Rule], seed: int) -> Verdict:
    """The verdict on what was found."""
    theirs = None if evidence.champion is None else evidence.champion.metrics
    return evaluation_rules.judge(evidence.metrics, theirs, rules, evidence.scores(seed))


def settled(
    verdict: Verdict,
    found: Evidence,
    out: Path | None,
    history: Mapping[str, tuple[tuple[int, float], ...]],
    gate: GateSpec,
) -> Outcome[GateResult]:
    """The outcome of a verdict; its document is written to `out`, where that is given."""
    if out:
        written = document.document(verdict, found, gate.rules, gate.seed)
        write(out, json.dumps(written, indent=2, allow_nan=False) + "\n")
    probes = by_category(found.scores(gate.seed))
    result = GateResult(verdict.ruling, verdict.findings, found, probes, history, str(out) if out else None)
    return Outcome(result, None if verdict.passed else refusal(verdict, gate.rules))


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


def write(path: Path, text: str) -> None:
    """A file for people and for the workflow to keep. Raises BadInput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(Problem("cannot be written", str(path), why=str(error))) from None
