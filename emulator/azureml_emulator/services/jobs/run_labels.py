"""The properties and tags that the service gives the run of a job: how it understood what was stated.

Source: what the service answered to azure-ai-ml for pipeline, command and sweep jobs.
"""

import json
import uuid
from typing import Any

from azureml_emulator.core.request import Json
from azureml_emulator.services.jobs import automl_answers
from azureml_emulator.services.jobs.job_resource import DATA_FACTORY, VIRTUAL_CLUSTERS

DEFAULT_STORE = "workspaceblobstore"
TARGET = "_azureml.ComputeTargetType"
RANDOM: Json = {"seed": None, "logbase": None, "rule": "Random"}
Labels = dict[str, str | None]


def is_local(properties: Json) -> bool:
    """Whether a command is to run where its client is."""
    return "IsLocal" in ((properties.get("resources") or {}).get("properties") or {})


def run_properties(properties: Json, workspace: str, name: str) -> Labels:
    """The properties of a job's run: those that were stated and, of a pipeline, how the service understood it."""
    stated = texts(properties.get("properties"))
    if properties.get("jobType") == "Command":
        return {**stated, **_of_command(properties)}
    if properties.get("jobType") == "Sweep":
        return {**stated, **_of_sweep(properties)}
    if properties.get("jobType") == "AutoML":
        return {**stated, **automl_answers.run_properties(properties, workspace, name)}
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


def _of_command(properties: Json) -> Labels:
    """Where a command runs, and the snapshot of its code."""
    compute, code = str(properties.get("computeId") or ""), properties.get("codeId")
    if is_local(properties):
        return {TARGET: "local", **_snapshot(code)}
    if compute.lower().endswith(f"/computes/{DATA_FACTORY}"):
        return {TARGET: "adf", **_snapshot(code)}
    if VIRTUAL_CLUSTERS in compute.lower():
        return {**_of_virtual_cluster(compute, properties), **_snapshot(code)}
    return {TARGET: "amlctrain", "_azureml.ClusterName": _last(compute) if compute else None, **_snapshot(code)}


def _of_virtual_cluster(compute: str, properties: Json) -> Labels:
    """What the scheduler of virtual clusters was told."""
    resources, queue = properties.get("resources") or {}, properties.get("queueSettings") or {}
    scale = ((resources.get("properties") or {}).get("AISuperComputer") or {}).get("scalePolicy") or {}
    paced = scale.get("autoScaleIntervalInSec")
    return {
        TARGET: "singularity",
        "azureml.SLATier": str(queue.get("jobTier") or "Standard"),
        "azureml.EnableAzmlInt": "true",
        "azureml.VC": compute.lower(),
        "azureml.ComputeType": "Singularity",
        **({"azureml.AutoScale": "true"} if scale else {}),
        **({"azureml.InstanceType": str(resources["instanceType"])} if resources.get("instanceType") else {}),
        **({"azureml.AutoScaleIntervalInSeconds": str(paced)} if paced else {}),
    }


def node_id(run: str) -> str:
    """The id of the node of a graph that a step's run is of."""
    return uuid.uuid5(uuid.NAMESPACE_OID, run).hex[:8]


def snapshot(code: Any) -> str | None:
    """The id of the snapshot of a code asset; None for work without one."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(code))) if code else None


def _snapshot(code: Any) -> Labels:
    return {"ContentSnapshotId": snapshot(code)} if code else {}


def _of_sweep(properties: Json) -> Labels:
    """What the service that makes the trials keeps."""
    return {
        "primary_metric_config": _metric(properties),
        "resume_from": "null",
        "runTemplate": "HyperDrive",
        "azureml.runsource": "hyperdrive",
        "platform": "AML",
        "ContentSnapshotId": snapshot((properties.get("trial") or {}).get("codeId")) or "",
        "user_agent": "managementfrontend/emulator",
    }


def _metric(properties: Json) -> str:
    objective = properties.get("objective") or {}
    return json.dumps({"name": objective.get("primaryMetric"), "goal": str(objective.get("goal") or "").lower()})


def run_tags(properties: Json, workspace: str) -> Labels:
    """The tags of a job's run: those that were stated and, of a sweep, how its trials are made."""
    stated = texts(properties.get("tags"))
    if properties.get("jobType") == "AutoML":
        return {**stated, **automl_answers.run_tags(properties, workspace)}
    if properties.get("jobType") != "Sweep":
        return stated
    limits, sampling = properties.get("limits") or {}, properties.get("samplingAlgorithm") or {}
    generator = {
        "name": str(sampling.get("samplingAlgorithmType") or "").upper(),
        "parameter_space": properties.get("searchSpace") or {},
        "properties": {key: sampling.get(key) for key in RANDOM},
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


def texts(stated: Any) -> Labels:
    """Tags or properties, which are texts or say nothing."""
    return {str(key): None if value is None else str(value) for key, value in (stated or {}).items()}


def _flag(stated: Any, *, default: bool) -> str:
    return str(default if stated is None else str(stated).lower() == "true")


def _last(id: str) -> str:
    return id.removeprefix("azureml:").rsplit("/", 1)[-1]
