"""`mlops gate`: every rule with its finding, a chart of the margins, and the losses by step."""

import math
from collections.abc import Mapping

from mlops.domain.evaluation.rules import Finding, Verdict
from mlops.domain.numbers import percent
from mlops.flow.evaluation.gate import GateResult
from mlops.render import Report, Table, number, table
from mlops.render.bars import Bars
from mlops.render.charts import chart
from mlops.render.report import Drawing

_COLUMNS = ("metric", "candidate", "champion", "rule", "threshold", "margin", "verdict", "finding")


def report(result: GateResult) -> Report:
    """For people. Each metric has a chart of its own, because training and evaluation are logged at different steps."""
    verdict, evidence = result.verdict, result.evidence
    lines = (chart(f"{name} by step", {name: points}) for name, points in result.history.items() if len(points) > 1)
    charts: list[Drawing | None] = [margins(verdict), *lines]
    return Report(
        title="The gate passes this model" if verdict.passed else "The gate refused this model",
        lines=(
            f"job {evidence.job}" if evidence.job else "",
            f"champion {evidence.champion.model}" if evidence.champion else "",
            *(finding.sentence for finding in verdict.refusals),
            *evidence.notes(),
            f"written to {result.written_to}" if result.written_to else "",
        ),
        tables=(rules_table(verdict),),
        charts=tuple(drawn for drawn in charts if drawn),
        next_step=_next(verdict, evidence.job),
    )


def outputs(result: GateResult) -> Mapping[str, str]:
    """The verdict, and each judged metric with its value, once, in one short line."""
    values = {finding.metric: finding.candidate for finding in result.findings}
    shown = (f"{name} {number(value) if value is not None else 'missing'}" for name, value in values.items())
    return {"verdict": result.ruling.value, "metrics": ", ".join(shown)}


def rules_table(verdict: Verdict) -> Table:
    """Every rule with candidate, champion, threshold, margin and sentence."""
    return table("Rules", _COLUMNS, [_row(finding) for finding in verdict.findings])


def margins(verdict: Verdict) -> Bars | None:
    """How far each judged value is inside its limit, in percent of the value; below zero is outside. None: no value."""
    bars = [
        (f"{finding.metric} {finding.kind}", 100 * finding.margin / abs(finding.candidate))
        for finding in verdict.findings
        if finding.margin is not None and finding.candidate
    ]
    finite = tuple((name, value) for name, value in bars if math.isfinite(value))
    return Bars("margin to each limit, below 0 is not met", "% of the metric", finite) if finite else None


def _row(finding: Finding) -> tuple[str | float | None, ...]:
    threshold: str | float | None = finding.threshold
    if finding.relative and finding.threshold is not None:
        threshold = percent(finding.threshold)
    return (
        finding.metric,
        finding.candidate,
        finding.champion,
        "any" if finding.kind == "missing" else finding.kind,  # the key in params.yaml
        threshold,
        finding.margin,
        _word(finding),
        finding.sentence,
    )


def _word(finding: Finding) -> str:
    if finding.passed:
        return "pass"
    return "refuse" if finding.required else "advisory"


def _next(verdict: Verdict, job: str) -> str:
    if verdict.passed:
        return f"mlops register --job {job}" if job else "mlops register"
    return "change data/ or params.yaml and push; a refused model is never registered"
