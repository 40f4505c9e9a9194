"""A bar chart as data, with the same faces as a line chart. It must not compute what it shows."""

import math
from dataclasses import dataclass
from typing import Any

from mlops.domain.numbers import number, to_plain
from mlops.render.charts import COLOURS, decimal, label

WIDTH = 24  # characters of the longest bar in a terminal


@dataclass(frozen=True)
class Bars:
    """One bar for each (name, value); `unit` is what they are measured in."""

    title: str
    unit: str
    bars: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        if not self.bars or not all(math.isfinite(value) for _, value in self.bars):
            raise ValueError("a bar chart has at least one bar, and finite values")

    @property
    def columns(self) -> tuple[str, ...]:
        """The head of the table that stands beside it."""
        return ("", self.unit)

    def rows(self) -> tuple[tuple[str, float], ...]:
        """Name and value of each bar."""
        return self.bars

    def to_mermaid(self) -> str:
        """`xychart-beta` text; a bar starts at the axis, so zero is always in its range."""
        values = [value for _, value in self.bars]
        low, high = min(0.0, *values), max(0.0, *values)
        room = (high - low) * 0.05 or 1.0
        names = ", ".join(f'"{label(name)}"' for name, _ in self.bars)
        return "\n".join(
            (
                f'%%{{init: {{"themeVariables": {{"xyChart": {{"plotColorPalette": "{COLOURS[0][1]}"}}}}}}}}%%',
                "xychart-beta",
                f'    title "{label(self.title)}"',
                f"    x-axis [{names}]",
                f'    y-axis "{label(self.unit)}" {decimal(low - (room if low < 0 else 0))} --> {decimal(high + room)}',
                f"    bar [{', '.join(map(decimal, values))}]",
            )
        )

    def caption(self) -> str:
        """Every bar in words."""
        return "; ".join(f"{name}: {number(value)}" for name, value in self.bars)

    def sparklines(self) -> tuple[str, ...]:
        """One line of text a bar, for a terminal."""
        longest = max(abs(value) for _, value in self.bars) or 1.0
        return tuple(
            f"{name} {('█' if value >= 0 else '▒') * round(WIDTH * abs(value) / longest)} {number(value)}"
            for name, value in self.bars
        )

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {"title": self.title, "unit": self.unit, "bars": {name: to_plain(value) for name, value in self.bars}}
