"""A lineage graph as SVG: a column for each step away from what is live, boxes that are links."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops.domain.registry.lineage import Graph, Node

BOX, HIGH, GAP_X, GAP_Y = 190, 44, 60, 14
LONGEST = 24  # characters that fit into a box


@dataclass(frozen=True)
class Box:
    """A node with the place of its upper left corner."""

    node: Node
    x: int
    y: int

    @property
    def name(self) -> str:
        """Its name, as far as it fits; of parameters, whose name is a digest, the values."""
        name = self.node.name
        if self.node.kind == "parameters":
            name = ", ".join(f"{key} {value}" for key, value in self.node.facts.items())
        return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


@dataclass(frozen=True)
class Arrow:
    """A line from box to box; `relation` is what it says."""

    path: str
    relation: str


@dataclass(frozen=True)
class Layout:
    """Where everything stands."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def layout(graph: Graph) -> Layout:
    """Each node right of whatever leads to it; nodes of a column below each other, in the graph's order."""
    columns = _columns(graph)
    boxes: dict[str, Box] = {}
    for number, column in enumerate(columns):
        for row, node in enumerate(column):
            boxes[node.id] = Box(node, number * (BOX + GAP_X), row * (HIGH + GAP_Y))
    arrows = [
        Arrow(_path(boxes[edge.start], boxes[edge.end]), edge.relation)
        for edge in graph.edges
        if edge.start in boxes and edge.end in boxes
    ]
    height = max((len(column) for column in columns), default=0) * (HIGH + GAP_Y)
    return Layout(max(1, len(columns) * (BOX + GAP_X) - GAP_X), max(1, height), tuple(boxes.values()), tuple(arrows))


def _columns(graph: Graph) -> Sequence[Sequence[Node]]:
    """By the longest way from a node that nothing leads to. The graph has no circles."""
    depth = {node.id: 0 for node in graph.nodes}
    for _ in graph.nodes:
        changed = False
        for edge in graph.edges:
            if edge.start in depth and edge.end in depth and depth[edge.end] < depth[edge.start] + 1:
                depth[edge.end] = depth[edge.start] + 1
                changed = True
        if not changed:
            break
    return [[node for node in graph.nodes if depth[node.id] == n] for n in range(max(depth.values(), default=-1) + 1)]


def _path(start: Box, end: Box) -> str:
    x, y = start.x + BOX, start.y + HIGH // 2
    to_x, to_y = end.x, end.y + HIGH // 2
    bend = max(20, (to_x - x) // 2)
    return f"M{x} {y} C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
