"""Learning curves: what is rising, what is not a number, what is learnt by heart, and what is just noise."""

import math
import random

from mlops.domain.training.curves import CurveKind, Points, between_evaluations, judge_curves


def noisy(means: list[float], seed: int, each: int = 10) -> list[tuple[int, float]]:
    rng = random.Random(seed)
    values = [rng.gauss(mean, 0.1) for mean in means for _ in range(each)]
    return [(10 * number, value) for number, value in enumerate(values, start=1)]


def kinds(history: dict[str, Points]) -> list[CurveKind]:
    return [found.kind for found in judge_curves(history)]


def test_a_training_that_diverges_is_told_and_one_that_only_wavers_is_not() -> None:
    diverging = sum(kinds({"loss": noisy([3.0, 2.5, 3.2], seed)}) == [CurveKind.RISING] for seed in range(200))
    wavering = sum(kinds({"loss": noisy([2.5, 2.5, 2.5], seed)}) != [] for seed in range(200))
    assert diverging == 200
    assert wavering <= 10
    assert kinds({"loss": noisy([3.0, 2.5, 2.0], 1)}) == []
    assert kinds({"loss": [(1, 1.0), (2, 9.0)]}) == [], "two points show nothing"


def test_rows_that_are_learnt_by_heart_are_told_with_both_losses() -> None:
    train = [(step, 3.0 - step / 100) for step in range(10, 100, 10)]
    (found,) = judge_curves({"loss": train, "eval_loss": [(30, 2.5), (60, 2.3), (90, 2.9)]})
    assert found.kind is CurveKind.OVERFITTING
    assert "rose from 2.3 (evaluation 2) to 2.9 (evaluation 3) while the training loss fell" in found.sentence
    assert kinds({"loss": train, "eval_loss": [(30, 2.5), (60, 2.3), (90, 2.31)]}) == [], "a hair is no rise"
    both = [(step, 3.0 + step / 100) for step in range(10, 100, 10)]
    assert CurveKind.OVERFITTING not in kinds({"loss": both, "eval_loss": [(30, 2.5), (90, 2.9)]}), "both rise"


def test_a_run_that_logs_by_epoch_names_no_step() -> None:
    history: dict[str, Points] = {"loss": [(0, 3.0), (0, 2.0), (0, 1.0)], "eval_loss": [(0, 2.5), (0, 2.4), (0, 2.9)]}
    assert kinds(history) == [CurveKind.OVERFITTING]
    assert between_evaluations(history)["training"] == [(0, 3.0), (1, 2.0), (2, 1.0)]


def test_what_was_not_a_number_is_seen_by_what_was_logged_beside_it() -> None:
    steps = range(10, 60, 10)
    losses, gradients = [(step, 2.0) for step in steps], [(step, 1.0) for step in steps if step != 30]
    (found,) = judge_curves({"loss": losses, "grad_norm": gradients})
    assert (found.kind, found.sentence) == (
        CurveKind.NOT_A_NUMBER,
        "training loss or gradient was not a number at 1 of 5 looks",
    )
    times, evaluations = [(20, 0.1), (40, 0.1)], [(20, 2.0)]
    (found,) = judge_curves({"eval_loss": evaluations, "eval_runtime": times})
    assert found.sentence == "eval_loss was not a number at 1 of 2 evaluations"
    assert kinds({"loss": [(1, math.nan), (2, 2.0)]}) == [CurveKind.NOT_A_NUMBER]
    assert kinds({"loss": losses, "grad_norm": losses, "eval_loss": evaluations}) == []
    assert kinds({}) == []
