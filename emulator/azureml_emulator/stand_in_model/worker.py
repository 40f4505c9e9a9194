"""Runs the pipeline's nodes of one request, in order, and prints what happens as one JSON object a line.

It must not know what a node does. The request is `request.json` in the working folder; the outputs are below
`outputs/<node>/<port>`. After a failed node nothing more runs (continue_on_step_failure is false).
"""

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from azureml_emulator.stand_in_model import evaluation, misfits, nodes, text_metrics
from azureml_emulator.stand_in_model.nodes import LoadModel, Pipeline
from azureml_emulator.stand_in_model.report import NodeError, Reporter

Nodes = Mapping[str, Callable[[Pipeline, Reporter], None]]
NODES: Nodes = {**nodes.NODES, **evaluation.NODES}
Emit = Callable[[dict[str, Any]], None]


class NodeReporter:
    """What one node says, as events."""

    def __init__(self, node: str, emit: Emit) -> None:
        self._node = node
        self._emit = emit

    def log(self, line: str) -> None:
        """Send a `log` event."""
        self.send("log", line=line)

    def metric(self, name: str, value: float, step: int | None) -> None:
        """Send a `metric` event."""
        self.send("metric", name=name, value=value, step=step)

    def property(self, name: str, value: str) -> None:
        """Send a `property` event; values are texts."""
        self.send("property", name=name, value=value)

    def send(self, event: str, **values: Any) -> None:
        """Any event of this node."""
        self._emit({"node": self._node, "event": event, **values})


def run(folder: Path, emit: Emit, *, known: Nodes = NODES, load_model: LoadModel | None = None) -> bool:
    """Run the request in the folder; True when every node completed. Another stack has nodes and models of its own."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    pipeline = Pipeline.from_request(request, Path(request.get("output") or folder / "outputs"))
    pipeline.load_model = load_model
    asked = request.get("nodes", nodes.NODES)
    return all(_run_node(node, known, pipeline, NodeReporter(node, emit)) for node in asked)


def load(folder: Path) -> None:
    """Import what the request's nodes import once they run, for a process that is forked for each request."""
    asked = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    if evaluation.METRICS in asked.get("nodes", ()):
        text_metrics.load()


def _run_node(node: str, known: Nodes, pipeline: Pipeline, reporter: NodeReporter) -> bool:
    reporter.send("started")
    try:
        if node not in known:
            raise NodeError("UnknownComponent", f"the emulator has no component {node}; it has {', '.join(known)}")
        misfits.check(node, str(pipeline.base_model.get("name", "")), pipeline.version)
        known[node](pipeline, reporter)
    except NodeError as error:
        reporter.log(f"{error.code}: {error.message}")
        reporter.send("failed", code=error.code, message=error.message)
        return False
    except Exception as error:  # noqa: BLE001 - whatever a node dies of, the job must end and say so
        for line in traceback.format_exc().splitlines():
            reporter.log(line)
        reporter.send("failed", code="SystemError", message=f"{type(error).__name__}: {error}")
        return False
    reporter.send("completed")
    return True


def print_event(event: dict[str, Any]) -> None:
    """One line of JSON on stdout, at once."""
    sys.stdout.write(json.dumps(event, allow_nan=False) + "\n")
    sys.stdout.flush()
