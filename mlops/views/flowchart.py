"""A lineage graph as Mermaid draws it, as a table and as an indented text. It must not find anything out."""

import re
from dataclasses import dataclass
from typing import Any

from mlops.domain.registry.lineage import Graph, Node
from mlops.render.charts import label
from mlops.render.plain import plain

SHOWN = (
    "rows",
    "kept",
    "licence",
    "traffic",
    "verdict",
    "state",
    "at",
    "by",
    "approved_by",
)  # facts that fit into a box
DIGESTS = ("fingerprint", "serving", "sha")  # facts that tell a person nothing; the table and the data have them
NAMED_BY_DIGEST = ("parameters", "preparation")  # things whose name is one
VALUES_OF = ("parameters",)  # things of which every fact is shown
METRICS_OF = ("verdict", "evaluation")  # things whose numbers are shown as well
MOST_METRICS = 10
SHORT = 8  # characters of a digest
_DIGEST = re.compile(r"[0-9a-f]{16,}")
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
        facts = "" if node.id in seen else _values(node)
        lines.append("  " * depth + " ".join(part for part in (relation, node.kind, _name(node)) if part))
        if facts:
            lines[-1] += f" ({facts})"
        if node.id in seen:
            return
        seen.add(node.id)
        for edge in self.graph.edges:
            if edge.start == node.id:
                self._outline(nodes[edge.end], f"{edge.relation}:", depth + 1, nodes, seen, lines)


def _box(node: Node) -> str:
    shown = node.facts if node.kind in VALUES_OF else SHOWN
    facts = (f"{key} {_shown(key, node.facts[key])}" for key in shown if key in node.facts)
    lines = [part for part in (node.kind, _name(node), *facts) if part]
    if node.kind in METRICS_OF:
        measured = [f"{key} {value:.6g}" for key, value in node.facts.items() if isinstance(value, float)]
        lines += measured[:MOST_METRICS]
    return "<br/>".join(label(line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}...") for line in lines)


def _name(node: Node) -> str:
    """The name, of a digest its beginning; none where the name is nothing but a digest."""
    if node.kind in NAMED_BY_DIGEST:
        return ""
    name, colon, version = node.name.rpartition(":")
    return f"{name}:{version[:SHORT]}…" if colon and _DIGEST.fullmatch(version) else node.name


def _values(node: Node) -> str:
    """The facts that a person reads."""
    told = Node(node.kind, node.name, {key: value for key, value in node.facts.items() if key not in DIGESTS})
    return _facts(told)


def _facts(node: Node) -> str:
    return ", ".join(f"{key} {_shown(key, value)}" for key, value in node.facts.items())


def _shown(key: str, value: str | float) -> str:
    """A number with six digits, which tells as much; the data has all of them."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{text} %" if key == "traffic" else text
