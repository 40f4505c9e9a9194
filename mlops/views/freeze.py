"""`mlops freeze`: since when an environment is frozen, by whom, and why."""

from collections.abc import Mapping

from mlops.domain.promote.audit import AuditEntry
from mlops.flow.promote.result import FreezeResult
from mlops.render import Report


def report(result: FreezeResult) -> Report:
    """For people."""
    done = "" if result.changed else "nothing to do: "
    entry = AuditEntry(result.since, result.by, result.why)
    return Report(
        f"{done}{result.environment} is frozen {entry}",
        (f"endpoint {result.endpoint}", "a rollback still works; promotions end with this reason and change nothing"),
        next_step=f"mlops thaw {result.environment}",
    )


def outputs(result: FreezeResult) -> Mapping[str, str]:
    """The endpoint."""
    return {"endpoint": result.endpoint}
