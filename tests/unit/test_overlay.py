"""What is changed on top of params.yaml: by its own block for rehearsals, and by `--set`."""

import pytest

from mlops.errors import BadInput, Problem
from mlops.params import Params, overlay
from mlops.params.overlay import Override
from mlops.params.reading import parse
from tests.project import PARAMS_FILE

TEXT = PARAMS_FILE.read_text(encoding="utf-8")


def given(*settings: str, text: str = TEXT, rehearsal: bool = False) -> Params:
    return parse(text, "params.yaml", overlay.parse(settings), rehearsal=rehearsal)


def refused(*settings: str, text: str = TEXT) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        given(*settings, text=text)
    return caught.value.problems


def test_a_setting_wins_over_the_file_and_is_remembered_with_its_source() -> None:
    params = given("training.nodes=2", "training.max_nodes=2", "environments.production.traffic_steps=[20, 100]")
    assert (params.training.nodes, params.environments["production"].traffic_steps) == (2, (20, 100))
    assert params.changes[0] == Override("training.nodes", 2, "the command line")
    assert given().changes == ()


def test_a_rule_of_the_gate_is_named_by_its_metric_or_its_number() -> None:
    assert given("gate.rules.eval_loss.max=9").gate.rules[0].max == 9
    assert given("gate.rules.0.max=null").gate.rules[0].max is None


def test_the_block_for_rehearsals_holds_in_a_rehearsal_and_nowhere_else() -> None:
    assert given().gate.rules[0].max == 2.0
    rehearsed = given(rehearsal=True)
    assert rehearsed.gate.rules[0].max == 4.5
    assert str(rehearsed.changes[0]) == "gate.rules.eval_loss.max = 4.5, from rehearsal in params.yaml"


def test_a_setting_wins_over_the_block_for_rehearsals() -> None:
    assert given("gate.rules.eval_loss.max=1", rehearsal=True).gate.rules[0].max == 1


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ("training.nodes", "is not key=value"),
        ("training.nodes=many", "training.nodes: "),
        ("training.node=2", "perhaps you meant nodes"),
        ("gate.rules.nothing.max=2", "there is no 'nothing' to change"),
        ("gate.rules.99.max=2", "there is no '99' to change"),
        ("training.nodes=[", "is not YAML"),
        ("model.base.deeper=1", "there is no 'deeper' to change"),
    ],
)
def test_a_setting_that_is_wrong_is_refused_where_it_was_typed(setting: str, what: str) -> None:
    (problem,) = refused(setting)
    assert what in str(problem)
    assert (problem.where or "").startswith("--set")


def test_a_wrong_value_in_the_block_for_rehearsals_is_found_by_every_command() -> None:
    spoilt = TEXT.replace("environments.production.bake_seconds: 2", "environments.production.bake_seconds: -2")
    (problem,) = refused(text=spoilt)
    assert problem.key == "rehearsal.environments.production.bake_seconds"
