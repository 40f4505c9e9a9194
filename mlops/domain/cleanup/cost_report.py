"""Computes what cleanup saves and what goes on running: instance-hours a day by VM size, and money at given prices."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mlops.domain.cleanup.plan import Because, Item, ItemState, Kind
from mlops.domain.training import costs

HOURS_A_DAY = 24
ENDS = frozenset({ItemState.DELETE, ItemState.CANCEL, ItemState.RELEASE})  # what ends machines once it is done
_WASTED = frozenset({ItemState.MARK, ItemState.REPORT, ItemState.REFUSED, *ENDS})  # runs for nothing until it is


@dataclass(frozen=True)
class MachineHours:
    """Instance-hours a day of one VM size. `idle` is the part of `running` that nobody uses."""

    size: str
    saved: int
    running: int
    idle: int
    price: float | None = None  # of one instance-hour; None: no price is given


@dataclass(frozen=True)
class Money:
    """What the rows cost a day at the prices that are given; `unpriced` sizes are not in it."""

    saved: float
    running: float
    idle: float
    unpriced: tuple[str, ...]


@dataclass(frozen=True)
class CostReport:
    """The rows, largest first."""

    rows: tuple[MachineHours, ...]

    @property
    def saved(self) -> int:
        """Instance-hours a day that end."""
        return sum(row.saved for row in self.rows)

    @property
    def running(self) -> int:
        """Instance-hours a day of ours that go on."""
        return sum(row.running for row in self.rows)

    @property
    def idle(self) -> int:
        """Instance-hours a day that go on although nobody uses them: marked, held back, only reported, failed."""
        return sum(row.idle for row in self.rows)

    @property
    def money(self) -> Money | None:
        """The cost a day; None where no size that is used has a price."""
        priced = [(row, row.price) for row in self.rows if row.price is not None]
        if not priced:
            return None
        return Money(
            sum(row.saved * price for row, price in priced),
            sum(row.running * price for row, price in priced),
            sum(row.idle * price for row, price in priced),
            tuple(row.size for row in self.rows if row.price is None),
        )


def cost_report(items: Iterable[Item], ended: Callable[[Item], bool], per_hour: Mapping[str, float]) -> CostReport:
    """What is ours, divided into what `ended` and what goes on.

    A deployment's machines are its endpoint's, so they are only moved from running to saved. VM sizes are told apart
    without regard to case.
    """
    names: dict[str, str] = {}
    every: Counter[str] = Counter()
    saved: Counter[str] = Counter()
    idle: Counter[str] = Counter()
    for item in items:
        if not item.ours:
            continue
        gone = ended(item)
        for size, count in item.machines.items():
            key = size.lower()
            names.setdefault(key, size)
            every[key] += count if item.kind is not Kind.DEPLOYMENT else 0
            saved[key] += count if gone else 0
            idle[key] += count if not gone and is_wasted(item) else 0
    rows = [
        MachineHours(
            names[key],
            HOURS_A_DAY * saved[key],
            HOURS_A_DAY * (every[key] - saved[key]),
            HOURS_A_DAY * idle[key],
            costs.cost(key, 1, 1, per_hour),
        )
        for key in names
        if every[key]
    ]
    return CostReport(tuple(sorted(rows, key=lambda row: (-row.saved - row.running, row.size.lower()))))


def planned(item: Item) -> bool:
    """Whether an item's machines end with the plan."""
    return item.state in ENDS


def is_wasted(item: Item) -> bool:
    """Whether an item's machines serve nobody, as far as it was judged."""
    return item.state in _WASTED or item.because is Because.WAITING
