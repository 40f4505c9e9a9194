"""Every metric that is known: its range, its direction, its unit, and who makes it.

A number outside of its range, or on another scale than the one it is compared with, is no measurement of it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mlops.domain.numbers import number

HUNDRED = 100.0
SUSPICIOUS = 20.0  # times larger, between a number of at most 1 and one of at most 100


class Maker(StrEnum):
    """What gives a metric its value."""

    TRAINING = "the training component"
    EVALUATION = "the evaluation component"
    CONVERSATIONS = "the answers to the held-out conversations"
    PROBES = "the answers to the probes"


@dataclass(frozen=True)
class Metric:
    """A metric's range with both ends, which direction is better (None: neither), its unit, and its maker."""

    name: str
    low: float
    high: float
    better: Literal["lower", "higher"] | None
    unit: str
    maker: Maker


_NATS, _SHARE = "nats a token", "share"
_TABLE = (
    *(Metric(name, 0, math.inf, "lower", _NATS, Maker.TRAINING) for name in ("eval_loss", "train_loss", "loss")),
    Metric("perplexity", 1, math.inf, "lower", "choices a token", Maker.TRAINING),
    Metric("epoch", 0, math.inf, None, "epochs", Maker.TRAINING),
    Metric("learning_rate", 0, math.inf, None, "", Maker.TRAINING),
    Metric("grad_norm", 0, math.inf, None, "", Maker.TRAINING),
    *(Metric(name, 0, math.inf, None, "seconds", Maker.TRAINING) for name in ("train_runtime", "eval_runtime")),
    *(
        Metric(f"{part}_{what}_per_second", 0, math.inf, "higher", f"{what} a second", Maker.TRAINING)
        for part in ("train", "eval")
        for what in ("samples", "steps")
    ),
    Metric("total_flos", 0, math.inf, None, "operations", Maker.TRAINING),
    *(Metric(f"bleu_{order}", 0, 1, "higher", _SHARE, Maker.EVALUATION) for order in (1, 2, 3, 4)),
    Metric("rougeLsum", 0, 1, "higher", _SHARE, Maker.EVALUATION),
    Metric("mean_perplexity", 1, math.inf, "lower", "choices a token", Maker.EVALUATION),
    *(
        Metric(name, 0, 1, "higher", _SHARE, Maker.CONVERSATIONS)
        for name in ("rouge1", "rouge2", "rougeL", "sentence_bleu", "chrf", "exact_match", "json_match", "checks")
    ),
    Metric("refusal", 0, 1, "lower", _SHARE, Maker.CONVERSATIONS),
    Metric("answer_words", 0, math.inf, None, "words", Maker.CONVERSATIONS),
    Metric("answer_seconds", 0, math.inf, "lower", "seconds", Maker.CONVERSATIONS),
)
METRICS = {metric.name: metric for metric in _TABLE}
PROBES_PREFIX = "probes."  # and the category: the share of its checks that pass
ALL_PROBES = f"{PROBES_PREFIX}all"


def known(name: str) -> Metric | None:
    """The metric of that name; None for one that is not in the table."""
    if name.startswith(PROBES_PREFIX):
        return Metric(name, 0, 1, "higher", _SHARE, Maker.PROBES)
    return METRICS.get(name)


def direction(name: str) -> Literal["lower", "higher"] | None:
    """Which direction is better; None where the table does not say."""
    metric = known(name)
    return metric.better if metric else None


def suggestions(name: str, among: Iterable[str] = METRICS) -> list[str]:
    """Names that were perhaps meant, the likeliest first."""
    from difflib import get_close_matches

    by_lower = {other.lower(): other for other in among}
    return [by_lower[found] for found in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)]


def misfit(name: str, value: float, reference: float | None = None) -> str:
    """Why a value cannot be one of this metric, or cannot be compared with the reference; empty when it can."""
    metric = known(name)
    if metric and not metric.low <= value <= metric.high:
        percent = metric.high == 1 and 1 < value <= HUNDRED
        told = f"{name} {number(value)} is not in its range of {number(metric.low)} to {number(metric.high)}"
        return f"{told}: it looks like a percentage" if percent else told
    if metric or reference is None or not 0 < min(value, reference) <= 1 < max(value, reference) <= HUNDRED:
        return ""
    if max(value, reference) < SUSPICIOUS * min(value, reference):
        return ""
    return f"{name} {number(value)} and {number(reference)} look like one on a scale of 0 to 100 and one of 0 to 1"
