"""`mlops polling`: what became of the workflow that polls, and why."""

from collections.abc import Mapping

from mlops.flow.release.polling import PollingResult, PollingState
from mlops.render import Report

_SAID = {
    PollingState.ON: "Polling is on",
    PollingState.OFF: "Polling is off",
    PollingState.KEPT: "Polling stays on",
    PollingState.MISSING: "Nothing polls here",
}


def report(result: PollingResult) -> Report:
    """For people."""
    return Report(_SAID[result.state], (result.why,))


def outputs(_: PollingResult) -> Mapping[str, str]:
    """Nothing: no later step asks."""
    return {}
