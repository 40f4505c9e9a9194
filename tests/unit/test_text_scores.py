"""Scores of one answer against sacrebleu, against values of rouge_score 0.1.2, and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from mlops.domain.evaluation.metric_table import METRICS, Maker, misfit
from mlops.domain.evaluation.scores.rouge import rouge_l, rouge_n
from mlops.domain.evaluation.scores.text_scores import chrf, form_of_json, scores, sentence_bleu

TOKENS = [
    "The",
    "cat,",
    "sat",
    "on",
    "a",
    "mat.",
    "It's",
    "3.50",
    "12-13",
    '"quoted"',
    "(no)",
    "Über",
    "naïve",
    "&amp;",
]
texts = st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join)


@given(texts, texts)
def test_sentence_bleu_is_that_of_sacrebleu(prediction: str, truth: str) -> None:
    standard = BLEU(effective_order=True).sentence_score(prediction, [truth]).score / 100
    assert sentence_bleu(prediction, truth) == pytest.approx(standard, abs=1e-9)


@given(texts, texts)
def test_chrf_is_that_of_sacrebleu(prediction: str, truth: str) -> None:
    standard = CHRF().sentence_score(prediction, [truth]).score / 100
    assert chrf(prediction, truth) == pytest.approx(standard, abs=1e-9)


@pytest.mark.parametrize(
    ("prediction", "truth", "one", "two", "longest"),
    [
        ("the cat was found under the bed", "the cat was under the bed", 0.923077, 0.727273, 0.923077),
        ("A cat. A dog! A bird?", "a bird, a dog, a cat", 1.0, 0.8, 0.666667),
        ("say it again and again and again", "again it is said", 0.363636, 0.0, 0.181818),
    ],
)
def test_rouge_is_that_of_rouge_score(prediction: str, truth: str, one: float, two: float, longest: float) -> None:
    found = (rouge_n(prediction, truth, 1), rouge_n(prediction, truth, 2), rouge_l(prediction, truth))
    assert found == pytest.approx((one, two, longest), abs=1e-6)


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_score_is_within_the_range_of_its_metric(prediction: str, truth: str) -> None:
    for name, value in scores(prediction, truth).items():
        assert METRICS[name].maker is Maker.CONVERSATIONS
        assert not misfit(name, value)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30).map(" ".join))
def test_the_true_answer_scores_best(truth: str) -> None:
    found = scores(truth, truth)
    assert found["rouge1"] == found["rougeL"] == found["exact_match"] == 1
    assert found["chrf"] == pytest.approx(1)
    assert found["sentence_bleu"] == pytest.approx(1)


def test_equality_passes_over_white_space_and_case() -> None:
    assert scores(" the  Answer\n", "The answer")["exact_match"] == 1
    assert scores("The answers", "The answer")["exact_match"] == 0


def test_json_is_matched_by_keys_and_types_where_the_true_answer_is_json() -> None:
    truth = '{"name": "Ada", "born": 1815, "tags": ["a", "b"]}'
    assert scores('{"tags": ["x"], "born": 1.5, "name": "Bo"}', truth)["json_match"] == 1
    assert scores('{"tags": ["x"], "born": "1815", "name": "Bo"}', truth)["json_match"] == 0
    assert scores("The name is Ada.", truth)["json_match"] == 0
    assert "json_match" not in scores('{"a": 1}', "The name is Ada.")
    assert form_of_json("17") is None
