"""A command job's process: started on this machine, its output taken as the run's log, ended in time.

It must not decide what becomes of the job. The image of the environment is not used: the command runs with the Python
that runs the emulator, as the user who started it.
"""

import asyncio
import codecs
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from azureml_emulator import process, stand_in_model
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.http.address import Address
from azureml_emulator.services.jobs.execution import command, worker
from azureml_emulator.services.jobs.execution.command import Command, Folders
from azureml_emulator.services.jobs.execution.failure import JobCanceled, JobFailed
from azureml_emulator.services.runs import runs
from azureml_emulator.services.workspaces.workspace_resource import Workspace

SHELL = "/bin/sh"
CHUNK = 1 << 16
PYTHON_SETTING = "code.python"  # which Python runs a user's code; default: the emulator's own
FLUSH_SECONDS = 0.1  # how long output is gathered before it is written to the log
TIMED_OUT = "The job was canceled because it ran longer than its limit of {:.0f} seconds."


class Group:
    """A process with all that it started; what `worker.stop` kills."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def kill(self) -> None:
        """Kill all of them at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)


async def run(emulator: Emulator, workspace: str, one: Resource, wanted: Command, folders: Folders) -> None:
    """Run the command to its end. Raises JobFailed with its exit code, and JobCanceled at its time limit."""
    if wanted.processes > 1:
        text = f"The emulator runs one process of a command and not the {wanted.processes} of its distribution."
        raise JobFailed("NotEmulated", text)
    with emulator.transaction():
        values = command.bring(emulator, workspace, wanted, folders)
        text = command.expand(wanted, values)
        runs.log(emulator, one, _preface(wanted))
    pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    started = await asyncio.create_subprocess_exec(
        SHELL, "-c", text, cwd=folders.code, env=_variables(emulator, workspace, one, wanted, values),
        stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=both, start_new_session=True,
    )  # fmt: skip
    group = Group(started.pid)
    emulator.cache[worker.PROCESS] = group
    if runs.is_ending(emulator, one):  # asked for while the process was being started
        group.kill()
    assert started.stdout is not None
    try:
        async with asyncio.timeout(wanted.seconds):
            await _follow(emulator, one, started.stdout)
            code = await started.wait()
    except TimeoutError:
        with emulator.transaction():
            runs.log(emulator, one, f"\n{TIMED_OUT.format(wanted.seconds)}\n")
        raise JobCanceled from None
    finally:
        emulator.cache.pop(worker.PROCESS, None)
        group.kill()
        await started.wait()
    if code:
        what = f"exited with status code {code}" if code > 0 else f"was ended by signal {-code}"
        log = "Please check log file 'user_logs/std_log.txt' for error details."
        raise JobFailed("UserError", f"Execution failed. User process '{SHELL}' {what}. {log}")


async def _follow(emulator: Emulator, one: Resource, stream: asyncio.StreamReader) -> None:
    """Keep what comes as it comes, in pieces that do not cost a transaction for every line."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while data := await stream.read(CHUNK):
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                while more := await stream.read(CHUNK):
                    data += more
        with emulator.transaction():
            runs.log(emulator, one, decoder.decode(data))


def _preface(wanted: Command) -> str:
    environment = wanted.environment.rsplit("/environments/", 1)[-1].replace("/versions/", ":") or "none"
    version = ".".join(map(str, sys.version_info[:3]))
    used = f"Python {version} of this machine; the environment {environment} is not used"
    return f"The emulator runs this command with {used}.\n"


def _variables(
    emulator: Emulator, workspace: str, one: Resource, wanted: Command, values: Mapping[str, str]
) -> dict[str, str]:
    """The environment of the process: as in the service, and the way back to the emulator."""
    parts = workspace.split("/")
    found = emulator.store.get(workspace)
    experiment = str(one.body["experiment"])
    tracking = Workspace.read(found).tracking_uri if found else ""
    service = {
        "AZUREML_RUN_ID": one.name,
        "AZUREML_ROOT_RUN_ID": str(one.body["root"]),
        "AZUREML_EXPERIMENT_NAME": experiment,
        "AZUREML_EXPERIMENT_ID": runs.experiment_id(workspace, experiment),
        "AZUREML_ARM_SUBSCRIPTION": parts[2],
        "AZUREML_ARM_RESOURCEGROUP": parts[4],
        "AZUREML_ARM_WORKSPACE_NAME": parts[8],
        "AZUREML_ARM_PROJECT_NAME": experiment,
        "MLFLOW_TRACKING_URI": tracking,
        "MLFLOW_RUN_ID": one.name,
        "MLFLOW_EXPERIMENT_NAME": experiment,
        "MLFLOW_EXPERIMENT_ID": runs.experiment_id(workspace, experiment),
        "RANK": "0",
        "LOCAL_RANK": "0",
        "NODE_RANK": "0",
        "WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29500",
    }
    mounted = {
        f"AZURE_ML_{where.upper()}_{name}": value
        for where, name, value in ((key.split(".", 1)[0][:-1], key.split(".", 1)[1], v) for key, v in values.items())
    }
    python = emulator.store.setting(PYTHON_SETTING, "") or sys.executable
    return {**surroundings(emulator, python), **service, **mounted, **wanted.variables}


def surroundings(emulator: Emulator, python: str) -> dict[str, str]:
    """The variables of a process that runs a user's code: its Python comes first, and its calls lead back here."""
    here = {"PATH": f"{Path(python).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    return {**stand_in_model.for_others(os.environ), "PYTHONUNBUFFERED": "1", **_way_back(emulator), **here}


def _way_back(emulator: Emulator) -> dict[str, str]:
    """The variables that lead the process's own calls to this emulator; none while it does not serve."""
    with suppress(OSError, ValueError, TypeError):
        address = Address(**json.loads((emulator.folder / "emulator.json").read_text("utf-8")))
        return process.variables(address, os.environ)
    return {}
