"""ROUGE of a prediction against its ground truth: F-measures of their common words, word pairs, and subsequence.

Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", sections 2 and 3, with beta 1 and words cut
as google-research/rouge_score does without stemming.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[a-z0-9]+")
LONGEST = 2000  # words of a text that are looked at
TEXTS = 256  # of which the words are kept: each is cut for several scores, and a true answer for several models


def rouge_l(prediction: str, truth: str) -> float:
    """0 to 1, of the longest common subsequence; 0 when either has no words."""
    said, wanted = words(prediction), words(truth)
    return _f_measure(_longest_common(said, wanted), len(said), len(wanted))


def rouge_n(prediction: str, truth: str, length: int) -> float:
    """0 to 1, of the common runs of so many words; 0 when either has none."""
    said, wanted = runs(words(prediction), length), runs(words(truth), length)
    return _f_measure(common(said, wanted), said.total(), wanted.total())


@lru_cache(maxsize=TEXTS)
def words(text: str) -> tuple[str, ...]:
    """Letters and digits in lower case; other scripts, which have none of these, are compared by character."""
    lowered = text.lower()
    found = _WORD.findall(lowered) or [character for character in lowered if character.isalnum()]
    return tuple(found[:LONGEST])


def runs(found: Sequence[str], length: int) -> Counter[Any]:
    """How often each run of so many words or characters is there, by itself where it is one."""
    return Counter(found if length == 1 else zip(*(found[start:] for start in range(length)), strict=False))


def common(one: Counter[Any], other: Counter[Any]) -> int:
    """How many both have: what `(one & other).total()` is, which asks for each of the first one's."""
    return sum(min(one[run], other[run]) for run in one.keys() & other.keys())


def _f_measure(common: int, said: int, wanted: int) -> float:
    return 2 * common / (said + wanted) if common else 0.0


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence: a row of the usual table is the bits of one whole number.

    Source: Hyyrö 2004, "Bit-parallel LCS-length computation revisited".
    """
    places: defaultdict[str, int] = defaultdict(int)
    for index, word in enumerate(other):
        places[word] |= 1 << index
    every = (1 << len(other)) - 1
    row = every
    for word in one:
        met = row & places.get(word, 0)
        row = ((row + met) | (row - met)) & every
    return len(other) - row.bit_count()
