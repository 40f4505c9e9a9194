"""What the service adds to a job that it was told: who watches it, where its data is mounted, and its own properties.

Source: what the service answered to azure-ai-ml for pipeline, command and sweep jobs.
"""

import json
import uuid
from typing import Any

from azureml_emulator.catalog import curated
from azureml_emulator.core import clouds
from azureml_emulator.core.clock import parse
from azureml_emulator.core.request import Json
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.job_resource import Job, JobType
from azureml_emulator.services.workspaces import scope

DEFAULT_STORE = "workspaceblobstore"
_COMMON: Json = {"identity": None, "componentId": None, "notificationSetting": None}
_ADDED: dict[str, Json] = {
    "Pipeline": {"secretsConfiguration": None, "sourceJobId": None},
    "Command": {
        "secretsConfiguration": None,
        "codeId": None,
        "distribution": None,
        "autologgerSettings": None,
        "limits": None,
        "environmentVariables": {},
        "parameters": {},
    },
}
_ADDED["Sweep"] = {"secretsConfiguration": None, "earlyTermination": None, "componentConfiguration": None}
_LIMITS: Json = {"timeout": None, "maxTotalTrials": None, "maxConcurrentTrials": None, "trialTimeout": None}
_RANDOM: Json = {"seed": None, "logbase": None, "rule": "Random"}
_QUEUE: Json = {"jobTier": "Null", "priority": None}  # of what runs on a cluster: there are no tiers
_OUTPUT: Json = {
    "description": None,
    "uri": None,
    "assetName": None,
    "assetVersion": None,
    "mode": "ReadWriteMount",
    "pathOnCompute": None,
    "autoDeleteSetting": None,
}
_RESOURCES: Json = {
    "instanceCount": 1,
    "maxInstanceCount": None,
    "instanceType": None,
    "locations": None,
    "properties": None,
    "shmSize": "2g",
    "dockerArgs": None,
    "dockerArgsList": None,
}
STAGE_STATUS = {"Completed": "Finished"}  # of a pipeline's execution, where it differs from the run's
STUDIO = "https://ml.azure.com/runs/"


def completed(workspace: Resource, name: str, stated: Json) -> Json:
    """The properties of a new job with what the service adds. What can change later is the run's, not the job's."""
    return _completed(name, stated, _services(workspace, name))


def _completed(name: str, stated: Json, services: Json) -> Json:
    kind = str(stated.get("jobType") or "")
    properties = {
        **_COMMON,
        **_ADDED.get(kind, {}),
        **stated,
        "displayName": stated.get("displayName") or name,
        "experimentName": stated.get("experimentName") or "Default",
        "services": {**(stated.get("services") or {}), **services},
        "inputs": {key: _input(value or {}) for key, value in (stated.get("inputs") or {}).items()},
        "outputs": {key: {**_OUTPUT, **(value or {})} for key, value in (stated.get("outputs") or {}).items()},
        "parentJobName": None,
        "computeId": stated.get("computeId"),
    }
    if kind == "Command":
        properties["resources"] = {**_RESOURCES, **(stated.get("resources") or {})}
        properties["queueSettings"] = {**_QUEUE, **(stated.get("queueSettings") or {})}
    if kind == "Sweep":
        properties |= _sweep(properties)
    return properties


def _sweep(stated: Json) -> Json:
    """What a sweep adds: limits and sampling that are not stated, and what its trials are."""
    trial, sampling, objective = (stated.get(key) or {} for key in ("trial", "samplingAlgorithm", "objective"))
    random = _RANDOM if sampling.get("samplingAlgorithmType") == "Random" else {}
    return {
        "limits": {"jobLimitsType": "Sweep", **_LIMITS, **(stated.get("limits") or {})},
        "samplingAlgorithm": {**random, **_given(sampling)},
        "objective": {**objective, "goal": str(objective.get("goal") or "").capitalize()},
        "queueSettings": {**_QUEUE, **(stated.get("queueSettings") or {})},
        "resources": {**_RESOURCES, **(stated.get("resources") or {})},
        "services": {key: value for key, value in stated["services"].items() if key != "Tracking"},
        "trial": {
            "codeId": None,
            "distribution": None,
            "environmentVariables": {},
            **trial,
            "environmentId": curated.registry_id(str(trial.get("environmentId") or "")),
            "resources": {**_RESOURCES, **(trial.get("resources") or {})},
        },
    }


