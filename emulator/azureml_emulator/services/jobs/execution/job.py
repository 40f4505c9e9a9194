"""A job together with its run, which is where its state lives.

It must not change anything.
"""

from collections.abc import Iterable

from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import outputs
from azureml_emulator.services.jobs.execution.failure import JobCanceled, JobEnded, JobFailed
from azureml_emulator.services.jobs.job_resource import Job
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus


def root_of(emulator: Emulator, job: Resource) -> Resource:
    """The run of a job."""
    found = runs.find(emulator, outputs.workspace_of(job), job.name)
    assert found is not None, "a job is made together with its run"
    return found


def injected_of(job: Resource, steps: Iterable[str]) -> tuple[str, JobFailed | JobEnded] | None:
    """The step at which a fault that was asked for ends the job, and how; the first where none is named."""
    injected, names = Job.read(job).injected_failure, list(steps)
    if not injected or (injected["step"] and injected["step"] not in names):
        return None
    failed = injected["state"] == RunStatus.FAILED
    ends = JobFailed(injected["code"], injected["message"]) if failed else JobEnded(RunStatus(injected["state"]))
    return injected["step"] or names[0], ends


def check_not_canceled(emulator: Emulator, job: Resource) -> None:
    """Raises JobCanceled when somebody asked for the job's end."""
    if runs.is_ending(emulator, root_of(emulator, job)):
        raise JobCanceled
