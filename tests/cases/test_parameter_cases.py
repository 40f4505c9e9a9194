"""What was written, by whom -> what is sent, or why it is refused; one row a situation, in three versions."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.training.parameters import Component, ComponentInput, canonical, difference, misfits, resolve
from mlops.errors import BadInput

SHARED = (
    ComponentInput("learning_rate", "number", default="2e-05"),
    ComponentInput("num_train_epochs", "integer", default="1", minimum=1),
    ComponentInput("apply_lora", "string", default="false", enum=("true", "false")),
    ComponentInput("precision", "string", default="32", enum=("32", "16")),
    ComponentInput("seed", "integer", default="42"),
    ComponentInput("finetune_note", "string"),
    ComponentInput("num_nodes_finetune", "integer", minimum=1),
    ComponentInput("compute_finetune", "string", default="serverless"),
    ComponentInput("train_file_path", "uri_file"),
)


def version(number: str, strategies: tuple[str, ...], *more: ComponentInput) -> Component:
    spec = ComponentInput("evaluation_strategy", "string", default="epoch", enum=strategies)
    inputs = {item.name: item for item in (*SHARED, spec, *more)}
    return Component("pipeline", number, f"azureml://c/{number}", inputs)


TRUST = ComponentInput("trust_remote_code", "string", default="false", enum=("true", "false"))
CODE = ComponentInput("finetune_config_path", "uri_file")
EVALUATION = ComponentInput("compute_model_evaluation", "string", default="serverless")
V75 = version("0.0.75", ("epoch", "steps"))
V78 = version("0.0.78", ("epoch", "steps", "disable"), EVALUATION)
V82 = version("0.0.82", ("epoch", "steps", "disable"), EVALUATION, TRUST, CODE)
ALL = (V82, V78, V75)


@dataclass(frozen=True)
class Case:
    name: str
    user: dict[str, Any]
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> value, origin
    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    model: dict[str, str] = field(default_factory=dict)
    component: Component = V82


CASES = [
    Case("ours, where nobody else says anything", {}, {"seed": ("42", "our default")}),
    Case("the model's win over ours", {}, {"seed": ("7", "base model")}, model={"seed": "7"}),
    Case("the user's win over the model's", {"seed": 8}, {"seed": ("8", "params.yaml")}, model={"seed": "7"}),
    Case("a boolean of YAML", {"apply_lora": True}, {"apply_lora": ("true", "params.yaml")}),
    Case("a boolean in capitals", {"apply_lora": "False"}, {"apply_lora": ("false", "params.yaml")}),
    Case("another word for true", {"apply_lora": "yes"}, refused=('must be "true" or "false"',)),
    Case("a number for a word", {"precision": 16}, {"precision": ("16", "params.yaml")}),
    Case("the same as a fraction", {"precision": 16.0}, {"precision": ("16", "params.yaml")}),
    Case("not in the list", {"precision": 8}, refused=("precision: 8 is not allowed\n  fix: use one of: 32, 16",)),
    Case("below the least", {"num_train_epochs": 0}, refused=("0 is below the least allowed 1",)),
    Case("no whole number", {"num_train_epochs": 1.5}, refused=("must be a whole number",)),
    Case("no number", {"num_train_epochs": True}, refused=("must be a number",)),
    Case("infinite", {"learning_rate": float("inf")}, refused=("must be a finite number",)),
    Case("misspelt", {"learning_rat": 1}, refused=("fix: perhaps you meant learning_rate",)),
    Case("an asset by hand", {"train_file_path": "x"}, refused=("is an asset (uri_file)",)),
    Case("where a step runs", {"compute_finetune": "x"}, refused=("remove it, and set training.compute",)),
    Case("against the compute check", {"num_nodes_finetune": 4}, refused=("is 4, but training.nodes makes it 2",)),
    Case(
        "the same as the compute check",
        {"num_nodes_finetune": "2"},
        {"num_nodes_finetune": ("2", "compute check")},
    ),
    Case(
        "new in a later version",
        {"trust_remote_code": "true"},
        refused=(
            "trust_remote_code is not an input of pipeline 0.0.78\n  why: versions that take it: 0.0.82; "
            "from 0.0.78 to 0.0.82: + trust_remote_code\n  fix: remove it, or set training.component_version to "
            '"0.0.82"',
        ),
        component=V78,
    ),
    Case(
        "a value that is new in a later version",
        {"evaluation_strategy": "disable"},
        refused=("'disable' is not allowed\n  why: versions of the component that take it: 0.0.82, 0.0.78",),
        component=V75,
    ),
    Case("in no version", {"rank": 8}, refused=("why: nor of 0.0.82, 0.0.78, 0.0.75",)),
    Case(
        "a default of the model that this version lacks",
        {},
        model={"trust_remote_code": "false"},
        component=V75,
    ),
    Case(
        "a default of the model that this version refuses is left out",
        {},
        {"evaluation_strategy": ("epoch", "our default")},
        warned=("left out (base model): training.parameters.evaluation_strategy: 'disable' is not allowed",),
        model={"evaluation_strategy": "disable"},
        component=V75,
    ),
    Case(
        "the same, but the user says otherwise",
        {"evaluation_strategy": "steps"},
        {"evaluation_strategy": ("steps", "params.yaml")},
        model={"evaluation_strategy": "disable"},
        component=V75,
    ),
    Case(
        "above the model's bound",
        {"learning_rate": "1e-3"},
        {"learning_rate": ("0.001", "params.yaml")},
        warned=("0.001 is above 5e-5, the bound learning_rate_max",),
        model={"learning_rate_min": "5e-7", "learning_rate_max": "5e-5"},
    ),
    Case(
        "below it",
        {"learning_rate": 1e-9},
        warned=("1e-09 is below 5e-7, the bound learning_rate_min",),
        model={"learning_rate_min": "5e-7"},
    ),
    Case("on the bound", {"learning_rate": 5e-5}, model={"learning_rate_max": "5e-5"}),
    Case(
        "the user's own bound wins, and is no input",
        {"learning_rate": 1e-3, "learning_rate_max": 1},
        model={"learning_rate_max": "5e-5"},
    ),
    Case(
        "a bound that is no number",
        {"learning_rate": 1e-3},
        warned=("learning_rate_max is no number: 'high'",),
        model={"learning_rate_max": "high"},
    ),
    Case(
        "all problems at once",
        {"precision": 8, "num_train_epochs": 0, "rank": 1},
        refused=("precision", "num_train_epochs", "rank"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parameters(case: Case) -> None:
    try:
        found = resolve(case.component, case.user, case.model, {"num_nodes_finetune": 2}, others=ALL)
    except BadInput as error:
        told = [str(problem) for problem in error.problems]
        assert len(told) == len(case.refused), told
        assert all(part in text for part, text in zip(case.refused, told, strict=True)), told
        return
    assert not case.refused
    assert {name: (found.values[name].text, found.values[name].origin) for name in case.sent} == case.sent
    warned = [str(problem) for problem in found.warnings]
    assert len(warned) == len(case.warned), warned
    assert all(part in text for part, text in zip(case.warned, warned, strict=True)), warned
    assert found.values.keys() <= case.component.inputs.keys()
    assert not found.values.keys() & found.defaults.keys()


def test_the_table_shows_what_a_value_won_over() -> None:
    found = resolve(V82, {"seed": 8}, {"seed": "7"}, {})
    assert ("seed", "8", "params.yaml", "base model: 7, our default: 42") in found.rows()
    assert resolve(V82, {"seed": 42}, {}, {}).values["seed"].overrides() == ""


def test_only_what_another_version_may_take_asks_for_the_other_versions() -> None:
    assert misfits(V82, {"seed": 1, "apply_lora": True, "learning_rate_max": 1, "num_train_epochs": 0}) == []
    assert misfits(V75, {"trust_remote_code": "true", "evaluation_strategy": "disable"}) == [
        "trust_remote_code",
        "evaluation_strategy",
    ]


def test_versions_differ_in_words() -> None:
    assert difference(V75, V82) == (
        "from 0.0.75 to 0.0.82: + compute_model_evaluation, trust_remote_code; other values of evaluation_strategy"
    )
    assert difference(V78, V75).startswith("from 0.0.78 to 0.0.75: - compute_model_evaluation")
    assert difference(V82, V82) == ""


WORDS = st.sampled_from(["true", "TRUE", "16", "1e-5", "x", ""])
WRITTEN = st.one_of(st.booleans(), st.integers(-3, 99), st.floats(), WORDS)
NAMES = st.sampled_from([*V82.inputs, "learning_rate_max", "learning_rate_min", "junk"])


@given(st.dictionaries(NAMES, WRITTEN, max_size=6), st.dictionaries(NAMES, WRITTEN.map(str), max_size=6))
def test_whatever_is_written_only_what_the_component_takes_is_sent(user: dict[str, Any], model: dict[str, str]) -> None:
    try:
        found = resolve(V82, user, model, {"num_nodes_finetune": 2}, others=ALL)
    except BadInput:
        return
    for name, value in found.values.items():
        spec = V82.inputs[name]
        assert spec.literal
        assert not spec.enum or value.text in spec.enum
        assert canonical(spec, value.text) == value.text
        assert spec.minimum is None or float(value.text) >= spec.minimum
        if name in user and name != "num_nodes_finetune":
            assert value.origin == "params.yaml"
