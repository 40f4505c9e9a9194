"""BLEU and ROUGE of generated texts against true ones, as azureml-metrics computes them for chat by its defaults.

sacrebleu and rouge-score are imported when they are called: they need longer than all else that a worker imports.
"""

from collections.abc import Sequence

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
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGE))
    found = [scorer.score(_cut(wanted), _cut(said)) for said, wanted in zip(predictions, truths, strict=True)]
    return {name: sum(float(one[name].fmeasure) for one in found) / len(found) for name in ROUGE}


def _cut(text: str) -> str:
    """The beginning of a text, with its lines, which ROUGE-Lsum needs."""
    words = 0
    for end, line in enumerate(lines := text.split("\n")):
        if words + len(line.split()) > LONGEST:
            return "\n".join([*lines[:end], " ".join(line.split()[: LONGEST - words])])
        words += len(line.split())
    return text
