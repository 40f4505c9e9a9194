"""What the call of a batch endpoint answers about the job that it made.

It must not make that job (`batch_jobs`). Source: BatchJob of 2020-09-01-dataplanepreview, as the service was recorded
to answer it.
"""

import json
import uuid

from azureml_emulator.core import clouds
from azureml_emulator.core.request import Json
from azureml_emulator.core.store import Resource
from azureml_emulator.services.workspaces.workspace_resource import Workspace

_NO_COMPUTE = {"instanceCount": None, "isLocal": False, "location": None, "instanceType": None, "properties": None}


def job(workspace: Resource, deployment: str, stated: Json, called: Json, name: str, submitted: Json) -> Json:
    """The properties of a batch job. `stated` are the deployment's, `submitted` those of the pipeline job."""
    outputs = {key: _output(said or {}) for key, said in (called.get("outputData") or {}).items()}
    dataset = called.get("outputDataset") or {}
    return {
        "provisioningState": "Succeeded",
        "inputData": {key: _input(said or {}) for key, said in (called.get("inputData") or {}).items()},
        **({"outputData": outputs} if outputs else {}),
        "compute": {"target": stated.get("compute"), **_NO_COMPUTE},
        "output": {"datastoreId": dataset.get("datastoreId"), "path": dataset.get("path")},
        "retrySettings": stated.get("retrySettings"),
        "interactionEndpoints": _places(Workspace.read(workspace), name),
        "tags": {
            "outputType": "output_data",
            "inputType": "input_data",
            "azureml.batchrun": "true",
            "azureml.deploymentname": deployment,
            "azureml.jobtype": "azureml.batchjob",
        },
        "properties": {
            "azureml.pipelineid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace.id}/{name}".lower())),
            "azureml.runsource": "azureml.PipelineRun",
            "runSource": "Unavailable",
            "runType": "HTTP",
            "azureml.parameters": json.dumps(_parameters(stated, called)),
            "azureml.continue_on_step_failure": "False",
            "azureml.continue_on_failed_optional_input": "False",
            "azureml.pipelineComponent": "pipelinerun",
        },
        "name": str(submitted.get("displayName") or name),
    }


def _input(said: Json) -> Json:
    kind = str(said.get("jobInputType") or "UriFolder")
    value = {"value": said["value"]} if "value" in said else {"uri": said.get("uri"), "mode": "ReadOnlyMount"}
    return {"description": said.get("description"), **value, "jobInputType": kind}


def _output(said: Json) -> Json:
    kind = str(said.get("jobOutputType") or "UriFolder")
    return {
        "description": said.get("description"),
        "uri": said.get("uri"),
        "mode": "ReadWriteMount",
        "jobOutputType": kind,
    }


def _places(workspace: Workspace, name: str) -> Json:
    """Where the job can be seen."""
    studio = clouds.here(f"https://ml.azure.com/runs/{name}?wsid={workspace.id}")
    return {
        kind: {"jobEndpointType": kind, "port": None, "endpoint": place, "properties": None}
        for kind, place in (("Tracking", f"{workspace.tracking_uri}?"), ("Studio", studio))
    }


def _parameters(stated: Json, called: Json) -> dict[str, str]:
    """What the scoring step of a model is given."""
    retry = stated.get("retrySettings") or {}
    return {
        "run_max_try": str(retry.get("maxRetries", 3)),
        "mini_batch_size": str(called.get("miniBatchSize") or stated.get("miniBatchSize") or ""),
        "error_threshold": str(stated.get("errorThreshold", -1)),
        "logging_level": str(stated.get("loggingLevel") or "Info").upper(),
        "process_count_per_node": str(stated.get("maxConcurrencyPerInstance", 1)),
        "NodeCount": str((stated.get("resources") or {}).get("instanceCount") or 1),
        "append_row_file_name": str(called.get("outputFileName") or stated.get("outputFileName") or ""),
    }
