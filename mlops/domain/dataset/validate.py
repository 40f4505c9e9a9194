"""The rules that one conversation must meet, each with a reason, a wording and a fix.

It must not compare conversations with each other and must not know where they came from.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mlops.domain.dataset import lost_meaning
from mlops.domain.dataset.rows import Fault, Reason

BYTES_PER_TOKEN = 4  # of UTF-8. English text has 4 to 4.5 with the Llama and Phi tokenizers; scripts with 3-byte
TOKENS_PER_MESSAGE = 4  # letters come out at 0.75 tokens a letter. The chat template adds about 4 tokens a message.
ROLES = ("system", "user", "assistant")
Messages: TypeAlias = tuple[tuple[str, str], ...]  # (role, content)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that met every rule. `characters` is the sum over the contents."""

    prompt: str
    prompt_id: str
    messages: Messages
    characters: int


def prompt_digest(prompt: str) -> str:
    """The `prompt_id` of a prompt: SHA-256 over its UTF-8 bytes, 64 hex digits."""
    return hashlib.sha256(prompt.encode("utf-8")).hexdigest()


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def encode_messages(found: Conversation) -> bytes:
    """The first part of a conversation's line, `{"messages":[...]`: JSON in UTF-8, sorted keys and no spaces."""
    return f'{{"messages":{_encode([{"content": content, "role": role} for role, content in found.messages])}'.encode()


def encode_rest(found: Conversation) -> bytes:
    """The rest of the line, `,"prompt":...,"prompt_id":...}` and a line feed."""
    return f',"prompt":{_encode(found.prompt)},"prompt_id":{_encode(found.prompt_id)}}}\n'.encode()


