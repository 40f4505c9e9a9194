"""Rules that compare answers: what passes, what refuses, what is no evidence, and what each says."""

import numpy as np
import pytest

from mlops.domain.evaluation.findings import Finding, Rule
from mlops.domain.evaluation.paired import Judgement
from mlops.domain.evaluation.paired_rules import Answers, by_category
from mlops.domain.evaluation.rules import judge
from mlops.params.gate import GateRule as ParamsRule

RNG = np.random.default_rng(4)
BASE = tuple(float(value) for value in RNG.uniform(0.2, 0.6, 60))
NOISE = tuple(float(value) for value in RNG.normal(0, 0.03, 60))


def shifted(by: float, noise: float = 1.0, count: int = 60) -> tuple[float, ...]:
    return tuple(score + by + noise * error for score, error in zip(BASE, NOISE, strict=True))[:count]


def found(rule: Rule, candidate: tuple[float, ...] | None, *, first: bool = False) -> Finding:
    count = len(candidate or BASE)
    scores = {"rougeL": BASE[:count]}
    answers = Answers(None if candidate is None else {"rougeL": candidate}, None if first else scores, scores)
    (finding,) = judge({}, None if first else {}, [rule], answers).findings
    return finding


KEEP = Rule("rougeL", not_worse_than="champion", margin=0.03)
GAIN = Rule("rougeL", better_than="base")


@pytest.mark.parametrize(
    ("rule", "candidate", "outcome", "said"),
    [
        (KEEP, shifted(0.0), Judgement.PASS, "a loss of more than 0.03 is ruled out"),
        (KEEP, shifted(-0.06), Judgement.REFUSE, "a loss is shown, and one of more than 0.03 is not ruled out"),
        (KEEP, shifted(-0.01, 5.0), Judgement.NOT_ENOUGH, "not enough evidence: so many show a difference of"),
        (KEEP, shifted(0.1, 1.0, 12), Judgement.NOT_ENOUGH, "not enough evidence: fewer than 20 say nothing"),
        (GAIN, shifted(0.04), Judgement.PASS, "a gain is shown"),
        (GAIN, shifted(-0.04), Judgement.REFUSE, "a loss is shown"),
        (GAIN, shifted(0.01, 5.0), Judgement.NOT_ENOUGH, "not enough evidence"),
    ],
)
def test_an_outcome_follows_from_the_interval(
    rule: Rule, candidate: tuple[float, ...], outcome: Judgement, said: str
) -> None:
    finding = found(rule, candidate)
    assert finding.outcome is outcome
    assert finding.passed == (outcome is Judgement.PASS)
    assert finding.word == outcome.value
    assert said in finding.sentence


def test_a_sentence_has_the_numbers() -> None:
    sentence = found(GAIN, shifted(0.04)).sentence
    assert sentence.startswith("rougeL 0.4")
    assert "is better than the base model's 0.4" in sentence
    assert "on 60 conversations (95 %: +0.0" in sentence


def test_without_enough_evidence_the_number_that_is_needed_is_said() -> None:
    finding = found(KEEP, shifted(-0.01, 5.0))
    assert finding.paired is not None
    assert int(finding.sentence.rpartition("needs about ")[2]) > 60


def test_without_a_champion_nothing_is_compared_with_one_but_with_the_base_it_is() -> None:
    finding = found(KEEP, shifted(-0.2), first=True)
    assert (finding.passed, finding.paired) == (True, None)
    assert finding.sentence == "rougeL is not compared: there is no champion yet"
    assert not found(Rule("rougeL", not_worse_than="base", margin=0.03), shifted(-0.2), first=True).passed


def test_answers_that_are_not_there_refuse() -> None:
    finding = found(KEEP, None)
    assert (finding.kind, finding.passed) == ("missing", False)
    assert "the candidate's answers are not there" in finding.sentence


def test_a_lower_number_is_better_where_the_metric_says_so() -> None:
    rule = Rule("refusal", better_than="base")
    answers = Answers({"refusal": (0.0,) * 30}, None, {"refusal": (1.0,) * 15 + (0.0,) * 15})
    assert judge({}, None, [rule], answers).passed


def test_an_advisory_comparison_never_refuses() -> None:
    advisory = Rule("rougeL", not_worse_than="base", margin=0.03, required=False)
    answers = Answers({"rougeL": shifted(-0.2)}, None, {"rougeL": BASE})
    verdict = judge({"eval_loss": 1.0}, None, [Rule("eval_loss", max=2.0), advisory], answers)
    assert verdict.passed
    assert verdict.findings[1].word == "advisory"


def test_forgetting_a_quarter_of_the_probes_refuses_and_is_told_by_category() -> None:
    base = {"probes.all": (1.0,) * 80, "probes.arithmetic": (1.0,) * 40}
    forgot = {"probes.all": (0.0,) * 20 + (1.0,) * 60, "probes.arithmetic": (0.0,) * 20 + (1.0,) * 20}
    rule = Rule("probes.all", not_worse_than="base", margin=0.05)
    verdict = judge({}, None, [rule], Answers(forgot, None, base))
    assert not verdict.passed
    assert "probes.all 0.75 is worse than the base model's 1.0 by 0.25 on 80 probes" in verdict.summary()
    rows = by_category(Answers(forgot, None, base))
    assert [(name, item.sign.losses) for name, item in rows.items()] == [("probes.all", 20), ("probes.arithmetic", 20)]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"metric": "rougeL", "not_worse_than": "champion"}, "not_worse_than needs a margin above 0"),
        ({"metric": "rougeL", "better_than": "base", "margin": 0.1}, "margin belongs to not_worse_than"),
        ({"metric": "rougeL"}, "a rule needs at least one of"),
        ({"metric": "rougeL", "better_than": "friend"}, "champion"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_in_the_parameters(rule: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ParamsRule.model_validate(rule)
