"""What a change does to the team's own conversations: added, removed, edited, and what that does to the numbers.

It must not read files; rows are passed in.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mlops.domain.dataset.rows import Fault, Place, Read
from mlops.domain.dataset.validate import Conversation, Messages, check, tokens_of

ANY_LENGTH = 2**31
AROUND = 10  # words and spaces that are shown on each side of a change
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Placed:
    """A conversation and where it stands."""

    place: Place
    found: Conversation


@dataclass(frozen=True)
class Edited:
    """A conversation that begins with the same question as before, and goes on in another way."""

    before: Placed
    after: Placed

    @property
    def messages(self) -> list[int]:
        """Numbers, from 0, of the messages that are others now, or new, or gone."""
        old, new = self.before.found.messages, self.after.found.messages
        length = max(len(old), len(new))
        return [at for at in range(length) if old[at : at + 1] != new[at : at + 1]]


@dataclass(frozen=True)
class Difference:
    """Two states of the conversations. `invalid` counts rows before and after that are no conversations."""

    added: Sequence[Placed]
    removed: Sequence[Placed]
    edited: Sequence[Edited]
    unchanged: int
    numbers: Mapping[str, tuple[int, int]]
    invalid: tuple[int, int]


def difference(before: Iterable[Read], after: Iterable[Read]) -> Difference:
    """Compare rows with their places. A conversation that only moved to another line or file is unchanged.

    Two are one edited conversation if their first user message is the same and both sides have it once.
    """
    (old, old_bad), (new, new_bad) = _read(before), _read(after)
    gone = _without(old, {one.found.messages for one in new})
    come = _without(new, {one.found.messages for one in old})
    asked, answered = _by_prompt(gone), _by_prompt(come)
    edited = [Edited(one, answered[prompt]) for prompt, one in asked.items() if prompt in answered]
    known = {edit.before.found.messages for edit in edited}, {edit.after.found.messages for edit in edited}
    return Difference(
        added=_without(come, known[1]),
        removed=_without(gone, known[0]),
        edited=edited,
        unchanged=len(new) - len(come),
        numbers={name: (_number(name, old), _number(name, new)) for name in NUMBERS},
        invalid=(old_bad, new_bad),
    )


def word_diff(before: str, after: str) -> str:
    """What was taken out as [-...-] and put in as {+...+}, with a few words around each; the rest is left out."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    parts: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(_shortened(old[a:b], first=a == 0, last=b == len(old)))
            continue
        parts += [f"[-{''.join(old[a:b])}-]"] if b > a else []
        parts += [f"{{+{''.join(new[c:d])}+}}"] if d > c else []
    return "".join(parts)


def _shortened(words: Sequence[str], *, first: bool, last: bool) -> str:
    """Words that stay: those beside a change."""
    head = [] if first else list(words[:AROUND])
    tail = [] if last else list(words[max(len(head), len(words) - AROUND) :])
    middle = " … " if len(head) + len(tail) < len(words) else ""
    return "".join(head) + middle + "".join(tail)


NUMBERS = ("conversations", "messages", "tokens (estimate)", "characters", "characters, median")


def _number(name: str, rows: Sequence[Placed]) -> int:
    found = [row.found for row in rows]
    if name == "conversations":
        return len(found)
    if name == "messages":
        return sum(len(one.messages) for one in found)
    if name == "characters":
        return sum(one.characters for one in found)
    if name == "characters, median":
        return round(median(one.characters for one in found)) if found else 0
    return sum(tokens_of(one.messages) for one in found)


def _read(given: Iterable[Read]) -> tuple[list[Placed], int]:
    rows, bad = [], 0
    for place, value in given:
        found = value if isinstance(value, Fault) else check(value, ANY_LENGTH)
        if isinstance(found, Fault):
            bad += 1
        else:
            rows.append(Placed(place, found))
    return rows, bad


def _without(rows: Iterable[Placed], known: set[Messages]) -> list[Placed]:
    return [row for row in rows if row.found.messages not in known]


def _by_prompt(rows: Iterable[Placed]) -> dict[str, Placed]:
    """By the first user message; one that several begin with names none of them."""
    found: dict[str, list[Placed]] = {}
    for row in rows:
        question = next(content for role, content in row.found.messages if role == "user")
        found.setdefault(question, []).append(row)
    return {question: same[0] for question, same in found.items() if len(same) == 1}
