"""Whether what is about to be paid for is within the budget of params.yaml. Pure: estimates in, a problem out.

What has no price by anybody, or no run to estimate it by, cannot be compared: it is not refused for that, but said.
"""

from collections.abc import Sequence

from mlops.domain.training.costs import Estimate, MachineCost, amount
from mlops.errors import BadInput, Problem

TRAINING, MONTH = "budget.training", "budget.month"
_AGREED = (
    "--over-budget --reason WHY; on GitHub gh workflow run {} -f over-budget=true -f reason=WHY; or another number"
)


def training(limit: float | None, found: Estimate | None, where: str) -> Problem | None:
    """A training whose estimate is above the limit for one."""
    if limit is None or found is None or found.cost is None or found.cost <= limit:
        return None
    estimated, most = amount(found.cost, found.currency), amount(limit, found.currency)
    what = f"a training is estimated at {estimated}; {TRAINING} is {most}"
    why = f"{found.hours:.3g} hours on {found.nodes} x {found.size}, by {found.runs} completed runs"
    why += f"; the price is that of {found.price_by}" if found.price_by else ""
    return Problem(what, where, why=why, fix=f"mlops submit {_AGREED.format('train.yml')}", key=TRAINING)


def serving(limit: float | None, machines: Sequence[MachineCost], where: str) -> Problem | None:
    """Endpoints whose machines cost more a month than the limit, day and night; a rollout's second deployment aside."""
    known = [one.a_month for one in machines if one.endpoint is not None and one.a_month is not None]
    if limit is None or sum(known) <= limit:
        return None
    currency = machines[0].currency
    what = f"the endpoints cost {amount(sum(known), currency)} a month; {MONTH} is {amount(limit, currency)}"
    served = [one for one in machines if one.endpoint is not None]
    why = ", ".join(f"{one.endpoint} {one.count} x {one.size}" for one in served)
    by = dict.fromkeys(f"{one.size} by {one.price_by}" for one in served if one.price_by)
    why += f"; prices: {', '.join(by)}" if by else ""
    fix = f"mlops promote ENVIRONMENT {_AGREED.format('promote.yml -f model=NAME:VERSION')}"
    return Problem(what, where, why=why, fix=fix, key=MONTH)


def check_agreed(reason: str, verb: str, *, over_budget: bool) -> None:
    """Raises BadInput where somebody goes over the budget without a reason."""
    if over_budget and not reason.strip():
        fix = f"mlops {verb} --over-budget --reason WHY"
        raise BadInput(Problem("the budget is gone over with a reason", "--reason", fix=fix))
