"""How far a judge is to be believed: its agreement with itself when positions are swapped, and with people."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlops import jsons
from mlops.domain.evaluation.judge.pairs import Pair, Preference, Ruled
from mlops.errors import BadInput, Problem

KEYS = {"messages", "first", "second", "better"}


@dataclass(frozen=True)
class Agreement:
    """So many of `pairs` alike. `kappa` is Cohen's: 1 is perfect, 0 what chance alone gives; null for no pair.

    Source: Cohen 1960, "A Coefficient of Agreement for Nominal Scales".
    """

    agreed: int
    pairs: int
    kappa: float | None

    @property
    def share(self) -> float:
        """Of the pairs."""
        return self.agreed / self.pairs if self.pairs else 0.0


@dataclass(frozen=True)
class Labelled:
    """A pair with what a person said of it."""

    pair: Pair
    better: Preference


def agreement(pairs: Iterable[tuple[Hashable, Hashable]]) -> Agreement:
    """Of two raters who each said one thing of every pair."""
    rated = list(pairs)
    agreed, count = sum(one == other for one, other in rated), len(rated)
    if not count:
        return Agreement(0, 0, None)
    mine, theirs = Counter(one for one, _ in rated), Counter(other for _, other in rated)
    chance = sum(mine[label] * theirs[label] for label in mine) / count**2
    kappa = 1.0 if chance == 1 else (agreed / count - chance) / (1 - chance)
    return Agreement(agreed, count, kappa)


def with_people(ruled: Sequence[Ruled], labelled: Sequence[Labelled]) -> Agreement:
    """With labels; where the judge disagrees with itself it says tie, and what cannot be used is left out."""
    said = {Ruled.INCONSISTENT: Preference.TIE}
    usable = [(one, label) for one, label in zip(ruled, labelled, strict=True) if one is not Ruled.UNUSABLE]
    return agreement((said.get(one) or Preference(one.value), label.better) for one, label in usable)


def read_labels(text: str, where: str) -> tuple[Labelled, ...]:
    """JSON lines of `messages`, `first`, `second`, and `better`: first, second or tie; and `truth`, where it is known.

    Raises BadInput with all faults.
    """
    found: list[Labelled] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            one = _label(line)
            if isinstance(one, str):
                problems.append(Problem(one, where, number, fix="docs/evaluation.md has the form"))
            else:
                found.append(one)
    if not found and not problems:
        problems.append(Problem("holds no pair", where))
    if problems:
        raise BadInput(problems)
    return tuple(found)


def _label(line: str) -> Labelled | str:
    try:
        stated: Any = jsons.read(line)
    except ValueError as error:
        return f"not valid JSON: {error}"
    if not isinstance(stated, dict) or not KEYS <= set(stated) <= KEYS | {"truth"}:
        return f"a labelled pair has {', '.join(sorted(KEYS))}, and may have truth"
    turns = stated["messages"]
    good = isinstance(turns, list) and turns and all(
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)
        for turn in turns
    )  # fmt: skip
    if not good or turns[-1]["role"] != "user":
        return "messages are turns with role and content, the last the user's"
    if not all(isinstance(stated[key], str) and stated[key].strip() for key in ("first", "second")):
        return "first and second are texts that are not empty"
    if stated["better"] not in set(Preference):
        return "better is first, second or tie"
    pair = Pair(tuple(turns), str(stated.get("truth") or ""), stated["first"], stated["second"])
    return Labelled(pair, Preference(stated["better"]))
