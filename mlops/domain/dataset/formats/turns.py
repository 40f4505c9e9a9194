"""The turns of a conversation as any format writes them, and how they become messages of ours.

It must not check the order of turns: `mlops.domain.dataset.validate` does, for every row alike.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mlops.domain.dataset import lost_meaning
from mlops.domain.dataset.rows import Fault, Reason

Row: TypeAlias = Mapping[str, Any]
_SPELLINGS = {
    "system": ("system", "developer", "system_prompt", "instruction"),
    "user": ("user", "human", "prompter", "customer", "client", "end-user", "end_user", "requester", "question", "usr"),
    "assistant": (
        *("assistant", "gpt", "chatgpt", "bot", "model", "ai", "agent", "answer", "bard", "bing", "claude", "gpt4"),
        *("gpt-4", "gpt-3.5", "chatbot", "asst", "response"),
    ),
    "tool": ("tool", "function", "function_call", "function_response", "observation", "tool_call", "tool_response"),
}
ROLE_OF = {spelling: role for role, spellings in _SPELLINGS.items() for spelling in spellings}


@dataclass(frozen=True)
class Converted:
    """The messages of a row. `notes` counts what was changed or left out on the way, in words."""

    messages: tuple[dict[str, str], ...]
    notes: Counter[str] = field(default_factory=Counter)


def fault(what: str, fix: str) -> Fault:
    """A row that its format does not explain."""
    return Fault(Reason.SCHEMA, what, fix)


def role_of(name: object) -> str | None:
    """`user`, `assistant`, `system` or `tool` for a speaker, in whatever spelling; None for one that nobody knows."""
    return ROLE_OF.get(name.strip().lower()) if isinstance(name, str) else None


def converted(turns: Iterable[tuple[object, object, Row]], system: object = None) -> Converted | Fault:
    """Messages of turns, (speaker, content, the whole turn), after a system text that stands apart.

    Turns at the end that are not to be learned are left out; before the end, nothing can say so.
    """
    notes: Counter[str] = Counter()
    found: list[dict[str, str]] = []
    learned: list[bool] = []
    if isinstance(system, str) and system.strip():
        found.append({"role": "system", "content": system})
        learned.append(True)
    for index, (speaker, content, turn) in enumerate(turns):
        message = _message(index, speaker, content, turn, notes)
        if isinstance(message, Fault):
            return message
        found.append(message)
        learned.append(message["role"] != "assistant" or not lost_meaning.switched_off(turn))
    return _without_unlearned(found, learned, notes)


def _message(index: int, speaker: object, content: object, turn: Row, notes: Counter[str]) -> dict[str, str] | Fault:
    where = f"turn {index + 1}"
    role = role_of(speaker)
    if role is None:
        what = f"{where} is from {str(speaker)[:40]!r}, whom nobody knows"
        return fault(what, "rename it to user, assistant or system, or say who it is in a mapping file")
    kept = {key: value for key, value in turn.items() if key not in lost_meaning.SWITCHES} | {"role": role}
    lost = lost_meaning.in_message(index, kept)
    if lost:
        return lost
    parts = lost_meaning.text_of(where, content)
    if isinstance(parts, Fault):
        return parts
    text = content if parts is None else parts
    if not isinstance(text, str):
        return fault(f"{where} has no text", "give it a text, or take the row out")
    if parts is not None:
        notes["contents in several parts were joined"] += 1
    if isinstance(speaker, str) and speaker.strip().lower() == "developer":
        notes["developer messages became system messages"] += 1
    if turn.get("name"):
        notes["names of speakers were left out"] += 1
    return {"role": role, "content": text}


def _without_unlearned(found: list[dict[str, str]], learned: list[bool], notes: Counter[str]) -> Converted | Fault:
    last = next((at for at in range(len(found) - 1, -1, -1) if found[at]["role"] == "assistant" and learned[at]), -1)
    if all(learned):
        return Converted(tuple(found), notes)
    if last < 0:
        what = "no answer of this row is to be learned (weight 0, train false)"
        return Fault(Reason.UNSUPPORTED, what, "take the row out")
    if not all(learned[: last + 1]):
        what = f"turn {learned.index(False) + 1} is not to be learned (weight 0, train false), but later ones are"
        return Fault(Reason.UNSUPPORTED, what, "the training learns every answer: split the row, or take it out")
    notes["turns at the end with weight 0 were left out"] += len(found) - last - 1
    return Converted(tuple(found[: last + 1]), notes)
