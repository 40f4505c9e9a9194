"""Rows that hold a list of turns: OpenAI's chat format and ours (`messages`), and ShareGPT in all its spellings.

It must not decide which format a row has; `fits_*` only say whether one could be meant.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence

from mlops import jsons
from mlops.domain.dataset import lost_meaning
from mlops.domain.dataset.formats.turns import Converted, Row, converted, fault
from mlops.domain.dataset.rows import Fault

LISTS = ("conversations", "conversation", "dialog", "dialogue", "chat", "turns", "items", "messages")
SPEAKERS = ("from", "role", "speaker", "user", "author", "sender")
TEXTS = ("value", "content", "text", "message", "markdown", "utterance")
LONGEST_LITERAL = 200_000  # characters of a list that stands as text in a cell


def fits_messages(row: Row) -> bool:
    """`messages`, as a list of role and content, or as the text of such a list."""
    turns = turns_of(row.get("messages"))
    return turns is not None and all("role" in turn for turn in turns if isinstance(turn, Mapping))


def of_messages(row: Row) -> Converted | Fault:
    """The messages of OpenAI's format."""
    lost = lost_meaning.in_row({key: value for key, value in row.items() if key != "system"})
    if lost:
        return lost
    turns = turns_of(row.get("messages")) or ()
    return _of_turns(turns, ("role",), ("content",), row.get("system"))


def fits_sharegpt(row: Row) -> bool:
    """A list of turns under one of its names, whose turns name a speaker and a text, whatever the spelling."""
    return any(_speaks(turns_of(row.get(name))) for name in LISTS)


def of_sharegpt(row: Row) -> Converted | Fault:
    """The messages of ShareGPT."""
    lost = lost_meaning.in_row({key: value for key, value in row.items() if key != "system"})
    if lost:
        return lost
    turns = next(turns for name in LISTS if (turns := turns_of(row.get(name))) is not None and _speaks(turns))
    return _of_turns(turns, SPEAKERS, TEXTS, row.get("system") or row.get("system_prompt"))


def turns_of(value: object) -> Sequence[object] | None:
    """A list, also one that a CSV file or a notebook wrote as text, in JSON or as Python prints it."""
    if isinstance(value, str) and value.lstrip().startswith("[") and len(value) <= LONGEST_LITERAL:
        value = _literal(value)
    return value if isinstance(value, list | tuple) else None


def _literal(text: str) -> object:
    try:
        return jsons.read(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _speaks(turns: Sequence[object] | None) -> bool:
    if not turns or not isinstance(turns[0], Mapping):
        return False
    first = turns[0]
    return any(key in first for key in SPEAKERS) and any(key in first for key in TEXTS)


def _of_turns(
    turns: Sequence[object], speakers: Sequence[str], texts: Sequence[str], system: object
) -> Converted | Fault:
    for index, turn in enumerate(turns):
        if not isinstance(turn, Mapping):
            return fault(f"turn {index + 1} is no object", "write a speaker and a text for each turn")

    def told() -> Iterator[tuple[object, object, Row]]:
        for turn in turns:
            assert isinstance(turn, Mapping)
            yield _first(turn, speakers), _first(turn, texts), turn

    return converted(told(), system)


def _first(turn: Row, names: Sequence[str]) -> object:
    return next((turn[name] for name in names if turn.get(name) is not None), None)
