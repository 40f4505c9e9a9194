"""The estimate as people and programs read it; its arithmetic is in test_costs."""

from pathlib import Path

import pytest

from mlops.domain.machines import Machine
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.costs import Estimate
from mlops.domain.training.parameters import Component, Resolved, Value
from mlops.flow.context import Context
from mlops.flow.training import estimates
from mlops.flow.training.training_spec import Training
from mlops.params import load
from tests.project import PARAMS_FILE

PARAMS = load(PARAMS_FILE)
FOUND = Estimate(hours=1.5, gpu_hours=12.0, cost=44.04, basis="median of 3 completed runs on 1 x Standard_X")


def context() -> Context:
    def never() -> None:
        raise AssertionError("an estimate in words asks nobody")

    return Context(PARAMS, Path("params.yaml"), never, lambda _: None)  # type: ignore[arg-type]


def test_hours_cost_and_what_they_rest_on() -> None:
    assert estimates.lines(context(), FOUND, "Standard_X") == (
        "estimated 12.0 GPU hours in 1.5 hours (median of 3 completed runs on 1 x Standard_X)",
        "estimated cost 44.04 USD",
    )


def test_without_a_price_there_is_no_cost_and_without_a_run_no_estimate() -> None:
    free = Estimate(1.5, 12.0, None, "x")
    assert "prices.instance_hour names no price of Standard_X" in estimates.lines(context(), free, "Standard_X")[1]
    assert estimates.lines(context(), None, "Standard_X") == (
        "no estimate: no run on 1 x Standard_X has completed yet",
    )


def made_of(**values: str) -> Training:
    resolved = Resolved({name: Value(text, "params.yaml") for name, text in values.items()})
    component = Component("c", "1", "id", {})
    return Training(BaseModel("m", "1", "id"), component, None, resolved, Machine("Standard_X", gpus=1))


@pytest.mark.parametrize(
    ("values", "epochs"),
    [
        ({}, 1.0),
        ({"num_train_epochs": "3"}, 3.0),
        ({"num_train_epochs": "3", "max_steps": "-1"}, 3.0),
        ({"num_train_epochs": "3", "max_steps": "500"}, None),
    ],
)
def test_epochs_count_unless_steps_are_bounded(values: dict[str, str], epochs: float | None) -> None:
    assert estimates._epochs(made_of(**values)) == epochs


def test_programs_get_numbers_and_the_currency() -> None:
    assert estimates.to_json(context(), None) is None
    said = estimates.to_json(context(), FOUND)
    assert said == {
        "hours": 1.5,
        "gpu_hours": 12.0,
        "cost": 44.04,
        "currency": "USD",
        "basis": "median of 3 completed runs on 1 x Standard_X",
    }


def test_without_a_workspace_machines_are_priced_by_the_hour_and_the_month() -> None:
    found = estimates.by_the_hour(context())
    size = PARAMS.training.instance_type
    assert found.rows == (
        ("training, while it runs", f"1 x {size}", "3.67 USD", ""),
        ("endpoint of staging, day and night", f"1 x {size}", "3.67 USD", "2,679.10 USD"),
        ("endpoint of production, day and night", f"1 x {size}", "3.67 USD", "2,679.10 USD"),
    )


def test_a_machine_without_a_price_is_named() -> None:
    training = PARAMS.training.model_copy(update={"instance_type": "Standard_X", "nodes": 4, "max_nodes": 4})
    params = PARAMS.model_copy(update={"training": training})
    given = context()
    given.params = params
    assert estimates.by_the_hour(given).rows[0] == (
        "training, while it runs",
        "4 x Standard_X",
        "no price of Standard_X",
        "",
    )
