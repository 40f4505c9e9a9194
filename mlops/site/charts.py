"""Charts as SVG that stands in a page: title, units, colours of the page's theme, and the table of their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mlops.domain.numbers import number

MOST_DOTS = 16  # of a line
WIDTH, HEIGHT = 540, 300  # of the drawing's own units; a page scales it to its width
COLOURS = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)")


@dataclass(frozen=True)
class Figure:
    """A drawing with the numbers behind it."""

    title: str
    svg: Markup
    summary: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def lines(
    title: str, x: str, y: str, series: Mapping[str, Sequence[tuple[float, float]]], *, draw: bool = True
) -> Figure | None:
    """Lines over a shared axis; `x` and `y` name the axes with their units. None where there is nothing to draw.

    Without `draw` only the table of the numbers, which costs nearly nothing.
    """
    drawn = {name: sorted(points) for name, points in series.items() if points}
    if not drawn:
        return None
    steps = sorted({step for points in drawn.values() for step, _ in points})
    known = {name: dict(points) for name, points in drawn.items()}
    rows = [(_plain(step), *(_cell(values.get(step)) for values in known.values())) for step in steps]
    summary = "; ".join(f"{name}: {_plain(p[0][1])} to {_plain(p[-1][1])}" for name, p in drawn.items())
    svg = _drawn_lines(f"{title}. {summary}", _look(title, x, y), drawn) if draw else Markup("")
    return Figure(title, svg, summary, (x, *drawn), tuple(rows))


def _drawn_lines(name: str, look: dict[str, object], series: Mapping[str, Sequence[tuple[float, float]]]) -> Markup:
    import pygal

    few = max(map(len, series.values())) <= MOST_DOTS  # each dot costs as much as the whole line
    made = pygal.XY(**look, dots_size=3, show_dots=few, stroke_style={"width": 2})
    for label, points in series.items():
        made.add(label, points)
    return _svg(made, name)


def bars(title: str, x: str, groups: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> Figure | None:
    """Horizontal bars: for each group one of each series, in that order. None where there is nothing to draw."""
    if not groups or not any(value is not None for values in series.values() for value in values):
        return None
    import pygal

    height = 110 + 26 * len(groups) * max(1, len(series))
    made = pygal.HorizontalBar(**{**_look(title, x, ""), "height": height}, print_values=False)
    made.x_labels = list(reversed(groups))
    for name, values in series.items():
        made.add(name, list(reversed(values)))
    rows = [(group, *(_cell(values[n]) for values in series.values())) for n, group in enumerate(groups)]
    summary = "; ".join(f"{row[0]}: {', '.join(row[1:])}" for row in rows)
    return Figure(title, _svg(made, title), summary, ("", *series), tuple(rows))


def _look(title: str, x: str, y: str) -> dict[str, object]:
    from pygal.style import Style

    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--text)",
        foreground_strong="var(--text)",
        foreground_subtle="var(--muted)",
        colors=COLOURS,
        font_family="inherit",
        title_font_size=17,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        guide_stroke_dasharray="1,0",
        major_guide_stroke_dasharray="1,0",
        opacity=".9",
    )
    return {
        "style": style,
        "title": title,
        "x_title": x,
        "y_title": y,
        "width": WIDTH,
        "height": HEIGHT,
        "js": (),
        "disable_xml_declaration": True,
        "no_prefix": False,
        "legend_at_bottom": True,
        "y_labels_major_count": 5,
        "show_minor_y_labels": False,
        "x_labels_major_count": 8,
        "show_minor_x_labels": False,
        "value_formatter": _plain,
        "x_value_formatter": _plain,
    }


def _plain(value: float) -> str:
    return number(int(value)) if value == int(value) else number(value)


def _svg(made: object, name: str) -> Markup:
    """The drawing as an image with a name, as screen readers take it; its parts are in the table beside it."""
    from pygal.etree import etree

    tree = made.render_tree()  # type: ignore[attr-defined]
    for parent in list(tree.iter()):
        # Settings for tooltips by a script, which no page may run, and comments.
        for part in [part for part in parent if not isinstance(part.tag, str) or part.tag.endswith("script")]:
            parent.remove(part)
    tree.set("role", "img")
    tree.set("aria-label", name)
    return Markup(etree.tostring(tree, encoding="unicode"))  # noqa: S704 - the serializer escapes


def _cell(value: float | None) -> str:
    return "" if value is None else _plain(value)
