"""`mlops cost`: what runs now and what a release would take, an hour and a month, by whose prices; changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mlops.azure import compute
from mlops.azure.workspace import Workspace
from mlops.domain.release import budget
from mlops.domain.training import costs
from mlops.domain.training.costs import Estimate, MachineCost
from mlops.errors import Problem
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.training import estimates, known_prices, training_spec
from mlops.flow.training.known_prices import KnownPrices, UsedPrice


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
    up: list[tuple[str | None, Callable[[], Workspace], str, int]] = [
        (environment, partial(context.at, environment), one.instance_type, one.instance_count)
        for environment, facts in own_endpoints(context).items()
        for one in facts.deployments
    ]
    cluster = None if spec.serverless else compute.find(workspace, spec.compute)
    if cluster is not None and cluster.nodes:
        up.append((None, partial(context.at, None), cluster.size, cluster.nodes))
    known = KnownPrices(params, ask=True)
    wanted = known_prices.machines(params, context.at, known)
    running = tuple(
        costs.machine_cost(size, count, known.at(place, [size]), environment) for environment, place, size, count in up
    )
    made_of = training_spec.training(workspace, spec)
    estimate = estimates.of(workspace, spec, made_of, None, known.at(lambda: workspace, [made_of.size.name]))
    where = str(context.params_path)
    over = (
        budget.training(params.budget.training, estimate, where),
        budget.serving(params.budget.month, wanted, where),
    )
    return Outcome(
        CostResult(
            currency=params.prices.currency,
            running=running,
            running_an_hour=sum(one.an_hour or 0.0 for one in running),
            running_a_month=sum(one.a_month or 0.0 for one in running),
            wanted=wanted,
            estimate=estimate,
            prices=tuple(known.used.values()),
            over=tuple(problem for problem in over if problem),
        )
    )
