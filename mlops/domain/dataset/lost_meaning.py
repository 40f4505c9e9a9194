"""What a row says that no training file of ours can carry: tools, turns not to be learned, pictures, control tokens.

The training component keeps `messages` and learns every assistant turn; whatever else a row says is dropped there.
"""

import re
from collections.abc import Mapping
from typing import Any

from mlops.domain.dataset.rows import Fault, Reason

TOOL_FIX = "write the answer as text, or take the row out"
TOOLS = ("tools", "functions", "function_call", "tool_choice", "parallel_tool_calls")
MEDIA = ("images", "image", "videos", "audios", "audio")
ROW_KEYS = (*TOOLS, "system", *MEDIA)
CALLS = ("tool_calls", "function_call", "tool_call_id")
SWITCHES = ("weight", "train", "training", "trainable", "loss")  # 0 or false: do not learn this turn
MESSAGE_KEYS = (*CALLS, *MEDIA, *SWITCHES)

# What the tokenizers of chat models read as one control token, and chat templates as the border of a turn. Names are
# those of the published templates: Phi, ChatML, Llama 2 and 3, Mistral, Gemma.
_NAMES = (
    "system|user|assistant|end|endoftext|im_start|im_end|im_sep|begin_of_text|end_of_text|start_header_id|"
    "end_header_id|eot_id|eom_id|python_tag|tool|tool_call|tool_response|endofprompt|fim_prefix|fim_middle|fim_suffix"
)
CONTROL_TOKENS = re.compile(
    rf"<\|(?:{_NAMES})\|>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
)
CONTROL_MARKS = ("<|", "INST]", "SYS>>", "_of_turn>", "_TOOLS]", "TOOL_")


def in_row(row: Mapping[str, Any]) -> Fault | None:
    """A fault for what stands beside the messages and would be lost."""
    for key in TOOLS:
        if row.get(key):
            return Fault(Reason.UNSUPPORTED, f"`{key}` is not supported, and would be lost", f"remove it: {TOOL_FIX}")
    if row.get("system"):
        fix = 'make it the first message: {"role": "system", "content": ...}'
        return Fault(Reason.UNSUPPORTED, "`system` beside the messages would be lost", fix)
    return _media(row, "the row")


def in_message(index: int, message: Mapping[str, Any]) -> Fault | None:
    """A fault for what a message says beside its role and text."""
    where = f"messages[{index}]"
    for key in CALLS:
        if message.get(key):
            return Fault(Reason.UNSUPPORTED, f"`{key}` in {where} is not supported, and would be lost", TOOL_FIX)
    if message.get("role") in ("tool", "function"):
        return Fault(Reason.UNSUPPORTED, f"{where} is the answer of a tool, which is not supported", TOOL_FIX)
    if message.get("role") == "assistant" and (key := switched_off(message)):
        what = f"{where} says `{key}: {str(message[key]).lower()}`, but the training learns every answer"
        return Fault(Reason.UNSUPPORTED, what, "end the conversation before it, or take the row out")
    return _media(message, where)


def switched_off(message: Mapping[str, Any]) -> str:
    """The key by which a turn asks not to be learned; empty where it does not."""
    return next((key for key in SWITCHES if message.get(key) is not None and not message[key]), "")


def text_of(where: str, content: object) -> str | Fault | None:
    """The text of a content that is a list of parts; a fault where a part is no text, None where it is no such list."""
    if not isinstance(content, list | tuple) or not content:
        return None
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
            continue
        if not isinstance(part, Mapping):
            return None
        kind, text = part.get("type", "text"), part.get("text")
        if kind not in ("text", "input_text", "output_text") or not isinstance(text, str):
            what = f"{where} has a part of type {str(kind)[:40]!r}, which is no text and would be lost"
            return Fault(Reason.UNSUPPORTED, what, "describe it in words, or take the row out")
        texts.append(text)
    return "\n".join(texts)


def control_token(text: str) -> str:
    """The first control token of a chat model that a text holds; empty where it holds none."""
    if not any(mark in text for mark in CONTROL_MARKS):
        return ""
    found = CONTROL_TOKENS.search(text)
    return found.group() if found else ""


def _media(given: Mapping[str, Any], where: str) -> Fault | None:
    for key in MEDIA:
        if given.get(key):
            what = f"`{key}` in {where} is no text, and would be lost"
            return Fault(Reason.UNSUPPORTED, what, "describe it in words, or take the row out")
    return None
