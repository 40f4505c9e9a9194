"""What machines cost while they are up, by the prices of params.yaml; needs no workspace."""

from mlops.domain.training import costs
from mlops.domain.training.costs import MachineCost, PriceList
from mlops.params import Params


def prices(params: Params) -> PriceList:
    """The prices of params.yaml."""
    return PriceList(params.prices.instance_hour, params.prices.currency)


def by_the_hour(params: Params) -> tuple[MachineCost, ...]:
    """What the machines of a run and of its release cost while they are up; needs no workspace, as a fork has none."""
    wanted, known = params.training, prices(params)
    serving = (
        costs.machine_cost(found.instance_type, found.instance_count, known, name)
        for name, found in params.environments.items()
    )
    return (costs.machine_cost(wanted.instance_type, wanted.nodes, known), *serving)
