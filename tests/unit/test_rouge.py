"""ROUGE-L against values worked out by hand, and what must hold for any two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.evaluation.scores.rouge import rouge_l


@pytest.mark.parametrize(
    ("prediction", "truth", "value"),
    [
        ("police killed the gunman", "police kill the gunman", 0.75),
        ("the gunman kill police", "police kill the gunman", 0.5),
        ("The cat, sat!", "the cat sat", 1.0),
        ("a b c", "a x b", 2 * 2 / 6),
        ("", "anything", 0.0),
        ("nothing", "alike", 0.0),
        ("今日は", "今日は", 1.0),
    ],
)
def test_values_by_hand(prediction: str, truth: str, value: float) -> None:
    assert rouge_l(prediction, truth) == pytest.approx(value)


words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6).map(" ".join)


@given(words, words)
def test_it_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0 <= rouge_l(one, other) <= 1
    assert rouge_l(one, other) == rouge_l(other, one)
    assert rouge_l(one, one) == (1.0 if one else 0.0)
