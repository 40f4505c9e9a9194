"""`mlops report change`: the file, and the counts in it."""

from collections.abc import Mapping

from mlops.flow.release.change import ChangeResult
from mlops.render import Report


def report(result: ChangeResult) -> Report:
    """For people."""
    found = result.report
    lines = (
        f"{len(found.parameters) + found.more_parameters} parameters",
        f"conversations: {found.added} added, {found.removed} removed, {found.edited} edited",
        f"{len(found.findings) + found.more_findings} findings",
    )
    return Report(f"What changes is written to {result.path}", lines)


def outputs(result: ChangeResult) -> Mapping[str, str]:
    """Where the next step finds it, and under which name to keep it."""
    return {"path": result.path, "artifact": result.artifact}
