"""Runs the repository's real workflow files on this machine, through `act`, and reads back what happened.

It knows GitHub Actions and nothing of what the workflows are for. What is named here is imported when it is first
asked for: to read a workflow takes nothing of what runs one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops.actions.act import ActRun, run
    from mlops.actions.events import Annotation, Event, JobEnded, StepEnded, StepOutput, StepStarted, Summary, Text
    from mlops.actions.own_environments import TokenService
    from mlops.actions.sandbox import RunnerSetup
    from mlops.actions.workflows import Workflow, WorkflowJob, read, started_by

__all__ = [
    "ActRun",
    "Annotation",
    "Event",
    "JobEnded",
    "RunnerSetup",
    "StepEnded",
    "StepOutput",
    "StepStarted",
    "Summary",
    "Text",
    "TokenService",
    "Workflow",
    "WorkflowJob",
    "read",
    "run",
    "started_by",
]
PLACES = {
    "act": ("ActRun", "run"),
    "events": ("Annotation", "Event", "JobEnded", "StepEnded", "StepOutput", "StepStarted", "Summary", "Text"),
    "own_environments": ("TokenService",),
    "sandbox": ("RunnerSetup",),
    "workflows": ("Workflow", "WorkflowJob", "read", "started_by"),
}


def __getattr__(name: str) -> Any:
    """What a name of `__all__` stands for."""
    for place, names in PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
