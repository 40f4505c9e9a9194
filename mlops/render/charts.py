"""A line chart as data, and as the Mermaid text that GitHub draws in a summary.

It must not compute what it shows. A chart has no legend there, so its table always stands beside it.
"""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mlops.domain.numbers import number, to_plain

COLOURS = (("blue", "#0969da"), ("orange", "#bc4c00"), ("green", "#1a7f37"), ("purple", "#8250df"))
MOST_POINTS = 40  # more labels overlap on the axis
_UNSAFE = re.compile(r"[^\w .,:/()+=-]+")
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Chart:
    """One or more lines over the same steps. `y_range` None is taken from the values."""

    title: str
    steps: tuple[int, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    y_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.steps or not self.series or len(self.series) > len(COLOURS):
            raise ValueError(f"a chart has 1 to {len(COLOURS)} lines of at least one point")
        values = [value for _, line in self.series for value in line]
        if any(len(line) != len(self.steps) for _, line in self.series) or not all(map(math.isfinite, values)):
            raise ValueError("every line of a chart has one finite value for each step")

    def to_mermaid(self) -> str:
        """`xychart-beta` text, the spelling that old and new versions of Mermaid read. It has no exponents."""
        low, high = self.y_range or self._range()
        palette = ", ".join(colour for _, colour in COLOURS[: len(self.series)])
        steps = ", ".join(f'"{step}"' for step in self.steps)
        lines = [
            f'%%{{init: {{"themeVariables": {{"xyChart": {{"plotColorPalette": "{palette}"}}}}}}}}%%',
            "xychart-beta",
            f'    title "{label(self.title)}"',
            f'    x-axis "step" [{steps}]',
            f'    y-axis "{label(", ".join(name for name, _ in self.series))}" {decimal(low)} --> {decimal(high)}',
        ]
        lines += [f"    line [{', '.join(map(decimal, values))}]" for _, values in self.series]
        return "\n".join(lines)

    def caption(self) -> str:
        """Which colour is which line, with its first and last value."""
        return "; ".join(
            f"{name}{f' ({colour})' if len(self.series) > 1 else ''}: {number(values[0])} → {number(values[-1])}"
            for (name, values), (colour, _) in zip(self.series, COLOURS, strict=False)
        )

    def sparklines(self) -> tuple[str, ...]:
        """One line of text a series, for a terminal."""
        return tuple(f"{name} {_spark(v)} {number(v[0])} → {number(v[-1])}" for name, v in self.series)

    @property
    def columns(self) -> tuple[str, ...]:
        """The head of the table that stands beside it."""
        return ("step", *(name for name, _ in self.series))

    def rows(self) -> tuple[tuple[float, ...], ...]:
        """Step and values, for the table beside it."""
        return tuple(zip(self.steps, *(values for _, values in self.series), strict=True))

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data."""
        series = {name: [to_plain(value) for value in values] for name, values in self.series}
        return {"title": self.title, "steps": list(self.steps), "series": series}

    def _range(self) -> tuple[float, float]:
        values = [value for _, line in self.series for value in line]
        low, high = min(values), max(values)
        room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        largest = sys.float_info.max
        return max(low - room, -largest), min(high + room, largest)


def chart(
    title: str, series: Mapping[str, Sequence[tuple[int, float]]], y_range: tuple[float, float] | None = None
) -> Chart | None:
    """A chart of (step, value) points, thinned to what an axis can label; the first and the last always stay.

    Points that are not finite are left out. Only steps that every line has can share a chart. None: nothing to draw.
    """
    lines = {name: {step: value for step, value in points if math.isfinite(value)} for name, points in series.items()}
    common = sorted(set.intersection(*(set(line) for line in lines.values()))) if lines else []
    if not common:
        return None
    steps = _thin(common)
    return Chart(title, steps, tuple((name, tuple(line[s] for s in steps)) for name, line in lines.items()), y_range)


def _thin(steps: Sequence[int]) -> tuple[int, ...]:
    """Every n-th step, so that the distances stay even, and the last."""
    stride = math.ceil(len(steps) / MOST_POINTS)
    few = steps[::stride]
    return tuple(few) if few[-1] == steps[-1] else (*few, steps[-1])


def decimal(value: float) -> str:
    """A number as Mermaid's charts read it: without an exponent."""
    return format(Decimal(f"{value:.6g}").normalize(), "f")


def label(text: str) -> str:
    """A text between quotation marks there. Mermaid's strings know no escape, so what could end one is left out."""
    return _UNSAFE.sub(" ", text).strip() or "-"


def _spark(values: Sequence[float]) -> str:
    few = [values[index] for index in sorted({round(i * (len(values) - 1) / 23) for i in range(24)})]
    low, high = min(few), max(few)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((value - low) * scale)] for value in few)
