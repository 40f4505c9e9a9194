"""Fine-tuning parameters are merged by precedence and checked against the component's interface."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.domain.training.parameters import Component, ComponentInput, canonical, resolve
from mlops.errors import BadInput

INPUTS = [
    ComponentInput("learning_rate", "number", default="2e-05"),
    ComponentInput("num_train_epochs", "integer", default="1", minimum=1),
    ComponentInput("apply_lora", "string", default="false", enum=("true", "false")),
    ComponentInput("precision", "string", default="32", enum=("32", "16")),
    ComponentInput("task_name", "string", optional=False, default="ChatCompletion"),
    ComponentInput("number_of_gpu_to_use_finetuning", "integer", minimum=1),
    ComponentInput("train_file_path", "uri_file"),
]
COMPONENT = Component("chat_completion_pipeline", "0.0.82", "azureml://c", {item.name: item for item in INPUTS})


def test_what_the_user_wrote_wins_over_the_models_defaults() -> None:
    found = resolve(COMPONENT, {"num_train_epochs": 3}, {"num_train_epochs": "1", "apply_lora": "true"}, {})
    assert found.values["num_train_epochs"].text == "3"
    assert found.values["num_train_epochs"].origin == "params.yaml"
    assert found.values["apply_lora"].origin == "base model"


def test_bounds_among_the_models_defaults_are_no_inputs_but_warn() -> None:
    found = resolve(COMPONENT, {"learning_rate": 10.0}, {"learning_rate_min": "5e-7", "learning_rate_max": "5e-5"}, {})
    assert "learning_rate_max" not in found.values
    assert [warning.why for warning in found.warnings] == ["training may diverge"]
    assert set(found.ignored) == {"learning_rate_min", "learning_rate_max"}


def test_every_problem_is_reported_at_once() -> None:
    wrong = {"learning_rat": 1, "num_train_epochs": 0, "precision": "8", "train_file_path": "x", "apply_lora": "yes"}
    with pytest.raises(BadInput) as caught:
        resolve(COMPONENT, wrong, {}, {})
    assert len(caught.value.problems) == 5
    assert any(problem.fix == "perhaps you meant learning_rate" for problem in caught.value.problems)


@pytest.mark.parametrize("value", ["0", -1, "nan", "fast"])
def test_a_learning_rate_that_cannot_train_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        resolve(COMPONENT, {"learning_rate": value}, {}, {})


def test_a_required_input_without_default_must_be_given() -> None:
    component = Component("c", "1", "id", {"x": ComponentInput("x", "string", optional=False)})
    with pytest.raises(BadInput, match="required"):
        resolve(component, {}, {}, {})


@pytest.mark.parametrize("text", ["5e-6", "5E-06", "0.000005", 5e-06])
def test_ways_to_write_a_number_are_one_run(text: object) -> None:
    assert canonical(COMPONENT.inputs["learning_rate"], text) == "5e-06"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_its_text(value: float) -> None:
    spec = ComponentInput("x", "number")
    assert float(canonical(spec, value)) == value
    assert canonical(spec, canonical(spec, value)) == canonical(spec, value)


@given(st.booleans(), st.sampled_from([str, lambda v: str(v).lower(), lambda v: v]))
def test_every_way_to_write_a_boolean_is_the_text_that_the_component_takes(value: bool, write: object) -> None:
    assert callable(write)
    assert canonical(COMPONENT.inputs["apply_lora"], write(value)) == str(value).lower()
