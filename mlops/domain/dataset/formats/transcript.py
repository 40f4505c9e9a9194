"""Whole conversations in one text, with the marks that chat templates and older datasets put between turns.

It must not guess: a text without such marks is no conversation.
"""

import re
from collections.abc import Iterable

from mlops.domain.dataset.formats.turns import Converted, Row, converted, fault, role_of
from mlops.domain.dataset.rows import Fault

COLUMNS = ("text", "conversation", "chat")
# Each: the mark before a turn, with the speaker as group 1, and what is taken off the end of a turn.
_MARKS = (
    (re.compile(r"<\|im_start\|>\s*(\w+)[ \t]*\n?"), "<|im_end|>"),
    (re.compile(r"<\|(system|user|assistant)\|>\n?"), "<|end|>"),
    (re.compile(r"(?:^|\n)### ?(Human|User|Instruction|Assistant|Response|System|Input):?[ \t]*\n?"), ""),
    (re.compile(r"(?:^|\n)(Human|User|Assistant|System|Customer|Agent|Bot|AI):[ \t]+"), ""),
)
_LLAMA = re.compile(r"\[INST\](.*?)\[/INST\](.*?)(?=<s>|\[INST\]|</s>|$)", re.DOTALL)
_LLAMA_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_SPEAKER = {"instruction": "user", "input": "user", "response": "assistant"}
_ENDS = ("<|endoftext|>", "</s>", "<|end|>", "<|im_end|>")


def fits(row: Row) -> bool:
    """A text with marks for both speakers."""
    return bool(_turns(_text(row)))


def convert(row: Row) -> Converted | Fault:
    """The turns between the marks."""
    turns = _turns(_text(row))
    if not turns:
        return fault("no turns are marked in the text", "write user and assistant turns, as data/README.md shows")
    return converted((speaker, content, {}) for speaker, content in turns)


def _text(row: Row) -> str:
    return next((value for name in COLUMNS if isinstance(value := row.get(name), str)), "")


def _turns(text: str) -> list[tuple[str, str]]:
    if "[/INST]" in text:
        return _of_llama(text)
    for mark, end in _MARKS:
        found = list(mark.finditer(text))
        speakers = [_speaker(match) for match in found]
        if {"user", "assistant"} <= set(speakers):
            starts = [match.end() for match in found]
            ends = [match.start() for match in found[1:]] + [len(text)]
            texts = [_bare(text[start:stop], end) for start, stop in zip(starts, ends, strict=True)]
            return _joined(zip(speakers, texts, strict=True))
    return []


def _joined(turns: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one speaker as one turn, such as an instruction and its input."""
    found: list[tuple[str, str]] = []
    for speaker, text in turns:
        if found and found[-1][0] == speaker:
            found[-1] = (speaker, f"{found[-1][1]}\n\n{text}")
        else:
            found.append((speaker, text))
    return found


def _speaker(match: re.Match[str]) -> str:
    name = match[1].lower()
    return _SPEAKER.get(name) or role_of(name) or name


def _of_llama(text: str) -> list[tuple[str, str]]:
    turns: list[tuple[str, str]] = []
    for match in _LLAMA.finditer(text):
        question, system = match[1], _LLAMA_SYSTEM.match(match[1])
        if system and not turns:
            turns.append(("system", system[1].strip()))
            question = question[system.end() :]
        turns += [("user", question.strip()), ("assistant", _bare(match[2], ""))]
    return turns


def _bare(text: str, end: str) -> str:
    text = text.strip()
    for mark in (end, *_ENDS):
        if mark:
            text = text.removesuffix(mark).rstrip()
    return text
