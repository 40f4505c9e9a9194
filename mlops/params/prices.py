"""What an hour of each VM size costs, for estimates: a block of `params.yaml`. It must not look prices up."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mlops.params.block import Block


class Prices(Block):
    """Prices are the user's own: they depend on region, contract, reservation and tier. Nothing is charged by them."""

    currency: Literal["EUR", "USD"] = Field("USD", description="Currency of every price here")
    instance_hour: dict[str, float] = Field(
        default_factory=dict, description="Price of one instance for one hour, by VM size; the size's case is ignored"
    )

    @model_validator(mode="after")
    def _are_prices(self) -> Self:
        for size, price in self.instance_hour.items():
            if price < 0:
                raise ValueError(f"the price of {size} is {price:g}; it must be 0 or more")
        if len({size.lower() for size in self.instance_hour}) < len(self.instance_hour):
            raise ValueError("a VM size is written twice in instance_hour, with different case")
        return self
