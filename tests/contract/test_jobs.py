"""A pipeline job through the unmodified SDK: submitted, streamed, watched, its outputs and failures."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from mlops.emulator import process

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

COMPONENT = "chat_completion_pipeline"
BASE = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
Call = Callable[..., urllib3.BaseHTTPResponse]
ENDED = ("Completed", "Failed", "Canceled")


def rows(count: int) -> bytes:
    turns = [{"role": "user", "content": "How do I set traffic?"}, {"role": "assistant", "content": "With a PUT."}]
    lines = [
        {"messages": [*turns, {"role": "user", "content": f"And {n}?"}, {"role": "assistant", "content": f"{n}."}]}
        for n in range(count)
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def write(folder: Path, name: str, count: int) -> str:
    path = folder / name
    path.write_bytes(rows(count))
    return str(path)


Submit = Callable[..., str]


def submitter(ml_client: "MLClient", registry_client: "MLClient", folder: Path) -> Submit:
    """Submit the registry's component on small files; gives the job's name."""

    def run(name: str, train: int = 14, **inputs: Any) -> str:
        from azure.ai.ml import Input, dsl

        component = registry_client.components.get(COMPONENT, version="0.0.82")
        nodes = ("model_import", "preprocess", "finetune", "model_evaluation")
        given = {
            "mlflow_model_path": Input(type="mlflow_model", path=BASE),
            "train_file_path": Input(type="uri_file", path=write(folder, "train.jsonl", train)),
            "validation_file_path": Input(type="uri_file", path=write(folder, "validation.jsonl", 3)),
            "test_file_path": Input(type="uri_file", path=write(folder, "test.jsonl", 3)),
            **{f"compute_{node}": "serverless" for node in nodes},
            "apply_lora": "true",
            "logging_steps": 2,
            **inputs,
        }

        @dsl.pipeline(name=name)  # type: ignore[untyped-decorator]
        def pipeline() -> Any:
            node = component(**given)
            return {"mlflow_model_folder": node.outputs.mlflow_model_folder}

        job = pipeline()
        job.name, job.experiment_name, job.tags = name, "contract", {"team": "a"}
        return str(ml_client.jobs.create_or_update(job).name)

    return run


@pytest.fixture
def submit(ml_client: "MLClient", registry_client: "MLClient", tmp_path: Path) -> Submit:
    return submitter(ml_client, registry_client, tmp_path)


def workspace_path() -> str:
    names = process.workspace()
    return (
        f"/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{names['AZURE_RESOURCE_GROUP']}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{names['AZURE_ML_WORKSPACE']}"
    )


def wait(ml_client: "MLClient", name: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while (job := ml_client.jobs.get(name)).status not in ENDED and time.monotonic() < deadline:
        time.sleep(0.1)
    return job


@pytest.fixture(scope="module")
def finished(ml_client: "MLClient", registry_client: "MLClient", tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a job that was streamed to its end."""
    name = submitter(ml_client, registry_client, tmp_path_factory.mktemp("job"))("contract-1")
    ml_client.jobs.stream(name)
    return name


def test_a_job_runs_to_its_end_and_can_be_streamed(ml_client: "MLClient", finished: str) -> None:
    job = ml_client.jobs.get(finished)
    assert job.status == "Completed"
    assert job.experiment_name == "contract"
    assert job.tags == {"team": "a"}
    assert str(job.studio_url).startswith("https://ml.azure.com/runs/contract-1")


def test_its_steps_are_runs_below_it(ml_client: "MLClient", finished: str) -> None:
    (node,) = list(ml_client.jobs.list(parent_job_name=finished))
    steps = list(ml_client.jobs.list(parent_job_name=node.name))
    assert [step.display_name for step in steps] == [
        "ft_nlp_common_validation",
        "chat_completion_model_import",
        "chat_completion_datapreprocess",
        "chat_completion_finetune",
        "ft_nlp_model_converter",
    ]
    assert {step.status for step in steps} == {"Completed"}


