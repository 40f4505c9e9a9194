"""What an hour of each VM size costs, and what may be spent: blocks of `params.yaml`. It must not look prices up."""

from typing import Literal, Self

from mlops.params.block import MOST_PAID, Block, Price, key, together


class Prices(Block):
    """Prices of your own: they depend on contract, reservation and tier. Nothing is charged by them."""

    currency: Literal["EUR", "USD"] = key("USD", description="Currency of every price here")
    instance_hour: dict[str, float] = key(
        default_factory=dict,
        description="Price of an hour of one instance, by VM size in any case; of others Azure's public list",
    )

    @together
    def _are_prices(self) -> Self:
        for size, price in self.instance_hour.items():
            if not 0 <= price <= MOST_PAID:
                raise ValueError(f"the price of {size} is {price:g}; it must be 0 or more, and at most {MOST_PAID:,}")
        if len({size.lower() for size in self.instance_hour}) < len(self.instance_hour):
            raise ValueError("a VM size is written twice in instance_hour, with different case")
        return self


class CostBudget(Block):
    """Estimates above which a verb refuses until somebody agrees, by `--over-budget`; in the currency of `prices`."""

    training: Price | None = key(None, description="Most that one training may be estimated at; null: no limit")
    month: Price | None = key(
        None, description="Most that the machines of all environments may cost a month, day and night; null: no limit"
    )
