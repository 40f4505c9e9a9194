"""The rules for one conversation: what passes, and the reason and fix for what does not."""

from typing import Any

import pytest

from mlops.domain.dataset.rows import Fault, Reason
from mlops.domain.dataset.validate import Conversation, check, prompt_digest


def turns(*contents: str, system: str | None = None) -> list[dict[str, Any]]:
    """Messages of user and assistant in turn."""
    lead = [{"role": "system", "content": system}] if system is not None else []
    return lead + [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(contents)]


def last(**more: Any) -> list[dict[str, Any]]:
    """A question, and an answer that says more than its text."""
    return [*turns("a"), {"role": "assistant", "content": "b", **more}]


def test_what_means_nothing_else_than_the_default_is_no_fault() -> None:
    row = {"messages": last(weight=1, train=True, tool_calls=None), "tools": [], "system": "", "functions": None}
    assert isinstance(check(row, 100), Conversation)


def test_prompt_and_its_id_follow_from_the_first_user_message() -> None:
    found = check({"messages": turns("hi", "hello", system="be kind")}, 100)
    assert isinstance(found, Conversation)
    assert (found.prompt, found.prompt_id) == ("hi", prompt_digest("hi"))
    assert found.characters == len("be kind" + "hi" + "hello")


def test_a_given_prompt_and_id_of_a_public_row_are_kept() -> None:
    found = check({"messages": turns("hi", "hello"), "prompt": "Hi!", "prompt_id": "7"}, 100)
    assert isinstance(found, Conversation)
    assert (found.prompt, found.prompt_id) == ("Hi!", "7")


@pytest.mark.parametrize(
    ("row", "reason", "says"),
    [
        (None, Reason.SCHEMA, "null"),
        (["x"], Reason.SCHEMA, "a list"),
        (True, Reason.SCHEMA, "true/false"),
        ({}, Reason.SCHEMA, "missing"),
        ({"mesages": []}, Reason.SCHEMA, "rename `mesages`"),
        ({"messages": "hi"}, Reason.SCHEMA, "text"),
        ({"messages": [1, 2]}, Reason.SCHEMA, "messages[0]"),
        ({"messages": [{"role": "user"}]}, Reason.SCHEMA, "messages[0].content must be text, not null"),
        ({"messages": [{"content": "x", "role": 3}]}, Reason.SCHEMA, "messages[0].role must be text, not a number"),
        ({"messages": turns("a", "b"), "tools": [{}]}, Reason.UNSUPPORTED, "tools"),
        ({"messages": turns("a", "b"), "functions": [{}]}, Reason.UNSUPPORTED, "`functions` is not supported"),
        ({"messages": turns("a", "b"), "system": "Be a pirate."}, Reason.UNSUPPORTED, "first message"),
        ({"messages": turns("a", "b"), "images": ["a.png"]}, Reason.UNSUPPORTED, "no text"),
        ({"messages": last(weight=0)}, Reason.UNSUPPORTED, "messages[1] says `weight: 0`"),
        ({"messages": last(train=False)}, Reason.UNSUPPORTED, "messages[1] says `train: false`"),
        ({"messages": last(tool_calls=[{"id": "1"}])}, Reason.UNSUPPORTED, "`tool_calls` in messages[1]"),
        ({"messages": last(function_call={"name": "f"})}, Reason.UNSUPPORTED, "`function_call` in messages[1]"),
        ({"messages": [{"role": "tool", "content": "1"}]}, Reason.UNSUPPORTED, "answer of a tool"),
        ({"messages": last(content=[{"type": "text", "text": "b"}])}, Reason.SCHEMA, "list of parts"),
        ({"messages": last(content=[{"type": "image_url"}])}, Reason.UNSUPPORTED, "part of type 'image_url'"),
        ({"messages": [{"role": "developer", "content": "x"}]}, Reason.ROLE, "use 'system'"),
        ({"messages": turns("a", "b"), "prompt": 7}, Reason.SCHEMA, "prompt"),
        ({"messages": turns("a", "b"), "prompt": "\ud800"}, Reason.SCHEMA, "prompt"),
        ({"messages": []}, Reason.EMPTY, "no user message"),
        ({"messages": turns(system="alone")}, Reason.EMPTY, "no user message"),
        ({"messages": turns("a", " \n\t")}, Reason.EMPTY, "messages[1].content"),
        ({"messages": [{"role": "Assistent", "content": "a"}]}, Reason.ROLE, "use 'assistant'"),
        ({"messages": [*turns("a", "b"), {"role": "system", "content": "x"}]}, Reason.ROLE, "messages[2]"),
        ({"messages": turns("a", "b")[::-1]}, Reason.ALTERNATION, "expected the user"),
        ({"messages": turns("a", "b") + turns("c")[:1] * 2}, Reason.ALTERNATION, "messages[3]"),
        ({"messages": turns("a", "b", "c")}, Reason.LAST_TURN, "end with the assistant"),
        ({"messages": turns("a", "b" * 100)}, Reason.TOO_LONG, "101 characters"),
        ({"messages": turns("a", "b\0")}, Reason.NOT_UTF8, "NUL"),
        ({"messages": turns("a", "\udc80")}, Reason.NOT_UTF8, "surrogate"),
    ],
)
def test_a_broken_rule_gives_its_reason_and_a_fix(row: Any, reason: Reason, says: str) -> None:
    found = check(row, 100)
    assert isinstance(found, Fault)
    assert found.reason == reason
    assert says in f"{found.what} {found.fix}"
    assert found.fix


def test_the_limit_itself_is_allowed() -> None:
    assert isinstance(check({"messages": turns("a", "b" * 99)}, 100), Conversation)


@pytest.mark.parametrize(
    ("given", "says"),
    [({"prompt": "other"}, "differs"), ({"prompt_id": "0" * 64}, prompt_digest("a"))],
)
def test_the_teams_own_rows_must_not_contradict_themselves(given: dict[str, str], says: str) -> None:
    found = check({"messages": turns("a", "b"), **given}, 100, strict=True)
    assert isinstance(found, Fault)
    assert says in f"{found.what} {found.fix}"
