"""Whether a conversation asks a question of the evaluation's probes: what is trained on cannot be asked afterwards.

A conversation asks it when the turns up to one of the user's have the same words, whatever their case, spaces and
punctuation, or are as near to it as near duplicates are. It must not decide what becomes of the conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mlops.domain.dataset.rows import Fault, Reason
from mlops.domain.dataset.similar import Hashes, jaccard, shingles
from mlops.domain.evaluation.probes.suites import Probe

ENDS = 12  # characters at the beginning and at the end of a question, one of which a turn that asks it has
EDGES = " \t\r\n.,;:!?\"'"
LONGER = 1.5  # a turn with more than so many times the characters of a question is neither equal nor near
FIX = "take the conversation out, or ask something else in the probe"
Turns: TypeAlias = Sequence[tuple[str, str]]  # (role, content)


class Questions:
    """What all probes ask, ready to be looked for. `limit` is the Jaccard index from which two texts count as one."""

    def __init__(self, probes: Sequence[Probe] = (), limit: float | None = None) -> None:
        self._limit = limit
        self._by_end: dict[str, list[int]] = {}
        self._known = [_known(probe) for probe in probes]
        for number, known in enumerate(self._known):
            for end in _ends(known.turns[-1]):
                self._by_end.setdefault(end, []).append(number)

    @property
    def longest(self) -> int:
        """A turn with more characters asks none of them."""
        return int(LONGER * max((sum(map(len, known.turns)) for known in self._known), default=0))

    @property
    def ends(self) -> list[str]:
        """A turn that may ask begins or ends so, in lower case and without the `EDGES`."""
        return list(self._by_end)

    def asked(self, messages: Turns) -> Fault | None:
        """A fault for a conversation that asks one of the questions."""
        turns = [(number, content) for number, (role, content) in enumerate(messages) if role != "system"]
        for place, (number, content) in enumerate(turns):
            if messages[number][0] != "user":
                continue
            for known in self._likely(content):
                first = place + 1 - len(known.turns)
                if first >= 0 and self._same(known, [text for _, text in turns[first : place + 1]]):
                    what = f"messages[{number}] asks what the probe {known.id} of the evaluation asks"
                    return Fault(Reason.LEAKAGE, what, FIX)
        return None

    def _likely(self, content: str) -> "list[_Known]":
        numbers = {number for end in _ends(content) for number in self._by_end.get(end, ())}
        return [self._known[number] for number in sorted(numbers)]

    def _same(self, known: "_Known", turns: list[str]) -> bool:
        if sum(map(len, turns)) > LONGER * sum(map(len, known.turns)):
            return False
        if known.words and _words("".join(turns)) == known.words:
            return True
        return self._limit is not None and jaccard(_shingles(turns), known.shingles) >= self._limit


@dataclass(frozen=True)
class _Known:
    id: str
    turns: tuple[str, ...]
    words: str
    shingles: Hashes


def _known(probe: Probe) -> _Known:
    turns = tuple(turn["content"] for turn in probe.messages if turn["role"] != "system")
    return _Known(probe.id, turns, _words("".join(turns)), _shingles(turns))


def _ends(text: str) -> set[str]:
    """The beginning and the end: an edit at one of them, or between them, leaves the other."""
    bare = text.strip(EDGES)
    return {bare[:ENDS].lower(), bare[-ENDS:].lower()} - {""}


def _words(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _shingles(turns: Sequence[str]) -> Hashes:
    return shingles("".join(turns).encode())
