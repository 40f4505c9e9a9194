"""What every block of `params.yaml` is: closed, frozen, without infinities. It must not know a key."""

import sys
from types import ModuleType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Pydantic looks for plugins in the metadata of every installed package, each time that a process builds its first
# validator: half as long as all the rest of reading params.yaml. Here it is told of none.
_NO_PLUGINS = ModuleType("pydantic.plugin._loader")
_NO_PLUGINS.get_plugins = lambda: ()  # type: ignore[attr-defined]
sys.modules.setdefault(_NO_PLUGINS.__name__, _NO_PLUGINS)

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
