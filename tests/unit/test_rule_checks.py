"""A rule on a metric that nothing will produce is refused before anything is trained, with what was perhaps meant."""

from pathlib import Path

import pytest

from mlops.errors import BadInput
from mlops.flow.evaluation.evaluation_spec import check_rules
from mlops.flow.project import Project
from mlops.params.reading import parse
from tests.project import PARAMS_FILE

HEAD = "environments: {staging: {endpoint: chat-staging}}\n"
KEY = "gate.rules.0.metric"
ON = "evaluation: {enabled: true}\n"


def problems(rule: str, more: str = ON) -> list[str]:
    params = parse(f"{HEAD}{more}gate: {{rules: [{{{rule}}}]}}\n")
    try:
        check_rules(Project(params, Path("params.yaml")))
    except BadInput as refused:
        return [f"{problem.what}; {problem.fix}" for problem in refused.problems if problem.key == KEY]
    return []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("metric: rougel, min: 0.1", "nothing produces the metric rougel; perhaps you meant rougeL"),
        ("metric: evalloss, max: 2", "nothing produces the metric evalloss; perhaps you meant eval_loss"),
        ("metric: niceness, min: 1", "nothing produces the metric niceness; use one of answer_seconds"),
        ("metric: probes.arithmetik, min: 0.5", "no probes of probes.arithmetik are asked"),
        ("metric: eval_loss, better_than: base", "eval_loss has no value for each answer to compare"),
        ("metric: rougeL, better: lower, max: 0.5", "rougeL is better when higher, the rule says lower"),
    ],
)
def test_a_rule_that_cannot_be_judged_is_refused(rule: str, said: str) -> None:
    (found,) = problems(rule)
    assert found.startswith(said)


def test_answers_need_an_evaluation() -> None:
    (found,) = problems("metric: rougeL, better_than: base", more="")
    assert found.startswith("rougeL is of answers, and no model is asked")


def test_a_component_of_ones_own_may_log_anything() -> None:
    assert problems("metric: niceness, min: 1", f"{ON}training: {{component: ours}}\n") == []


def test_the_rules_of_the_project_are_right() -> None:
    check_rules(Project(parse(PARAMS_FILE.read_text(encoding="utf-8")), PARAMS_FILE))
    assert problems("metric: perplexity, max: 9") == []
