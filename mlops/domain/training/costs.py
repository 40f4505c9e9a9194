"""Arithmetic of machine time and money: hours of GPUs, and what they cost at given prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

HOUR = 3600.0
HOURS_A_MONTH = 730


@dataclass(frozen=True)
class PastRun:
    """A completed run: its wall-clock time, its machines, and how much it read (rows times epochs; None: not known)."""

    name: str
    seconds: float
    size: str
    nodes: int
    work: float | None = None


class WorkUnit(StrEnum):
    """What the work of a run is counted in."""

    ROW_EPOCHS = "rows times epochs"
    EPOCHS = "epochs"


@dataclass(frozen=True)
class Estimate:
    """What a run will take: the median of `runs` completed ones on `nodes` machines of `size`, and what that costs."""

    hours: float  # on the clock
    gpu_hours: float
    cost: float | None  # None: no price of this VM size is given
    currency: str
    size: str
    nodes: int
    runs: int
    scaled_by: WorkUnit | None  # None: taken as they were
    price_by: str = ""  # who says the price, where it is not params.yaml


@dataclass(frozen=True)
class MachineCost:
    """What machines cost while they are up. `endpoint` names the environment; None for a training's machines."""

    endpoint: str | None
    size: str
    count: int
    an_hour: float | None  # None: no price of this VM size is given
    a_month: float | None
    currency: str
    price_by: str = ""  # who says the price, where it is not params.yaml


@dataclass(frozen=True)
class PriceList:
    """Price of one instance of a VM size for one hour; names of sizes are compared without regard to case."""

    per_hour: Mapping[str, float]
    currency: str
    said_by: Mapping[str, str] = field(default_factory=dict)  # size in lower case -> who, where not params.yaml


def cost(size: str, instances: float, hours: float, per_hour: Mapping[str, float]) -> float | None:
    """Price of so many instances of a VM size for so many hours; None when `per_hour` names no price of the size.

    Names of sizes are compared without regard to case.
    """
    prices = {name.lower(): price for name, price in per_hour.items()}
    price = prices.get(size.lower())
    return None if price is None else price * instances * hours


def amount(value: float, currency: str) -> str:
    """An amount as people read it: `12.34 EUR`."""
    return f"{value:,.2f} {currency}"


def machine_cost(size: str, count: int, prices: PriceList, endpoint: str | None = None) -> MachineCost:
    """What so many machines of a size cost an hour and, day and night, a month."""
    hour, month = (cost(size, count, hours, prices.per_hour) for hours in (1, HOURS_A_MONTH))
    return MachineCost(endpoint, size, count, hour, month, prices.currency, prices.said_by.get(size.lower(), ""))


def estimate(
    past: Sequence[PastRun],
    *,
    size: str,
    nodes: int,
    gpus_per_node: int,
    work: float | None,
    prices: PriceList,
    unit: WorkUnit = WorkUnit.ROW_EPOCHS,
) -> Estimate | None:
    """The median of completed runs on the same machines, scaled by work where both are known; None without any.

    `unit` is what work is counted in, for `work` and for the runs alike.
    """
    like = [run for run in past if run.size.lower() == size.lower() and run.nodes == nodes and run.seconds > 0]
    if not like:
        return None
    from statistics import median  # of a run that was before: few commands know any

    hours = median(_scaled(run, work) for run in like) / HOUR
    return Estimate(
        hours=hours,
        gpu_hours=hours * nodes * gpus_per_node,
        cost=cost(size, nodes, hours, prices.per_hour),
        currency=prices.currency,
        size=size,
        nodes=nodes,
        runs=len(like),
        scaled_by=unit if any(work and run.work for run in like) else None,
        price_by=prices.said_by.get(size.lower(), ""),
    )


def _scaled(run: PastRun, work: float | None) -> float:
    return run.seconds * (work / run.work) if work and run.work else run.seconds
