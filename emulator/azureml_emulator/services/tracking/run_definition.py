"""A pipeline as run history keeps it: the job that was submitted, in the words of the service that runs it.

Source: what the service answered to azure-ai-ml at history/v1.0 rundata.
"""

from typing import Any

from azureml_emulator.core.request import Json

KINDS = ("uri_file", "literal", "mltable", "uri_folder", "custom_model", "mlflow_model", "triton_model")
MODES = ("ReadWriteMount", "Upload", "Direct")
NOTHING = (
    "Pipeline", "RunId", "ComponentJobs", "Bindings", "ParentJobName", "InteractionEndpoints", "Compute", "Priority",
    "Output", "Schedule",
)  # fmt: skip


def of_pipeline(properties: Json, run: Json) -> Json:
    """The definition of a pipeline's run."""
    inputs, outputs = properties.get("inputs") or {}, properties.get("outputs") or {}
    return {
        **dict.fromkeys(NOTHING),
        "JobType": "Pipeline",
        "PipelineJobType": "AzureML",
        "ComputeId": properties.get("computeId"),
        "Settings": properties.get("settings") or {},
        "Jobs": properties.get("jobs") or {},
        "Inputs": {name: _input(said or {}) for name, said in inputs.items()},
        "Outputs": {name: _output(said or {}) for name, said in outputs.items()},
        "InputBindings": {name: _input(said or {}) for name, said in inputs.items()},
        "OutputBindings": {name: _bound(said or {}) for name, said in outputs.items()},
        "SourceJobId": properties.get("sourceJobId"),
        "ProvisioningState": "Succeeded",
        "DisplayName": run.get("display_name"),
        "ExperimentName": run["experiment"],
        "Status": "NotStarted",
        "Identity": properties.get("identity"),
        "IsArchived": run["hidden"],
        "ComponentId": properties.get("componentId"),
        "NotificationSetting": properties.get("notificationSetting"),
        "Description": run["description"],
        "Tags": run["tags"],
        "Properties": properties.get("properties") or {},
    }


def _input(said: Json) -> Json:
    kind = {"JobInputType": _number(said.get("jobInputType"), KINDS), "Description": said.get("description")}
    if "uri" in said:
        return {**kind, "Uri": said["uri"], "Mode": _number(said.get("mode"), MODES)}
    return {**kind, "Value": said.get("value")}


def _output(said: Json) -> Json:
    return {
        "JobOutputType": _number(said.get("jobOutputType"), KINDS),
        "Uri": said.get("uri"),
        "Mode": _number(said.get("mode"), MODES),
        "AssetName": said.get("assetName"),
        "AssetVersion": said.get("assetVersion"),
        "Description": said.get("description"),
    }


def _bound(said: Json) -> Json:
    unsaid = dict.fromkeys(("DatastoreId", "PathOnDatastore", "PathOnCompute", "AssetUri"))
    return {**_output(said), **unsaid, "Mode": said.get("mode"), "IsAssetJobOutput": True}


def _number(word: Any, words: tuple[str, ...]) -> int:
    """Enumerations are numbers there."""
    return words.index(word) if word in words else 0
