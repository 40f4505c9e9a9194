"""`mlops data show`: conversations as people read them."""

from collections.abc import Mapping

from mlops.flow.dataset.data import Shown, ShowResult
from mlops.render import Report, Section


def report(result: ShowResult) -> Report:
    """For people."""
    sections = tuple(_section(one) for one in result.shown)
    if result.reason:
        lines = (f"{len(result.shown)} of {result.total} rows",)
        return Report(f"Rejected as {result.reason}", lines, sections=sections)
    lines = (f"{len(result.shown)} of {result.total} conversations, in {result.folder}",)
    return Report(f"Conversations for {result.part}", lines, sections=sections)


def outputs(result: ShowResult) -> Mapping[str, str]:  # noqa: ARG001 - no later step reads it
    """None."""
    return {}


def _section(one: Shown) -> Section:
    return Section(one.title, (one.detail, *(f"{turn.role}: {turn.content}" for turn in one.turns), one.row))
