"""What the service adds to an AutoML job: the settings of its task that were not stated, and what its run keeps.

It must not train anything: the emulator keeps such a job as a record. Source: the models of Microsoft.MachineLearning-
Services (REST specification), and what the service answered to azure-ai-ml.
"""

import json
import re
import uuid
from typing import Any

from azureml_emulator.core import clouds
from azureml_emulator.core.request import Json

TABLES = ("Classification", "Regression", "Forecasting")
NO_DATA: Json = {"description": None, "mode": "ReadOnlyMount", "pathOnCompute": None, "jobInputType": "mltable"}
_LIMITS: Json = {"maxTrials": 1, "timeout": "P7D", "maxConcurrentTrials": 1, "maxNodes": 1}
_TABLE_LIMITS: Json = {
    "maxTrials": 1000,
    "trialTimeout": "PT30M",
    "timeout": "PT6H",
    "maxConcurrentTrials": 1,
    "maxNodes": 1,
    "maxCoresPerTrial": -1,
    "exitScore": None,
    "enableEarlyTermination": True,
    "sweepTrials": 0,
    "sweepConcurrentTrials": 0,
}
_TRAINING: Json = {
    "enableOnnxCompatibleModels": False,
    "stackEnsembleSettings": None,
    "enableStackEnsemble": True,
    "enableVoteEnsemble": True,
    "ensembleModelDownloadTimeout": "PT5M",
    "enableModelExplainability": True,
    "enableDnnTraining": False,
    "trainingMode": "Auto",
    "allowedTrainingAlgorithms": None,
    "blockedTrainingAlgorithms": None,
}
_FORECASTING: Json = {
    "countryOrRegionForHolidays": None,
    "timeColumnName": None,
    "targetLags": None,
    "targetRollingWindowSize": None,
    "forecastHorizon": {"mode": "Auto"},
    "timeSeriesIdColumnNames": None,
    "frequency": None,
    "featureLags": "None",
    "seasonality": {"mode": "Auto"},
    "shortSeriesHandlingConfig": "Auto",
    "useStl": "None",
    "targetAggregateFunction": "None",
    "cvStepSize": None,
    "featuresUnknownAtForecastTime": None,
}
_FEATURES: Json = {
    "mode": "Auto",
    "blockedTransformers": None,
    "columnNameAndTypes": None,
    "datasetLanguage": None,
    "enableDnnFeaturization": False,
    "transformerParams": None,
}
_UNSAID = ("sweepSettings", "searchSpace")
_UNSAID_OF_TABLES = (
    "fixedParameters", "nCrossValidations", "cvSplitColumnNames", "weightColumnName", "testData",
    "validationDataSize", "testDataSize", "featurizationSettings",
)  # fmt: skip


def task(stated: Json) -> Json:
    """The settings of a task, whole."""
    kind = str(stated.get("taskType") or "")
    is_table, is_image = kind in TABLES, kind.startswith("Image")
    unsaid = dict.fromkeys((*_UNSAID, *(_UNSAID_OF_TABLES if is_table else ())))
    whole: Json = {"logVerbosity": "Info", **unsaid, "primaryMetric": None, **stated}
    whole["trainingData"] = data(stated.get("trainingData"))
    whole["limitSettings"] = _limits(stated, is_table=is_table, is_image=is_image)
    validated = stated.get("validationData") or stated.get("nCrossValidations")  # by data of its own, or by folds
    whole["validationData"] = data(stated.get("validationData")) if validated else None
    if is_table:
        whole["testData"] = data(stated["testData"]) if stated.get("testData") else None
        whole["trainingSettings"] = {**_TRAINING, **_said(stated.get("trainingSettings"))}
        if stated.get("featurizationSettings"):
            whole["featurizationSettings"] = {**_FEATURES, **_said(stated["featurizationSettings"])}
    elif is_image:
        whole = {"validationDataSize": None, "modelSettings": None, **whole}
    else:
        whole = {"featurizationSettings": None, "fixedParameters": None, **whole}
    if kind == "Classification":
        whole.setdefault("positiveLabel", None)
    if kind == "Forecasting":
        whole["forecastingSettings"] = {**_FORECASTING, **_said(stated.get("forecastingSettings"))}
    return whole


def data(stated: Any) -> Json:
    """Data of a task: mounted for reading, and shown though there is none."""
    return {**NO_DATA, **_said(stated)}


