"""Models of the system registries: what `models.yaml` says, as the registry answers it.

It must not hold weights; what stands in for them is the business of `catalog/base`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from azureml_emulator.catalog import read_file

FILE = Path(__file__).with_name("models.yaml")
_MLMODEL_DATA = {
    "hf_pretrained_class": "AutoModelForCausalLM",
    "task_type": "chat-completion",
    "hf_predict_module": "predict",
}


@dataclass(frozen=True)
class Model:
    """One version of a registry model. `tags` and `properties` are strings, as the registry keeps them."""

    registry: str
    name: str
    version: str
    archived: bool
    created: str
    description: str
    tags: dict[str, str]
    properties: dict[str, str]
    system_metadata: dict[str, Any] | None

    @property
    def id(self) -> str:
        """The asset id, `azureml://registries/...`."""
        return f"azureml://registries/{self.registry}/models/{self.name}/versions/{self.version}"

    def rest(self) -> dict[str, Any]:
        """`properties` of the version as the registry answers it."""
        path = f"azureml://registries/{self.registry}/models/{self.name}/versions/{self.version}"
        answer: dict[str, Any] = {
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "isArchived": self.archived,
            "isAnonymous": False,
            "flavors": {"hftransformersv2": {"data": dict(_MLMODEL_DATA)}, "python_function": {"data": {}}},
            "modelType": "mlflow_model",
            "modelUri": path,
            "jobName": None,
            "provisioningState": "Succeeded",
            "stage": None,
        }
        return {**answer, "systemMetadata": self.system_metadata} if self.system_metadata else answer


def find(registry: str, name: str, version: str) -> Model | None:
    """The version of a model, archived or not. Names ignore case, as in the service."""
    return next((model for model in versions(registry, name) if model.version == version), None)


def versions(registry: str, name: str) -> list[Model]:
    """All versions of a model, oldest first."""
    return [model for model in every(registry) if model.name.lower() == name.lower()]


def every(registry: str) -> list[Model]:
    """All versions of all models of a registry."""
    return [model for model in _all() if model.registry.lower() == registry.lower()]


@cache
def _all() -> tuple[Model, ...]:
    said = read_file(FILE)
    return tuple(
        Model(
            registry=said["registry"],
            name=model["name"],
            version=model["version"],
            archived=model["archived"],
            created=model["created"],
            description=model["description"],
            tags=_strings(model["tags"]),
            properties=_strings(model["properties"]),
            system_metadata=model.get("system_metadata"),
        )
        for model in said["models"]
    )


def _strings(pairs: dict[str, Any]) -> dict[str, str]:
    """Publishing turns every value into text; of lists and mappings that is Python's repr."""
    return {key: value if isinstance(value, str) else str(value) for key, value in pairs.items()}
