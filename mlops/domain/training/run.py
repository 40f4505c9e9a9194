"""What identifies a training run, what it is called, and which states it can be in.

It must not call a service.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

FINGERPRINT_LENGTH = 12
_JOB = re.compile(r"^ft-(?P<fingerprint>[0-9a-f]{12})-(?P<attempt>[1-9][0-9]*)$")


class JobState(StrEnum):
    """Every status that Azure ML gives a job. Source: the SDK's run-history constants."""

    NOT_STARTED = "NotStarted"
    STARTING = "Starting"
    PROVISIONING = "Provisioning"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    NOT_RESPONDING = "NotResponding"
    PAUSED = "Paused"
    UNKNOWN = "Unknown"

    @property
    def ended(self) -> bool:
        """Nothing more will happen."""
        return self in _ENDED

    @property
    def retryable(self) -> bool:
        """It ended without a model, so another attempt makes sense."""
        return self in _ENDED and self is not JobState.COMPLETED


_ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELED, JobState.NOT_RESPONDING, JobState.PAUSED})


@dataclass(frozen=True)
class Trigger:
    """Who asks for a run: the commit, the page of the workflow's run, the repository, the person; empty: not known."""

    commit: str
    run_url: str
    repository: str
    actor: str = ""


@dataclass(frozen=True)
class Attempt:
    """One job for a fingerprint. Not `ours`: another project of the workspace made it, of the same base and data."""

    name: str
    state: JobState
    studio_url: str = ""
    ours: bool = True


def fingerprint(model_id: str, component_id: str, parameters: Mapping[str, str], data_version: str) -> str:
    """12 hexadecimal digits that name a release: the same inputs give the same, on any machine."""
    parts = {
        "model": model_id,
        "component": component_id,
        "parameters": dict(sorted(parameters.items())),
        "data": data_version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_LENGTH]


def job_name(print_: str, attempt: int) -> str:
    """The job of an attempt, counted from 1."""
    return f"ft-{print_}-{attempt}"


def parse_job_name(name: str) -> tuple[str, int] | None:
    """Fingerprint and attempt of a job that we named; None for any other."""
    found = _JOB.match(name)
    return (found["fingerprint"], int(found["attempt"])) if found else None
