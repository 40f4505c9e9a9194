"""What a batch endpoint and its deployments are.

Source: BatchEndpoint and BatchDeployment of Microsoft.MachineLearningServices (REST specification), and what the
service was recorded to answer for what nobody states.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from azureml_emulator.core.typed import At, Json, Provisioned

COMPONENT = "ComponentDeployment."  # how 2022 names a component, in the properties of a deployment
COMPONENT_ID = f"{COMPONENT}ComponentId"
_SETTING = f"{COMPONENT}Settings."
_RESOURCES = {"instanceCount": 1, "instanceType": None, "properties": None}
_OF_MODEL: Mapping[str, object] = {
    "errorThreshold": -1,
    "miniBatchSize": 10,
    "maxConcurrencyPerInstance": 1,
    "outputAction": "AppendRow",
    "outputFileName": "predictions.csv",
    "environmentVariables": {},
}
_OF_COMPONENT: Mapping[str, object] = {
    "errorThreshold": 0,
    "miniBatchSize": 0,
    "maxConcurrencyPerInstance": 0,
    "outputAction": "SummaryOnly",
    "outputFileName": None,
    "environmentVariables": None,
}
_UNSAID = ("description", "codeConfiguration", "environmentId", "compute", "model")


@dataclass(frozen=True, kw_only=True)
class BatchEndpoint(Provisioned):
    """A batch endpoint."""

    writes_defaults: ClassVar[bool] = False
    default: Annotated[str | None, At("properties.defaults.deploymentName")] = None  # the deployment that a call gets


@dataclass(frozen=True, kw_only=True)
class BatchDeployment(Provisioned):
    """A deployment of a batch endpoint. `stated` are all its properties."""

    writes_defaults: ClassVar[bool] = False
    stated: Annotated[Json, At("properties")]
    configuration: Annotated[Json | None, At("properties.deploymentConfiguration")] = None  # of a pipeline component
    model: Annotated[Json, At("properties.model")] = field(default_factory=dict)


def completed(stated: Json) -> Json:
    """The properties of a deployment with what the service adds."""
    given = {key: value for key, value in stated.items() if value is not None}
    component = configuration(stated) is not None
    retry = {"maxRetries": 0, "timeout": "PT0S"} if component else {"maxRetries": 3, "timeout": "PT30S"}
    resources = {**_RESOURCES, **{key: value for key, value in (given.get("resources") or {}).items() if value}}
    level = str(given.get("loggingLevel") or "Info")
    if component and "deploymentConfiguration" not in given:  # as in 2022: what is of a model is not kept
        given = {key: value for key, value in given.items() if key not in ("compute", "environmentVariables")}
    return {
        **dict.fromkeys(_UNSAID),
        "properties": {},
        **(_OF_COMPONENT if component else _OF_MODEL),
        **given,
        "retrySettings": {**retry, **(given.get("retrySettings") or {})},
        "loggingLevel": level[:1].upper() + level[1:],
        "resources": resources,
    }


def configuration(stated: Json) -> Json | None:
    """The pipeline component of a deployment and how it runs; None for one of a model."""
    if found := stated.get("deploymentConfiguration"):
        return dict(found)
    properties = stated.get("properties") or {}
    if not (id := properties.get(COMPONENT_ID)):
        return None
    settings = {key.removeprefix(_SETTING): value for key, value in properties.items() if key.startswith(_SETTING)}
    return {"componentId": {"assetId": id}, "settings": settings}
