"""The registry's evaluation components, run for real through the real SDK."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator.stand_in_model import artifact, mlflow_model, model_folder
from emulator_support.serving import Call, workspace_id

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
    data = folder / "model" / model_folder.MODEL_DATA
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
        "evaluation_config_params": '{"tokenizer_config": {"max_new_tokens": 8}}',
    }


def submit(ml_client: "MLClient", build: Callable[[], Any], name: str) -> str:
    """Run a pipeline to its end; the state that it ended in."""
    from azure.ai.ml import dsl

    job = dsl.pipeline(name=name)(build)()
    job.name, job.experiment_name, job.settings.force_rerun = name, "evaluation", True
    ml_client.jobs.create_or_update(job)
    while (found := ml_client.jobs.get(name)).status not in ENDED:
        time.sleep(0.05)
    return str(getattr(found.status, "value", found.status))


def with_steps(ml_client: "MLClient", name: str) -> list[str]:
    """The job and its steps at any depth, a step after the one that it is part of."""
    children = ml_client.jobs.list(parent_job_name=name)
    return [name, *(each for child in children for each in with_steps(ml_client, str(child.name)))]


def metrics(api: Call, ml_client: "MLClient", name: str) -> set[str]:
    """Names of the metrics on a run and on its steps at any depth."""
    return {metric for each in with_steps(ml_client, name) for metric in of_run(api, each)}


def of_run(api: Call, name: str) -> set[str]:
    """Names of the metrics on a run itself, as MLflow reads them."""
    url = f"https://eastus.api.azureml.ms/mlflow/v1.0{workspace_id()}/api/2.0/mlflow/runs/get?run_id={name}"
    return {item["key"] for item in api("GET", url).json()["run"]["data"].get("metrics", [])}


def test_the_evaluation_pipeline_gives_metrics_of_its_step_and_files(
    api: Call, ml_client: "MLClient", registry_client: "MLClient", inputs: Inputs, tmp_path: Path
) -> None:
    component: Any = registry_client.components.get("model_evaluation_pipeline", version=VERSION)
    assert set(component.outputs) == {"evaluation_result"}
    assert component.inputs["test_data"].type == "uri_folder"

    def build() -> Any:
        node = component(**inputs)
        return {"evaluation_result": node.outputs.evaluation_result}

    name = "evaluation-whole"
    assert submit(ml_client, build, name) == "Completed"
    assert not of_run(api, name)
    below = metrics(api, ml_client, name)
    assert {"rougeL", "bleu_4", "mean_perplexity"} <= below
    assert ml_client.jobs.get(name).properties["PipelineType"] == "Evaluate"
    ml_client.jobs.download(name, output_name="evaluation_result", download_path=tmp_path)
    (file,) = tmp_path.rglob("evaluationResult/metrics.json")
    assert set(json.loads(file.read_text())) == below


def test_prediction_and_metrics_are_two_steps_as_well(
    api: Call, ml_client: "MLClient", registry_client: "MLClient", inputs: Inputs
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
    assert {"rougeL", "bleu_1"} <= metrics(api, ml_client, name)
    assert {child.display_name for child in ml_client.jobs.list(parent_job_name=name)} == {"judged", "said"}


def test_wrong_columns_fail_before_anything_is_predicted(
    api: Call, ml_client: "MLClient", registry_client: "MLClient", inputs: Inputs
) -> None:
    component: Any = registry_client.components.get("model_evaluation_pipeline", version=VERSION)

    def build() -> Any:
        return {"evaluation_result": component(**{**inputs, "label_column_name": "nope"}).outputs.evaluation_result}

    assert submit(ml_client, build, "evaluation-wrong") == "Failed"
    history = f"https://eastus.api.azureml.ms/history/v1.0{workspace_id()}/runs"
    details = [api("GET", f"{history}/{each}/details").json() for each in with_steps(ml_client, "evaluation-wrong")]
    said = {one["error"]["error"]["code"]: one["error"]["error"]["message"] for one in details if one.get("error")}
    assert said["DataValidationException"].startswith("[label_column] not a sub")
