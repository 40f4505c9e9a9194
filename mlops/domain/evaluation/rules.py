"""The gate: judges a candidate's metrics by rules and, where there is one, against the champion's. Fails closed.

It must not look metrics up, and it must not print.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from mlops.domain.evaluation.findings import Finding, Kind, Rule, Ruling, Verdict
from mlops.domain.evaluation.metric_table import METRICS, PROBES_PREFIX, Maker, known, misfit, suggestions
from mlops.domain.evaluation.metrics_file import read_metrics
from mlops.domain.evaluation.paired_rules import Answers, judge_answers
from mlops.domain.numbers import apart, as_float, number, percent

__all__ = [
    "Answers",
    "Finding",
    "Kind",
    "Rule",
    "Ruling",
    "Verdict",
    "judge",
    "limited",
    "lost",
    "read_metrics",
    "value_of",
]


def judge(
    candidate: Mapping[str, float],
    champion: Mapping[str, float] | None,
    rules: Sequence[Rule],
    answers: Answers | None = None,
) -> Verdict:
    """Judge every rule. `champion` None: there is none yet, so the absolute conditions decide.

    A required metric that is missing, NaN, infinite or on another scale refuses; so does a comparison with a champion
    that lacks it. `answers` are the scores of single conversations. `perplexity` is derived as exp(eval_loss) where it
    was not logged. Raises ValueError when no rule is required.
    """
    if not any(rule.required for rule in rules):
        raise ValueError("no rule is required, so the gate would decide nothing")
    found: list[Finding] = []
    for rule in rules:
        found += _judge(rule, candidate, champion)
        found += judge_answers(rule, answers or Answers(), first=champion is None)
    return Verdict(tuple(found))


def unproduced(rule: Rule, categories: Collection[str], *, answered: bool, known_component: bool) -> tuple[str, str]:
    """Why nothing will give a rule's metric its value, and what to do; two empty texts where something does.

    `answered`: models answer held-out conversations. `categories` are those of the probes that are asked. A component
    of a team's own (`known_component` false) may log anything.
    """
    metric = known(rule.metric)
    if rule.metric.startswith(PROBES_PREFIX):
        asked = [f"{PROBES_PREFIX}{name}" for name in ("all", *sorted(categories))] if categories and answered else []
        near = suggestions(rule.metric, asked)
        fix = f"perhaps you meant {near[0]}" if near else "name a suite of evaluation.probes"
        return ("", "") if rule.metric in asked else (f"no probes of {rule.metric} are asked", fix)
    if metric is None:
        near = suggestions(rule.metric)
        if near or known_component:
            fix = f"perhaps you meant {near[0]}" if near else f"use one of {', '.join(sorted(METRICS))}"
            return f"nothing produces the metric {rule.metric}", fix
    if rule.paired and (metric is None or metric.maker is not Maker.CONVERSATIONS):
        return (
            f"{rule.metric} has no value for each answer to compare",
            "use max_regression, or a metric such as rougeL",
        )
    if rule.paired and not answered:
        return f"{rule.metric} is of answers, and no model is asked", "set evaluation.enabled to true"
    if rule.better and metric and metric.better and rule.better != metric.better:
        return f"{rule.metric} is better when {metric.better}, the rule says {rule.better}", "leave out `better`"
    return "", ""


def lost(candidate: Mapping[str, float], rules: Sequence[Rule]) -> str:
    """The sentence of a required limit that is broken already, whatever else is measured; empty when none is."""
    broken = (item.sentence for item in judge(candidate, None, rules).refusals if item.kind in ("max", "min"))
    return next(broken, "")


def limited(rules: Sequence[Rule]) -> frozenset[str]:
    """The metrics that `lost` looks at."""
    return frozenset(rule.metric for rule in rules if rule.required and (rule.max, rule.min) != (None, None))


def value_of(metrics: Mapping[str, float], name: str) -> float | None:
    """A metric, derived where it can be; None when absent or not a number. It may be NaN or infinite."""
    if name == "perplexity" and name not in metrics:
        loss = value_of(metrics, "eval_loss")
        return None if loss is None else _exp(loss)
    return as_float(metrics.get(name))


def _judge(rule: Rule, candidate: Mapping[str, float], champion: Mapping[str, float] | None) -> Iterator[Finding]:
    if all(limit is None for limit in (rule.max, rule.min, rule.max_regression, rule.min_improvement)):
        return
    value = value_of(candidate, rule.metric)
    if value is None or not math.isfinite(value):
        said = "is missing or not a number" if value is None else f"is {number(value)}"
        sentence = f"{rule.metric} {said}, so it cannot be judged"
        yield Finding(rule.metric, "missing", value, None, None, None, False, rule.required, sentence)
        return
    theirs = None if champion is None else value_of(champion, rule.metric)
    against = theirs if theirs is not None and math.isfinite(theirs) else None
    if wrong := _misfit(rule.metric, value, against):
        sentence = f"{wrong}, so it cannot be judged"
        yield Finding(rule.metric, "misfit", value, against, None, None, False, rule.required, sentence)
        return
    absolute: tuple[tuple[Kind, float | None], ...] = (("max", rule.max), ("min", rule.min))
    for kind, limit in absolute:
        if limit is not None:
            yield _absolute(rule, kind, value, against, limit)
    relative: tuple[tuple[Kind, float | None], ...] = (
        ("max_regression", rule.max_regression),
        ("min_improvement", rule.min_improvement),
    )
    for kind, threshold in relative:
        if threshold is not None and against is not None:
            yield _comparison(rule, kind, value, against, threshold)
        elif threshold is not None:
            yield _uncompared(rule, kind, value, threshold, first=champion is None)


def _misfit(metric: str, value: float, champion: float | None) -> str:
    found = misfit(metric, value, champion)
    theirs = "" if found or champion is None else misfit(metric, champion)
    return f"the champion's {theirs}" if theirs else found


def _absolute(rule: Rule, kind: Kind, value: float, champion: float | None, limit: float) -> Finding:
    passed = value <= limit if kind == "max" else value >= limit
    margin = limit - value if kind == "max" else value - limit
    side, word = ("above", "largest") if kind == "max" else ("below", "least")
    mine, theirs = apart(value, limit)
    sentence = f"{rule.metric} {mine} is {'not ' if passed else ''}{side} the {word} allowed {theirs}"
    sentence += "" if passed else f" by {number(-margin)}"
    return Finding(rule.metric, kind, value, champion, limit, margin, passed, rule.required, sentence)


def _comparison(rule: Rule, kind: Kind, value: float, champion: float, threshold: float) -> Finding:
    gain = champion - value if rule.direction == "lower" else value - champion
    needed = (threshold if kind == "min_improvement" else -threshold) * (abs(champion) if rule.relative else 1.0)
    # A limit rather than a quotient or a difference: right for a champion at zero, and for 1.05 against 1.0 + 0.05.
    limit = champion - needed if rule.direction == "lower" else champion + needed
    margin = limit - value if rule.direction == "lower" else value - limit
    passed = margin >= 0 and math.isfinite(limit)
    sentence = f"{_compared(rule, value, champion, gain)}; {_bound(rule, kind, threshold)}"
    shared = (rule.required, sentence, rule.relative)
    return Finding(rule.metric, kind, value, champion, threshold, margin, passed, *shared)


def _uncompared(rule: Rule, kind: Kind, value: float, threshold: float, *, first: bool) -> Finding:
    why = (
        "is not compared: there is no champion yet" if first else "cannot be compared: the champion has no such metric"
    )
    shared = (rule.required, f"{rule.metric} {number(value)} {why}", rule.relative)
    return Finding(rule.metric, kind, value, None, threshold, None, first, *shared)


def _bound(rule: Rule, kind: Kind, threshold: float) -> str:
    shown = percent(threshold) if rule.relative else number(threshold)
    return f"at most {shown} worse is allowed" if kind == "max_regression" else f"at least {shown} better is needed"


def _compared(rule: Rule, value: float, champion: float, gain: float) -> str:
    if gain == 0:
        return f"{rule.metric} {number(value)} equals the champion's"
    mine, theirs = apart(value, champion)
    share = f" ({percent(abs(gain / champion))})" if rule.relative and champion else ""
    side = "better" if gain > 0 else "worse"
    return f"{rule.metric} {mine} is {side} than the champion's {theirs} by {number(abs(gain))}{share}"


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
