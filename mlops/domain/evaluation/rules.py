"""The gate: judges a candidate's metrics by rules and, where there is one, against the champion's. Fails closed.

It must not look metrics up, and it must not print.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Literal, get_args

from mlops.domain.evaluation.metrics_file import read_metrics
from mlops.domain.numbers import apart, as_float, from_plain, number, percent, to_plain
from mlops.errors import BadInput, Problem

__all__ = ["Finding", "Kind", "Rule", "Ruling", "Verdict", "judge", "read_metrics", "value_of"]


class Ruling(StrEnum):
    """What the gate says of a model; the value of its tag and of the step's output."""

    ACCEPT = "pass"
    REFUSE = "refuse"


Kind = Literal["max", "min", "max_regression", "min_improvement", "missing"]


@dataclass(frozen=True)
class Rule:
    """Conditions on one metric. `max` and `min` are absolute; the other two compare with the champion.

    `relative` reads the two comparisons as a share of the champion's value. An advisory rule (`required` false) is
    reported and never refuses.
    """

    metric: str
    max: float | None = None
    min: float | None = None
    max_regression: float | None = None
    min_improvement: float | None = None
    relative: bool = False
    better: Literal["lower", "higher"] = "lower"
    required: bool = True

    def __post_init__(self) -> None:
        limits = (self.max, self.min, self.max_regression, self.min_improvement)
        given = [limit for limit in limits if limit is not None]
        if not given or not all(math.isfinite(limit) for limit in given):
            raise ValueError(f"the rule for {self.metric} needs at least one finite threshold")


@dataclass(frozen=True)
class Finding:
    """One condition, judged. `margin` is in the metric's unit: how far inside the limit, negative when outside."""

    metric: str
    kind: Kind
    candidate: float | None
    champion: float | None
    threshold: float | None
    margin: float | None
    passed: bool
    required: bool
    sentence: str
    relative: bool = False


@dataclass(frozen=True)
class Verdict:
    """Every finding, in the order of the rules. What passes is computed from them and cannot be set."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether some required condition was judged and all of them hold."""
        required = [finding.passed for finding in self.findings if finding.required]
        return bool(required) and all(required)

    @property
    def ruling(self) -> Ruling:
        """The same as a word."""
        return Ruling.ACCEPT if self.passed else Ruling.REFUSE

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The required findings that did not pass."""
        return tuple(finding for finding in self.findings if finding.required and not finding.passed)

    def summary(self) -> str:
        """The verdict in one line: the sentences that refuse, or that all required rules pass."""
        if self.passed:
            return "all required rules pass"
        return "; ".join(finding.sentence for finding in self.refusals) or "no required rule was judged"

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data; a number that is not finite becomes a string, because JSON has none."""
        findings = [{key: to_plain(value) for key, value in asdict(finding).items()} for finding in self.findings]
        return {"verdict": self.ruling.value, "findings": findings}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Verdict":
        """What `to_json` wrote. Raises BadInput for another form, or for a verdict that its findings contradict."""
        try:
            verdict = cls(tuple(_finding(item) for item in data["findings"]))
            stated = Ruling(data["verdict"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(Problem("not a verdict that the gate wrote", why=repr(error))) from None
        if stated is not verdict.ruling:
            raise BadInput(Problem(f"a verdict says {stated}, but its findings say otherwise"))
        return verdict


def judge(candidate: Mapping[str, float], champion: Mapping[str, float] | None, rules: Sequence[Rule]) -> Verdict:
    """Judge every rule. `champion` None: there is none yet, so the absolute conditions decide.

    A required metric that is missing, NaN or infinite refuses; so does a comparison with a champion that lacks it.
    `perplexity` is derived as exp(eval_loss) where it was not logged. Raises ValueError when no rule is required.
    """
    if not any(rule.required for rule in rules):
        raise ValueError("no rule is required, so the gate would decide nothing")
    return Verdict(tuple(finding for rule in rules for finding in _judge(rule, candidate, champion)))


def lost(candidate: Mapping[str, float], rules: Sequence[Rule]) -> str:
    """The sentence of a required limit that is broken already, whatever else is measured; empty when none is."""
    broken = (item.sentence for item in judge(candidate, None, rules).refusals if item.kind in ("max", "min"))
    return next(broken, "")


def value_of(metrics: Mapping[str, float], name: str) -> float | None:
    """A metric, derived where it can be; None when absent or not a number. It may be NaN or infinite."""
    if name == "perplexity" and name not in metrics:
        loss = value_of(metrics, "eval_loss")
        return None if loss is None else _exp(loss)
    return as_float(metrics.get(name))


def _judge(rule: Rule, candidate: Mapping[str, float], champion: Mapping[str, float] | None) -> Iterator[Finding]:
    value = value_of(candidate, rule.metric)
    if value is None or not math.isfinite(value):
        said = "is missing or not a number" if value is None else f"is {number(value)}"
        sentence = f"{rule.metric} {said}, so it cannot be judged"
        yield Finding(rule.metric, "missing", value, None, None, None, False, rule.required, sentence)
        return
    theirs = None if champion is None else value_of(champion, rule.metric)
    against = theirs if theirs is not None and math.isfinite(theirs) else None
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


def _absolute(rule: Rule, kind: Kind, value: float, champion: float | None, limit: float) -> Finding:
    passed = value <= limit if kind == "max" else value >= limit
    margin = limit - value if kind == "max" else value - limit
    side, word = ("above", "largest") if kind == "max" else ("below", "least")
    mine, theirs = apart(value, limit)
    sentence = f"{rule.metric} {mine} is {'not ' if passed else ''}{side} the {word} allowed {theirs}"
    sentence += "" if passed else f" by {number(-margin)}"
    return Finding(rule.metric, kind, value, champion, limit, margin, passed, rule.required, sentence)


def _comparison(rule: Rule, kind: Kind, value: float, champion: float, threshold: float) -> Finding:
    gain = champion - value if rule.better == "lower" else value - champion
    needed = (threshold if kind == "min_improvement" else -threshold) * (abs(champion) if rule.relative else 1.0)
    # A limit rather than a quotient or a difference: right for a champion at zero, and for 1.05 against 1.0 + 0.05.
    limit = champion - needed if rule.better == "lower" else champion + needed
    margin = limit - value if rule.better == "lower" else value - limit
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


def _finding(item: Mapping[str, Any]) -> Finding:
    names = {field.name for field in fields(Finding)}
    if set(item) != names or item["kind"] not in get_args(Kind):
        raise ValueError(f"a finding has {', '.join(sorted(names))}")
    if not isinstance(item["passed"], bool) or not isinstance(item["required"], bool):
        raise TypeError("passed and required are true or false")
    measured = {key: from_plain(item[key]) for key in ("candidate", "champion", "threshold", "margin")}
    if any(value is None and item[key] is not None for key, value in measured.items()):
        raise ValueError("candidate, champion, threshold and margin are numbers or null")
    return Finding(**{**item, **measured})
