"""An answer is read from every serving stack's shape, and a failure that hides behind HTTP 200 is none."""

import pytest

from mlops.domain.promote.chat_protocol import parameters, question, read_answer


@pytest.mark.parametrize(
    "body",
    [
        '{"output": "hi"}',
        '[{"0": "hi"}]',
        '["hi"]',
        '"{\\"output\\": \\"hi\\"}"',
        '{"output": "hi", "finish_reason": "stop"}',
        '[["hi"]]',
    ],
)
def test_every_shape_is_read(body: str) -> None:
    assert read_answer(body) == "hi"


@pytest.mark.parametrize(
    "body", ["{}", '{"output": null, "error": {"status_code": 500}}', "[]", "", "<html>", '{"output": ""}', "null"]
)
def test_a_hidden_failure_is_no_answer(body: str) -> None:
    assert read_answer(body) is None


def test_the_question_ends_with_the_user_and_the_truth_follows() -> None:
    turns = [
        {"role": role, "content": role[0] + str(index)}
        for index, role in enumerate(["system", "user", "assistant", "user", "assistant"])
    ]
    asked, truth = question(turns)
    assert asked[-1] == {"role": "user", "content": "u3"}
    assert truth == "a4"


def test_a_conversation_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="no question"):
        question([{"role": "user", "content": "hello"}])


def test_greedy_is_said_in_both_stacks_words() -> None:
    sent = parameters(32, 0.0)
    assert sent["do_sample"] is False
    assert sent["max_tokens"] == sent["max_new_tokens"] == 32
