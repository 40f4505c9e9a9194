"""Tells what a run of cleanup saves and what still burns, in instance-hours and where there are prices in money.

It must not reckon; `mlops.domain.cleanup.cost_report` does.
"""

from collections.abc import Mapping, Sequence

from mlops.domain.cleanup import cost_report
from mlops.domain.cleanup.cost_report import Ledger, Money
from mlops.domain.cleanup.plan import Item, Plan
from mlops.domain.training import costs
from mlops.flow.cleanup.apply import Done
from mlops.flow.cleanup.inventory import Survey
from mlops.params import Params
from mlops.render import table
from mlops.render.report import Cell, Table

DONE = ("deleted", "canceled", "scaled to zero", "stopped")  # the words of `deeds` for what ends machines
_DAYS_A_MONTH = 30


def ledger(plan: Plan, done: Done, params: Params, *, applied: bool) -> Ledger:
    """What this run ended, or before it is applied what it would."""

    def ended(item: Item) -> bool:
        return done.words.get(item.key) in DONE if applied else cost_report.planned(item)

    return cost_report.ledger(plan.items, ended, params.prices.instance_hour)


def lines(found: Ledger, params: Params, surveys: Sequence[Survey], *, applied: bool) -> tuple[str, ...]:
    """The sums for people."""
    said, currency, money = "this run saves" if applied else "the plan would save", params.prices.currency, found.money
    if not found.rows:
        return ("no machine of ours is up",)
    saved, burning, idle = (
        f" ({costs.amount(value, currency)})" if money else "" for value in _amounts(money).values()
    )
    unread = sum(bool(one.usage.unread) for survey in surveys for one in survey.endpoints.seen if one.usage.ours)
    return (
        f"{said} {found.saved} instance-hours a day{saved}",
        f"{found.burning} a day{burning} still burn, {found.idle}{idle} of them for nobody",
        _a_month(money, currency) if money else "",
        _unpriced(money, found),
        f"the machines of {unread} endpoints could not be read and are not counted" if unread else "",
    )


def sums(found: Ledger, params: Params) -> Table:
    """A row for each VM size, and one for all."""
    currency, money = params.prices.currency, found.money
    columns = ("VM size", "saved h a day", "burning h a day", "of these idle")
    rows: list[tuple[Cell, ...]] = [(row.size, row.saved, row.burning, row.idle) for row in found.rows]
    rows.append(("all", found.saved, found.burning, found.idle))
    if money is None:
        return table("Machines", columns, rows)
    amounts: list[tuple[Cell, ...]] = [
        (None, None)
        if row.price is None
        else (costs.amount(row.saved * row.price, currency), costs.amount(row.burning * row.price, currency))
        for row in found.rows
    ]
    amounts.append((costs.amount(money.saved, currency), costs.amount(money.burning, currency)))
    together = [(*left, *right) for left, right in zip(rows, amounts, strict=True)]
    return table("Machines", (*columns, "saved a day", "burning a day"), together)


def data(found: Ledger, params: Params) -> dict[str, object]:
    """The sums for programs; `money` is None where no price is given for a size in use."""
    money = found.money
    return {
        "saved_instance_hours_a_day": found.saved,
        "burning_instance_hours_a_day": found.burning,
        "idle_instance_hours_a_day": found.idle,
        "machines": [
            {"size": row.size, "saved": row.saved, "burning": row.burning, "idle": row.idle, "price": row.price}
            for row in found.rows
        ],
        "money": {"currency": params.prices.currency, "unpriced": list(money.unpriced), **_a_day(money)}
        if money
        else None,
    }


def outputs(found: Ledger, params: Params) -> dict[str, str]:
    """The sums as step outputs; those of money are empty without a price."""
    money, currency = found.money, params.prices.currency
    return {
        "saved-instance-hours-a-day": str(found.saved),
        "burning-instance-hours-a-day": str(found.burning),
        "idle-instance-hours-a-day": str(found.idle),
        "saved-a-day": costs.amount(money.saved, currency) if money else "",
        "burning-a-day": costs.amount(money.burning, currency) if money else "",
    }


def _amounts(money: Money | None) -> Mapping[str, float]:
    names = ("saved", "burning", "idle")
    return {name: getattr(money, name) for name in names} if money else dict.fromkeys(names, 0.0)


def _a_day(money: Money) -> dict[str, float]:
    return {f"{name}_a_day": round(value, 2) for name, value in _amounts(money).items()}


def _a_month(money: Money, currency: str) -> str:
    saved, burning = (costs.amount(_DAYS_A_MONTH * value, currency) for value in (money.saved, money.burning))
    return f"in {_DAYS_A_MONTH} days that is {saved} saved and {burning} still spent"


def _unpriced(money: Money | None, found: Ledger) -> str:
    sizes = money.unpriced if money else tuple(row.size for row in found.rows)
    return f"no cost of {', '.join(sizes)}: prices.instance_hour does not name it" if sizes else ""
