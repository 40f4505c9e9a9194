"""`mlops lineage`: the graph that leads back from what is live."""

from collections.abc import Mapping

from mlops.flow.registry.lineage import LineageResult
from mlops.render import Report
from mlops.views.flowchart import Flowchart


def report(result: LineageResult) -> Report:
    """For people."""
    return Report(
        f"Lineage of {result.what}",
        tuple(f"not known: {gap}" for gap in result.graph.gaps),
        charts=(Flowchart(f"lineage of {result.what}", result.graph),),
    )


def outputs(result: LineageResult) -> Mapping[str, str]:
    """The models."""
    return {"models": ", ".join(result.models)}
