"""The queue of jobs: one at a time has the worker, the others wait; and the states that a job goes through.

It must not know HTTP. Where the emulator stops while a job runs, the job is run again at the next start: the work is
deterministic, and nothing of a half-done run is kept.
"""

import asyncio
import shutil
import traceback
from pathlib import Path

from azureml_emulator.core import state_transitions
from azureml_emulator.core.clock import parse
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import failure, pipeline, worker
from azureml_emulator.services.jobs.execution.failure import JobCanceled, JobEnded, JobFailed
from azureml_emulator.services.jobs.execution.job import check_not_canceled, root_of
from azureml_emulator.services.jobs.job_resource import KIND
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import ENDING, TERMINAL, RunStatus

LOOK_SECONDS = 0.05
LOCK, ACTIVE = "jobs.lock", "jobs.active"  # in the cache


def enqueue(emulator: Emulator, job_id: str) -> None:
    """Run a job in the background, after those before it."""
    emulator.spawn(_execute(emulator, job_id), f"job {job_id.rsplit('/', 1)[-1]}")


def cancel(emulator: Emulator, job: Resource) -> None:
    """Ask for a job's end: its worker is killed, and one that still waits ends at once."""
    runs.change(emulator, root_of(emulator, job), status=RunStatus.CANCEL_REQUESTED)
    if emulator.cache.get(ACTIVE) == job.id.lower():
        worker.stop(emulator)
    else:
        _end(emulator, job, RunStatus.CANCELED)


def resume(emulator: Emulator) -> None:
    """Run again what was under way when the emulator stopped."""
    for job in list(emulator.store.every(KIND)):
        root = root_of(emulator, job)
        if root.body["status"] in TERMINAL:
            continue
        with emulator.transaction():
            if root.body["status"] in ENDING:
                _end(emulator, job, RunStatus.CANCELED)
                continue
            runs.forget(emulator, root, keep_root=True)
            runs.change(emulator, root, status=RunStatus.NOT_STARTED)
        enqueue(emulator, job.id)


def read(emulator: Emulator, job_name: str) -> None:
    """One look of a client at a job's state, which counts towards a delay in reads."""
    key = f"jobs.reads:{job_name.lower()}"
    emulator.cache[key] = emulator.cache.get(key, 0) + 1


async def _execute(emulator: Emulator, job_id: str) -> None:
    lock = emulator.cache.setdefault(LOCK, asyncio.Lock())
    _move(emulator, job_id, RunStatus.PREPARING, RunStatus.QUEUED)
    async with lock:
        job = emulator.store.get(job_id)
        if job is None or root_of(emulator, job).body["status"] in TERMINAL:
            return
        emulator.cache[ACTIVE] = job_id.lower()
        work = emulator.folder / "work" / job.name
        shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
        try:
            await _to_the_end(emulator, job, work)
        finally:
            emulator.cache.pop(ACTIVE, None)
            shutil.rmtree(work, ignore_errors=True)


async def _to_the_end(emulator: Emulator, job: Resource, work: Path) -> None:
    state, failed = RunStatus.COMPLETED, None
    try:
        await pipeline.run(emulator, job, work)
        if job.body.get("_injected_failure"):
            step = job.body["_injected_failure"]["step"]
            raise JobFailed("NoSuchStep", f"A fault was asked for at the step {step}, which this job does not have.")
        await _until_delay(emulator, job)
        _move(emulator, job.id, RunStatus.FINALIZING)
    except JobCanceled:
        state = RunStatus.CANCELED
    except JobEnded as error:
        state = error.state
    except JobFailed as error:
        state, failed = RunStatus.FAILED, error
    except ServiceError as error:
        state, failed = RunStatus.FAILED, JobFailed("UserError", error.message)
    except Exception:  # noqa: BLE001 - a bug of the emulator must not leave a job running for ever
        text = traceback.format_exc()
        with (emulator.folder / "emulator.log").open("a", encoding="utf-8") as log:
            log.write(f"job {job.name}\n{text}\n")
        state, failed = RunStatus.FAILED, JobFailed("InternalServerError", text.strip().splitlines()[-1])
    if failed and await _is_canceled_before_it_fails(emulator, job):
        state, failed = RunStatus.CANCELED, None
    if emulator.store.get(job.id) is None:  # its workspace was deleted
        return
    if state is RunStatus.FAILED and runs.is_ending(emulator, root_of(emulator, job)):
        state = RunStatus.CANCELED
    with emulator.transaction():
        _end(emulator, job, state, failed)


async def _is_canceled_before_it_fails(emulator: Emulator, job: Resource) -> bool:
    """Let a job that fails take the time of one that does not, in which it can be canceled."""
    try:
        if emulator.store.get(job.id):
            await _until_delay(emulator, job)
    except JobCanceled:
        return True
    return False


async def _until_delay(emulator: Emulator, job: Resource) -> None:
    """Stay in Running until the delay of jobs has passed: seconds on the emulator's clock, and reads by clients.

    The delay is the one of now: a shorter one also lets those go that wait, which keep others from the one worker.
    """
    begun = parse(root_of(emulator, job).body["created"]).timestamp()
    key = f"jobs.reads:{job.name.lower()}"
    while not state_transitions.delay(emulator.store, "jobs").is_over(
        emulator.clock.now().timestamp() - begun, emulator.cache.get(key, 0)
    ):
        await asyncio.sleep(LOOK_SECONDS)
        check_not_canceled(emulator, job)


def _move(emulator: Emulator, job_id: str, *states: RunStatus) -> None:
    """Through states that are not final; a job that is to be canceled stays so."""
    job = emulator.store.get(job_id)
    for state in states if job else ():
        assert job is not None
        with emulator.transaction():
            root = root_of(emulator, job)
            if root.body["status"] not in ENDING:
                runs.change(emulator, root, status=state)


def _end(emulator: Emulator, job: Resource, state: RunStatus, failed: JobFailed | None = None) -> None:
    """The last state of a job and of its steps; one that never began is canceled."""
    root = root_of(emulator, job)
    for run in list(runs.tree(emulator, root))[1:]:
        if run.body["status"] not in TERMINAL:
            begun = run.body["status"] != RunStatus.NOT_STARTED
            runs.change(emulator, run, status=state if begun else RunStatus.CANCELED)
    error = {}
    if failed:
        below = [
            run for run in runs.tree(emulator, root) if run.body.get("step") and run.body["status"] == RunStatus.FAILED
        ]
        leaves = [run for run in below if not any(other.body["parent"] == run.name for other in below)]
        shown = [f"/{run.body['step']}" for run in leaves if run.body.get("error")]
        error = {"error": failure.of_pipeline(shown) if shown else failure.of_step(failed.code, failed.message)}
        for run in below:
            if not run.body.get("error"):
                runs.change(emulator, run, **error)
    runs.change(emulator, root, status=state, **error)
    if operation := emulator.operations.pending(job.id):
        emulator.operations.release(operation.id, state_transitions.AT_ONCE)
