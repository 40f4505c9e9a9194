"""The worker process of a job: started, followed line by line, ended. Its lines become runs, logs and metrics.

It must not decide what happens after it. Protocol: `azureml_emulator.stand_in_model.worker`.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from azureml_emulator.core import model_stack
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import failure, forked
from azureml_emulator.services.jobs.execution.failure import JobFailed
from azureml_emulator.services.jobs.execution.forked import ForkedWorker, ForkServer
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus

LINE_LIMIT = 1 << 20
OWN_METRICS = ("compute_metrics",)
PROCESS = "jobs.process"  # in the cache: the one process that runs now


async def run(emulator: Emulator, root: Resource, steps: Mapping[str, Resource], work: Path) -> None:
    """Run the request in the folder to its end. Raises JobFailed."""
    process = await _started(emulator, work)
    emulator.cache[PROCESS] = process
    if runs.is_ending(emulator, root):  # asked for while the process was being started
        process.kill()
    assert process.stdout is not None
    failed: JobFailed | None = None
    try:
        async for line in process.stdout:
            with emulator.transaction():
                failed = _take(emulator, root, steps, line.decode("utf-8", "replace")) or failed
        code = await process.wait()
    finally:
        emulator.cache.pop(PROCESS, None)
        if process.returncode is None:
            process.kill()
            await process.communicate()  # until it is gone, and its pipe with it
    if failed or code:
        raise failed or JobFailed("SystemError", f"The worker ended with code {code}.")


async def _started(emulator: Emulator, work: Path) -> asyncio.subprocess.Process | ForkedWorker:
    stack = model_stack.command(emulator.folder)
    if not stack and forked.AVAILABLE:
        return await emulator.part(ForkServer).start(work, LINE_LIMIT)
    own = [sys.executable, "-m", "azureml_emulator.stand_in_model"]
    command = [*([*stack, "work"] if stack else own), str(work)]
    nothing, pipe, both = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    return await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=pipe, stderr=both, limit=LINE_LIMIT)


def stop(emulator: Emulator) -> None:
    """Kill the process that runs now, if any."""
    process = emulator.cache.get(PROCESS)
    if process:
        with suppress(ProcessLookupError):
            process.kill()


def _take(emulator: Emulator, root: Resource, steps: Mapping[str, Resource], line: str) -> JobFailed | None:
    """One line of the worker; one that is no event is kept in the pipeline's log."""
    try:
        event = json.loads(line)
        run = steps[event["node"]]
    except (ValueError, KeyError, TypeError):
        runs.log(emulator, root, line, runs.PIPELINE_LOG)
        return None
    stamp = emulator.clock.stamp()
    match event["event"]:
        case "started":
            runs.change(emulator, run, status=RunStatus.RUNNING)
            text = f"[{stamp}] Submitting 1 runs, first five are: {event['node']}:{run.name}\n"
            runs.log(emulator, root, text, runs.PIPELINE_LOG)
        case "completed":
            runs.change(emulator, run, status=RunStatus.COMPLETED)
            text = f"[{stamp}] Completing processing run id {run.name}.\n"
            runs.log(emulator, root, text, runs.PIPELINE_LOG)
        case "log":
            runs.log(emulator, run, f"{event['line']}\n")
        case "metric":
            # Fine-tuning logs at the root as well; evaluation on its own run only.
            for target in (run,) if event["node"] in OWN_METRICS else (run, root):
                runs.log_metric_once(emulator, target, event["name"], float(event["value"]), int(event["step"] or 0))
        case "property":
            for target in (run, root):
                runs.merge(emulator, target, "properties", {event["name"]: event["value"]})
        case "failed":
            code, message = str(event["code"]), str(event["message"])
            runs.change(emulator, run, status=RunStatus.FAILED, error=failure.of_step(code, message))
            runs.log(emulator, root, f"[{stamp}] Run {run.name} failed: {code}\n", runs.PIPELINE_LOG)
            return JobFailed(code, message)
        case _:
            pass
    return None
