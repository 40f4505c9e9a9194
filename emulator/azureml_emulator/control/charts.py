"""Line charts of the emulator's page as static SVG, each with its title, units and the table of its numbers.

A library for this would be the largest thing that the emulator installs. Everything that a client sent is escaped.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
COLOURS = 6
DASHES = ("", "6 3", "2 3")  # colours alone would tell some people nothing
MOST_POINTS = 400  # of a line that is drawn
MOST_ROWS = 50  # of its table
STYLE = """
.charts { display: flex; flex-wrap: wrap; gap: 0 2rem; }
figure { margin: 0 0 1rem; flex: 1 1 22rem; max-width: 36rem; } figure svg { width: 100%; height: auto; }
figure text { fill: currentColor; font-size: 13px; } figcaption { color: var(--dim); }
.axis { stroke: var(--line); } .line { fill: none; stroke-width: 2; }
.c0 { stroke: #2a78c5; background: #2a78c5; } .c1 { stroke: #c5622a; background: #c5622a; }
.c2 { stroke: #3a9a54; background: #3a9a54; } .c3 { stroke: #9a4bc0; background: #9a4bc0; }
.c4 { stroke: #b59a1f; background: #b59a1f; } .c5 { stroke: #c23b6b; background: #c23b6b; }
.key { display: inline-block; width: .8rem; height: .2rem; margin: 0 .3rem .2rem .8rem; }
"""
SPANS = ((60, "a minute"), (900, "a quarter of an hour"), (3600, "an hour"), (86_400, "a day"))
MOST_SPANS = 120
DAY = 86_400
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class LineChart:
    """Lines by name. `steps`: a value holds until the next one."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Points]
    steps: bool = False
    clock: bool = False  # x are seconds of the emulator's clock

    def draw(self) -> Markup:
        """The figure; empty where no line has two points."""
        lines = {name: points for name, points in self.lines.items() if points}
        if not any(len(points) > 1 for points in lines.values()):
            return Markup("")
        area = _Area.around(lines)
        drawn = Markup("").join(self._line(area, number, points) for number, points in enumerate(lines.values()))
        label = f"{self.title}: {self.y} by {self.x}"
        svg = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
            WIDTH, HEIGHT, label, self._axes(area), drawn
        )
        return Markup("<figure><h2>{}</h2>{}<figcaption>{} by {}{}</figcaption>{}</figure>").format(
            self.title, svg, self.y, self.x, self._keys(lines), self._table(lines)
        )

    def _line(self, area: "_Area", number: int, points: Points) -> Markup:
        shown = points if len(points) <= MOST_POINTS else _thinned(points)
        path = _stepped(shown, area.right) if self.steps else shown
        spots = " ".join(f"{area.across(x):.1f},{area.down(y):.1f}" for x, y in path)
        dash = DASHES[number // COLOURS % len(DASHES)]
        return Markup('<polyline class="line c{}" stroke-dasharray="{}" points="{}"/>').format(
            number % COLOURS, dash, spots
        )

    def _axes(self, area: "_Area") -> Markup:
        return Markup("").join(self._scale(area))

    def _scale(self, area: "_Area") -> Iterator[Markup]:
        for part in (0.0, 0.5, 1.0):
            y = area.bottom + part * (area.top - area.bottom)
            yield Markup('<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
                LEFT, WIDTH - RIGHT, area.down(y), area.down(y)
            )
            yield Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
                LEFT - 6, area.down(y) + 4, f"{y:.4g}"
            )
            x = area.left + part * (area.right - area.left)
            anchor = {0.0: "start", 1.0: "end"}.get(part, "middle")
            yield Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                area.across(x), HEIGHT - 12, anchor, self._x(x, days=area.right - area.left > DAY / 2)
            )

    def _x(self, value: float, *, days: bool = False) -> str:
        if not self.clock:
            return f"{value:g}"
        return datetime.fromtimestamp(value, UTC).strftime("%m-%d %H:%M" if days else "%H:%M:%S")

    def _keys(self, lines: Mapping[str, Points]) -> Markup:
        return Markup("").join(
            Markup('<span class="key c{}"></span>{}').format(number % COLOURS, name)
            for number, name in enumerate(lines)
        )

    def _table(self, lines: Mapping[str, Points]) -> Markup:
        rows = [(name, x, y) for name, points in lines.items() for x, y in points]
        cells = Markup("").join(
            Markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>").format(name, self._x(x, days=True), f"{y:.6g}")
            for name, x, y in rows[-MOST_ROWS:]
        )
        left_out = f" (the last {MOST_ROWS} of {len(rows)})" if len(rows) > MOST_ROWS else ""
        head = Markup("<tr><th></th><th>{}</th><th>{}</th></tr>").format(self.x, self.y)
        return Markup("<details><summary>Numbers{}</summary><table>{}{}</table></details>").format(
            left_out, head, cells
        )


@dataclass(frozen=True)
class _Area:
    """What is drawn, in values; y begins at 0 where nothing is below it."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(cls, lines: Mapping[str, Points]) -> "_Area":
        every = [point for points in lines.values() for point in points]
        xs, ys = [x for x, _ in every], [y for _, y in every]
        bottom, top = min(0.0, *ys), max(ys)
        return cls(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, bottom, top if top > bottom else bottom + 1)

    def across(self, x: float) -> float:
        return LEFT + (x - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def down(self, y: float) -> float:
        return HEIGHT - BOTTOM - (y - self.bottom) / (self.top - self.bottom) * (HEIGHT - TOP - BOTTOM)


def _stepped(points: Points, end: float) -> list[tuple[float, float]]:
    path: list[tuple[float, float]] = []
    for x, y in points:
        path += [(x, path[-1][1])] if path else []
        path.append((x, y))
    return [*path, (end, points[-1][1])]


def _thinned(points: Points) -> Points:
    every = -(-len(points) // MOST_POINTS)
    return [*points[::every], points[-1]]


def counted(times: Mapping[str, Sequence[float]]) -> tuple[str, dict[str, Points]]:
    """Moments as counts in spans of equal length, empty ones too; and how long a span is, in words."""
    every = [at for found in times.values() for at in found]
    if not every:
        return "", {}
    first, last = min(every), max(every)
    length, words = next((it for it in SPANS if (last - first) / it[0] < MOST_SPANS), SPANS[-1])
    begin, end = int(first // length) - 1, int(last // length) + 1
    counts = {name: Counter(int(at // length) for at in found) for name, found in times.items()}
    spans = range(max(begin, end - MOST_POINTS), end + 1)
    return words, {
        name: [(float(length * span), float(found[span])) for span in spans] for name, found in counts.items()
    }
