"""Own questions: conversations from files and pipes, and what is wrong with them."""

import json

import pytest

from mlops.domain.promote.chat_protocol import Question, own_question, read_questions
from mlops.errors import BadInput
from mlops.flow.promote.result import AskedQuestion, AskResult, EndpointAnswer
from mlops.views import ask as view

ASKED = {"role": "user", "content": "How high is it?"}
SAID = {"role": "assistant", "content": "Nine metres."}
SYSTEM = {"role": "system", "content": "Be brief."}


def test_a_text_is_asked_after_a_system_message() -> None:
    assert own_question("Why?", "Be brief.").messages == (SYSTEM, {"role": "user", "content": "Why?"})
    with pytest.raises(BadInput, match="the question is empty"):
        own_question(" \n")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"messages": [SYSTEM, ASKED, SAID]}),
        json.dumps([SYSTEM, ASKED, SAID], indent=2),
        json.dumps({"messages": [SYSTEM, ASKED, SAID], "prompt_id": "p"}) + "\n",
    ],
)
def test_a_last_turn_of_the_assistant_is_the_true_answer(text: str) -> None:
    assert read_questions(text, "chat.json") == (Question((SYSTEM, ASKED), "Nine metres."),)


def test_json_lines_are_several_conversations() -> None:
    lines = "\n".join(json.dumps({"messages": turns}) for turns in ([ASKED], [ASKED, SAID], [ASKED, SAID, ASKED]))
    found = read_questions(lines, "chats.jsonl")
    assert [(len(one.messages), one.ground_truth) for one in found] == [(1, None), (1, "Nine metres."), (3, None)]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{", None, "not valid JSON"),
        ("", None, "not valid JSON"),
        ("[]", None, "a conversation is a list of messages"),
        ('{"messages": 3}', None, "a conversation is a list of messages"),
        (json.dumps([{"role": "bot", "content": "x"}]), None, "a message has a role"),
        (json.dumps([{"role": "user", "content": " "}]), None, "a message has a role"),
        (json.dumps([SAID]), None, "must be the user's"),
        (json.dumps([SYSTEM]), None, "must be the user's"),
        (f"{json.dumps([ASKED])}\n{json.dumps([SAID, SAID])}\n", 2, "must be the user's"),
        (f"{json.dumps([ASKED])}\n{{\n", 2, "not valid JSON"),
    ],
)
def test_what_is_no_conversation_is_refused_with_its_line(text: str, line: int | None, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_questions(text, "chat.json")
    (problem,) = refused.value.problems
    assert (problem.where, problem.line) == ("chat.json", line)
    assert said in problem.what


def answer(environment: str, text: str | None, **scores: float) -> EndpointAnswer:
    failure = "" if text else "HTTP 500: no"
    return EndpointAnswer(environment, f"chat-{environment}", "d", "m:1", 0.25, text, failure, scores)


def test_environments_are_shown_side_by_side_with_their_time_and_scores() -> None:
    answers = (answer("staging", "Nine.", rougeL=0.5), answer("production", None))
    result = AskResult((AskedQuestion((ASKED,), "Nine metres.", answers),), held_out=True, chat=False, silent=("dev",))
    text = view.report(result).to_markdown()
    assert "staging and production answer" in text
    assert "| staging (250 ms) | Nine. |" in text
    assert "no answer: HTTP 500: no" in text
    assert "| scores of staging | rougeL 0.5 |" in text
    assert "dev serves no model" in text
    assert view.outputs(result) == {"prediction": "Nine.", "ground-truth": "Nine metres."}


def test_of_a_chat_only_the_end_is_told() -> None:
    asked = tuple(AskedQuestion((ASKED,), None, (answer("staging", text),)) for text in ("One.", "Two."))
    report = view.report(AskResult(asked, held_out=False, chat=True, silent=()))
    assert (report.title, report.tables) == ("2 questions to staging", ())
    assert view.outputs(AskResult((), held_out=False, chat=True, silent=()))["prediction"] == ""
