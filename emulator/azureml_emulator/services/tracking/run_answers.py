"""A run as run history shows it: every key is there, whether it says something or not.

Source: what the service answered to azure-ai-ml at history/v1.0.
"""

import uuid

from azureml_emulator.core import caller, clouds, defaults
from azureml_emulator.core.clock import parse
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import TERMINAL

NEVER_SAID = (
    "cancelationReason", "completeUri", "createdFrom", "currentComputeTime", "effectiveStartTimeUtc", "inputs",
    "jobSpecification", "lastStartTimeUtc", "primaryMetricName", "queueingInfo", "retainForLifetimeOfWorkspace",
    "runDefinition", "scheduleId", "scriptName", "token", "tokenExpiryTimeUtc", "warnings",
)  # fmt: skip
TRAITS = ("scriptRun", "remote", "AlmostCommonRuntime", "OsType:Linux", "CommonRuntime")
PIPELINE = "azureml.PipelineRun"
MACHINES: Json = {
    "vmSize": None, "instanceType": None, "instanceCount": 1, "gpuCount": 0, "priority": None, "region": None,
}  # fmt: skip


def show(emulator: Emulator, run: Resource) -> Json:
    """The run as run history shows it."""
    body, workspace = run.body, str(run.body["workspace"])
    error, cancel = body.get("error"), _cancel_uri(run)
    return {
        **dict.fromkeys(NEVER_SAID),
        "runNumber": run.sequence,
        "rootRunId": body["root"],
        "rootRunUuid": _guid(workspace, body["root"]),
        "parentRunId": body["parent"],
        "parentRunUuid": _guid(workspace, body["parent"]) if body["parent"] else None,
        "runId": run.name,
        "runUuid": _guid(workspace, run.name),
        "revision": 2,
        "statusRevision": 1,
        "currentAttemptId": 1,
        "experimentId": runs.experiment_id(workspace, str(body["experiment"])),
        "dataContainerId": f"dcid.{run.name}",
        "status": body["status"],
        "createdUtc": body["created"],
        "startTimeUtc": body.get("start"),
        "endTimeUtc": body.get("end"),
        "lastModifiedUtc": body["modified"],
        "duration": _duration(body),
        "computeDuration": _duration(body),
        "createdBy": caller.shown(),
        "lastModifiedBy": caller.shown(),
        "userId": defaults.OBJECT_ID,
        "displayName": body.get("display_name") or run.name,
        "name": body.get("step"),
        "description": body["description"],
        "hidden": body["hidden"],
        "runType": body["kind"],
        **_machines(body),
        "tags": body["tags"],
        "properties": _properties(body),
        "parameters": {},
        "settings": {},
        "actionUris": {"Cancel": cancel, "Diagnose": ""},
        "cancelUri": cancel,
        "diagnosticsUri": "",
        "target": body.get("compute"),
        "uniqueChildRunComputeTargets": [],
        "services": {},
        "outputs": body["outputs"] or None,
        "error": {"error": error, "time": body.get("end"), "componentName": "managementfrontend"} if error else None,
        "inputDatasets": [],
        "outputDatasets": [],
    }


def _machines(body: Json) -> Json:
    """Who runs it and where: a pipeline itself runs nowhere."""
    kind, target = str(body["kind"]), body.get("compute")
    if kind == PIPELINE:
        how = {"orchestrator": "Pipeline", "traits": [kind], "attribution": None, "computeType": None}
        return {"runTypeV2": how, "compute": None, "computeRequest": None}
    traits = [kind, *TRAITS]
    how = {"orchestrator": "Execution", "traits": traits, "attribution": "Aether", "computeType": "AmlcTrain"}
    machines = {"target": target, "targetType": "amlcompute", **MACHINES} if target else None
    return {"runTypeV2": how, "compute": machines, "computeRequest": {"nodeCount": 1, "gpuCount": 0}}


def _properties(body: Json) -> Json:
    step = {"azureml.moduleName": str(body["step"]), "azureml.pipelinerunid": body["root"]} if body.get("step") else {}
    source = {"runSource": "MFE", "runType": "HTTP"} if body["kind"] == PIPELINE else {}
    return {**step, **source, **body["properties"]}


def _duration(body: Json) -> str | None:
    if not body.get("start") or not body.get("end"):
        return None
    return str(parse(body["end"]) - parse(body["start"]))


def _cancel_uri(run: Resource) -> str | None:
    """Where the studio cancels it; nothing is to be canceled of what has ended."""
    if run.body["status"] in TERMINAL:
        return None
    parts = str(run.body["workspace"]).split("/")
    place = f"subscriptions/{parts[2]}/resourceGroups/{parts[4]}/workspaces/{parts[-1]}"
    host = clouds.here(f"{clouds.location()}.api.azureml.ms")
    return f"https://{host}/studioservice/apiv2/{place}/runs/{run.name}/Cancel"


def _guid(workspace: str, run: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, runs.id_of(workspace, run).lower()))
