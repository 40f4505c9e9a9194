"""BLEU and ROUGE of generated texts against true ones, as azureml-metrics computes them for chat by its defaults.

sacrebleu and rouge-score are imported when they are called: they need longer than all else that a worker imports.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

BLEU_ORDERS = (1, 2, 3, 4)
ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
LONGEST = 2000  # words of a text; rouge-score's table of subsequences grows with the product of both lengths
Score = dict[str, float]


def text_metrics(predictions: Sequence[str], truths: Sequence[str]) -> Score:
    """bleu_1 to bleu_4 of all pairs together, and the means of rouge1, rouge2, rougeL and rougeLsum; each 0 to 1.

    Raises ValueError where the numbers of texts differ or there are none.
    """
    if len(predictions) != len(truths) or not truths:
        raise ValueError(f"{len(predictions)} predictions against {len(truths)} references")
    return {**bleu(predictions, truths), **rouge(predictions, truths)}


def load() -> None:
    """Import what they need, for a process of which others are forked."""
    import_module("sacrebleu")
    _rouge_scorer()


def bleu(predictions: Sequence[str], truths: Sequence[str]) -> Score:
    """BLEU of order 1 to 4 over the corpus, on the tokens of mteval-13a, without smoothing."""
    from sacrebleu import BLEU

    metrics = {order: BLEU(max_ngram_order=order, smooth_method="none", force=True) for order in BLEU_ORDERS}
    return {
        f"bleu_{order}": min(1.0, metric.corpus_score(predictions, [truths]).score / 100)
        for order, metric in metrics.items()
    }


def rouge(predictions: Sequence[str], truths: Sequence[str]) -> Score:
    """Means of the F-measures over the pairs."""
    scorer = _rouge_scorer()(list(ROUGE))
    found = [scorer.score(_cut(wanted), _cut(said)) for said, wanted in zip(predictions, truths, strict=True)]
    return {name: sum(float(one[name].fmeasure) for one in found) / len(found) for name in ROUGE}


def _rouge_scorer() -> "type[RougeScorer]":
    """The class, without nltk: half of what a worker imports, and asked by rouge-score for stems and sentences alone.

    Neither is wanted here: texts have lines, and words are compared as they are.
    """
    stem, porter = ModuleType("nltk.stem"), ModuleType("nltk.stem.porter")
    stem.porter = porter  # type: ignore[attr-defined]
    of_nltk = {"nltk": ModuleType("nltk"), stem.__name__: stem, porter.__name__: porter}
    lent = {} if "nltk" in sys.modules else of_nltk
    sys.modules.update(lent)
    try:
        from rouge_score.rouge_scorer import RougeScorer
    finally:
        for name in lent:
            del sys.modules[name]
    found: type[RougeScorer] = RougeScorer
    return found


def _cut(text: str) -> str:
    """The beginning of a text, with its lines, which ROUGE-Lsum needs."""
    words = 0
    for end, line in enumerate(lines := text.split("\n")):
        if words + len(line.split()) > LONGEST:
            return "\n".join([*lines[:end], " ".join(line.split()[: LONGEST - words])])
        words += len(line.split())
    return text