def scheduled(stated: Json) -> Json:
    """A job as a schedule shows it: it is not there yet. What is another job's it does not say again."""
    whole = _completed("", stated, {})
    if stated.get("sourceJobId"):
        whole |= {key: stated.get(key) for key in ("inputs", "outputs", "jobs", "settings", "tags", "properties")}
    unsaid = {"description": None, "isArchived": False, "tags": None, "properties": None}
    own = {"displayName": stated.get("displayName"), "experimentName": stated.get("experimentName") or ""}
    return {**unsaid, **whole, **own, "status": "NotStarted", "services": None}


def when_it_ran(kind: JobType, run: Json) -> dict[str, str]:
    """The properties that a job has when it has run: a pipeline tells it as its stages, a command as times."""
    begun, ended = run.get("start"), run.get("end")
    if not begun or not ended:
        return {}
    if kind == JobType.PIPELINE:
        how = STAGE_STATUS.get(run["status"], run["status"])
        stages = {"Initialization": None, "Execution": {"StartTime": begun, "EndTime": ended, "Status": how}}
        return dict.fromkeys(("azureml.pipelines.stages", "stages"), json.dumps(stages, separators=(",", ":")))
    if kind != JobType.COMMAND:
        return {}
    times = {"StartTimeUtc": begun, "EndTimeUtc": ended}
    return {
        "ProcessInfoFile": "azureml-logs/process_info.json",
        "ProcessStatusFile": "azureml-logs/process_status.json",
        **{key: parse(value).strftime("%Y-%m-%d %H:%M:%S") for key, value in times.items()},
    }


def just_made(api_version: str, shown: Json, stated: Json) -> Json:
    """The answer to the call that made a job: since 2024 a pipeline has its properties only when it is prepared."""
    if stated.get("jobType") != "Pipeline" or api_version < "2024":
        return shown
    return {**shown, "properties": {**shown["properties"], "properties": texts(stated.get("properties"))}}


def outputs_shown(job: Job) -> Json:
    """The outputs of a job as it is answered: a command's artifacts are an output of their own."""
    if job.type not in (JobType.COMMAND, JobType.SWEEP):
        return job.outputs
    place = f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{job.name}"
    return {"default": {**_OUTPUT, "uri": place, "jobOutputType": "uri_folder"}, **job.outputs}


def run_properties(properties: Json) -> dict[str, str]:
    """The properties of a job's run: those that were stated and, of a pipeline, how the service understood it."""
    stated = texts(properties.get("properties"))
    if properties.get("jobType") == "Command":
        return {**stated, **_of_command(properties)}
    if properties.get("jobType") == "Sweep":
        return {**stated, **_of_sweep(properties)}
    if properties.get("jobType") != "Pipeline":
        return stated
    settings, component = properties.get("settings") or {}, properties.get("componentId")
    literals = {
        key: str(value["value"]) for key, value in (properties.get("inputs") or {}).items() if "value" in (value or {})
    }
    compute = str(properties.get("computeId") or settings.get("default_compute") or "")
    store = str(settings.get("default_datastore") or DEFAULT_STORE)
    return {
        **stated,
        **({"azureml.SourceComponentId": str(component)} if component else {}),
        "azureml.DevPlatv2": "true",
        "azureml.DatasetAccessMode": "Asset",
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "MFE",
        "runType": "HTTP",
        "azureml.parameters": json.dumps(literals, separators=(",", ":")),
        "azureml.continue_on_step_failure": _flag(settings.get("continue_on_step_failure"), default=True),
        "azureml.continue_on_failed_optional_input": _flag(
            settings.get("continue_on_failed_optional_input"), default=True
        ),
        "azureml.enforceRerun": _flag(settings.get("force_rerun"), default=False),
        **({"azureml.defaultComputeName": _last(compute)} if compute else {}),
        "azureml.defaultDataStoreName": _last(store),
        "azureml.pipelineComponent": "pipelinerun",
    }


