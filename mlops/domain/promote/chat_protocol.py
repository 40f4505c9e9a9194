"""What a deployed chat model is sent and what it answers, whichever serving stack is behind it.

Sources: the scoring contracts of foundation-model-inference, foundation-model-serve and the MLflow image of Azure ML.
"""

import json
from collections.abc import Sequence
from typing import Any


def parameters(max_new_tokens: int, temperature: float) -> dict[str, Any]:
    """Generation parameters under the names of both serving stacks."""
    sampled = temperature > 0
    return {
        "max_new_tokens": max_new_tokens,
        "max_tokens": max_new_tokens,
        "do_sample": sampled,
        "temperature": temperature if sampled else 0.0,
    }


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
