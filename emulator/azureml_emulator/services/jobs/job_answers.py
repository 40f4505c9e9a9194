"""What the service adds to a job that it was told: who watches it, where its data is mounted, and its own properties.

Source: what the service answered to azure-ai-ml for pipeline, command and sweep jobs.
"""

import json
from typing import Any

from azureml_emulator.catalog import curated
from azureml_emulator.core import clouds
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
        "limits": None,
        "environmentVariables": {},
        "parameters": {},
    },
}
_OUTPUT: Json = {
    "description": None,
    "uri": None,
    "assetName": None,
    "assetVersion": None,
    "mode": "ReadWriteMount",
    "autoDeleteSetting": None,
}
_RESOURCES: Json = {"instanceCount": 1, "instanceType": None, "properties": None, "shmSize": "2g", "dockerArgs": None}
STUDIO = "https://ml.azure.com/runs/"


def completed(workspace: Resource, name: str, stated: Json) -> Json:
    """The properties of a new job with what the service adds. What can change later is the run's, not the job's."""
    kind = str(stated.get("jobType") or "")
    properties = {
        **_COMMON,
        **_ADDED.get(kind, {}),
        **stated,
        "displayName": stated.get("displayName") or name,
        "experimentName": stated.get("experimentName") or "Default",
        "services": {**(stated.get("services") or {}), **_services(workspace, name)},
        "inputs": {key: _input(value or {}) for key, value in (stated.get("inputs") or {}).items()},
        "outputs": {key: {**_OUTPUT, **(value or {})} for key, value in (stated.get("outputs") or {}).items()},
        "parentJobName": None,
        "computeId": stated.get("computeId"),
    }
    if kind == "Command":
        properties["resources"] = {**_RESOURCES, **(stated.get("resources") or {})}
    if kind == "Sweep" and isinstance(stated.get("trial"), dict):
        environment = curated.registry_id(str(stated["trial"].get("environmentId") or ""))
        properties["trial"] = {**stated["trial"], "environmentId": environment}
    return properties


def outputs_shown(job: Job) -> Json:
    """The outputs of a job as it is answered: a command's artifacts are an output of their own."""
    if job.type is not JobType.COMMAND:
        return job.outputs
    place = f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{job.name}"
    return {"default": {**_OUTPUT, "uri": place, "jobOutputType": "uri_folder"}, **job.outputs}


def run_properties(properties: Json) -> dict[str, str]:
    """The properties of a job's run: those that were stated and, of a pipeline, how the service understood it."""
    stated = texts(properties.get("properties"))
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
    mount = {} if stated.get("jobInputType") == "literal" or "uri" not in stated else {"mode": "ReadOnlyMount"}
    return {"description": None, **mount, **{key: value for key, value in stated.items() if value is not None}}


def _flag(stated: Any, *, default: bool) -> str:
    return str(default if stated is None else str(stated).lower() == "true")


def _last(id: str) -> str:
    return id.removeprefix("azureml:").rsplit("/", 1)[-1]
