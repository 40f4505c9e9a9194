"""The gate's verdict as a report. It must not judge."""

from collections.abc import Mapping, Sequence

from mlops.domain.metrics import Finding, Verdict
from mlops.domain.numbers import percent
from mlops.views.charts import chart
from mlops.views.report import Report, table

_COLUMNS = ("metric", "candidate", "champion", "rule", "threshold", "margin", "verdict", "finding")


def verdict_report(
    verdict: Verdict,
    *,
    job: str = "",
    champion: str = "",
    history: Mapping[str, Sequence[tuple[int, float]]] | None = None,
) -> Report:
    """Every rule with its finding, and a chart a metric where a history of (step, value) points is given.

    Each metric has a chart of its own, because training and evaluation are logged at different steps.
    """
    charts = (chart(f"{name} by step", {name: points}) for name, points in (history or {}).items() if len(points) > 1)
    return Report(
        title="The gate passes this model" if verdict.passed else "The gate refused this model",
        lines=(
            f"job {job}" if job else "",
            f"champion {champion}" if champion else "",
            *(finding.sentence for finding in verdict.refusals),
        ),
        tables=(table("Rules", _COLUMNS, [_row(finding) for finding in verdict.findings]),),
        charts=tuple(drawn for drawn in charts if drawn),
        next_step=_next(verdict, job),
        data=verdict.to_json(),
    )


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
