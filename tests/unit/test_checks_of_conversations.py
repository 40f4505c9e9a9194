"""What a conversation asks of every answer to it, and how long each answer took: scores beside those of the words."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.dataset import Options
from mlops.domain.evaluation import answers
from mlops.domain.evaluation.probes.of_conversations import Checks
from mlops.errors import BadInput
from mlops.flow.evaluation import conversation_checks, evaluation_spec
from mlops.flow.project import Project
from mlops.params import load
from tests.prepared import prepared
from tests.project import PARAMS_FILE

ASKED = [{"role": "user", "content": "Where is Lima? As JSON."}]
SAID = '{"country": "Peru"}'


def line(*checks: Any, answer: str = SAID, **others: Any) -> bytes:
    messages = [*ASKED, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages, "checks": list(checks), **others}).encode() + b"\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (line(), "checks is a list of one or more"),
        (line({"like": 1}), "like is no check"),
        (line({"matches": "("}), "not a regular expression"),
        (line({"exact": ["Peru"]}), "its own answer fails the check"),
    ],
)
def test_checks_that_say_nothing_are_refused_with_their_line(row: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        prepared([], [("data/own.jsonl", row)], Options())
    assert (caught.value.problems[0].where, caught.value.problems[0].line) == ("data/own.jsonl", 1)


def test_checks_change_nothing_that_is_trained_on() -> None:
    answers_ = [f"Street {number} is near." for number in range(20)]
    rows = [line({"matches": "near"}, answer=answer) for answer in answers_]
    bare = [line(answer=answer, checks=None) for answer in answers_]
    options = Options(near_duplicates=None)
    first, second = (prepared([], [("a.jsonl", b"".join(given))], options) for given in (rows, bare))
    assert first.files == second.files


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Own conversations with checks, one of which names a person who is left out of the data."""
    (tmp_path / "data").mkdir()
    mail = "Write to ada.fictional@company-mail.io, and it is done."
    rows = line({"json": {"required": ["country"]}}, {"lacks": "Chile"}) + line({"matches": "done"}, answer=mail)
    (tmp_path / "data" / "own.jsonl").write_bytes(rows)
    text = PARAMS_FILE.read_text(encoding="utf-8").replace(
        "  max_characters:", "  personal_data: redact\n  max_characters:"
    )
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    return Project(load(tmp_path / "params.yaml"), tmp_path / "params.yaml")


def test_answers_pass_where_they_pass_every_check_of_their_conversation(project: Project) -> None:
    checks = conversation_checks.stated(project)
    truths = [messages[-1][1] for messages in checks]
    assert "company-mail" not in truths[1], "as it stands in the prepared data"
    questions = [{"messages": ASKED, "ground_truth": truth} for truth in [*truths, "Of no own conversation."]]
    said = ['{"country": "Chile"}', "It is done.", "Anything."]
    scores = scored(questions, said, checks)
    assert scores["checks"] == (0.0, 1.0)
    assert len(scores["rougeL"]) == 3


def test_a_rule_about_checks_needs_a_conversation_that_has_some(project: Project) -> None:
    rule = project.params.gate.rules[0].model_copy(update={"metric": "checks", "min": 0.9})
    gate = project.params.gate.model_copy(update={"rules": (rule,)})
    params = project.params.model_copy(update={"gate": gate})
    evaluation_spec.check_rules(Project(params, project.params_path))
    (project.root / "data" / "own.jsonl").write_bytes(line({"matches": "Peru"}, checks=None))
    with pytest.raises(BadInput, match="no conversation of data has checks") as caught:
        evaluation_spec.check_rules(Project(params, project.params_path))
    assert caught.value.problems[0].key == "gate.rules.0.metric"


@pytest.mark.parametrize(("sizes", "found"), [((1, 1), (1.5, 0.25)), ((2, 2), None), ((1,), None), ((), None)])
def test_an_answer_has_a_time_where_it_was_a_batch_of_its_own(
    sizes: tuple[int, ...], found: tuple[float, ...] | None
) -> None:
    taken = zip(sizes, (1500.0, 250.0), strict=False)
    times = "".join(json.dumps({"batch_size": size, "time_taken_ms": value}) + "\n" for size, value in taken)
    questions = [{"messages": ASKED, "ground_truth": SAID}] * 2
    assert scored(questions, ["Peru", "Lima"], {}, times).get("answer_seconds") == found


def scored(questions: list[dict[str, Any]], said: list[str], checks: Checks, times: str = "") -> Any:
    asked = "".join(f"{json.dumps(row)}\n" for row in questions)
    told = "".join(f"{json.dumps({'predictions': text})}\n" for text in said)
    return answers.score("m:1", "ev", answers.exchanges(asked, told, times), (), checks).scores
