"""The states of a run, and which follows which. A job is a run of the same name and has no other state.

Source: JobStatus of Microsoft.MachineLearningServices (REST specification).
"""

from collections.abc import Mapping
from enum import StrEnum


class RunStatus(StrEnum):
    """As the service says it."""

    NOT_STARTED = "NotStarted"
    STARTING = "Starting"
    PROVISIONING = "Provisioning"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    RUNNING = "Running"
    PAUSED = "Paused"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    NOT_RESPONDING = "NotResponding"


TERMINAL = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED, RunStatus.NOT_RESPONDING})
ENDING = frozenset({RunStatus.CANCEL_REQUESTED, RunStatus.CANCELED})
# A state that is final stays, and a run that is to be canceled does not go on.
TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = {
    **dict.fromkeys(RunStatus, frozenset(RunStatus)),
    **dict.fromkeys(TERMINAL, frozenset()),
    RunStatus.CANCEL_REQUESTED: TERMINAL,
}
