"""Runs the repository's real workflow files on this machine, through `act`, and reads back what happened.

It knows GitHub Actions and nothing of what the workflows are for.
"""

from mlops.actions.act import ActRun, run
from mlops.actions.events import Annotation, Event, JobEnded, Output, StepEnded, StepStarted, Summary, Text
from mlops.actions.sandbox import Machine
from mlops.actions.workflows import Job, Workflow, read, started_by

__all__ = [
    "ActRun",
    "Annotation",
    "Event",
    "Job",
    "JobEnded",
    "Machine",
    "Output",
    "StepEnded",
    "StepStarted",
    "Summary",
    "Text",
    "Workflow",
    "read",
    "run",
    "started_by",
]
