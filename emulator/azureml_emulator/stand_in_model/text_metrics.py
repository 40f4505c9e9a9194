"""BLEU and ROUGE of generated texts against true ones. It must not read files or judge what is good.

Sources: Papineni 2002 (BLEU: clipped n-grams over the whole corpus, brevity penalty, no smoothing) on the tokens of
mteval-13a; Lin 2004 (ROUGE-N, ROUGE-L, and ROUGE-Lsum by lines) on lower-case letters and digits, as rouge_score cuts
words. These are what azureml-metrics computes for chat and text generation by its defaults.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

BLEU_ORDERS = (1, 2, 3, 4)
LONGEST = 2000  # words of a text; the subsequence's table grows with the product of both lengths
_WORD = re.compile(r"[a-z0-9]+")
_RULES_13A = (
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),  # punctuation except ', - . and ,
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # a period or comma that follows no digit
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),  # or that no digit follows
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # a dash after a digit
)
Score = dict[str, float]


def text_metrics(predictions: Sequence[str], truths: Sequence[str]) -> Score:
    """bleu_1 to bleu_4 of all pairs together, and the means of rouge1, rouge2, rougeL and rougeLsum; each 0 to 1.

    Raises ValueError where the numbers of texts differ or there are none.
    """
    if len(predictions) != len(truths) or not truths:
        raise ValueError(f"{len(predictions)} predictions against {len(truths)} references")
    return {**bleu(predictions, truths), **rouge(predictions, truths)}


def bleu(predictions: Sequence[str], truths: Sequence[str]) -> Score:
    """BLEU of order 1 to 4 over the corpus."""
    pairs = [(_tokens_13a(said), _tokens_13a(wanted)) for said, wanted in zip(predictions, truths, strict=True)]
    said_length, wanted_length = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    if not said_length:
        return {f"bleu_{order}": 0.0 for order in BLEU_ORDERS}
    penalty = 1.0 if said_length > wanted_length else math.exp(1 - wanted_length / said_length)
    precisions = [_precision(pairs, order) for order in BLEU_ORDERS]
    return {f"bleu_{order}": penalty * _geometric_mean(precisions[:order]) for order in BLEU_ORDERS}


def rouge(predictions: Sequence[str], truths: Sequence[str]) -> Score:
    """Means of the F-measures over the pairs."""
    totals = dict.fromkeys(("rouge1", "rouge2", "rougeL", "rougeLsum"), 0.0)
    for said, wanted in zip(predictions, truths, strict=True):
        one, other = words(said), words(wanted)
        totals["rouge1"] += _overlap(_grams(one, 1), _grams(other, 1))
        totals["rouge2"] += _overlap(_grams(one, 2), _grams(other, 2))
        totals["rougeL"] += _f_measure(len(_common(one, other)), len(one), len(other))
        totals["rougeLsum"] += _by_lines(said, wanted)
    return {name: total / len(truths) for name, total in totals.items()}


def words(text: str) -> list[str]:
    """Runs of letters and digits in lower case."""
    return _WORD.findall(text.lower())[:LONGEST]


def _tokens_13a(text: str) -> list[str]:
    line = f" {' '.join(text.replace('<skipped>', '').split())} "
    for pattern, becomes in _RULES_13A:
        line = pattern.sub(becomes, line)
    return line.split()


def _precision(pairs: Sequence[tuple[list[str], list[str]]], order: int) -> float:
    met = total = 0
    for said, wanted in pairs:
        mine, theirs = _grams(said, order), _grams(wanted, order)
        met += (mine & theirs).total()
        total += mine.total()
    return met / total if total else 0.0


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values)) if min(values) > 0 else 0.0


def _grams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[n : n + order]) for n in range(len(tokens) - order + 1))


def _overlap(mine: Counter[tuple[str, ...]], theirs: Counter[tuple[str, ...]]) -> float:
    return _f_measure((mine & theirs).total(), mine.total(), theirs.total())


def _f_measure(met: int, said: int, wanted: int) -> float:
    return 2 * met / (said + wanted) if met else 0.0


def _by_lines(said: str, wanted: str) -> float:
    """ROUGE-L of summaries: for each line of the truth, the union of what it has in common with the lines said."""
    mine, theirs = ([words(line) for line in text.split("\n") if words(line)] for text in (said, wanted))
    left_mine, left_theirs = (Counter(word for line in lines for word in line) for lines in (mine, theirs))
    met = 0
    for line in theirs:
        union = sorted({index for other in mine for index in _common(other, line)})
        for word in (line[index] for index in union):
            if left_mine[word] > 0 and left_theirs[word] > 0:
                left_mine[word] -= 1
                left_theirs[word] -= 1
                met += 1
    return _f_measure(met, sum(map(len, mine)), sum(map(len, theirs)))


def _common(one: Sequence[str], other: Sequence[str]) -> list[int]:
    """Where in `other` a longest common subsequence lies."""
    table = [[0] * (len(other) + 1)]
    for word in one:
        above, row = table[-1], [0]
        for index, wanted in enumerate(other):
            row.append(above[index] + 1 if word == wanted else max(above[index + 1], row[index]))
        table.append(row)
    found: list[int] = []
    i, j = len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:
            i, j = i - 1, j - 1
            found.append(j)
        elif table[i - 1][j] >= table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found[::-1]
