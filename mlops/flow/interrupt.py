"""What becomes of jobs on Azure when whoever waits for them is interrupted, as `watch.on_interrupt` says.

It must not look anything up: GitHub's runner gives a canceled step seven seconds before its next signal.
"""

from collections.abc import Sequence
from typing import Literal

from mlops.azure import jobs
from mlops.azure.workspace import Workspace
from mlops.errors import MlopsError


def settle(workspace: Workspace, policy: Literal["leave", "cancel"], names: Sequence[str], again: str) -> str:
    """Leave the jobs, or ask for the end of each; what became of them, in words. `again` is the command to go on."""
    if policy == "leave" or not names:
        return f"interrupted; what runs on Azure goes on: {again}"
    return "interrupted; " + "; ".join(_cancel(workspace, name) for name in names)


def _cancel(workspace: Workspace, name: str) -> str:
    try:
        jobs.cancel(workspace, name)
    except MlopsError as error:
        return f"{name} could not be canceled: {error.problems[0]}"
    except KeyboardInterrupt:  # the second signal, while the first is answered
        return f"the end of {name} was asked for, and the answer not waited for"
    return f"{name} is being canceled, as watch.on_interrupt says"
