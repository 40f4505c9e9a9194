"""How a job ends badly, and the errors that a run history shows for it. It must not know what failed.

Source: the run history's error record as `jobs.stream` of azure-ai-ml prints it.
"""

from typing import Any

from azureml_emulator.core.errors import error_object
from azureml_emulator.services.runs.status import RunStatus

STEPS_FAILED = "PipelineHasStepJobFailed"


class JobFailed(Exception):
    """A job that cannot go on: code and message as the run history shows them."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class JobEnded(Exception):
    """A job that ends in another state than Failed without anybody having asked: preempted, or not heard of."""

    def __init__(self, state: RunStatus) -> None:
        super().__init__(state)
        self.state = state


class JobCanceled(Exception):
    """A job that somebody asked to end."""


def of_step(code: str, message: str) -> dict[str, Any]:
    """The error of the step that failed."""
    return {**error_object(code, message), "severity": None, "messageFormat": message, "referenceCode": code}


def of_pipeline(failed: list[str]) -> dict[str, Any]:
    """The error of what is above it, which only names the steps; their own runs say why."""
    message = (
        f"Pipeline has failed child jobs. Failed nodes: {', '.join(failed)}. For more details and logs, please go to "
        "the job detail page and check the child jobs."
    )
    shown = {**error_object("UserError", message), "messageFormat": "{Message}"}
    return {**shown, "messageParameters": {"Message": message}, "referenceCode": STEPS_FAILED}
