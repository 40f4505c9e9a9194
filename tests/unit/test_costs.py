"""Hours and money from runs that were, as cases."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from azureml_emulator.catalog import sizes
from mlops.azure import dated_prices
from mlops.clouds import PUBLIC
from mlops.domain.release import budget
from mlops.domain.training.costs import Estimate, PastRun, PriceList, amount, cost, estimate, machine_cost
from mlops.errors import BadInput
from mlops.flow.promote.consent import Consent
from mlops.params.reading import parse

A100 = "Standard_NC24ads_A100_v4"
PRICES = {"standard_nc24ads_a100_V4": 4.0}


def past(seconds: float, *, size: str = A100, nodes: int = 1, work: float | None = None) -> PastRun:
    return PastRun("ft", seconds, size, nodes, work)


def test_a_price_is_found_whatever_the_case_of_the_size() -> None:
    assert cost(A100, 2, 1.5, PRICES) == 12.0
    assert cost("Standard_ND96asr_v4", 1, 1, PRICES) is None
    assert amount(1234.5, "EUR") == "1,234.50 EUR"


@pytest.mark.parametrize(
    ("runs", "nodes", "gpus", "work", "hours", "gpu_hours", "money"),
    [
        ([past(3600)], 1, 1, None, 1, 1, 4.0),
        ([past(3600), past(7200), past(36000)], 1, 4, None, 2, 8, 8.0),
        ([past(3600, work=100)], 1, 1, 300.0, 3, 3, 12.0),
        ([past(3600, work=None)], 1, 1, 300.0, 1, 1, 4.0),
        ([past(3600), past(9999, nodes=2)], 1, 1, None, 1, 1, 4.0),
        ([past(3600, size=A100.upper(), nodes=2)], 2, 1, None, 1, 2, 8.0),
    ],
    ids=["one", "median and GPUs", "scaled", "work not known", "other nodes do not count", "two nodes, other case"],
)
def test_a_run_is_estimated_by_runs_like_it(
    runs: list[PastRun], nodes: int, gpus: int, work: float | None, hours: float, gpu_hours: float, money: float
) -> None:
    found = estimate(runs, size=A100, nodes=nodes, gpus_per_node=gpus, work=work, prices=PriceList(PRICES, "EUR"))
    assert isinstance(found, Estimate)
    assert (found.hours, found.gpu_hours, found.cost, found.currency) == (hours, gpu_hours, money, "EUR")


def test_machines_are_priced_by_the_hour_and_the_month() -> None:
    found = machine_cost(A100, 2, PriceList(PRICES, "EUR"), "staging")
    assert (found.endpoint, found.an_hour, found.a_month, found.currency) == ("staging", 8.0, 5840.0, "EUR")
    unknown = machine_cost("Standard_X", 1, PriceList(PRICES, "EUR"))
    assert (unknown.endpoint, unknown.an_hour, unknown.a_month) == (None, None, None)


def test_nothing_is_estimated_without_a_run_like_it() -> None:
    other = [past(3600, size="Standard_ND96asr_v4"), past(0)]
    assert estimate(other, size=A100, nodes=1, gpus_per_node=1, work=None, prices=PriceList(PRICES, "EUR")) is None


MINIMAL = "gate: {rules: [{metric: a, max: 1}]}\nenvironments: {e: {endpoint: abc}}\n"


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ("{currency: GBP}", "EUR"),
        ("{instance_hour: {Standard_A: -1}}", "0 or more"),
        ("{instance_hour: {Standard_A: 1, STANDARD_a: 2}}", "written twice"),
    ],
)
def test_a_wrong_price_is_refused(block: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        parse(f"{MINIMAL}prices: {block}\n")


RUN = Estimate(2.0, 2.0, 8.0, "EUR", A100, 1, 3, None)


@pytest.mark.parametrize(
    ("limit", "found", "refused"),
    [(None, RUN, False), (8, RUN, False), (7.99, RUN, True), (1, None, False), (1, replace(RUN, cost=None), False)],
    ids=["no limit", "at it", "above it", "no run to go by", "no price"],
)
def test_a_training_is_held_to_its_budget(limit: float | None, found: Estimate | None, refused: bool) -> None:
    problem = budget.training(limit, found, "params.yaml")
    assert (problem is not None) == refused
    if problem:
        assert problem.key == "budget.training"
        assert problem.fix.startswith(
            "mlops submit --over-budget --reason WHY; on GitHub gh workflow run train.yml -f over-"
        )


def test_endpoints_are_held_to_their_budget_and_the_training_is_no_part_of_it() -> None:
    prices = PriceList(PRICES, "EUR")
    machines = [
        machine_cost(A100, 9, prices),
        *(machine_cost(A100, 1, prices, name) for name in ("staging", "production")),
    ]
    assert budget.serving(2 * 4 * 730, machines, "params.yaml") is None
    over = budget.serving(2 * 4 * 730 - 1, machines, "params.yaml")
    assert over is not None
    assert over.what == "the endpoints cost 5,840.00 EUR a month; budget.month is 5,839.00 EUR"
    assert budget.serving(1, [machine_cost("Standard_X", 1, prices, "staging")], "params.yaml") is None


@pytest.mark.parametrize("reason", ["", "  "])
def test_the_budget_is_gone_over_with_a_reason_alone(reason: str) -> None:
    with pytest.raises(BadInput, match="with a reason"):
        budget.check_agreed(reason, "submit", over_budget=True)
    with pytest.raises(BadInput, match="with a reason"):
        Consent(reason, over_budget=True).check(None)
    budget.check_agreed("a fair", "submit", over_budget=True)
    budget.check_agreed("", "submit", over_budget=False)


def test_a_refusal_says_whose_price_it_is_where_the_team_gave_none() -> None:
    prices = PriceList(PRICES, "EUR", {A100.lower(): "Azure's public list of 2026-11-01"})
    over = budget.serving(1, [machine_cost(A100, 1, prices, name) for name in ("staging", "production")], "params.yaml")
    assert over is not None
    assert over.why.endswith(f"; prices: {A100} by Azure's public list of 2026-11-01")
    training = budget.training(1, replace(RUN, price_by="the price file of mlops of 2026-09-06"), "params.yaml")
    assert training is not None
    assert training.why.endswith("; the price is that of the price file of mlops of 2026-09-06")


def test_the_price_file_names_its_sources_and_days_and_sizes_that_azure_has() -> None:
    stated = yaml.safe_load((Path(dated_prices.__file__).parent / dated_prices.FILE).read_text(encoding="utf-8"))
    assert stated["currency"] == "USD"
    for one in stated["lists"]:
        assert one["source"]
        assert date(2024, 1, 1) < one["date"] < date(2026, 12, 1)
        for region, prices in one["regions"].items():
            assert PUBLIC.has_region(region)
            assert set(prices) <= {size.name for size in sizes.every()}, f"{region} of {one['source']}"
            assert all(0 < price < 200 for price in prices.values())


@pytest.mark.parametrize(
    ("region", "size", "currency", "found"),
    [
        ("eastus", "standard_nc24ads_a100_v4", "USD", (3.673, "2026-09-06")),
        ("EastUS", "Standard_NC48ads_A100_v4", "USD", (7.346, "2024-08-27")),
        ("westus", A100, "USD", (4.775, "2024-08-27")),
        ("usgovvirginia", A100, "USD", None),
        ("eastus", "Standard_DS3_v2", "USD", None),
        ("eastus", A100, "EUR", None),
    ],
)
def test_the_newest_price_of_a_region_counts(
    region: str, size: str, currency: str, found: tuple[float, str] | None
) -> None:
    known = dated_prices.of(region, [size], currency).get(size)
    assert (known and known.since and (known.an_hour, f"{known.since:%Y-%m-%d}")) == found
