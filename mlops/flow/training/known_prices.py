"""What an hour of each machine costs, and who says so: the team, Azure's public list, or the dated file of mlops.

The list is asked for what the team gave no price of, and only where an amount depends on it. Nothing that has no price
is taken to cost nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial

from mlops.azure.workspace import Workspace
from mlops.domain.training import costs
from mlops.domain.training.costs import MachineCost, PriceList
from mlops.errors import MlopsError, Problem
from mlops.params import Params


class PriceSource(StrEnum):
    """Who says what a machine costs."""

    PARAMETERS = "prices.instance_hour of params.yaml"
    LIST = "Azure's public list"
    FILE = "the price file of mlops"
    NOBODY = "no price is known"


@dataclass(frozen=True)
class UsedPrice:
    """The price of one instance for one hour, and who says it; `since` is the day of the list's or the file's price."""

    size: str
    an_hour: float | None
    source: PriceSource
    since: datetime | None


@dataclass
class KnownPrices:
    """Prices by place, each looked up once. `ask` says whether the public list is asked."""

    params: Params
    ask: bool
    used: dict[str, UsedPrice] = field(default_factory=dict)  # by size in lower case; of several regions the last
    _beyond: dict[tuple[str, str], UsedPrice] = field(default_factory=dict)  # region, size

    def at(self, place: Callable[[], Workspace], sizes: Iterable[str]) -> PriceList:
        """The prices in a place's region, which is only looked up for sizes that the team gave no price of."""
        stated = self.params.prices
        own = {size.lower(): price for size, price in stated.instance_hour.items()}
        wanted = list(dict.fromkeys(sizes))
        missing = [size for size in wanted if size.lower() not in own]
        found = self._look(place(), missing) if missing else {}
        for size in wanted:
            stated_price = UsedPrice(size, own.get(size.lower()), PriceSource.PARAMETERS, None)
            self.used[size.lower()] = found.get(size, stated_price)
        priced = {size.lower(): one for size, one in found.items() if one.an_hour is not None}
        per_hour = {size: one.an_hour for size, one in priced.items() if one.an_hour is not None}
        return PriceList({**own, **per_hour}, stated.currency, {size: _said(one) for size, one in priced.items()})

    def _look(self, place: Workspace, sizes: list[str]) -> dict[str, UsedPrice]:
        """What the list or the file says, looked up once; a list that cannot be reached is not asked again."""
        region, currency = place.location, self.params.prices.currency
        new = [size for size in sizes if (region, size) not in self._beyond]
        from mlops.azure import dated_prices, retail_prices  # of what the team gives no price for

        by_source = {PriceSource.FILE: dated_prices.of(region, new, currency)}
        if self.ask and new:
            try:
                by_source[PriceSource.LIST] = retail_prices.of(place, new, currency)
            except MlopsError:
                self.ask = False
        for source, found in by_source.items():
            for size, one in found.items():
                self._beyond[region, size] = UsedPrice(size, one.an_hour, source, one.since)
        for size in new:
            self._beyond.setdefault((region, size), UsedPrice(size, None, PriceSource.NOBODY, None))
        return {size: self._beyond[region, size] for size in sizes}


def machines(params: Params, place: Callable[[str | None], Workspace], known: KnownPrices) -> tuple[MachineCost, ...]:
    """What the machines of a run and of its release cost while they are up, each by the prices of its region.

    `place` gives the workspace of an environment, of the training for None; it is asked only for a missing price.
    """
    wanted = params.training
    found: list[tuple[str | None, str, int]] = [
        (None, wanted.instance_type, wanted.nodes),
        *((name, one.instance_type, one.instance_count) for name, one in params.environments.items()),
    ]
    return tuple(
        costs.machine_cost(size, count, known.at(partial(place, name), [size]), name) for name, size, count in found
    )


def unpriced(where: str, found: Iterable[MachineCost], key: str) -> Problem | None:
    """What is said where a budget is set and something has no price, by anybody; None where all have one."""
    sizes = sorted({one.size for one in found if one.an_hour is None})
    if not sizes:
        return None
    what = f"no price of {', '.join(sizes)} is known, so {key} cannot be kept"
    why = "neither prices.instance_hour, nor Azure's public list, nor the price file of mlops has one"
    return Problem(what, where, why=why, fix="give its price at prices.instance_hour", key="prices.instance_hour")


def _said(one: UsedPrice) -> str:
    return one.source.value + (f" of {one.since:%Y-%m-%d}" if one.since else "")
