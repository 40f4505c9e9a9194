"""`mlops thaw`: whether a freeze was ended."""

from collections.abc import Mapping

from mlops.flow.promote.result import ThawResult
from mlops.render import Report


def report(result: ThawResult) -> Report:
    """For people."""
    if not result.changed:
        return Report(f"nothing to do: {result.environment} is not frozen", (f"endpoint {result.endpoint}",))
    lines = (f"endpoint {result.endpoint}", f"it was frozen {result.was}")
    return Report(f"{result.environment} is thawed", lines, next_step="mlops plan")


def outputs(result: ThawResult) -> Mapping[str, str]:
    """The endpoint."""
    return {"endpoint": result.endpoint}
