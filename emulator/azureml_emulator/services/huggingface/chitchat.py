"""The conversations of the package `chitchat-dataset` (BYU, MIT licence), parted into clean dialogues and the rest.

The clean ones are served as a dataset; the base weights are pretrained on the rest, so that what a user
fine-tunes on was never seen in pretraining. It must not change, shorten or filter what people wrote.
"""

import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

Message = dict[str, str]
Dialogue = list[Message]

PACKAGE = "chitchat_dataset"


def clean_dialogues() -> Iterator[Dialogue]:
    """Dialogues in the order of the file: user and assistant in turn, first user, last assistant, no empty text.

    Exactly two people talk; what one of them says in a row is one turn, its lines joined by a newline.
    """
    for conversation in _conversations():
        messages = _messages(conversation)
        if _is_clean(messages):
            yield _dialogue(messages)


def other_texts() -> Iterator[tuple[str, Dialogue]]:
    """Yield the other conversations, as (topic, turns): one person only, an odd number of turns, or an empty message.

    The topic is the question that the people were given, or the empty text. Turns alternate and begin with the user.
    """
    for conversation in _conversations():
        messages = _messages(conversation)
        if not _is_clean(messages):
            turns = _dialogue(messages)
            if turns:
                yield str(conversation.get("prompt") or "").strip(), turns


def _is_clean(messages: list[tuple[str, str]]) -> bool:
    senders = [sender for sender, _ in messages]
    if len(set(senders)) != 2 or not all(text for _, text in messages):
        return False
    return senders[0] != senders[-1]  # with two people in turn, exactly then the number of turns is even


def _dialogue(messages: list[tuple[str, str]]) -> Dialogue:
    turns: list[str] = []
    before = None
    for sender, text in messages:
        if not text:
            continue
        if sender == before:
            turns[-1] += f"\n{text}"
        else:
            turns.append(text)
            before = sender
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(turns)]


def _messages(conversation: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["sender"], message["text"].strip()) for group in conversation["messages"] for message in group]


@cache
def _conversations() -> tuple[dict[str, Any], ...]:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"the package {PACKAGE.replace('_', '-')} is not installed; the emulator's dataset comes from it"
        )
    text = Path(spec.origin).with_name("dataset.json").read_text(encoding="utf-8")
    return tuple(json.loads(text).values())
