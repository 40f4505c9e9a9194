"""`mlops cost`: what runs now, what params.yaml asks for, a training, and whose prices they are."""

from collections.abc import Mapping, Sequence

from mlops.domain.training.costs import MachineCost, amount
from mlops.flow.release.cost import CostResult
from mlops.flow.training.known_prices import UsedPrice
from mlops.render import Report, Table, table
from mlops.views.plan import estimate_lines


def report(result: CostResult) -> Report:
    """For people."""
    an_hour, a_month = (amount(sum, result.currency) for sum in (result.running_an_hour, result.running_a_month))
    training = next((one for one in result.wanted if one.endpoint is None), None)
    return Report(
        "Cost",
        lines=(
            f"what runs now costs {an_hour} an hour, {a_month} a month" if result.running else "nothing runs now",
            *(estimate_lines(result.estimate, training.size, training.count) if training else ()),
            *(str(problem) for problem in result.over),
        ),
        tables=(
            _machines("Running now", result.running),
            _machines("As params.yaml asks for, while it is up", result.wanted),
            table(
                "Prices", ("VM size", "an hour", "by", "since"), [_price(one, result.currency) for one in result.prices]
            ),
        ),
    )


def outputs(_: CostResult) -> Mapping[str, str]:
    """Nothing: no workflow goes by it."""
    return {}


def _machines(title: str, found: Sequence[MachineCost]) -> Table:
    rows = [
        (one.endpoint or "training", f"{one.count} x {one.size}", _money(one.an_hour, one), _money(one.a_month, one))
        for one in found
    ]
    return table(title, ("what", "machines", "an hour", "a month"), rows)


def _money(value: float | None, one: MachineCost) -> str:
    return "-" if value is None else amount(value, one.currency)


def _price(one: UsedPrice, currency: str) -> tuple[str, str, str, str]:
    since = f"{one.since:%Y-%m-%d}" if one.since else "-"
    return one.size, "-" if one.an_hour is None else amount(one.an_hour, currency), one.source.value, since
