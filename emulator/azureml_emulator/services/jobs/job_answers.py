"""What the service adds to a job that it was told: who watches it, where its data is mounted, and its own properties.

Source: what the service answered to azure-ai-ml for pipeline, command and sweep jobs.
"""

import json

from azureml_emulator.catalog import curated
from azureml_emulator.core import clouds
from azureml_emulator.core.clock import parse
from azureml_emulator.core.request import Json
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import automl_answers, run_labels
from azureml_emulator.services.jobs.job_resource import Job, JobType
from azureml_emulator.services.workspaces import scope

_COMMON: Json = {
    "identity": None, "componentId": None, "notificationSetting": None, "secretsConfiguration": None,
    "parentJobName": None, "computeId": None,
}  # fmt: skip
_ADDED: dict[str, Json] = {
    "AutoML": {"environmentId": None, "environmentVariables": None},
    "Command": dict.fromkeys(("codeId", "distribution", "autologgerSettings", "limits", "environmentVariables")),
    "Pipeline": dict.fromkeys(("settings", "jobs", "sourceJobId")),
    "Spark": dict.fromkeys(
        ("args", "codeId", "conf", "environmentId", "environmentVariables", "pyFiles", "jars", "files", "archives")
    ),
    "Sweep": dict.fromkeys(("earlyTermination", "componentConfiguration")),
}
_WITH_RESOURCES = ("AutoML", "Command", "Sweep")
_WITH_QUEUE = (*_WITH_RESOURCES, "Spark")
_LIMITS: Json = {"timeout": None, "maxTotalTrials": None, "maxConcurrentTrials": None, "trialTimeout": None}
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
_DISTRIBUTIONS: dict[str, Json] = {
    "Mpi": {"processCountPerInstance": None},
    "PyTorch": {"processCountPerInstance": None},
    "Ray": dict.fromkeys(
        ("port", "address", "includeDashboard", "dashboardPort", "headNodeAdditionalArgs", "workerNodeAdditionalArgs")
    ),
    "TensorFlow": {"parameterServerCount": 0, "workerCount": None},
}
_SILENT: Json = dict.fromkeys(("port", "status", "errorMessage", "properties", "nodes"))
STAGE_STATUS = {"Completed": "Finished"}  # of a pipeline's execution, where it differs from the run's
STUDIO = "https://ml.azure.com/runs/"


def completed(workspace: Resource, name: str, stated: Json) -> Json:
    """The properties of a new job with what the service adds. What can change later is the run's, not the job's."""
    whole = _completed(name, stated, _services(workspace, name))
    if stated.get("jobType") == JobType.AUTO_ML and not stated.get("computeId"):
        whole["computeId"] = f"{workspace.id}/computes/"  # without a name it is serverless
    return whole


def _completed(name: str, stated: Json, services: Json) -> Json:
    kind = str(stated.get("jobType") or "")
    outputs = stated.get("outputs")
    properties = {
        **_COMMON,
        **_ADDED.get(kind, {}),
        **stated,
        "displayName": stated.get("displayName") or name,
        "experimentName": stated.get("experimentName") or "Default",
        "services": {**(stated.get("services") or {}), **services},
        "outputs": None if outputs is None else {key: {**_OUTPUT, **(value or {})} for key, value in outputs.items()},
    }
    if kind != JobType.AUTO_ML:
        given = stated.get("inputs")
        properties["inputs"] = None if given is None else {key: _input(value or {}) for key, value in given.items()}
    if kind in _WITH_RESOURCES:
        properties["resources"] = {**_RESOURCES, **_given(stated.get("resources"))}
    if kind in _WITH_QUEUE:
        properties["queueSettings"] = _queue(stated)
    if kind == JobType.COMMAND:
        properties["parameters"] = {}
        if stated.get("limits"):
            properties["limits"] = {"timeout": None, **stated["limits"]}
        properties["distribution"] = _distribution(stated.get("distribution"))
        if run_labels.is_local(stated):
            properties |= _of_local(properties)
    if kind == JobType.SWEEP:
        properties |= _sweep(properties)
    if kind == JobType.AUTO_ML:
        properties |= {"secretsConfiguration": {}, "taskDetails": automl_answers.task(stated.get("taskDetails") or {})}
    return properties


def _of_local(properties: Json) -> Json:
    """What is other of a command that runs where its client is."""
    return {
        "limits": properties["limits"] or {"timeout": None, "jobLimitsType": "Command"},
        "environmentId": curated.registry_id(str(properties.get("environmentId") or "")),
        "resources": {key: value for key, value in properties["resources"].items() if key != "shmSize"},
    }


