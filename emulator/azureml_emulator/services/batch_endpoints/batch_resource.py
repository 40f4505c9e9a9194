"""What a batch endpoint and its deployments are.

Source: BatchEndpoint and BatchDeployment of Microsoft.MachineLearningServices (REST specification).
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from azureml_emulator.core.typed import At, Json, Provisioned


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
