"""A run as run history shows it: every key is there, whether it says something or not.

Source: what the service answered to azure-ai-ml at history/v1.0.
"""

import json
import uuid
from typing import Any

from azureml_emulator.core import caller, clouds, defaults
from azureml_emulator.core.clock import parse
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import run_labels
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import RunStatus

NEVER_SAID = (
    "cancelationReason", "completeUri", "createdFrom", "effectiveStartTimeUtc",
    "jobSpecification", "lastStartTimeUtc", "primaryMetricName",
    "runDefinition", "scheduleId", "scriptName", "token", "tokenExpiryTimeUtc",
)  # fmt: skip
TRAITS = ("scriptRun", "remote", "AlmostCommonRuntime", "OsType:Linux", "CommonRuntime")
PIPELINE, STEP = "azureml.PipelineRun", "azureml.StepRun"
MACHINES: Json = {
    "vmSize": None, "instanceType": None, "instanceCount": 1, "gpuCount": 0, "priority": None, "region": None,
    "armId": None, "properties": None,
}  # fmt: skip
ERROR: Json = {
    "severity": None, "messageFormat": None, "messageParameters": {}, "referenceCode": None, "detailsUri": None,
    "target": None, "details": [], "innerError": None, "debugInfo": None,
}  # fmt: skip
ALLOCATION = {"AllocationState": "steady", "PreparingNodeCount": 0, "RunningNodeCount": 0, "CurrentNodeCount": 0}


def show(emulator: Emulator, run: Resource) -> Json:
    """The run as run history shows it."""
    body, workspace = run.body, str(run.body["workspace"])
    cancel, is_pipeline = _cancel_uri(run), body["kind"] == PIPELINE
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
        "currentAttemptId": None if is_pipeline else 1,
        "experimentId": runs.experiment_id(workspace, str(body["experiment"])),
        "dataContainerId": f"dcid.{run.name}",
        "status": body["status"],
        "createdUtc": body["created"],
        "startTimeUtc": body.get("start"),
        "endTimeUtc": body.get("end"),
        "lastModifiedUtc": body["modified"],
        "currentComputeTime": None if body.get("end") else "00:00:00",
        "queueingInfo": _queueing(body),
        "duration": _duration(body),
        "computeDuration": _duration(body),
        "createdBy": _caller(),
        "lastModifiedBy": _caller(),
        "userId": defaults.OBJECT_ID,
        "displayName": body.get("display_name") or run.name,
        "name": body.get("step"),
        "description": body["description"],
        "hidden": body["hidden"],
        "runType": body["kind"],
        **_machines(body),
        "tags": {**_step_tags(run), **body["tags"]},
        "properties": _properties(run),
        "parameters": {},
        "settings": {},
        "actionUris": {"Cancel": cancel} if is_pipeline or _is_reused(body) else {"Cancel": cancel, "Diagnose": ""},
        "cancelUri": cancel,
        "diagnosticsUri": None if is_pipeline or _is_reused(body) else "",
        "target": body.get("compute") if not is_pipeline else None,
        "uniqueChildRunComputeTargets": [body["compute"]] if is_pipeline and body.get("compute") else [],
        "services": {},
        "inputs": {} if is_pipeline else None,
        "outputs": body["outputs"] or ({} if is_pipeline else None),
        "error": _error(body),
        "warnings": _warnings(body),
        "retainForLifetimeOfWorkspace": False if is_pipeline else None,
        "inputDatasets": [],
        "outputDatasets": [],
    }


def _caller() -> Json:
    return {**caller.shown(), "clientApplicationId": None, "applicationACR": None}


def _queueing(body: Json) -> Json | None:
    """What a step waits for."""
    if body["kind"] != STEP or body["status"] not in (RunStatus.NOT_STARTED, RunStatus.QUEUED) or _is_reused(body):
        return None
    text = "This job waits for its turn on the compute."
    return {"code": "Scheduling", "message": text, "lastRefreshTimestamp": body["modified"]}


def _error(body: Json) -> Json | None:
    """Why it failed, and which part of the service says so."""
    if not (error := body.get("error")):
        return None
    whole = {**ERROR, **error, "additionalInfo": error.get("additionalInfo") or None}
    said_by = "CommonRuntime" if body["kind"] == STEP else "managementfrontend"
    where = dict.fromkeys(("correlation", "environment", "location"))
    return {"error": whole, **where, "time": body.get("end"), "componentName": said_by}


