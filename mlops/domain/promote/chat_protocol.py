"""What a deployed chat model is sent and what it answers, whichever serving stack is behind it.

Sources: the scoring contracts of foundation-model-inference, foundation-model-serve and the MLflow image of Azure ML.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mlops import jsons
from mlops.errors import BadInput, Problem


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
        value: Any = jsons.read(text)
    except ValueError:
        return None
    if isinstance(value, list) and value:  # a table, or bare texts where the question has more rows than the answer
        return Stack.MLFLOW if isinstance(value[0], str) or (isinstance(value[0], dict) and "0" in value[0]) else None
    if isinstance(value, dict) and isinstance(value.get("output"), str):
        return Stack.SERVE if {"finish_reason", "usage"} & set(value) else Stack.INFERENCE
    return None


def read_answer(text: str) -> str | None:
    """The generated text in any response shape; None when there is none, as in the empty object of a failure."""
    try:
        value: Any = jsons.read(text)
        if isinstance(value, str):  # a body that is JSON inside a JSON string
            value = jsons.read(value)
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


@dataclass(frozen=True)
class Question:
    """A conversation up to the user's turn, and the true answer where one is known."""

    messages: tuple[dict[str, str], ...]
    ground_truth: str | None = None


def own_question(text: str, system: str = "") -> Question:
    """A text that a person asks, after a system message where one is given. Raises BadInput for an empty one."""
    if not text.strip():
        raise BadInput(Problem("the question is empty", fix="write it after the environment, or pipe it in"))
    head = [{"role": "system", "content": system}] if system else []
    return Question((*head, {"role": "user", "content": text}))


def read_questions(text: str, where: str) -> tuple[Question, ...]:
    """The conversations of a file: one as JSON (`{"messages": [...]}` or the list alone), or JSON lines of such.

    A last turn of the assistant is the true answer. Raises BadInput with everything that is wrong.
    """
    found: list[Question] = []
    problems: list[Problem] = []
    for line, stated in _documents(text, where):
        asked = _question(stated)
        if isinstance(asked, str):
            problems.append(Problem(asked, where, line, fix='write {"messages": [{"role": "user", "content": "..."}]}'))
        else:
            found.append(asked)
    if not found and not problems:
        problems.append(Problem("holds no conversation", where))
    if problems:
        raise BadInput(problems)
    return tuple(found)


def _documents(text: str, where: str) -> Iterator[tuple[int | None, Any]]:
    """The whole text as one document; where its first line is one, each line, with its number."""
    whole, why = _parsed(text)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not why or not lines or _parsed(lines[0][1])[1]:
        if why:
            raise BadInput(Problem("not valid JSON", where, why=why))
        yield None, whole
        return
    for number, line in lines:
        stated, why = _parsed(line)
        if why:
            raise BadInput(Problem("not valid JSON", where, number, why=why))
        yield number, stated


def _parsed(text: str) -> tuple[Any, str]:
    """The value, and why there is none."""
    try:
        return jsons.read(text), ""
    except ValueError as error:
        return None, str(error) or "too deep"


def _question(stated: Any) -> Question | str:
    turns = stated.get("messages") if isinstance(stated, dict) else stated
    if not isinstance(turns, list) or not turns:
        return "a conversation is a list of messages"
    for turn in turns:
        good = isinstance(turn, dict) and turn.get("role") in ("system", "user", "assistant")
        if not good or not isinstance(turn.get("content"), str) or not turn["content"].strip():
            return "a message has a role (system, user or assistant) and a content that is not empty"
    messages = [{"role": turn["role"], "content": turn["content"]} for turn in turns]
    truth = messages.pop()["content"] if messages[-1]["role"] == "assistant" else None
    if not messages or messages[-1]["role"] != "user":
        return "the last turn before the answer must be the user's"
    return Question(tuple(messages), truth)
