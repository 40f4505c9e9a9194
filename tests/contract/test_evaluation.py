"""The registry's evaluation components, run for real through the real SDK."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator.stand_in_model import artifact, mlflow_model

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Inputs = dict[str, Any]
ENDED = ("Completed", "Failed", "Canceled")
VERSION = "0.0.36"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """A model and test data with true answers, as local files that the SDK uploads."""
    from azure.ai.ml import Input

    folder = tmp_path_factory.mktemp("evaluation")
    base = artifact.load_base()
    data = folder / "model" / artifact.MODEL_DATA
    artifact.save(data, base.config, base.weights, base.tokenizer, details={}, half=True)
    mlflow_model.write(folder / "model", base_model_name="Phi-3-mini-4k-instruct", base_model_asset_id="")
    row = {"messages": [{"role": "user", "content": "Where is the door?"}], "answer": "The door is on the left."}
    (folder / "test.jsonl").write_text(f"{json.dumps(row)}\n" * 2)
    return {
        "task": "chat-completion",
        "test_data": Input(type="uri_file", path=str(folder / "test.jsonl")),
        "mlflow_model": Input(type="mlflow_model", path=str(folder / "model")),
        "label_column_name": "answer",
        "input_column_names": "messages",
        "evaluation_config_params": '{"generator_config": {"max_new_tokens": 8}}',
    }


def submit(ml_client: "MLClient", build: Callable[[], Any], name: str) -> str:
    """Run a pipeline to its end; the state that it ended in."""
    from azure.ai.ml import dsl

    job = dsl.pipeline(name=name)(build)()
    job.name, job.experiment_name, job.settings.force_rerun = name, "evaluation", True
    ml_client.jobs.create_or_update(job)
    while (found := ml_client.jobs.get(name)).status not in ENDED:
        pass
    return str(getattr(found.status, "value", found.status))


def metrics(ml_client: "MLClient", name: str) -> tuple[set[str], set[str]]:
    """Names of the metrics on the root, and on the steps at any depth."""
    from azureml_emulator import process
    from mlops.azure import jobs, target
    from mlops.azure.workspace import Workspace

    workspace = Workspace(target.resolve("azure", {**process.workspace()}, interactive=False), ml_client._credential)
    return set(jobs.metrics(workspace, name)), set(jobs.all_metrics(workspace, name))


def test_the_evaluation_pipeline_gives_metrics_of_its_step_and_files(
    ml_client: "MLClient", registry_client: "MLClient", inputs: Inputs, tmp_path: Path
) -> None:
    component: Any = registry_client.components.get("model_evaluation_pipeline", version=VERSION)
    assert set(component.outputs) == {"evaluation_result"}
    assert component.inputs["test_data"].type == "uri_folder"

    def build() -> Any:
        node = component(**inputs)
        return {"evaluation_result": node.outputs.evaluation_result}

    name = "evaluation-whole"
    assert submit(ml_client, build, name) == "Completed"
    at_root, below = metrics(ml_client, name)
    assert not at_root
    assert {"rougeL", "bleu_4", "mean_perplexity"} <= below
    assert ml_client.jobs.get(name).properties["PipelineType"] == "Evaluate"
    ml_client.jobs.download(name, output_name="evaluation_result", download_path=tmp_path)
    (file,) = tmp_path.rglob("evaluationResult/metrics.json")
    assert set(json.loads(file.read_text())) == below


def test_prediction_and_metrics_are_two_steps_as_well(
    ml_client: "MLClient", registry_client: "MLClient", inputs: Inputs
) -> None:
    predict: Any = registry_client.components.get("model_prediction", version="0.0.38")
    compute: Any = registry_client.components.get("compute_metrics", version=VERSION)

    def build() -> Any:
        said = predict(**inputs)
        said.compute = "serverless"
        judged = compute(
            task="chat-completion",
            prediction=said.outputs.predictions,
            ground_truth=said.outputs.ground_truth,
            ground_truth_column_name="answer",
            prediction_column_name="predictions",
        )
        judged.compute = "serverless"
        return {"evaluation_result": judged.outputs.evaluation_result, "predictions": said.outputs.predictions}

    name = "evaluation-two-steps"
    assert submit(ml_client, build, name) == "Completed"
    assert {"rougeL", "bleu_1"} <= metrics(ml_client, name)[1]
    assert {child.display_name for child in ml_client.jobs.list(parent_job_name=name)} == {"judged", "said"}


def test_wrong_columns_fail_before_anything_is_predicted(
    ml_client: "MLClient", registry_client: "MLClient", inputs: Inputs
) -> None:
    from azureml_emulator import process
    from mlops.azure import jobs, target
    from mlops.azure.workspace import Workspace

    component: Any = registry_client.components.get("model_evaluation_pipeline", version=VERSION)

    def build() -> Any:
        return {"evaluation_result": component(**{**inputs, "label_column_name": "nope"}).outputs.evaluation_result}

    assert submit(ml_client, build, "evaluation-wrong") == "Failed"
    workspace = Workspace(target.resolve("azure", {**process.workspace()}, interactive=False), ml_client._credential)
    assert jobs.failure(workspace, "evaluation-wrong").startswith("DataValidationException: [label_column] not a sub")