def _queue(stated: Json) -> Json:
    """The tier that was asked for; on a cluster there is none."""
    asked = _given(stated.get("queueSettings"))
    tier = str(asked.get("jobTier") or ("Null" if stated.get("computeId") else "Standard"))
    return {"priority": None, **asked, "jobTier": tier[:1].upper() + tier[1:]}


def _sweep(stated: Json) -> Json:
    """What a sweep adds: limits and sampling that are not stated, and what its trials are."""
    trial, sampling, objective = (stated.get(key) or {} for key in ("trial", "samplingAlgorithm", "objective"))
    random = run_labels.RANDOM if sampling.get("samplingAlgorithmType") == "Random" else {}
    return {
        "limits": {"jobLimitsType": "Sweep", **_LIMITS, **(stated.get("limits") or {})},
        "samplingAlgorithm": {**random, **_given(sampling)},
        "objective": {**objective, "goal": str(objective.get("goal") or "").capitalize()},
        "services": {key: value for key, value in stated["services"].items() if key != "Tracking"},
        "trial": {
            "codeId": None,
            "environmentVariables": {},
            **trial,
            "distribution": _distribution(trial.get("distribution")),
            "environmentId": curated.registry_id(str(trial.get("environmentId") or "")),
            "resources": {**_RESOURCES, **(trial.get("resources") or {})},
        },
    }


def _distribution(stated: Json | None) -> Json | None:
    """How a job is spread over nodes, whole."""
    kinds = {kind.lower(): kind for kind in _DISTRIBUTIONS}
    kind = kinds.get(str((stated or {}).get("distributionType")).lower())
    return {**_DISTRIBUTIONS[kind], **(stated or {})} if kind else stated


def local(stated: Json, name: str, endpoint: str) -> Json:
    """A command that its client has to start: nothing of it is there yet but the way to do so."""
    start = {"Local": {"jobServiceType": "Local", "endpoint": endpoint, **_SILENT}}
    whole = {**_completed(name, stated, start), "limits": stated.get("limits"), "parameters": None}
    unsaid: Json = {"description": None, "isArchived": False, "tags": {}, "properties": {}}
    return {**unsaid, **whole, "status": "NotStarted", "environmentId": stated.get("environmentId")}


def scheduled(stated: Json, *, kept: bool) -> Json:
    """A job as a schedule shows it: it is not there yet. What is another job's it does not say again."""
    whole = _completed("", stated, {})
    services = stated.get("services")
    if stated.get("sourceJobId"):
        whole |= {key: stated.get(key) for key in ("inputs", "outputs", "jobs", "settings", "tags", "properties")}
    elif kept and stated.get("jobType") != JobType.PIPELINE:
        services = services or {}
    unsaid = {"description": None, "isArchived": False, "tags": None, "properties": None}
    own = {"displayName": stated.get("displayName"), "experimentName": stated.get("experimentName") or ""}
    nothing = {"parameters": None} if "parameters" in whole else {}
    return {**unsaid, **whole, **own, **nothing, "status": "NotStarted", "services": services}


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
    """The answer to the call that made a job, which is not prepared: so a pipeline since 2024, and always AutoML."""
    late = stated.get("jobType") == JobType.PIPELINE and api_version >= "2024"
    if not late and stated.get("jobType") != JobType.AUTO_ML:
        return shown
    asked = {key: run_labels.texts(stated.get(key)) for key in ("tags", "properties")}
    inputs = {"inputs": shown["properties"].get("inputs") or None} if late else {}
    return {**shown, "properties": {**shown["properties"], **asked, **inputs}}


def outputs_shown(job: Job) -> Json | None:
    """The outputs of a job as it is answered: a command's artifacts are an output of their own."""
    if job.type not in (JobType.COMMAND, JobType.SWEEP):
        return job.stated.get("outputs")
    place = f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{job.name}"
    return {"default": {**_OUTPUT, "uri": place, "jobOutputType": "uri_folder"}, **job.outputs}


def _given(stated: Json | None) -> Json:
    return {key: value for key, value in (stated or {}).items() if value is not None}


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
    return {kind: {"jobServiceType": kind, "endpoint": endpoint, **_SILENT} for kind, endpoint in endpoints.items()}


def _input(stated: Json) -> Json:
    """Data is mounted for reading unless another mode is stated; a literal has none."""
    data = stated.get("jobInputType") != "literal" and "uri" in stated
    mount = {"mode": "ReadOnlyMount", "pathOnCompute": None} if data else {}
    return {"description": None, **mount, **{key: value for key, value in stated.items() if value is not None}}
