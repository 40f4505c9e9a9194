"""BLEU and ROUGE against values that were worked out by hand or published."""

import subprocess
import sys

import pytest

from azureml_emulator.stand_in_model import text_metrics as module
from azureml_emulator.stand_in_model.text_metrics import bleu, rouge, text_metrics


def test_equal_texts_score_one_and_strangers_nothing() -> None:
    same = text_metrics(["The sky is blue on a clear day."], ["The sky is blue on a clear day."])
    assert same == pytest.approx(dict.fromkeys(same, 1.0))
    assert set(same) == {"bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge1", "rouge2", "rougeL", "rougeLsum"}
    other = text_metrics(["alpha beta"], ["gamma delta epsilon"])
    assert other == dict.fromkeys(same, 0.0)


def test_bleu_clips_repeated_words_and_punishes_short_answers() -> None:
    # Papineni's example: "the" counts twice at most; 7 words said, 7 wanted.
    assert bleu(["the the the the the the the"], ["the cat is on the mat today"])["bleu_1"] == pytest.approx(2 / 7)
    assert bleu(["the cat"], ["the cat sat down"])["bleu_1"] == pytest.approx(0.36787944117)  # exp(1 - 4/2)
    assert bleu(["the cat"], ["the cat sat down"])["bleu_3"] == 0.0  # no trigram, and no smoothing


def test_bleu_is_of_the_corpus_and_not_a_mean_of_texts() -> None:
    both = bleu(["a b", "c d e f"], ["a b", "x y z w"])
    assert both["bleu_1"] == pytest.approx(2 / 6)


def test_bleu_cuts_punctuation_but_not_numbers() -> None:
    assert bleu(["It costs 3.50, no?"], ["It costs 3.50 , no ?"])["bleu_4"] == pytest.approx(1.0)


def test_rouge_counts_words_pairs_and_order() -> None:
    found = rouge(["police kill the gunman"], ["police killed the gunman"])  # Lin's example
    assert found["rouge1"] == pytest.approx(3 / 4)
    assert found["rouge2"] == pytest.approx(1 / 3)
    assert found["rougeL"] == pytest.approx(3 / 4)
    assert rouge(["the gunman kill police"], ["police killed the gunman"])["rougeL"] == pytest.approx(2 / 4)


def test_rouge_of_lines_takes_them_in_any_order() -> None:
    found = rouge(["second line\nfirst one"], ["first one\nsecond line"])
    assert found["rougeLsum"] == pytest.approx(1.0)
    assert found["rougeL"] == pytest.approx(2 / 4)


def test_rouge_of_lines_counts_a_word_as_often_as_both_texts_have_it() -> None:
    said = "cat 3.5 a blue 3.5 sky. sat 3.5 a - 3.5\ndon't - blue mat, sky.\n"
    said += "3.5 cat blue sat a 3.5 mat, - a mat, blue mat,\n3.5"
    wanted = "- blue - - cat cat - sky.\nthe a the sky. mat,\nblue sat cat - On the cat 3.5 cat On don't 3.5 On"
    assert rouge([said], [wanted])["rougeLsum"] == pytest.approx(0.4827586207)  # the emulator's own code said 0.517


def test_a_very_long_answer_is_compared_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 200)  # the table of two thousand words takes seconds
    long = "\n".join(["one two three"] * 5000)
    assert rouge([long], [long])["rougeLsum"] == pytest.approx(1.0)
    assert rouge([long], [long[: len(long) // 2] + "four" * 5000])["rougeLsum"] == pytest.approx(1.0)


def test_an_empty_answer_scores_nothing_and_no_texts_are_refused() -> None:
    assert text_metrics([""], ["something"]) == dict.fromkeys(text_metrics(["a"], ["a"]), 0.0)
    with pytest.raises(ValueError, match="0 predictions against 0 references"):
        text_metrics([], [])
    with pytest.raises(ValueError, match="1 predictions against 2 references"):
        text_metrics(["a"], ["a", "b"])


def test_a_worker_that_computes_metrics_does_without_nltk_and_leaves_it_to_others() -> None:
    code = """
import sys
from azureml_emulator.stand_in_model.text_metrics import text_metrics
print(text_metrics(["alpha beta gamma"], ["alpha gamma beta"])["rougeL"] > 0.6, "nltk" in sys.modules)
from nltk.stem.porter import PorterStemmer
print(PorterStemmer().stem("running"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "run"]
