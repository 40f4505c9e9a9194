"""`mlops gate`: every rule with its finding, a chart of the margins, and the losses by step."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from mlops.domain.evaluation.evidence import Evidence
from mlops.domain.evaluation.findings import Finding, Verdict
from mlops.domain.evaluation.metric_table import PROBES_PREFIX
from mlops.domain.evaluation.origin import Origin, origins
from mlops.domain.evaluation.paired import RESAMPLES, Paired, recommended
from mlops.domain.numbers import percent
from mlops.domain.training.curves import EVAL, TRAIN, between_evaluations
from mlops.flow.evaluation.verdict import ChangedAnswers, GateResult
from mlops.render import Cell, Report, Table, number, table
from mlops.render.bars import Bars
from mlops.render.charts import chart
from mlops.render.report import Drawing, Section
from mlops.views.changed import changed_table

CHARTED = (TRAIN, EVAL)
NOT_MEASURED = Section(
    "What no rule can ask for",
    (
        "the loss of single tokens of an answer: the evaluation component writes none for chats",
        "the time of live answers: answer_seconds is of the evaluation job; `mlops promote` times staging's answers",
    ),
)
_COLUMNS = ("metric", "candidate", "compared with", "rule", "threshold", "margin", "verdict", "finding")
_PROBES = ("category", "probes", "base", "candidate", "difference", "from", "to", "won", "lost")


def report(result: GateResult) -> Report:
    """For people. Each metric has a chart of its own, because training and evaluation are logged at different steps."""
    verdict, evidence = result.verdict, result.evidence
    numbers = origins_table(verdict, evidence)
    lines = (
        chart(f"{name} by step", {name: points}) for name in CHARTED if len(points := result.history.get(name, ())) > 1
    )
    both = chart("training loss and eval_loss by evaluation", between_evaluations(result.history))
    charts: list[Drawing | None] = [margins(verdict), *lines, *([both] if result.curves else [])]
    return Report(
        title="The gate passes this model" if verdict.passed else "The gate refused this model",
        lines=(
            f"job {evidence.job}" if evidence.job else "",
            f"champion {evidence.champion.model}" if evidence.champion else "",
            *(finding.sentence for finding in verdict.refusals),
            *(f"advisory, {found.kind}: {found.sentence}; {found.fix}" for found in result.curves),
            *evidence.notes(),
            f"written to {result.written_to}" if result.written_to else "",
        ),
        tables=(
            rules_table(verdict),
            *([numbers] if numbers.rows else []),
            *([probes_table(result.probes)] if result.probes else []),
            *(_changed(result.changed) if result.changed else ()),
        ),
        charts=tuple(drawn for drawn in charts if drawn),
        next_step=_next(verdict, evidence.job),
    )


def outputs(result: GateResult) -> Mapping[str, str]:
    """The verdict, and each judged metric with its value, once, in one short line."""
    values = {finding.metric: finding.candidate for finding in result.findings}
    shown = (f"{name} {number(value) if value is not None else 'missing'}" for name, value in values.items())
    return {"verdict": result.ruling.value, "metrics": ", ".join(shown)}


class Explained:
    """The view of `--explain`: how each comparison of answers was decided as well, with every number of it."""

    def report(self, result: GateResult) -> Report:
        """For people."""
        sections = tuple(
            Section(f"{item.metric}: {item.label}", tuple(_explained(item, item.paired)))
            for item in result.findings
            if item.paired
        )
        return replace(report(result), sections=(*sections, *([NOT_MEASURED] if result.evidence.answers else [])))

    def outputs(self, result: GateResult) -> Mapping[str, str]:
        """The same as without the explanation."""
        return outputs(result)


def rules_table(verdict: Verdict) -> Table:
    """Every rule with candidate, champion, threshold, margin and sentence."""
    return table("Rules", _COLUMNS, [_row(finding) for finding in verdict.findings])


def origins_table(verdict: Verdict, evidence: Evidence) -> Table:
    """Each judged metric with its unit, its range, and the run and the weights that it is of."""
    judged, found = {finding.metric for finding in verdict.findings}, origins(evidence)
    rows: list[tuple[Cell, ...]] = [
        (name, evidence.metrics[name], one.unit, _range(one), one.better or "", one.maker or "", one.run, one.weights)
        for name, one in found.items()
        if name in judged
    ]
    columns = ("metric", "value", "unit", "range", "better", "made by", "run", "weights of")
    return table("Where the numbers come from", columns, rows)


def _range(one: Origin) -> str:
    return "" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}"


def probes_table(probes: Mapping[str, Paired]) -> Table:
    """The shares of passed probes, and the interval of the difference, by category."""
    rows = [
        (
            name.removeprefix(PROBES_PREFIX),
            *(found.conversations, found.reference, found.candidate, found.difference, found.low, found.high),
            *(found.sign.wins, found.sign.losses),
        )
        for name, found in probes.items()
    ]
    return table("Probes, passed by the base model and by the candidate", _PROBES, rows)


def _changed(found: ChangedAnswers) -> Iterator[Table]:
    whose = "the champion's" if found.against == "champion" else "the base model's"
    titles = {
        False: f"Answers that differ most from {whose}, {found.model}",
        True: f"Probes lost against {found.model}",
    }
    for probes, title in titles.items():
        if answers := [one for one in found.answers if bool(one.probe) is probes]:
            yield changed_table(title, answers)


def margins(verdict: Verdict) -> Bars | None:
    """How far each judged value is inside its limit, in percent of the value; below zero is outside. None: no value."""
    bars = [
        (f"{finding.metric} {finding.label}", 100 * finding.margin / abs(finding.candidate))
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
        finding.label,  # the key in params.yaml
        threshold,
        finding.margin,
        finding.word,
        finding.sentence,
    )


def _next(verdict: Verdict, job: str) -> str:
    if verdict.passed:
        return f"mlops register --job {job}" if job else "mlops register"
    return "change data/ or params.yaml and push; a refused model is never registered"


def _explained(finding: Finding, found: Paired) -> Iterator[str]:
    yield finding.sentence
    yield (
        f"{found.conversations} pairs; means {number(found.candidate)} and {number(found.reference)}; "
        f"the differences vary by {number(found.deviation)}"
    )
    yield (
        f"paired bootstrap of {RESAMPLES} resamples, seed {found.seed}: difference {number(found.difference)}, "
        f"95 % interval {number(found.low)} to {number(found.high)}, probability of being worse {number(found.worse)}"
    )
    yield (
        f"sign test as a cross-check: {found.sign.wins} won, {found.sign.losses} lost, {found.sign.ties} equal, "
        f"p {number(found.sign.p)}"
    )
    if finding.kind == "not_worse_than" and finding.threshold:
        margin = number(finding.threshold)
        yield f"passes where the interval is above -{margin}; else refuses where it is below 0"
        yield f"a loss of {margin} is nearly always told by {recommended(found, finding.threshold)} of them"
    else:
        yield "passes where the whole interval is above 0; refuses where it is below"
    yield f"so many nearly always tell a difference of {number(found.detectable)}"
