"""Compares two models by their scores on the same conversations: paired bootstrap, sign test, and what size can show.

Differences are oriented: above zero the candidate is better, whatever the metric's direction. The same scores and seed
give the same numbers, so a verdict can be computed again from what it states.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Scores = Sequence[float] | Floats

Better = Literal["lower", "higher"]
LEVEL = 0.95  # of the interval: a true difference lies outside of it in one of twenty gates, half of these on each side
TAIL = (1 - LEVEL) / 2
SPREAD = 1.9599639845400536  # standard errors from the middle of the interval to its end, by the normal distribution
RESAMPLES = 4000
MINIMUM = 20  # conversations; the bootstrap of fewer is too sure of itself
AT_ONCE = 32_000  # drawn indices that are held: what fits in the cache of a processor takes half the time
FEW_VALUES = 16


class Judgement(StrEnum):
    """What a rule says of a comparison."""

    PASS = "pass"  # noqa: S105 - a word, and no password
    REFUSE = "refuse"
    NOT_ENOUGH = "not enough evidence"


@dataclass(frozen=True)
class SignTest:
    """How many conversations each model wins, and how likely so uneven a count is of equal models (two-sided)."""

    wins: int
    losses: int
    ties: int
    p: float


@dataclass(frozen=True)
class Paired:
    """Candidate against reference. `low` and `high` bound the mean difference at the level; `deviation` is of one pair.

    `worse` is the share of resampled means below zero: the probability that the candidate is worse.
    """

    conversations: int
    candidate: float
    reference: float
    difference: float
    low: float
    high: float
    worse: float
    deviation: float
    sign: SignTest
    seed: int

    @property
    def detectable(self) -> float:
        """The smallest true difference that so many conversations nearly always show (97.5 %)."""
        return 2 * SPREAD * self.deviation / math.sqrt(self.conversations)

    @property
    def contradicted(self) -> bool:
        """Whether the sign test is as sure of the opposite: a few large differences outweigh many small ones."""
        if self.sign.p > 1 - LEVEL or self.low <= 0 <= self.high:
            return False
        return (self.difference > 0) != (self.sign.wins > self.sign.losses)


def compare(candidate: "Scores", reference: "Scores", better: Better, seed: int = 0) -> Paired:
    """The comparison of two models' scores, conversation by conversation in the same order.

    Raises ValueError for none, for different numbers of them, and for a score that is not finite.
    """
    import numpy as np  # where it is needed: most verbs judge nothing

    mine, theirs = np.asarray(candidate, np.float64), np.asarray(reference, np.float64)
    if mine.shape != theirs.shape or mine.ndim != 1 or not mine.size:
        raise ValueError(f"{mine.size} scores cannot be paired with {theirs.size}")
    if not (np.isfinite(mine).all() and np.isfinite(theirs).all()):
        raise ValueError("a score is not a finite number")
    differences = mine - theirs if better == "higher" else theirs - mine
    means = bootstrap_means(differences, seed)
    ordered = np.sort(means)
    return Paired(
        conversations=mine.size,
        candidate=float(mine.mean()),
        reference=float(theirs.mean()),
        difference=float(differences.mean()),
        low=quantile(ordered, TAIL),
        high=quantile(ordered, 1 - TAIL),
        worse=float((means < 0).mean() + (means == 0).mean() / 2),
        deviation=float(differences.std(ddof=1)) if mine.size > 1 else 0.0,
        sign=sign_test(differences),
        seed=seed,
    )


def bootstrap_means(differences: "Floats", seed: int) -> "Floats":
    """Means of samples drawn with replacement, spread out by n/(n-1) because a sample varies less than its source."""
    import numpy as np

    rng, size = np.random.default_rng(seed), differences.size
    values, counts = np.unique(differences, return_counts=True)
    if values.size <= FEW_VALUES:  # as of checks that pass or fail: how often each is drawn says the same, faster
        means = rng.multinomial(size, counts / size, RESAMPLES) @ values / size
    else:
        rows = min(max(1, AT_ONCE // size), RESAMPLES)
        sums, drawn = np.empty(RESAMPLES), np.empty((rows, size))  # used again: fresh memory costs more than the sum
        for start in range(0, RESAMPLES, rows):
            some = drawn[: RESAMPLES - start]
            differences.take(rng.integers(0, size, some.shape), out=some, mode="clip")
            some.sum(axis=1, out=sums[start : start + rows])
        means = sums / size
    middle = differences.mean()
    spread: Floats = middle + (means - middle) * math.sqrt(size / max(1, size - 1))
    return spread


def quantile(ordered: "Floats", share: float) -> float:
    """Of ascending numbers, as numpy's own, which imports masked arrays first: a tenth of what a gate takes."""
    place = (ordered.size - 1) * share
    below = math.floor(place)
    low, high, part = float(ordered[below]), float(ordered[min(below + 1, ordered.size - 1)]), place - below
    return high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part


def sign_test(differences: "Scores") -> SignTest:
    """The exact sign test; ties say nothing."""
    import numpy as np

    signs = np.sign(np.asarray(differences, np.float64))
    wins, losses = int((signs > 0).sum()), int((signs < 0).sum())
    decided = wins + losses
    tail, ways = 0, 1  # to have so many of one sign, each from the one before
    for k in range(min(wins, losses) + 1):
        tail, ways = tail + ways, ways * (decided - k) // (k + 1)
    # Whole numbers are divided, and not floats: 2 to the power of a thousand conversations is none.
    return SignTest(wins, losses, signs.size - decided, min(1.0, 2 * tail / 2**decided) if decided else 1.0)


def not_worse(found: Paired, margin: float) -> Judgement:
    """Pass where a loss beyond the margin is ruled out; refuse where the candidate is worse and one is not ruled out.

    In between the conversations cannot tell: the interval reaches from a loss beyond the margin to no loss at all.
    """
    if found.conversations < MINIMUM:
        return Judgement.NOT_ENOUGH
    if found.low >= -margin:
        return Judgement.PASS
    return Judgement.REFUSE if found.high < 0 else Judgement.NOT_ENOUGH


def better(found: Paired) -> Judgement:
    """Pass where a gain is shown; refuse where a loss is."""
    if found.conversations < MINIMUM:
        return Judgement.NOT_ENOUGH
    if found.low > 0:
        return Judgement.PASS
    return Judgement.REFUSE if found.high < 0 else Judgement.NOT_ENOUGH


def recommended(found: Paired, margin: float) -> int:
    """Conversations at which the interval is as wide as the margin, so that it nearly always decides.

    Then a true loss of the margin is refused, and an equal model passes, in 97.5 % of the gates. Raises ValueError for
    a margin of zero, for which no number is enough.
    """
    if margin <= 0:
        raise ValueError("a margin of zero cannot be shown by any number of conversations")
    return max(MINIMUM, math.ceil((2 * SPREAD * found.deviation / margin) ** 2))
