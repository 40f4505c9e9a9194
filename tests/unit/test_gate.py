"""The gate on single facts, and the metrics file it can be given. It must not use a service."""

import json
import math
from dataclasses import asdict

import pytest

from mlops.domain.evaluation.rules import Rule, Verdict, judge, read_metrics
from mlops.domain.numbers import apart, number
from mlops.errors import BadInput, Problem
from mlops.params.gate import GateRule as ParamsRule

LOSS = Rule("eval_loss", max=6.0, max_regression=0.05)


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as refused:
        read_metrics(text, "m.json")
    return refused.value.problems


def test_a_rule_of_the_parameters_becomes_a_rule_of_the_gate() -> None:
    fields = {
        "metric": "rouge1",
        "min": 0.2,
        "min_improvement": 0.1,
        "relative": True,
        "better": "higher",
        "required": False,
    }
    written = ParamsRule.model_validate(fields)
    empty = {"max": None, "max_regression": None, "not_worse_than": None, "better_than": None, "margin": 0.0}
    assert asdict(Rule(**written.model_dump())) == {**fields, **empty}


def test_the_sentence_says_by_how_much() -> None:
    (finding,) = judge({"eval_loss": 7.31}, None, [Rule("eval_loss", max=6.0)]).findings
    assert finding.sentence == "eval_loss 7.31 is above the largest allowed 6.0 by 1.31"
    assert finding.margin == pytest.approx(-1.31)


def test_the_sentence_shows_as_many_digits_as_tell_the_numbers_apart() -> None:
    (finding,) = judge({"eval_loss": 6.000001}, None, [Rule("eval_loss", max=6.0)]).findings
    assert "6.000001 is above the largest allowed 6.0" in finding.sentence


def test_a_refusal_is_summed_up_by_the_sentences_that_refuse_alone() -> None:
    rules = [LOSS, Rule("train_loss", max=8, required=False)]
    verdict = judge({"eval_loss": 7.0, "train_loss": 9.0}, None, rules)
    assert verdict.summary() == "eval_loss 7.0 is above the largest allowed 6.0 by 1.0"


def test_perplexity_that_was_logged_is_not_derived_again() -> None:
    (finding,) = judge({"eval_loss": 1.0, "perplexity": 9.0}, None, [Rule("perplexity", max=5)]).findings
    assert finding.candidate == 9.0


def test_a_derived_perplexity_too_large_for_a_number_refuses() -> None:
    verdict = judge({"eval_loss": 1000.0}, None, [Rule("perplexity", max=5)])
    assert verdict.summary() == "perplexity is infinity, so it cannot be judged"


@pytest.mark.parametrize("value", ["2.0", True, None, [2.0]])
def test_what_is_no_number_is_missing(value: object) -> None:
    verdict = judge({"eval_loss": value}, None, [LOSS])  # type: ignore[dict-item]
    assert [finding.kind for finding in verdict.findings] == ["missing"]
    assert not verdict.passed


def test_an_integer_too_large_for_a_float_refuses() -> None:
    assert not judge({"rouge1": 10**400}, None, [Rule("rouge1", min=0.1, better="higher")]).passed


def test_a_champion_at_zero_can_be_compared_relatively() -> None:
    rule = Rule("toxicity", max_regression=0.1, relative=True)
    assert judge({"toxicity": 0.0}, {"toxicity": 0.0}, [rule]).passed
    assert not judge({"toxicity": 0.001}, {"toxicity": 0.0}, [rule]).passed


def test_a_limit_too_large_for_a_number_refuses() -> None:
    rule = Rule("eval_loss", max_regression=10, relative=True)
    assert not judge({"eval_loss": 1.0}, {"eval_loss": 1e308}, [rule]).passed


def test_rounding_does_not_refuse_what_is_exactly_at_the_limit() -> None:
    assert judge({"eval_loss": 1.05}, {"eval_loss": 1.0}, [Rule("eval_loss", max_regression=0.05)]).passed


def test_rules_of_which_none_is_required_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="no rule is required"):
        judge({"eval_loss": 1.0}, None, [Rule("eval_loss", max=2, required=False)])
    with pytest.raises(ValueError, match="no rule is required"):
        judge({"eval_loss": 1.0}, None, [])


