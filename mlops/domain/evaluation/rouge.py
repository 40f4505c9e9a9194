"""ROUGE-L of a prediction against its ground truth: the F-measure of their longest common subsequence of words.

It must not decide what is good enough. Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries",
section 3, with beta 1 and words cut as google-research/rouge_score does without stemming.
"""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")
LONGEST = 2000  # words; the table of the subsequence grows with the product of both lengths


def rouge_l(prediction: str, truth: str) -> float:
    """0 to 1; 0 when either has no words."""
    said, wanted = words(prediction), words(truth)
    common = _longest_common(said, wanted)
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def words(text: str) -> list[str]:
    """Letters and digits in lower case; other scripts, which have none of these, are compared by character."""
    lowered = text.lower()
    found = _WORD.findall(lowered) or [character for character in lowered if character.isalnum()]
    return found[:LONGEST]


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for index, wanted in enumerate(other, start=1):
            above = row[index]
            row[index] = diagonal + 1 if word == wanted else max(above, row[index - 1])
            diagonal = above
    return row[-1]
