"""Command jobs that are to run where their client is: said back first, and made when the client asks to start one.

The machine of the client is that of the emulator, so the emulator runs the command, as it runs every other.
Source: the local job invoker of azure-ai-ml, and what the service answered to it.
"""

import io
import json
import zipfile
from urllib.parse import quote_plus

from azureml_emulator.core import arm, clouds
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Reply
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import job_answers, job_checks, run_labels
from azureml_emulator.services.jobs.job_resource import TYPE_PATH, JobType
from azureml_emulator.services.runs import runs
from azureml_emulator.services.workspaces import scope

KIND = "localJobs"  # stated, and not started
ANSWER = "azureml-setup/Invocation"
SCRIPT = "#!/bin/sh\necho 'The emulator of this machine runs the command.'\n"


def is_new(emulator: Emulator, workspace: Resource, name: str, properties: Json) -> bool:
    """Whether this is a local command that was not started yet."""
    is_local = properties.get("jobType") == JobType.COMMAND and run_labels.is_local(properties)
    return is_local and runs.find(emulator, workspace.id, name) is None


def put(emulator: Emulator, workspace: Resource, name: str, properties: Json) -> Reply:
    """Of a new one nothing is made yet; the service `Local` says how it is started. Raises 400."""
    job_checks.check_command(emulator, workspace, name, properties)
    id = f"{workspace.id}/{KIND}/{name}"
    emulator.store.put(id, {"properties": properties}, parent=workspace.id, kind=KIND, name=name)
    shown = job_answers.local(properties, name, _endpoint(workspace, name, properties))
    body = {"properties": shown, "systemData": {}}
    return Reply(201, arm.shown(f"{workspace.id}/jobs/{name}", name, body, TYPE_PATH))


def take(emulator: Emulator, workspace: Resource, name: str) -> Json:
    """What was stated of one that now starts. Raises 404."""
    found = emulator.store.get(f"{workspace.id}/{KIND}/{name}")
    if found is None:
        raise ServiceError(404, "UserError", f"Run {name} is not known.", inner=("NotFound",))
    emulator.store.delete(found.id)
    stated: Json = found.body["properties"]
    return stated


def archive() -> Reply:
    """What its client is to run."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as files:
        files.writestr(f"{ANSWER}.sh", SCRIPT)
        files.writestr(f"{ANSWER}.bat", "@" + SCRIPT.splitlines()[-1] + "\n")
    return Reply(200, whole.getvalue(), {"Content-Type": "application/octet-stream"})


def _endpoint(workspace: Resource, name: str, properties: Json) -> str:
    """Where it is started, and behind a mark the body that its client has to send there."""
    host = clouds.here(f"{scope.location(workspace)}.api.azureml.ms")
    experiment = properties.get("experimentName") or "Default"
    body = {
        "Configuration": {
            "Command": properties.get("command"),
            "Target": "Local",
            "EnvironmentVariables": properties.get("environmentVariables") or {},
        },
        "Attribution": "azureml.scriptrun",
        "SnapshotId": None,
        "DisplayName": properties.get("displayName") or name,
        "Properties": properties.get("properties") or {},
        "Tags": properties.get("tags") or {},
    }
    place = f"https://{host}/execution/v1.0{workspace.id}/experiments/{experiment}/startlocalrun?runId={name}"
    return f"{place}&fake={quote_plus(json.dumps(body))}"
