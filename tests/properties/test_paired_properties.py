"""The paired comparison on planted models: what is equal does not pass as better, and a real loss is caught."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlops.domain.evaluation.paired import (
    MINIMUM,
    Judgement,
    Paired,
    better,
    compare,
    not_worse,
    quantile,
    recommended,
    sign_test,
)

GATES = 250  # of a rate that is bounded by 5 %, where it is 2.5 %: two and a half standard deviations away
MARGIN = 0.05
Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def similar(rng: np.random.Generator, size: int, loss: float = 0.0) -> Pairs:
    """ROUGE-like scores of two models, which are alike in what is hard and differ by chance."""
    hard = rng.beta(2, 5, size)
    return (hard + rng.normal(-loss, 0.1, size), hard + rng.normal(0, 0.1, size))


def right_or_wrong(rng: np.random.Generator, size: int, loss: float = 0.0) -> Pairs:
    """Checks that pass or fail: both mostly agree, and the candidate loses some that the reference passes."""
    reference = rng.random(size) < 0.8
    flips = rng.random(size)
    lost, won = reference & (flips < 0.1 + loss / 0.8), ~reference & (flips < 0.4)
    return ((reference & ~lost | won).astype(float), reference.astype(float))


def skewed(rng: np.random.Generator, size: int, loss: float = 0.0) -> Pairs:
    """Losses in nats, of which a few are very large."""
    hard = rng.exponential(0.2, size)
    return (hard + rng.exponential(0.1, size) + loss, hard + rng.exponential(0.1, size))


PLANTED = [(similar, "higher"), (right_or_wrong, "higher"), (skewed, "lower")]


@pytest.mark.parametrize(
    ("plant", "direction", "size"),
    [
        (similar, "higher", MINIMUM),
        (right_or_wrong, "higher", MINIMUM),
        (right_or_wrong, "higher", 200),
        (skewed, "lower", 32),
    ],
)
def test_an_equal_model_passes_as_better_in_one_of_twenty_gates_at_most(
    plant: Callable[..., Pairs], direction: str, size: int
) -> None:
    rng = np.random.default_rng(20261128)
    found = [compare(*plant(rng, size), direction, seed) for seed in range(GATES)]  # type: ignore[arg-type]
    passed = sum(better(item) is Judgement.PASS for item in found)
    assert passed <= GATES * 0.05


@pytest.mark.parametrize(("plant", "direction"), PLANTED)
def test_a_loss_of_the_margin_is_caught_at_the_size_that_is_recommended(
    plant: Callable[..., Pairs], direction: str
) -> None:
    rng = np.random.default_rng(20261129)
    pilot = compare(*plant(rng, 200), direction)  # type: ignore[arg-type]
    size = recommended(pilot, MARGIN)
    verdicts = [not_worse(compare(*plant(rng, size, MARGIN), direction, n), MARGIN) for n in range(GATES)]  # type: ignore[arg-type]
    assert sum(verdict is not Judgement.PASS for verdict in verdicts) >= GATES * 0.95
    assert sum(verdict is Judgement.REFUSE for verdict in verdicts) >= GATES * 0.9


def test_an_equal_model_passes_as_not_worse_at_the_size_that_is_recommended() -> None:
    rng = np.random.default_rng(20261130)
    size = recommended(compare(*similar(rng, 200), "higher"), MARGIN)
    passed = [not_worse(compare(*similar(rng, size), "higher", n), MARGIN) is Judgement.PASS for n in range(GATES)]
    assert sum(passed) >= GATES * 0.95


def test_a_few_conversations_are_no_evidence_and_more_are() -> None:
    few, many = np.linspace(0.2, 0.3, MINIMUM - 1), np.linspace(0.2, 0.3, MINIMUM)
    assert better(compare(few + 0.1, few, "higher")) is Judgement.NOT_ENOUGH
    assert better(compare(many + 0.1, many, "higher")) is Judgement.PASS
    assert not_worse(compare(many, many + 0.1, "higher"), 0.05) is Judgement.REFUSE


def test_noise_that_hides_the_margin_is_not_passed() -> None:
    rng = np.random.default_rng(5)
    base = rng.random(32)
    found = compare(base + rng.normal(0, 0.5, 32), base, "higher")
    assert not_worse(found, 0.01) is Judgement.NOT_ENOUGH
    assert found.detectable > 0.01
    assert recommended(found, 0.01) > 1000


def test_no_number_of_conversations_shows_a_margin_of_zero() -> None:
    with pytest.raises(ValueError, match="margin of zero"):
        recommended(compare([0.0, 1.0], [0.0, 0.0], "higher"), 0.0)


def test_a_mean_that_one_conversation_makes_is_contradicted_by_the_signs() -> None:
    differences = [-0.1] * 30 + [5.0] * 8
    found = compare(differences, [0.0] * 38, "higher")
    assert found.difference > 0
    assert found.low > 0
    assert found.contradicted
    assert not compare([0.1] * 38, [0.0] * 38, "higher").contradicted


def test_the_sign_test_is_exact() -> None:
    assert sign_test([1.0] * 9 + [-1.0]).p == pytest.approx(22 / 1024)
    assert sign_test([0.0, 0.0]).p == 1.0
    assert sign_test([1.0] * 2000 + [-1.0] * 2000).p == 1.0


@pytest.mark.parametrize(("mine", "theirs"), [([], []), ([1.0], [1.0, 2.0]), ([float("nan")], [1.0])])
def test_what_cannot_be_paired_is_refused(mine: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="score"):
        compare(mine, theirs, "higher")


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=40), st.floats(0, 1))
def test_a_quantile_is_that_of_numpy(numbers: list[float], share: float) -> None:
    ordered = np.sort(np.array(numbers))
    assert quantile(ordered, share) == np.quantile(ordered, share)


scores = st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=1, max_size=40)


@given(scores, st.integers(0, 99))
def test_the_same_scores_and_seed_give_the_same_numbers_in_both_directions(
    pairs: list[tuple[float, float]], seed: int
) -> None:
    mine, theirs = [list(side) for side in zip(*pairs, strict=True)]
    found = compare(mine, theirs, "higher", seed)
    assert found == compare(mine, theirs, "higher", seed)
    turned = compare([-score for score in mine], [-score for score in theirs], "lower", seed)
    assert (found.difference, found.low, found.high) == (turned.difference, turned.low, turned.high)
    assert consistent(found)


def consistent(found: Paired) -> bool:
    tolerance = 1e-9
    return (
        found.low - tolerance <= found.high
        and 0 <= found.worse <= 1
        and found.sign.wins + found.sign.losses + found.sign.ties == found.conversations
        and abs(found.candidate - found.reference) - abs(found.difference) < tolerance
    )
