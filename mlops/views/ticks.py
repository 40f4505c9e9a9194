"""`mlops ticks`: what became of the workflow that ticks, and why."""

from collections.abc import Mapping

from mlops.flow.release.ticks import TicksResult, TicksState
from mlops.render import Report

_SAID = {
    TicksState.ON: "Ticks are on",
    TicksState.OFF: "Ticks are off",
    TicksState.KEPT: "Ticks stay on",
    TicksState.MISSING: "Nothing ticks here",
}


def report(result: TicksResult) -> Report:
    """For people."""
    return Report(_SAID[result.state], (result.why,))


def outputs(_: TicksResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}
