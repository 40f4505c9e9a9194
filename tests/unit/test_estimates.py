"""The estimate as people read it, and what it is made from; its arithmetic is in test_costs."""

from dataclasses import replace

import pytest

from mlops.domain.machines import Machine
from mlops.domain.training.base_model import BaseModel
from mlops.domain.training.costs import Estimate, WorkUnit
from mlops.domain.training.parameters import Component, Resolved, Value
from mlops.flow.training import estimates, hourly
from mlops.flow.training.training_spec import ResolvedTraining
from mlops.params import load
from mlops.views import plan as view
from mlops.views.offline_plan import machine_costs
from tests.project import PARAMS_FILE

PARAMS = load(PARAMS_FILE)
FOUND = Estimate(
    hours=1.5, gpu_hours=12.0, cost=44.04, currency="USD", size="Standard_X", nodes=1, runs=3, scaled_by=None
)


def test_hours_cost_and_what_they_rest_on() -> None:
    assert view.estimate_lines(FOUND, "Standard_X", 1) == (
        "estimated 12.0 GPU hours in 1.5 hours (median of 3 completed runs on 1 x Standard_X)",
        "estimated cost 44.04 USD",
    )
    scaled = replace(FOUND, runs=1, scaled_by=WorkUnit.EPOCHS)
    assert "(median of 1 completed run on 1 x Standard_X, scaled by epochs)" in view.estimate_lines(scaled, "X", 1)[0]


def test_without_a_price_there_is_no_cost_and_without_a_run_no_estimate() -> None:
    free = view.estimate_lines(replace(FOUND, cost=None), "Standard_X", 1)
    assert "no price of Standard_X is known" in free[1]
    assert view.estimate_lines(None, "Standard_X", 1) == ("no estimate: no run on 1 x Standard_X has completed yet",)


def made_of(**values: str) -> ResolvedTraining:
    resolved = Resolved({name: Value(text, "params.yaml") for name, text in values.items()})
    component = Component("c", "1", "id", {})
    return ResolvedTraining(BaseModel("m", "1", "id"), component, resolved, Machine("Standard_X", gpus=1))


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
    assert estimates.epochs_of(made_of(**values)) == epochs


def test_without_a_workspace_machines_are_priced_by_the_hour_and_the_month() -> None:
    found = machine_costs(hourly.by_the_hour(PARAMS))
    size = PARAMS.training.instance_type
    assert found.rows == (
        ("training, while it runs", f"1 x {size}", "3.67 USD", ""),
        ("endpoint of staging, day and night", f"1 x {size}", "3.67 USD", "2,679.10 USD"),
        ("endpoint of production, day and night", f"1 x {size}", "3.67 USD", "2,679.10 USD"),
    )


def test_a_machine_without_a_price_is_named() -> None:
    training = PARAMS.training.model_copy(update={"instance_type": "Standard_X", "nodes": 4, "max_nodes": 4})
    found = hourly.by_the_hour(PARAMS.model_copy(update={"training": training}))
    expected = ("training, while it runs", "4 x Standard_X", "no price of Standard_X", "")
    assert machine_costs(found).rows[0] == expected
