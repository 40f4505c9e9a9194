"""What every block of `params.yaml` is: closed, frozen, without infinities. It must not know a key."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
DAY, TEN_YEARS = 86_400, 10 * 366 * 24  # seconds, hours; what is added to a date must still be one
Seconds = Annotated[float, Field(ge=0, le=DAY)]
WholeSeconds = Annotated[int, Field(ge=0, le=DAY)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
MOST_PAID = 1_000_000
Price = Annotated[float, Field(ge=0, le=MOST_PAID)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Block(BaseModel):
    """A mapping whose keys are all known."""

    # built when it is first needed: only the whole of params.yaml is ever read, and each block is a part of it
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False, defer_build=True
    )
