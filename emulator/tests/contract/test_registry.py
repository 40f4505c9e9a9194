"""The system registry through the real SDK: base models, the fine-tuning component, what is refused."""

import ast
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import defaults

REGISTRY = (
    "https://cert-eastus.experiments.azureml.net/mferp/managementfrontend"
    f"/subscriptions/{defaults.REGISTRY_SUBSCRIPTION_ID}/resourceGroups/{defaults.REGISTRY_RESOURCE_GROUP}"
    "/providers/Microsoft.MachineLearningServices/registries/azureml"
)
VERSION = "api-version=2021-10-01-dataplanepreview"
Call = Callable[..., urllib3.BaseHTTPResponse]


def test_phi_3_mini_is_archived_but_resolves_by_version(registry_client: Any, api: Call) -> None:
    from azure.ai.ml.exceptions import ValidationException

    found = registry_client.models.get("Phi-3-mini-4k-instruct", version="15")
    assert (found.id, found.type) == (
        "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15",
        "mlflow_model",
    )
    with pytest.raises(ValidationException, match="does not exist in registry azureml"):
        registry_client.models.get("Phi-3-mini-4k-instruct", label="latest")
    assert list(registry_client.models.list("Phi-3-mini-4k-instruct")) == []
    listed = api("GET", f"{REGISTRY}/models/Phi-3-mini-4k-instruct/versions?{VERSION}&listViewType=All").json()["value"]
    assert [model["name"] for model in listed] == ["15"]
    assert "Phi-3-mini-4k-instruct" not in [model.name for model in registry_client.models.list()]


def test_its_tags_are_strings_that_python_can_read(registry_client: Any) -> None:
    tags = registry_client.models.get("Phi-3-mini-4k-instruct", version="15").tags
    assert all(isinstance(value, str) for value in tags.values())
    said = ast.literal_eval(tags["model_specific_defaults"])
    assert (said["learning_rate"], said["deepspeed_stage"], said["learning_rate_max"]) == ("5e-6", 2, "5e-5")
    assert "Standard_NC24ads_A100_v4" in ast.literal_eval(tags["finetune_compute_allow_list"])


def test_phi_4_is_the_newest_of_its_name_and_has_no_allow_lists_in_its_tags(registry_client: Any, api: Call) -> None:
    found = registry_client.models.get("Phi-4", label="latest")
    assert (found.version, sorted(found.tags)) == ("8", ["_aml_system_vanity_registry", "model_specific_defaults"])
    answer = api("GET", f"{REGISTRY}/models/Phi-4/versions/8?{VERSION}")
    metadata = answer.json()["properties"]["systemMetadata"]
    assert "Standard_ND96isr_H100_v5" in metadata["supportedComputes"]["finetuneComputes"]


@pytest.mark.parametrize(
    ("version", "inputs", "outputs", "evaluated"),
    [
        ("0.0.74", 66, ["mlflow_model_folder", "pytorch_model_folder"], False),
        ("0.0.75", 66, ["mlflow_model_folder", "pytorch_model_folder"], False),
        ("0.0.78", 67, ["evaluation_result", "mlflow_model_folder", "pytorch_model_folder"], True),
        ("0.0.81", 67, ["mlflow_model_folder", "pytorch_model_folder"], False),
        ("0.0.82", 69, ["mlflow_model_folder", "pytorch_model_folder"], False),
    ],
)
def test_the_pipeline_component_has_the_interface_of_its_version(
    registry_client: Any, version: str, inputs: int, outputs: list[str], evaluated: bool
) -> None:
    found = registry_client.components.get("chat_completion_pipeline", version=version)
    assert (found.type, len(found.inputs), sorted(found.outputs)) == ("pipeline", inputs, outputs)
    assert ("compute_model_evaluation" in found.inputs) == (version not in ("0.0.74", "0.0.75"))
    assert ("compute_metrics" in found.jobs) == evaluated
    assert (found.inputs["learning_rate"].default, found.inputs["num_nodes_finetune"].min) == (2e-05, 1)
    assert found.inputs["precision"].enum == ["32", "16"]


def test_the_newest_pipeline_component_is_the_latest(registry_client: Any) -> None:
    assert registry_client.components.get("chat_completion_pipeline", label="latest").version == "0.0.82"
    assert registry_client.components.get("chat_completion_pipeline").version == "0.0.82"
    assert [found.version for found in registry_client.components.list("chat_completion_pipeline")] == [
        "0.0.82",
        "0.0.81",
        "0.0.78",
        "0.0.75",
        "0.0.74",
    ]


def test_the_component_becomes_a_node_of_a_valid_pipeline(registry_client: Any, ml_client: Any) -> None:
    from azure.ai.ml import Input, dsl

    component = registry_client.components.get("chat_completion_pipeline", version="0.0.82")

    @dsl.pipeline(name="fine-tune")  # type: ignore[untyped-decorator]
    def pipeline() -> dict[str, Any]:
        node = component(
            mlflow_model_path=Input(type="mlflow_model", path="azureml://registries/azureml/models/Phi-4/versions/8"),
            train_file_path=Input(type="uri_file", path="azureml://datastores/workspaceblobstore/paths/train.jsonl"),
            compute_finetune="gpu",
            learning_rate=5e-6,
        )
        return {"trained_model": node.outputs.mlflow_model_folder}

    job = pipeline()
    assert ml_client.jobs.validate(job).passed
    assert job.jobs["node"].component.id.endswith("/chat_completion_pipeline/versions/0.0.82")


def test_what_the_registry_does_not_have_is_404(registry_client: Any) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    asks: list[Callable[[], Any]] = [
        lambda: registry_client.models.get("Phi-3-mini-4k-instruct", version="999"),
        lambda: registry_client.models.get("nope", version="1"),
        lambda: registry_client.components.get("chat_completion_pipeline", version="9.9.9"),
    ]
    for ask in asks:
        with pytest.raises(ResourceNotFoundError):
            ask()


def test_a_registry_that_is_not_ours_is_403_as_names_are_of_all_tenants(sdk_imported: None) -> None:
    from azure.ai.ml import MLClient
    from azure.core.exceptions import HttpResponseError
    from azure.identity import DefaultAzureCredential

    with pytest.raises(HttpResponseError) as refused:
        MLClient(DefaultAzureCredential(), registry_name="no-such-registry")
    assert (refused.value.status_code, "not allowed" in str(refused.value)) == (403, True)


def test_environments_of_the_registry_are_curated(registry_client: Any) -> None:
    assert registry_client.environments.get("acft-hf-nlp-gpu", version="112").image.startswith(
        "mcr.microsoft.com/azureml/curated/"
    )


def test_nobody_can_write_to_the_system_registry(registry_client: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        registry_client.models.archive("Phi-4", version="8")
    assert refused.value.status_code == 403
    assert registry_client.models.get("Phi-4", label="latest").version == "8"


def test_the_steps_of_the_pipeline_are_components_too(registry_client: Any) -> None:
    found = registry_client.components.get("chat_completion_finetune", version="0.0.81")
    assert (found.type, list(found.outputs), found.inputs["learning_rate"].default) == (
        "command",
        ["pytorch_model_folder"],
        2e-05,
    )
    names = {component.name for component in registry_client.components.list()}
    assert {"chat_completion_pipeline", "compute_metrics", "model_prediction_with_container"} <= names
