"""What an asset is: a version of data, models, code, environments or components, and the container of its versions.

Source: AssetBase and AssetContainer of Microsoft.MachineLearningServices (REST specification).
"""

from dataclasses import dataclass, field
from typing import Annotated

from azureml_emulator.core.typed import At, Json
from azureml_emulator.services.storage.places import Content

CONTENT_HASH = "hash_sha256"
NOT_STATED = ("latestVersion", "nextVersion")  # of a container: what the service counts
MLFLOW, CUSTOM = "mlflow_model", "custom_model"


@dataclass(frozen=True, kw_only=True)
class _Asset(Content):
    """What a version and a container share."""

    description: Annotated[str | None, At("properties.description")] = None
    tags: Annotated[dict[str, str], At("properties.tags")] = field(default_factory=dict)
    labels: Annotated[dict[str, str], At("properties.properties")] = field(default_factory=dict)
    is_anonymous: Annotated[bool, At("properties.isAnonymous")] = False
    system_data: Annotated[Json, At("systemData")] = field(default_factory=dict)

    @property
    def visible(self) -> Json:
        """The properties that a container shows."""
        return {key: value for key, value in self.stated.items() if key != "isAnonymous"}


@dataclass(frozen=True, kw_only=True)
class AssetContainer(_Asset):
    """A name and what all its versions share."""

    data_type: Annotated[str | None, At("properties.dataType")] = None


@dataclass(frozen=True, kw_only=True)
class Version(_Asset):
    """A version. `name` is its number, or whatever it is called."""

    stage: Annotated[str | None, At("properties.stage")] = None
    model_type: Annotated[str | None, At("properties.modelType")] = None
    model_uri: Annotated[str, At("properties.modelUri")] = ""
    job: Annotated[str | None, At("properties.jobName")] = None
    spec: Annotated[Json | None, At("properties.componentSpec")] = None
    inference: Annotated[Json | None, At("properties.inferenceConfig")] = None

    @property
    def content(self) -> str | None:
        """The hash of its files, where a client stated it."""
        return self.labels.get(CONTENT_HASH)

    @property
    def is_mlflow(self) -> bool:
        """Whether it is a model in MLflow's form, which serves itself."""
        return self.model_type == MLFLOW
