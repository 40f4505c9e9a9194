"""`mlops upgrade`: what changed between the two commits, and each file that follows."""

from collections.abc import Mapping

from mlops.flow.repository.upgrade import UpgradeResult
from mlops.render import Report, Section, table


def report(result: UpgradeResult) -> Report:
    """For people."""
    known = "" if result.compared else "the older changelog is not at hand: these are the entries since its version"
    rows = [(one.path, "; ".join(one.renamed) or "changed") for one in result.files]
    parts = [Section(one.path, (one.difference,)) for one in result.files if one.difference]
    title = "Upgraded" if result.applied else "What an upgrade would change"
    return Report(
        title if result.files else "Nothing to upgrade",
        (f"from {', '.join(result.before)}", f"to {result.after}"),
        tables=(table("Files", ("file", "what"), rows),),
        sections=(Section("What is new", (known, *(f"- {entry}" for entry in result.changes))), *parts),
        next_step="mlops check" if result.applied else "mlops upgrade",
    )


def outputs(result: UpgradeResult) -> Mapping[str, str]:
    """The commit that the workflows call now."""
    return {"workflows": result.after}