def test_the_model_folder_can_be_downloaded_by_output_name(
    ml_client: "MLClient", finished: str, tmp_path: Path
) -> None:
    ml_client.jobs.download(finished, download_path=str(tmp_path), output_name="mlflow_model_folder")
    found = list(tmp_path.rglob("MLmodel"))
    assert found
    assert "is_finetuned_model: true" in found[0].read_text()


def test_its_output_can_be_registered_as_an_mlflow_model(ml_client: "MLClient", finished: str) -> None:
    from azure.ai.ml.entities import Model

    path = f"azureml://jobs/{finished}/outputs/mlflow_model_folder"
    model = ml_client.models.create_or_update(Model(name="from-a-job", version="1", path=path, type="mlflow_model"))
    assert model.flavors is not None
    assert "hftransformersv2" in model.flavors
    assert model.job_name == finished


def test_metrics_stand_at_the_root_and_at_the_step(api: Call, finished: str) -> None:
    history = f"https://eastus.api.azureml.ms/history/v1.0{workspace_path()}/runs"
    base = f"https://eastus.api.azureml.ms/mlflow/v2.0{workspace_path()}/api/2.0/mlflow"
    (node,) = api("GET", f"{history}/{finished}/children").json()["value"]
    steps = api("GET", f"{history}/{node['runId']}/children").json()["value"]
    (tune,) = [step["runId"] for step in steps if step["displayName"] == "chat_completion_finetune"]
    for run in (finished, tune):
        found = api("GET", f"{base}/runs/get?run_id={run}").json()["run"]
        logged = {item["key"] for item in found["data"]["metrics"]}
        assert {"eval_loss", "train_loss", "loss", "grad_norm", "learning_rate", "train_runtime"} <= logged
    points = api("GET", f"{base}/metrics/get-history?run_id={finished}&metric_key=loss").json()["metrics"]
    assert [point["step"] for point in points] == sorted({point["step"] for point in points})


def test_mlflow_answers_a_missing_run_in_its_own_envelope(api: Call) -> None:
    base = f"https://eastus.api.azureml.ms/mlflow/v2.0{workspace_path()}/api/2.0/mlflow"
    missing = api("GET", f"{base}/runs/get?run_id=nothing")
    assert missing.status == 404
    assert missing.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_tags_are_merged_by_an_update(ml_client: "MLClient", finished: str) -> None:
    ml_client.jobs.update(finished, tags={"verdict": "pass"})
    assert ml_client.jobs.get(finished).tags == {"team": "a", "verdict": "pass"}


def test_too_few_rows_fail_the_job_with_the_components_own_words(
    ml_client: "MLClient", submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    from azure.ai.ml.exceptions import JobException

    name = submit("contract-few", train=5)
    with pytest.raises(JobException, match="ACFTDataException"):
        ml_client.jobs.stream(name)
    assert ml_client.jobs.get(name).status == "Failed"


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        ({"precision": "8"}, "precision"),
        ({"num_train_epochs": 0}, "num_train_epochs"),
        ({"compute_finetune": "no-such-cluster"}, "no-such-cluster"),
    ],
)
def test_the_service_refuses_what_the_sdk_does_not_check(submit: Submit, inputs: dict[str, Any], word: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match=word) as caught:
        submit(f"contract-bad-{word.replace('_', '-')}", **inputs)
    assert caught.value.status_code == 400


def test_a_job_can_be_canceled_while_it_runs(ml_client: "MLClient", submit: Submit) -> None:
    name = submit("contract-cancel", num_train_epochs=400)
    while ml_client.jobs.get(name).status not in ("Running", *ENDED):
        time.sleep(0.05)
    ml_client.jobs.begin_cancel(name).result()
    assert wait(ml_client, name).status == "Canceled"


def test_a_job_that_does_not_exist_is_not_found(ml_client: "MLClient") -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError):
        ml_client.jobs.get("nothing-of-that-name")


def test_jobs_are_listed_newest_first(ml_client: "MLClient", finished: str) -> None:
    made = [job.creation_context.created_at for job in ml_client.jobs.list()]
    assert finished in [job.name for job in ml_client.jobs.list()]
    assert made == sorted(made, reverse=True)