def estimated_tokens(size: Any, turns: Any) -> Any:
    """Tokens of a conversation, or of an array of them: bytes of its contents in UTF-8, and its messages."""
    return -(-size // BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE * turns


def tokens_of(messages: Messages) -> int:
    """The estimate for one conversation."""
    return int(estimated_tokens(sum(len(content.encode()) for _, content in messages), len(messages)))


def check(
    value: object, max_characters: int, max_tokens: int | None = None, *, strict: bool = False
) -> Conversation | Fault:
    """The conversation in a decoded row, or the first fault found in it.

    `strict` (for rows that people of the team write) also holds a given `prompt` and `prompt_id` against the
    messages. Both may be left out: the prompt is the first user message. Other keys are dropped, as the component
    does (acft's preprocessing keeps `messages` and `tools`); those that would change what is learned are refused.
    """
    if not isinstance(value, Mapping):
        return _schema(f"a row must be a JSON object, not {_kind(value)}", 'write {"messages": [...]}')
    messages = _messages(value)
    if isinstance(messages, Fault):
        return messages
    fault = _order(messages) or _text(messages, max_characters) or _too_many(messages, max_tokens)
    return fault or _with_prompt(value, messages, strict)


def _schema(what: str, fix: str) -> Fault:
    return Fault(Reason.SCHEMA, what, fix)


def _messages(row: Mapping[str, object]) -> Messages | Fault:
    given = row.get("messages")
    if given is None:
        near = difflib.get_close_matches("messages", [str(key)[:40] for key in row], n=1)
        return _schema("`messages` is missing", f"rename `{near[0]}` to `messages`" if near else "add `messages`")
    if not isinstance(given, list | tuple):
        return _schema(f"`messages` must be a list, not {_kind(given)}", 'write "messages": [{"role": ...}, ...]')
    if lost := lost_meaning.in_row(row):
        return lost
    pairs: list[tuple[str, str]] = []
    for index, message in enumerate(given):
        pair = _message(index, message)
        if isinstance(pair, Fault):
            return pair
        pairs.append(pair)
    return tuple(pairs)


def _message(index: int, message: object) -> tuple[str, str] | Fault:
    """Role and content."""
    if not isinstance(message, Mapping):
        return _schema(f"messages[{index}] must be an object, not {_kind(message)}", 'write {"role": ...}')
    if lost := lost_meaning.in_message(index, message):
        return lost
    role, content = message.get("role"), message.get("content")
    if role == "developer":
        return Fault(Reason.ROLE, f"messages[{index}].role is 'developer'", "use 'system', which means the same")
    if not isinstance(role, str):
        return _schema(f"messages[{index}].role must be text, not {_kind(role)}", "use 'user' or 'assistant'")
    if isinstance(content, list):
        return _parts(index, content)
    if not isinstance(content, str):
        return _schema(f"messages[{index}].content must be text, not {_kind(content)}", "give it a text")
    return role, content


def _parts(index: int, content: list[object]) -> Fault:
    """A content that is a list of parts."""
    found = lost_meaning.text_of(f"messages[{index}]", content)
    if isinstance(found, Fault):
        return found
    fix = "write one text; `mlops data import` joins parts that are text"
    return _schema(f"messages[{index}].content must be text, not a list of parts", fix)


def _order(messages: Messages) -> Fault | None:
    """Check the roles: an optional leading system message, then user and assistant in turn, the assistant last."""
    start = 1 if messages and messages[0][0] == "system" else 0
    expected, other = "user", "assistant"
    for index in range(start, len(messages)):
        role = messages[index][0]
        if role != expected:
            return _wrong_role(index, role, expected)
        expected, other = other, expected
    if len(messages) == start:
        return Fault(Reason.EMPTY, "there is no user message and no answer", "add a user and an assistant message")
    if expected == "assistant":
        fix = "end with the assistant's answer, or remove the last message"
        return Fault(Reason.LAST_TURN, "the last message is from the user", fix)
    return None


def _wrong_role(index: int, role: str, expected: str) -> Fault:
    if role not in ROLES:
        near = difflib.get_close_matches(role.lower()[:40], ROLES, n=1)
        fix = f"use {near[0]!r}" if near else "use 'user' or 'assistant'"
        return Fault(Reason.ROLE, f"messages[{index}].role is {role[:40]!r}", fix)
    if role == "system":
        fix = "only the first message may be a system message"
        return Fault(Reason.ROLE, f"messages[{index}] is a system message", fix)
    what = f"messages[{index}] is from the {role}, expected the {expected}"
    return Fault(Reason.ALTERNATION, what, "join neighbouring messages of one speaker")


def _text(messages: Messages, max_characters: int) -> Fault | None:
    characters = 0
    for index, (_, content) in enumerate(messages):
        where = f"messages[{index}].content"
        characters += len(content)
        if not content or content.isspace():
            return Fault(Reason.EMPTY, f"{where} is empty", "write something, or remove the row")
        if "\0" in content:
            return Fault(Reason.NOT_UTF8, f"{where} has a NUL character", "remove it")
        if not _encodable(content):
            fix = "write the character itself, not its \\ud800-\\udfff halves"
            return Fault(Reason.NOT_UTF8, f"{where} has half of a surrogate pair", fix)
    if characters > max_characters:
        fix = "shorten it, or raise data.max_characters in params.yaml"
        return Fault(Reason.TOO_LONG, f"{characters:,} characters, {max_characters:,} are allowed", fix)
    return None


def _too_many(messages: Messages, max_tokens: int | None) -> Fault | None:
    if max_tokens is None:
        return None
    tokens = tokens_of(messages)
    if tokens <= max_tokens:
        return None
    fix = "shorten it, or raise data.max_tokens in params.yaml"
    return Fault(Reason.TOO_LONG, f"about {tokens:,} tokens, {max_tokens:,} are allowed", fix)


def _with_prompt(row: Mapping[str, object], messages: Messages, strict: bool) -> Conversation | Fault:
    first = messages[0][1] if messages[0][0] == "user" else messages[1][1]
    prompt, prompt_id = row.get("prompt"), row.get("prompt_id")
    for key, given in (("prompt", prompt), ("prompt_id", prompt_id)):
        if given is not None and (not isinstance(given, str) or "\0" in given or not _encodable(given)):
            return _schema(f"`{key}` must be valid text", f"leave `{key}` out; it follows from the messages")
    text = prompt if isinstance(prompt, str) else first
    digest = prompt_id if isinstance(prompt_id, str) else prompt_digest(text)
    if strict and text != first:
        return _schema("`prompt` differs from the first user message", "make them equal, or leave `prompt` out")
    if strict and digest != prompt_digest(text):
        fix = f"leave `prompt_id` out, or set it to {prompt_digest(text)}"
        return _schema("`prompt_id` is not the SHA-256 of the prompt", fix)
    return Conversation(text, digest, messages, sum(len(content) for _, content in messages))


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int | float):
        return "a number"
    names: dict[type, str] = {str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