def _of_command(properties: Json) -> dict[str, str]:
    """Where a command runs, and the snapshot of its code."""
    compute, code = str(properties.get("computeId") or ""), properties.get("codeId")
    cluster = {"_azureml.ClusterName": _last(compute)} if compute else {}
    return {"_azureml.ComputeTargetType": "amlctrain", **cluster, **_snapshot(code)}


def _snapshot(code: Any) -> dict[str, str]:
    return {"ContentSnapshotId": str(uuid.uuid5(uuid.NAMESPACE_OID, str(code)))} if code else {}


def _of_sweep(properties: Json) -> dict[str, str]:
    """What the service that makes the trials keeps."""
    return {
        "primary_metric_config": _metric(properties),
        "resume_from": "null",
        "runTemplate": "HyperDrive",
        "azureml.runsource": "hyperdrive",
        "platform": "AML",
        **_snapshot((properties.get("trial") or {}).get("codeId")),
        "user_agent": "managementfrontend/emulator",
    }


def _metric(properties: Json) -> str:
    objective = properties.get("objective") or {}
    return json.dumps({"name": objective.get("primaryMetric"), "goal": str(objective.get("goal") or "").lower()})


def run_tags(properties: Json) -> dict[str, str]:
    """The tags of a job's run: those that were stated and, of a sweep, how its trials are made."""
    stated = texts(properties.get("tags"))
    if properties.get("jobType") != "Sweep":
        return stated
    limits, sampling = properties.get("limits") or {}, properties.get("samplingAlgorithm") or {}
    generator = {
        "name": str(sampling.get("samplingAlgorithmType") or "").upper(),
        "parameter_space": properties.get("searchSpace") or {},
        "properties": {key: sampling.get(key) for key in _RANDOM},
    }
    made = {
        "max_concurrent_jobs": str(limits.get("maxConcurrentTrials")),
        "max_total_jobs": str(limits.get("maxTotalTrials")),
        "max_duration_minutes": str(limits.get("timeout")),
        "policy_config": json.dumps({"name": "Default", "properties": {}}),
        "generator_config": json.dumps(generator),
        "primary_metric_config": _metric(properties),
        "platform_config": json.dumps({"Definition": {"Overrides": properties.get("trial")}}),
        "resume_child_runs": "null",
        "all_jobs_generated": "false",
        "cancellation_requested": "false",
        "samples_generated_count": "0",
    }
    return {**stated, **{f"_aml_system_{key}": value for key, value in made.items()}}


def _given(stated: Json) -> Json:
    return {key: value for key, value in stated.items() if value is not None}


def texts(stated: Any) -> dict[str, str]:
    """Tags or properties, which are texts."""
    return {str(key): str(value) for key, value in (stated or {}).items()}


def on_page(services: Json, page: str) -> Json:
    """With the studio's address on the emulator's own page, where somebody can see the run; its port may change."""
    found: Json = services.get("Studio") or {}
    studio = clouds.here(STUDIO)
    if not page or not str(found.get("endpoint")).startswith(studio):
        return services
    return {**services, "Studio": {**found, "endpoint": found["endpoint"].replace(studio, f"{page}/jobs/", 1)}}


def _services(workspace: Resource, name: str) -> Json:
    parts = workspace.id.split("/")
    short = f"/subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{workspace.name}"
    endpoints = {
        "Tracking": clouds.here(f"azureml://{scope.location(workspace)}.api.azureml.ms/mlflow/v1.0{workspace.id}?"),
        "Studio": f"{clouds.here(STUDIO)}{name}?wsid={short}",  # the SDK adds the tenant
    }
    empty = {"port": None, "status": None, "errorMessage": None, "properties": None, "nodes": None}
    return {kind: {"jobServiceType": kind, "endpoint": endpoint, **empty} for kind, endpoint in endpoints.items()}


def _input(stated: Json) -> Json:
    """Data is mounted for reading unless another mode is stated; a literal has none."""
    data = stated.get("jobInputType") != "literal" and "uri" in stated
    mount = {"mode": "ReadOnlyMount", "pathOnCompute": None} if data else {}
    return {"description": None, **mount, **{key: value for key, value in stated.items() if value is not None}}


def _flag(stated: Any, *, default: bool) -> str:
    return str(default if stated is None else str(stated).lower() == "true")


def _last(id: str) -> str:
    return id.removeprefix("azureml:").rsplit("/", 1)[-1]