def _warnings(body: Json) -> list[Json] | None:
    """What the cluster says of a step that failed there."""
    if body["kind"] != STEP or not body.get("error"):
        return None
    return [{"source": "AmlCompute", "message": f"AzureMLCompute job failed\n{body['error'].get('message')}"}]


def _machines(body: Json) -> Json:
    """Who runs it and where: a pipeline itself runs nowhere, nor does a step whose work was done before."""
    kind, target = str(body["kind"]), body.get("compute")
    if kind == PIPELINE or _is_reused(body):
        traits = [kind, "MFE", "HTTP", "DevPlatv2"] if kind == PIPELINE else [kind]
        orchestrator = "Pipeline" if kind == PIPELINE else None
        how = {"orchestrator": orchestrator, "traits": traits, "attribution": None, "computeType": None}
        return {"runTypeV2": how, "compute": None, "computeRequest": None}
    traits = [kind, *TRAITS]
    how = {"orchestrator": "Execution", "traits": traits, "attribution": "Aether", "computeType": "AmlcTrain"}
    machines = {"target": target, "targetType": "amlcompute", **MACHINES} if target else None
    return {"runTypeV2": how, "compute": machines, "computeRequest": {"nodeCount": 1, "gpuCount": 0}}


def _is_reused(body: Json) -> bool:
    return "azureml.isreused" in body["properties"]


def _properties(run: Resource) -> Json:
    """What was stated, and of a step how its pipeline started it."""
    body, component = run.body, run.body.get("component") or {}
    source = {"runSource": "MFE", "runType": "HTTP"} if body["kind"] == PIPELINE else {}
    if not body.get("step"):
        return {**source, **body["properties"]}
    name = str(component.get("name") or body["step"])
    step: Json = {"azureml.moduleName": name, "azureml.pipelinerunid": body["root"]}
    if body["kind"] == STEP:
        above = body["parent"]
        step |= {
            "azureml.DevPlatv2": "true",
            "azureml.DatasetAccessMode": "Asset",
            **({"ContentSnapshotId": component["snapshot"]} if component.get("snapshot") else {}),
            "StepType": "PythonScriptStep",
            "ComputeTargetType": "AmlCompute",
            "azureml.moduleid": _guid(str(body["workspace"]), name),
            "azureml.moduleFamilyId": "0",
            "azureml.moduleVersion": str(component.get("version") or "1"),
            "azureml.runsource": STEP,
            "azureml.nodeid": run_labels.node_id(run.name),
            "azureml.pipelinerunid": above,
            "azureml.pipeline": above,
            "azureml.rootpipelinerunid": body["root"],
            "azureml.pipelineComponent": "masterescloud",
            "_azureml.ComputeTargetType": "amlctrain",
            "_azureml.ClusterName": body.get("compute"),
            "ProcessInfoFile": "azureml-logs/process_info.json",
            "ProcessStatusFile": "azureml-logs/process_status.json",
        }
    return {**step, **source, **body["properties"]}


def _step_tags(run: Resource) -> dict[str, Any]:
    """The tags of a step: where it stands in its pipeline, and the state of its cluster."""
    if run.body["kind"] != STEP or not run.body.get("step"):
        return {}
    state = {"_aml_system_ComputeTargetStatus": json.dumps(ALLOCATION, separators=(",", ":"))}
    return {"azureml.nodeid": run_labels.node_id(run.name), "azureml.pipeline": run.body["parent"], **state}


def _duration(body: Json) -> str | None:
    if not body.get("start") or not body.get("end"):
        return None
    return str(parse(body["end"]) - parse(body["start"]))


def _cancel_uri(run: Resource) -> str:
    """Where the studio cancels it; it is said of what has ended, too."""
    parts = str(run.body["workspace"]).split("/")
    place = f"subscriptions/{parts[2]}/resourceGroups/{parts[4]}/workspaces/{parts[-1]}"
    host = clouds.here(f"{clouds.location()}.api.azureml.ms")
    if run.body["kind"] == PIPELINE:
        return f"https://{host}/studioservice/api/{place}/PipelineRuns/{run.name}/cancel"
    return f"https://{host}/studioservice/apiv2/{place}/runs/{run.name}/Cancel"


def _guid(workspace: str, run: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, runs.id_of(workspace, run).lower()))
