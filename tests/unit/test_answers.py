"""An answer is read from every serving stack's shape, and a failure that hides behind HTTP 200 is none."""

import pytest

from mlops.domain.promote.chat_protocol import Stack, parameters, question, read_answer, stack_of


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


@pytest.mark.parametrize(
    ("body", "stack"),
    [
        ('[{"0": "hi"}]', Stack.MLFLOW),
        ('["hi"]', Stack.MLFLOW),
        ('{"output": "hi"}', Stack.INFERENCE),
        ('{"output": "hi", "finish_reason": "stop", "usage": {}}', Stack.SERVE),
        ("{}", None),
        ('{"output": null, "error": {"status_code": 500}}', None),
        ("<html>", None),
        ("[]", None),
    ],
)
def test_the_first_answer_tells_the_stack(body: str, stack: Stack | None) -> None:
    assert stack_of(body) is stack


@pytest.mark.parametrize("stack", [None, Stack.MLFLOW, Stack.INFERENCE])
def test_a_stack_that_may_fail_on_max_tokens_is_not_sent_any(stack: Stack | None) -> None:
    assert parameters(32, 0.0, stack) == {"max_new_tokens": 32, "do_sample": False, "temperature": 0.0}


def test_the_stack_that_limits_by_max_tokens_alone_is_sent_them() -> None:
    sent = parameters(32, 0.5, Stack.SERVE)
    assert sent["max_tokens"] == sent["max_new_tokens"] == 32
    assert (sent["do_sample"], sent["temperature"]) == (True, 0.5)