@pytest.mark.parametrize("limits", [{}, {"max": math.nan}, {"min": 1.0, "max_regression": math.inf}])
def test_a_rule_needs_a_finite_threshold(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="finite threshold"):
        Rule("eval_loss", **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("candidate", "champion", "said"),
    [
        ({"rougeL": 47.3}, {"rougeL": 0.45}, "rougeL 47.3 is not in its range of 0 to 1: it looks like a percentage"),
        ({"rougeL": 0.473}, {"rougeL": 45.0}, "the champion's rougeL 45.0 is not in its range of 0 to 1"),
        ({"ours": 47.3}, {"ours": 0.45}, "ours 47.3 and 0.45 look like one on a scale of 0 to 100 and one of 0 to 1"),
    ],
)
def test_a_number_on_another_scale_refuses_with_the_reason(
    candidate: dict[str, float], champion: dict[str, float], said: str
) -> None:
    (metric,) = candidate
    (finding,) = judge(candidate, champion, [Rule(metric, max_regression=0.1, better="higher")]).findings
    assert (finding.kind, finding.passed) == ("misfit", False)
    assert finding.sentence.startswith(said)


def test_the_direction_is_that_of_the_metric_unless_the_rule_says() -> None:
    assert Rule("rougeL", min=0.1).direction == "higher"
    assert Rule("eval_loss", max=1).direction == "lower"
    assert Rule("something", max=1).direction == "lower"
    assert Rule("something", max=1, better="higher").direction == "higher"


def test_a_verdict_without_findings_does_not_pass() -> None:
    assert not Verdict(()).passed


def test_metrics_are_read_from_an_object() -> None:
    assert read_metrics('{"eval_loss": 1.5, "epoch": 1}') == {"eval_loss": 1.5, "epoch": 1.0}


def test_metrics_are_read_from_mlflows_form_and_the_last_step_counts() -> None:
    points = [
        {"key": "eval_loss", "value": 1.5, "step": 20, "timestamp": 5},
        {"key": "eval_loss", "value": 2.5, "step": 10},
        {"key": "bleu_1", "value": "NaN"},
    ]
    found = read_metrics(json.dumps({"metrics": points}))
    assert found["eval_loss"] == 1.5
    assert math.isnan(found["bleu_1"])


def test_nan_and_infinity_are_read_for_the_gate_to_refuse() -> None:
    found = read_metrics('{"a": NaN, "b": -Infinity, "c": 1e999}')
    assert math.isnan(found["a"])
    assert (found["b"], found["c"]) == (-math.inf, math.inf)


def test_broken_json_is_refused_with_its_place() -> None:
    (problem,) = problems('{"eval_loss": 1.5,\n "train_loss" 2}')
    assert problem.place() == "m.json:2:15"


def test_every_value_that_is_no_number_is_refused_with_its_place() -> None:
    found = problems('{\n  "eval_loss": "good",\n  "ok": 1,\n  "train_loss": true, "bleu": null\n}')
    assert [(p.what, p.line, p.column) for p in found] == [
        ('eval_loss is "good", which is no number', 2, 3),
        ("train_loss is true, which is no number", 4, 3),
        ("bleu is null, which is no number", 4, 23),
    ]


def test_a_wrong_point_of_mlflows_form_is_refused_with_its_place() -> None:
    found = problems('{"metrics": [\n{"key": "eval_loss", "value": []},\n{"key": 3, "value": 1}, 9]}')
    assert [(p.what, p.line) for p in found] == [
        ("metrics[1] must be an object with a key and a value, and its step a number", None),
        ("metrics[2] must be an object with a key and a value, and its step a number", None),
        ("eval_loss is [], which is no number", 2),
    ]


def test_a_metric_given_twice_is_refused() -> None:
    (problem,) = problems('{"eval_loss": 9,\n "eval_loss": 1}')
    assert problem.what == "eval_loss is given more than once"


@pytest.mark.parametrize("text", ["", "[]", "3", "null", '"eval_loss"', "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_a_text_without_an_object_of_numbers_is_refused(text: str) -> None:
    assert problems(text)[0].where == "m.json"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00001, "0.00001"),
        (5e-6, "0.000005"),
        (6.0, "6.0"),
        (3, "3"),
        (7.3149, "7.315"),
        (0.1 + 0.2, "0.3"),
        (123456.7, "123457"),
        (-1.5, "-1.5"),
        (-0.0, "0.0"),
        (9.99999, "10.0"),
        (1234.0, "1234"),
        (2e-20, "2.000e-20"),
        (math.nan, "NaN"),
        (-math.inf, "-infinity"),
    ],
)
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    assert number(value) == text


def test_two_different_numbers_never_look_the_same() -> None:
    assert apart(1.0, math.nextafter(1.0, 2)) == ("1.0", "1.0000000000000002")
    assert apart(2.0, 2.0) == ("2.0", "2.0")
