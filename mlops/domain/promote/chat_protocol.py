"""What a deployed chat model is sent and what it answers, whichever serving stack is behind it.

Sources: the scoring contracts of foundation-model-inference, foundation-model-serve and the MLflow image of Azure ML.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Stack(StrEnum):
    """The program that serves a model, as far as its first answer tells."""

    MLFLOW = "mlflow"
    INFERENCE = "foundation-model-inference"
    SERVE = "foundation-model-serve"


def parameters(max_new_tokens: int, temperature: float, stack: Stack | None = None) -> dict[str, Any]:
    """Generation parameters; for a stack that is not known yet only what every stack accepts.

    The MLflow image hands each of them to `generate` and fails on any that it does not know, `max_tokens` among them
    (tests/parity/expectations). foundation-model-serve passes over `max_new_tokens` and limits by `max_tokens` alone.
    """
    sampled = temperature > 0
    sent = {
        "max_new_tokens": max_new_tokens,
        "do_sample": sampled,
        "temperature": temperature if sampled else 0.0,
    }
    return {**sent, "max_tokens": max_new_tokens} if stack is Stack.SERVE else sent


def stack_of(text: str) -> Stack | None:
    """Which stack gave an answer, by its shape; None when the answer does not tell, as a failure's does not."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, list) and value:  # a table, or bare texts where the question has more rows than the answer
        return Stack.MLFLOW if isinstance(value[0], str) or "0" in value[0] else None
    if isinstance(value, dict) and isinstance(value.get("output"), str):
        return Stack.SERVE if {"finish_reason", "usage"} & set(value) else Stack.INFERENCE
    return None


def read_answer(text: str) -> str | None:
    """The generated text in any response shape; None when there is none, as in the empty object of a failure."""
    try:
        value: Any = json.loads(text)
        if isinstance(value, str):  # a body that is JSON inside a JSON string
            value = json.loads(value)
    except ValueError:
        return None
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return value or None
    if isinstance(value, dict):
        for key in ("output", "0", 0):
            if isinstance(value.get(key), str):
                return value[key] or None
    return None


def question(messages: Sequence[dict[str, str]]) -> tuple[list[dict[str, str]], str]:
    """A held-out conversation as what is asked, up to a user's last turn, and the true answer that followed.

    Raises ValueError when it has no such turn.
    """
    turns = [{"role": str(m["role"]), "content": str(m["content"])} for m in messages]
    for index in range(len(turns) - 1, 0, -1):
        if turns[index]["role"] == "assistant" and turns[index - 1]["role"] == "user":
            return turns[:index], turns[index]["content"]
    raise ValueError("a held-out conversation has no question and answer")
