"""A lineage graph as Mermaid draws it, as a table and as an indented text. It must not find anything out."""

from dataclasses import dataclass
from typing import Any

from mlops.domain.registry.lineage import Graph, Node
from mlops.render.charts import label
from mlops.render.plain import plain

SHOWN = ("rows", "kept", "fingerprint", "licence", "traffic", "verdict", "state")  # facts that fit into a box
METRICS_OF = ("verdict", "evaluation")  # things whose numbers are shown as well
MOST_METRICS = 10
LONGEST = 60  # characters of a line in a box


@dataclass(frozen=True)
class Flowchart:
    """A graph whose edges lead from what is live to what it was made from."""

    title: str
    graph: Graph

    @property
    def columns(self) -> tuple[str, ...]:
        """The head of the table that stands beside it."""
        return ("what", "name", "facts")

    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """Every node with all its facts."""
        return tuple((node.kind, node.name, _facts(node)) for node in self.graph.nodes)

    def to_mermaid(self) -> str:
        """A `flowchart`; the same graph gives the same text."""
        short = {node.id: f"n{index}" for index, node in enumerate(self.graph.nodes)}
        boxes = [f'    {short[node.id]}["{_box(node)}"]' for node in self.graph.nodes]
        arrows = [
            f'    {short[edge.start]} -->|"{label(edge.relation)}"| {short[edge.end]}' for edge in self.graph.edges
        ]
        return "\n".join(["flowchart LR", *boxes, *arrows])

    def caption(self) -> str:
        """How much there is."""
        return f"{self.title}: {len(self.graph.nodes)} things, {len(self.graph.edges)} relations"

    def sparklines(self) -> tuple[str, ...]:
        """The graph as an indented text, from what nothing leads to; what was shown already is only named."""
        nodes = {node.id: node for node in self.graph.nodes}
        pointed = {edge.end for edge in self.graph.edges}
        lines: list[str] = []
        seen: set[str] = set()
        for node in self.graph.nodes:
            if node.id not in pointed:
                self._outline(node, "", 0, nodes, seen, lines)
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {"title": self.title, **plain(self.graph)}

    def _outline(
        self, node: Node, relation: str, depth: int, nodes: dict[str, Node], seen: set[str], lines: list[str]
    ) -> None:
        facts = "" if node.id in seen else _facts(node)
        lines.append("  " * depth + " ".join(part for part in (relation, f"{node.kind} {node.name}") if part))
        if facts:
            lines[-1] += f" ({facts})"
        if node.id in seen:
            return
        seen.add(node.id)
        for edge in self.graph.edges:
            if edge.start == node.id:
                self._outline(nodes[edge.end], f"{edge.relation}:", depth + 1, nodes, seen, lines)


def _box(node: Node) -> str:
    lines = [node.kind, node.name, *(f"{key} {_shown(key, node.facts[key])}" for key in SHOWN if key in node.facts)]
    if node.kind in METRICS_OF:
        measured = [f"{key} {value:.6g}" for key, value in node.facts.items() if isinstance(value, float)]
        lines += measured[:MOST_METRICS]
    return "<br/>".join(label(line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}...") for line in lines)


def _facts(node: Node) -> str:
    return ", ".join(f"{key} {_shown(key, value)}" for key, value in node.facts.items())


def _shown(key: str, value: str | float) -> str:
    """A number with six digits, which tells as much; the data has all of them."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{text} %" if key == "traffic" else text
