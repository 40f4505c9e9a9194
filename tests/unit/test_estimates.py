"""The estimate as people and programs read it; its arithmetic is in test_costs."""

from pathlib import Path

from mlops.domain.costs import Estimate
from mlops.flow import estimates
from mlops.flow.context import Context
from mlops.params import load

PARAMS = load(Path(__file__).resolve().parents[2] / "params.yaml")
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
