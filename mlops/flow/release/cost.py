"""`mlops cost`: what runs now and what a release would take, an hour and a month, by whose prices; changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mlops.azure import compute, retail_prices
from mlops.domain.release import budget
from mlops.domain.training import costs
from mlops.domain.training.costs import Estimate, MachineCost, PriceList
from mlops.errors import Problem
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.training import estimates, hourly, training_spec


class PriceSource(StrEnum):
    """Who says what a machine costs."""

    PARAMETERS = "prices.instance_hour of params.yaml"
    LIST = "Azure's public list"
    NOBODY = "no price is known"


@dataclass(frozen=True)
class UsedPrice:
    """The price of one instance for one hour, and who says it; `since` is the day of the list's price."""

    size: str
    an_hour: float | None
    source: PriceSource
    since: datetime | None


@dataclass(frozen=True)
class CostResult:
    """`running`: machines of our endpoints and of the cluster that are up now. `wanted`: those of params.yaml.

    `estimate` is what one training takes, by completed runs; null without any. `over` says what is above the budget.
    Sums are of the sizes whose price is known.
    """

    currency: str
    running: tuple[MachineCost, ...]
    running_an_hour: float
    running_a_month: float
    wanted: tuple[MachineCost, ...]
    estimate: Estimate | None
    prices: tuple[UsedPrice, ...]
    over: tuple[Problem, ...]


def run(context: Context) -> Outcome[CostResult]:
    """Look at our endpoints and the cluster; the user's own prices go before the list's."""
    workspace, spec, params = context.workspace, training_spec.of(context), context.params
    up: list[tuple[str | None, str, int]] = [
        (environment, one.instance_type, one.instance_count)
        for environment, facts in own_endpoints(context).items()
        for one in facts.deployments
    ]
    cluster = None if spec.serverless else compute.find(workspace, spec.compute)
    if cluster is not None and cluster.nodes:
        up.append((None, cluster.size, cluster.nodes))
    stated = hourly.by_the_hour(params)
    sizes = [*(size for _, size, _ in up), *(one.size for one in stated)]
    own = {size.lower(): price for size, price in params.prices.instance_hour.items()}
    listed = retail_prices.of(workspace, [size for size in sizes if size.lower() not in own], params.prices.currency)
    known = PriceList({**own, **{size: one.an_hour for size, one in listed.items()}}, params.prices.currency)
    running = tuple(costs.machine_cost(size, count, known, environment) for environment, size, count in up)
    wanted = tuple(costs.machine_cost(one.size, one.count, known, one.endpoint) for one in stated)
    made_of = training_spec.training(workspace, spec)
    estimate = estimates.of(workspace, spec, made_of, None, known)
    where = str(context.params_path)
    over = (
        budget.training(params.budget.training, estimate, where),
        budget.serving(params.budget.month, wanted, where),
    )
    return Outcome(
        CostResult(
            currency=known.currency,
            running=running,
            running_an_hour=sum(one.an_hour or 0.0 for one in running),
            running_a_month=sum(one.a_month or 0.0 for one in running),
            wanted=wanted,
            estimate=estimate,
            prices=tuple(_used(sizes, own, listed)),
            over=tuple(problem for problem in over if problem),
        )
    )


def _used(
    sizes: Iterable[str], own: dict[str, float], listed: dict[str, retail_prices.ListPrice]
) -> Iterable[UsedPrice]:
    for size in dict.fromkeys(sizes):
        if size.lower() in own:
            yield UsedPrice(size, own[size.lower()], PriceSource.PARAMETERS, None)
        elif size in listed:
            yield UsedPrice(size, listed[size].an_hour, PriceSource.LIST, listed[size].since)
        else:
            yield UsedPrice(size, None, PriceSource.NOBODY, None)
