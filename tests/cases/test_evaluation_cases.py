"""Decides over the table of evaluation.yaml, and names what is scored: the same for the same, another for another."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops import yamls
from mlops.domain.evaluation import scoring
from mlops.domain.evaluation.scoring import Scored, decide, fingerprint, questions
from mlops.domain.training.run import Attempt, JobState, parse_job_name
from mlops.errors import BadInput

CASES: list[dict[str, Any]] = yamls.read(Path(__file__).with_name("evaluation.yaml").read_text(encoding="utf-8"))
PARTS = (
    "ft-0123456789ab-1",
    "chat-evaluation:v",
    "azureml://registries/azureml/components/c/versions/1",
    {"task": "c"},
)
TURN = {"role": "user", "content": "Why?"}
TALK = [TURN, {"role": "assistant", "content": "So."}]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].replace(" ", "-"))
def test_what_is_done_about_a_score(case: dict[str, Any]) -> None:
    state, attempts = case.get("state"), case.get("attempts", 0)
    newest = Attempt(scoring.job_name("0" * 12, attempts), JobState(state)) if state else None
    assert decide(Scored("m:1", "0" * 12, newest, attempts), by_hand=case.get("by_hand", False)) == case["act"]


def test_each_part_of_what_is_scored_changes_its_name() -> None:
    changed = [
        fingerprint("ft-0123456789ab-2", *PARTS[1:]),
        fingerprint(PARTS[0], "chat-evaluation:w", *PARTS[2:]),
        fingerprint(*PARTS[:2], PARTS[2].replace("/1", "/2"), PARTS[3]),
        fingerprint(*PARTS[:3], {"task": "d"}),
        fingerprint(*PARTS),
    ]
    assert len(set(changed)) == 5
    assert fingerprint(*PARTS[:3], {"task": "c"}) == changed[-1]
    name = scoring.job_name(changed[-1], 2)
    assert scoring.is_job_name(name)
    assert parse_job_name(name) is None, "a poll does not take it for a training run"
    assert not scoring.is_job_name("ft-0123456789ab-1")
    assert Scored("m:1", changed[-1], None, 1).next_job == name


def test_the_version_of_the_questions_is_one_that_azure_takes_and_counts_conversations() -> None:
    one, other = scoring.data_version("d" * 30, 32), scoring.data_version("d" * 30, 33)
    assert one != other
    assert len(one) == 30


def test_why_a_run_needs_none() -> None:
    assert "evaluation.enabled" in scoring.why_not(enabled=False)
    assert scoring.why_not(enabled=True) == ""


def test_questions_are_conversations_without_their_last_answer() -> None:
    unanswered, empty = [*TALK, TURN], [TURN, {"role": "assistant", "content": ""}]
    text = "\n".join(json.dumps({"messages": m, "prompt_id": "x"}) for m in (unanswered, empty, TALK, [*TALK, *TALK]))
    rows = [json.loads(line) for line in questions(f"{text}\n\n", 5, "f").splitlines()]
    assert rows == [
        {"messages": [TURN], "ground_truth": "So."},
        {"messages": [*TALK, TURN], "ground_truth": "So."},
    ]
    assert questions(text, 1, "f").count("\n") == 1
    with pytest.raises(BadInput, match="nothing can be scored"):
        questions(json.dumps({"messages": unanswered}), 5, "chat-test:v")


@settings(max_examples=50)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=6), st.integers(1, 8)
)
def test_questions_keep_every_character_and_never_more_than_asked_for(answers: list[str], most: int) -> None:
    talks = [[TURN, {"role": "assistant", "content": answer}] for answer in answers]
    text = "".join(f"{json.dumps({'messages': talk}, ensure_ascii=False)}\n" for talk in talks)
    rows = [json.loads(line) for line in questions(text, most, "f").split("\n") if line]
    assert [row["ground_truth"] for row in rows] == answers[:most]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, {}),
        ("", {}),
        ("{broken", {}),
        ("[1]", {}),
        ('{"rougeL": 0.5, "bleu_1": 1, "ok": true, "said": "x", "none": null}', {"rougeL": 0.5, "bleu_1": 1.0}),
    ],
)
def test_only_numbers_of_a_metrics_file_count(text: str | None, found: dict[str, float]) -> None:
    assert scoring.metrics_of_file(text) == found
