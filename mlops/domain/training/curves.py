"""What the course of a training's losses says: rising, not a number for a while, learnt by heart. Advice, no verdict.

The component logs no value that is not a number, and transformers puts the mean so far in the place of such a loss;
what is logged beside it tells that one is missing (azureml-acft-accelerator, utils/callbacks.py; transformers).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import mean, stdev

from mlops.domain.numbers import apart, number

Points = Sequence[tuple[int, float]]  # step and value, in order
TRAIN, EVAL, GRADIENT, EVALUATED = "loss", "eval_loss", "grad_norm", "eval_runtime"
READ = (TRAIN, EVAL, GRADIENT, EVALUATED)
ENOUGH = 9  # points of a noisy curve, of which thirds are compared
SURE = 2.0  # standard errors
WORSE = 0.01  # share by which a loss must rise to be worth a word


class CurveKind(StrEnum):
    """What a curve shows."""

    RISING = "rising"
    NOT_A_NUMBER = "not a number"
    OVERFITTING = "overfitting"


@dataclass(frozen=True)
class CurveFinding:
    """Something that a person should look at, and what may fix it."""

    kind: CurveKind
    sentence: str
    fix: str


def judge_curves(history: Mapping[str, Points]) -> tuple[CurveFinding, ...]:
    """Everything that the curves of a run show."""
    return (*_not_a_number(history), *_rising(history.get(TRAIN, ())), *_overfitting(history))


def between_evaluations(history: Mapping[str, Points]) -> dict[str, Points]:
    """Both losses at the steps of the evaluations, the training's as its mean since the one before; for one plot."""
    evaluations, train = _finite(history.get(EVAL, ())), _finite(history.get(TRAIN, ()))
    averaged: list[tuple[int, float]] = []
    before = -1
    for step, _ in evaluations:
        if since := [value for at, value in train if before < at <= step]:
            averaged.append((step, mean(since)))
        before = step
    return {"training": averaged, EVAL: evaluations}


def _not_a_number(history: Mapping[str, Points]) -> Iterator[CurveFinding]:
    fix = "lower training.parameters.learning_rate, raise warmup_steps, or train in another precision"
    losses, gradients = history.get(TRAIN, ()), history.get(GRADIENT, ())
    lost = len(losses) - min(len(_finite(losses)), len(_finite(gradients)) if gradients else len(losses))
    if lost > 0:
        sentence = f"training loss or gradient was not a number at {lost} of {len(losses)} looks"
        yield CurveFinding(CurveKind.NOT_A_NUMBER, sentence, fix)
    evaluated, evaluations = history.get(EVALUATED, ()), history.get(EVAL, ())
    lost = max(len(evaluated), len(evaluations)) - len(_finite(evaluations))
    if lost > 0:
        sentence = f"{EVAL} was not a number at {lost} of {max(len(evaluated), len(evaluations))} evaluations"
        yield CurveFinding(CurveKind.NOT_A_NUMBER, sentence, fix)


def _rising(points: Points) -> Iterator[CurveFinding]:
    """Whether the last third is above the lowest third by more than chance."""
    values = [value for _, value in _finite(points)]
    if len(values) < ENOUGH:
        return
    size = len(values) // 3
    thirds = [values[:size], values[size : len(values) - size], values[-size:]]
    lowest = min(thirds[:2], key=mean)
    rise = mean(thirds[2]) - mean(lowest)
    error = math.hypot(*(stdev(part) / math.sqrt(len(part)) for part in (lowest, thirds[2])))
    if rise > max(SURE * error, WORSE * abs(mean(lowest))):
        low, high = apart(mean(lowest), mean(thirds[2]))
        sentence = f"the training loss rose from {low} to {high} in its last third: the training diverges"
        yield CurveFinding(CurveKind.RISING, sentence, "lower training.parameters.learning_rate, or raise warmup_steps")


def _overfitting(history: Mapping[str, Points]) -> Iterator[CurveFinding]:
    """Whether the evaluations get worse after the best one while the training loss goes on falling."""
    curves = between_evaluations(history)
    evaluations, train = curves[EVAL], dict(curves["training"])
    if len(evaluations) < 2:
        return
    best = min(range(len(evaluations)), key=lambda index: evaluations[index][1])
    (step, low), (last, high) = evaluations[best], evaluations[-1]
    falls = step in train and last in train and train[last] < train[step]
    if high <= low * (1 + WORSE) or not falls:
        return
    went = f"{EVAL} rose from {number(low)} (evaluation {best + 1}) to {number(high)} (evaluation {len(evaluations)})"
    sentence = f"{went} while the training loss fell from {number(train[step])} to {number(train[last])}"
    fix = "fewer training.parameters.num_train_epochs, a lower learning_rate, or more conversations"
    yield CurveFinding(CurveKind.OVERFITTING, f"{sentence}: it learns its rows by heart", fix)


def _finite(points: Points) -> Points:
    """Without what is no number. Points that name no step of their own are counted."""
    counted = len({step for step, _ in points}) == 1
    numbered = [(place if counted else step, value) for place, (step, value) in enumerate(points)]
    return [(step, value) for step, value in numbered if math.isfinite(value)]
