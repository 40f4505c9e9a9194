"""`mlops polling`: turns the workflow that looks every quarter of an hour on or off, so that idle months cost nothing.

It reads no parameters and no workspace: what is open was found by the reconcile run before.
"""

from dataclasses import dataclass
from enum import StrEnum

from mlops.flow.outcome import Outcome
from mlops.github_api import GitHub

WORKFLOW, SUBMITS = "poll.yml", "train.yml"
PAUSED = ("completed", "waiting")  # the second: for a person, which no reconcile run can do anything about
LOOK_BACK = 20  # runs of `train`


class PollingState(StrEnum):
    """What became of polling."""

    ON = "on"
    OFF = "off"
    KEPT = "kept"  # on, because a run of `train` is under way
    MISSING = "missing"  # there is no such workflow here


@dataclass(frozen=True)
class PollingResult:
    """The workflow that polls, what became of it, and why."""

    workflow: str
    state: PollingState
    why: str


def run(github: GitHub, *, on: bool) -> Outcome[PollingResult]:
    """Turn them on, or off where nothing was submitted since this run began."""
    if github.workflow(WORKFLOW) is None:
        why = f"there is no .github/workflows/{WORKFLOW}; finished runs are carried on when `resume` starts"
        return Outcome(PollingResult(WORKFLOW, PollingState.MISSING, why))
    if on:
        github.switch(WORKFLOW, on=True)
        return Outcome(PollingResult(WORKFLOW, PollingState.ON, "a run was submitted"))
    if busy := _busy(github):
        return Outcome(PollingResult(WORKFLOW, PollingState.KEPT, busy))
    github.switch(WORKFLOW, on=False)
    return Outcome(PollingResult(WORKFLOW, PollingState.OFF, "nothing is open; the next training turns them on"))


def rehearsed() -> Outcome[PollingResult]:
    """In a rehearsal, where no schedule starts anything."""
    return Outcome(PollingResult(WORKFLOW, PollingState.MISSING, "a rehearsal has no schedule"))


def _busy(github: GitHub) -> str:
    """Why a run may have been submitted that the reconcile run did not see; empty where none can have been."""
    begun = str(github.this_run().get("run_started_at") or "")
    for found in github.runs(SUBMITS, LOOK_BACK):
        address = str(found.get("html_url") or found.get("id"))
        if found.get("status") not in PAUSED:
            return f"train is under way: {address}"
        if str(found.get("updated_at") or "") >= begun:  # both are written the same way, in UTC
            return f"train has ended since this reconcile run began: {address}"
    return ""
