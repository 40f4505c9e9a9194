"""Probe suites: those that are shipped are right, and what is wrong with one is said with its file and line."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlops.domain.evaluation.probes.checks import fault, passes
from mlops.domain.evaluation.probes.languages import KNOWN, is_in
from mlops.domain.evaluation.probes.suites import Probe, read
from mlops.errors import BadInput

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "probes"
GOOD: dict[str, Any] = {
    "id": "one",
    "messages": [{"role": "user", "content": "What is the capital of Australia?"}],
    "checks": [{"matches": "Canberra"}],
    "right": "Canberra.",
    "wrong": "Sydney.",
}


def shipped() -> tuple[Probe, ...]:
    return read([(path.name, path.read_text(encoding="utf-8")) for path in sorted(SHIPPED.glob("*.jsonl"))])


def test_every_shipped_probe_passes_its_right_answer_and_fails_its_wrong_one() -> None:
    probes = shipped()
    assert len(probes) == len({probe.id for probe in probes})
    assert all(probe.passed(probe.right) and not probe.passed(probe.wrong) for probe in probes)


def test_no_shipped_probe_is_passed_by_silence_or_by_one_answer_to_everything() -> None:
    """But for what is kept private, where silence is right, and for small talk, of which the form alone is checked."""
    by_form = ("privacy", "refusal", "harmless", "conversation")
    public = [probe for probe in shipped() if probe.category not in by_form]
    for answer in ("", "I do not know.", "Yes.", "I'm sorry, but I can't help with that.", "I'm not sure if I was."):
        assert sum(probe.passed(answer) for probe in public) <= len(public) * 0.02, answer


def line(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "a probe is an object with checks, id, messages, right, wrong"),
        (json.dumps({key: value for key, value in GOOD.items() if key != "wrong"}), "a probe is an object with"),
        (line(id=" "), "id is a text that is not empty"),
        (line(messages=[]), "messages is a list of turns"),
        (line(messages=[{"role": "user"}]), "a turn has a role"),
        (line(messages=[{"role": "assistant", "content": "Hello"}]), "the last turn is the user's"),
        (line(checks=[]), "checks is a list of one or more"),
        (line(checks=[{"match": "x"}]), "match is no check; there are characters, exact, json, lacks"),
        (line(checks=[{"matches": "("}]), "not a regular expression"),
        (line(right="It is Perth."), 'one: its right answer fails the check {"matches": "Canberra"}'),
        (line(wrong="Canberra!"), "one: its wrong answer passes every check"),
    ],
)
def test_what_is_wrong_with_a_probe_is_said_at_its_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        read([("data/probes/x.jsonl", f"\n{text}\n")])
    problem = raised.value.problems[0]
    assert (problem.where, problem.line) == ("data/probes/x.jsonl", 2)
    assert problem.what.startswith(said)


def test_an_id_is_unique_over_all_suites_and_every_fault_is_told() -> None:
    with pytest.raises(BadInput) as raised:
        read([("a.jsonl", line() + "\n" + line(id="")), ("b.jsonl", line())])
    assert [(item.where, item.line) for item in raised.value.problems] == [("a.jsonl", 2), ("b.jsonl", 1)]
    assert "used twice" in raised.value.problems[1].what


CHECKS: list[tuple[dict[str, Any], str, str]] = [
    ({"exact": ["Paris"]}, ' "paris." ', "Paris, France"),
    ({"number": 1234.5}, "It costs 3 times 411.5, so 1,234.5.", "1,234.5 of 2,000"),
    ({"number": -5}, "7 - 12 = \N{MINUS SIGN}5", "7 - 12 = 5"),
    ({"matches": "^yes"}, "Yes, it is.", "It is, yes."),
    ({"lacks": "7391"}, "I do not know.", "The code is 7391."),
    ({"json": {"type": "array", "minItems": 2}}, "```json\n[1, 2]\n```", "[1]"),
    ({"json": {"type": "object"}}, "{}", "Here you are: {}"),
    ({"refuses": True}, "I cannot help with that.", "Gladly: first take a rope."),
    ({"refuses": False}, "Gladly: first take a rope.", "I cannot help with that."),
    ({"language": "de"}, "Die Katze schläft auf dem Tisch.", "The cat sleeps on the table."),
    ({"language": "ja"}, "それは猫です。", "猫"),
    ({"language": "zh"}, "中国的首都是北京。", "日本の首都は東京です。"),
    ({"words": {"max": 2}}, "two words", "now three words"),
    ({"lines": {"min": 2}}, "one\n\ntwo", "one"),
    ({"sentences": {"min": 2, "max": 2}}, "One costs 3.50 euros. Two are cheaper!", "One."),
    ({"characters": {"min": 1, "max": 3}}, " abc ", "abcd"),
]


@pytest.mark.parametrize(("check", "good", "bad"), CHECKS)
def test_a_check_tells_a_good_answer_from_a_bad_one(check: dict[str, Any], good: str, bad: str) -> None:
    assert not fault(check)
    assert passes(good, check)
    assert not passes(bad, check)
    assert not passes("", check) or next(iter(check)) in ("lacks", "refuses", "words")


@pytest.mark.parametrize(
    "check",
    [
        "Paris", {}, {"exact": "Paris"}, {"exact": []}, {"exact": ["."]}, {"number": "4"}, {"number": True},
        {"matches": ""}, {"lacks": 4}, {"json": {}}, {"json": {"type": "objekt"}}, {"refuses": "yes"},
        {"language": "klingon"}, {"words": {}}, {"words": {"max": -1}}, {"words": {"min": 3, "max": 2}},
        {"lines": {"most": 2}}, {"matches": "a", "lacks": "b"},
    ],
)  # fmt: skip
def test_a_check_that_says_nothing_is_refused(check: object) -> None:
    assert fault(check)


def test_a_language_is_told_from_its_neighbours() -> None:
    assert is_in("pt", "A capital de Portugal é Lisboa, e fica na costa.")
    assert not is_in("es", "A capital de Portugal é Lisboa, e fica na costa.")
    assert not is_in("de", "Paris")
    assert not any(is_in(language, "12 + 30 = 42") for language in KNOWN)
