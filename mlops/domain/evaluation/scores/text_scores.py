"""Scores of one answer against the true one: ROUGE, BLEU, chrF, equality, form, length, refusal.

Each is of one conversation, so that two models can be compared pair by pair; a mean of them is no corpus score.
Sources: Papineni 2002 (BLEU) and Chen and Cherry 2014 (smoothing 3) on the tokens of mteval-13a; Popović 2015 (chrF2).
"""

import json
import math
import re
from functools import lru_cache
from typing import Any

from mlops import jsons
from mlops.domain.evaluation.probes.refusal import refuses
from mlops.domain.evaluation.scores.rouge import TEXTS, common, rouge_l, rouge_n, runs

BLEU_ORDER, CHRF_ORDER, CHRF_BETA = 4, 6, 2
_RULES_13A = (
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def scores(prediction: str, truth: str) -> dict[str, float]:
    """Every score of an answer, by its name in the table of metrics. Some need a true answer of a certain form."""
    found = {
        "rouge1": rouge_n(prediction, truth, 1),
        "rouge2": rouge_n(prediction, truth, 2),
        "rougeL": rouge_l(prediction, truth),
        "sentence_bleu": sentence_bleu(prediction, truth),
        "chrf": chrf(prediction, truth),
        "exact_match": float(_plain(prediction) == _plain(truth)),
        "answer_words": float(len(prediction.split())),
        "refusal": float(refuses(prediction)),
    }
    form = form_of_json(truth)
    return found if form is None else {**found, "json_match": float(form_of_json(prediction) == form)}


def sentence_bleu(prediction: str, truth: str) -> float:
    """0 to 1: clipped shares of common runs of one to four tokens; an order without a match counts half of the last."""
    said, wanted = tokens_13a(prediction), tokens_13a(truth)
    if not said or not wanted:
        return 0.0
    smoothed, total, orders = 1.0, 0.0, 0
    for order in range(1, BLEU_ORDER + 1):
        mine, theirs = runs(said, order), runs(wanted, order)
        if not mine:
            break  # an answer of two words has no runs of three
        met = common(mine, theirs)
        if not met:
            smoothed *= 2
        orders += 1
        total += math.log((met or 1 / smoothed) / mine.total())
    if not set(said) & set(wanted):
        return 0.0
    penalty = min(0.0, 1 - len(wanted) / len(said))
    return math.exp(total / orders + penalty)


def chrf(prediction: str, truth: str) -> float:
    """0 to 1: common runs of one to six characters without white space, recall counted twice as much."""
    said, wanted = "".join(prediction.split()), "".join(truth.split())
    precisions, recalls = [], []
    for order in range(1, CHRF_ORDER + 1):
        mine, theirs = runs(said, order), runs(wanted, order)
        if mine and theirs:
            met = common(mine, theirs)
            precisions.append(met / mine.total())
            recalls.append(met / theirs.total())
    if not precisions:
        return 0.0
    precision, recall = (sum(shares) / len(shares) for shares in (precisions, recalls))
    weight = CHRF_BETA**2
    return (1 + weight) * precision * recall / (weight * precision + recall) if precision + recall else 0.0


@lru_cache(maxsize=TEXTS)
def tokens_13a(text: str) -> tuple[str, ...]:
    """Words, numbers and punctuation as mteval-13a cuts them."""
    line = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in _ENTITIES:
        line = line.replace(entity, character)
    line = f" {line} "
    for pattern, becomes in _RULES_13A:
        line = pattern.sub(becomes, line)
    return tuple(line.split())


def form_of_json(text: str) -> Any:
    """Keys and types of a JSON object or array, its values left out; None where the text is neither."""
    try:
        value = jsons.read(text)
    except ValueError:
        return None
    return _form(value) if isinstance(value, dict | list) else None


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _form(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(_form(item)) for item in value})  # how many, and in which order, does not count
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
