"""Runs the repository's real workflow files on this machine, through `act`, and reads back what happened.

It knows GitHub Actions and nothing of what the workflows are for.
"""

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
