"""Our own reading of jobs, against a run that really failed."""

from pathlib import Path
from typing import TYPE_CHECKING

from azure.identity import DefaultAzureCredential

from mlops.azure import jobs, target
from mlops.azure.workspace import Workspace
from mlops.domain.run import JobState
from mlops.emulator import process
from mlops.emulator.address import Address

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def test_the_cause_of_a_failure_is_found_in_the_step_that_failed(
    emulator_address: Address, ml_client: "MLClient", registry_client: "MLClient", tmp_path: Path
) -> None:
    from azure.ai.ml import Input, dsl

    row = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    (tmp_path / "few.jsonl").write_text(row * 3)
    component = registry_client.components.get("chat_completion_pipeline", version="0.0.82")
    base = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"

    @dsl.pipeline(name="too-few")  # type: ignore[untyped-decorator]
    def pipeline() -> object:
        few = Input(type="uri_file", path=str(tmp_path / "few.jsonl"))
        node = component(mlflow_model_path=Input(type="mlflow_model", path=base), train_file_path=few)
        return {"mlflow_model_folder": node.outputs.mlflow_model_folder}

    job = pipeline()
    job.name, job.experiment_name = "ft-too-few", "contract"
    ml_client.jobs.create_or_update(job)
    workspace = Workspace(target.resolve("azure", {**process.workspace()}, interactive=False), DefaultAzureCredential())
    while (found := jobs.find(workspace, "ft-too-few")) is not None and not found.state.ended:
        pass
    assert found is not None
    assert found.state is JobState.FAILED
    assert jobs.failure(workspace, "ft-too-few").startswith("ACFTDataException")
