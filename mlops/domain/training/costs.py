"""Arithmetic of machine time and money: hours of GPUs, and what they cost at given prices.

It must not look up a price, and it must not format for a screen beyond one amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

HOUR = 3600.0


@dataclass(frozen=True)
class PastRun:
    """A completed run: its wall-clock time, its machines, and how much it read (rows times epochs; None: not known)."""

    name: str
    seconds: float
    size: str
    nodes: int
    work: float | None = None


@dataclass(frozen=True)
class Estimate:
    """What a run will take, by runs like it."""

    hours: float
    gpu_hours: float
    cost: float | None  # None: no price of this VM size is given
    basis: str


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


def estimate(
    past: Sequence[PastRun],
    *,
    size: str,
    nodes: int,
    gpus_per_node: int,
    work: float | None,
    per_hour: Mapping[str, float],
    unit: str = "rows times epochs",
) -> Estimate | None:
    """The median of completed runs on the same machines, scaled by work where both are known; None without any.

    `unit` is what work is counted in, for `work` and for the runs alike.
    """
    like = [run for run in past if run.size.lower() == size.lower() and run.nodes == nodes and run.seconds > 0]
    if not like:
        return None
    hours = median(_scaled(run, work) for run in like) / HOUR
    scaled = sum(1 for run in like if work and run.work)
    basis = f"median of {len(like)} completed run{'s' * (len(like) > 1)} on {nodes} x {size}"
    if scaled:
        basis += f", scaled by {unit}"
    return Estimate(hours, hours * nodes * gpus_per_node, cost(size, nodes, hours, per_hour), basis)


def _scaled(run: PastRun, work: float | None) -> float:
    return run.seconds * (work / run.work) if work and run.work else run.seconds