def run_properties(properties: Json, workspace: str, name: str) -> dict[str, str | None]:
    """What the run of an AutoML job keeps once its settings were understood."""
    asked = task(properties.get("taskDetails") or {})
    limits, folds = asked["limitSettings"], asked.get("nCrossValidations") or {}
    metric = _snake(str(asked["primaryMetric"] or ""))
    place = clouds.here(f"{clouds.location()}.api.azureml.ms")
    experiment = uuid.uuid5(uuid.NAMESPACE_OID, str(properties.get("experimentName")))
    return {
        "num_iterations": str(limits["maxTrials"]),
        "training_type": "TrainFull",
        "acquisition_function": "EI",
        "primary_metric": metric,
        "train_split": "0",
        "acquisition_parameter": "0",
        "num_cross_validation": str(folds.get("value") or ""),
        "target": _target(properties) or "Serverless",
        "AMLSettingsJsonString": json.dumps(_settings(properties, asked, workspace, metric), separators=(",", ":")),
        "DataPrepJsonString": None,
        "EnableSubsampling": "False",
        "runTemplate": "AutoML",
        "azureml.runsource": "automl",
        "ClientType": "Mfe",
        "_aml_system_scenario_identification": "Remote.Parent",
        "PlatformVersion": "DPV2",
        "environment_cpu_name": "AzureML-ai-ml-automl",
        "environment_cpu_label": "prod",
        "environment_gpu_name": "AzureML-ai-ml-automl-gpu",
        "environment_gpu_label": "prod",
        "root_attribution": "automl",
        "attribution": "AutoML",
        "Orchestrator": "AutoML",
        "CancelUri": f"https://{place}/jasmine/v1.0{workspace}/experimentids/{experiment}/cancel/{name}",
        "mltable_data_json": _tables(asked),
        "ClientSdkVersion": "1.44.0",
        "snapshotId": "00000000-0000-0000-0000-000000000000",
        **({} if str(asked.get("taskType")).startswith("Image") else _setup(name)),
    }


def _setup(name: str) -> dict[str, str | None]:
    """The run that looks at the data first; images are not looked at."""
    return {"SetupRunId": f"{name}_setup", "SetupRunContainerId": f"dcid.{name}_setup"}


def run_tags(properties: Json, workspace: str) -> dict[str, str | None]:
    """The tags of such a run."""
    asked = task(properties.get("taskDetails") or {})
    serverless = {} if _target(properties) else {"_azureml.ComputeTargetType": ""}
    return {
        "_aml_system_automl_mltable_data_json": _tables(asked),
        "model_explain_run": "best_run",
        "_aml_system_automl_run_workspace_id": str(uuid.uuid5(uuid.NAMESPACE_OID, workspace.lower())),
        "_aml_system_azureml.automlComponent": "AutoML",
        **serverless,
    }


def _limits(stated: Json, *, is_table: bool, is_image: bool) -> Json:
    limits = _TABLE_LIMITS if is_table else _LIMITS if is_image else {**_LIMITS, "trialTimeout": None}
    asked = {**limits, **_said(stated.get("limitSettings"))}
    return {key: value for key, value in asked.items() if not (is_image and key == "maxNodes")}


def _settings(properties: Json, asked: Json, workspace: str, metric: str) -> Json:
    parts = workspace.split("/")
    kind = str(asked.get("taskType") or "")
    return {
        "subscription_id": parts[2],
        "resource_group": parts[4],
        "workspace_name": parts[-1],
        "path": f"./sample_projects/{properties.get('experimentName')}",
        "iterations": asked["limitSettings"]["maxTrials"],
        "primary_metric": metric,
        "task_type": "regression" if kind == "Forecasting" else _snake(kind),
        "is_timeseries": kind == "Forecasting",
        "label_column_name": asked.get("targetColumnName"),
    }


def _tables(asked: Json) -> str:
    """Which data it reads."""

    def one(name: str) -> Json | None:
        uri = (asked.get(name) or {}).get("uri")
        return {"Uri": uri, "ResolvedUri": None, "AssetId": None} if uri else None

    tables = {"TrainData": one("trainingData"), "TestData": one("testData"), "ValidData": one("validationData")}
    return json.dumps({"Type": "MLTable", **tables}, separators=(",", ":"))


def _target(properties: Json) -> str:
    return str(properties.get("computeId") or "").rsplit("/", 1)[-1]


def _said(stated: Any) -> Json:
    return {key: value for key, value in (stated or {}).items() if value is not None}


def _snake(text: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()
