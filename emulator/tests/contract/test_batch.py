"""Batch endpoints and parallel steps through the real SDK: calls become jobs that really score."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator_support.jobs import ended

SCORE = """
import os, sys

def init():
    global weight
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weight.txt")) as file:
        weight = int(file.read())

def run(mini_batch):
    print("a batch of", len(mini_batch))
    if any(open(path).read() == "bad" for path in mini_batch):
        raise ValueError("a bad file")
    return [f"{os.path.basename(path)} {weight * int(open(path).read())}" for path in mini_batch]
"""
ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A script, a model, and three files to score."""
    for part in ("code", "model", "data"):
        (tmp_path / part).mkdir()
    (tmp_path / "code" / "score.py").write_text(SCORE)
    (tmp_path / "model" / "weight.txt").write_text("5")
    for number in (1, 2, 3):
        (tmp_path / "data" / f"{number}.txt").write_text(str(number))
    return tmp_path


@pytest.fixture
def endpoint(ml_client: Any) -> Iterator[str]:
    from azure.ai.ml.entities import BatchEndpoint

    name = f"batch-{uuid.uuid4().hex[:8]}"
    ml_client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name)).result()
    yield name
    ml_client.batch_endpoints.begin_delete(name).result()


@pytest.fixture
def default(ml_client: Any, endpoint: str) -> Callable[[Any], None]:
    """A function that makes a deployment and the default of its endpoint."""

    def make(wanted: Any) -> None:
        ml_client.batch_deployments.begin_create_or_update(wanted).result()
        found = ml_client.batch_endpoints.get(endpoint)
        found.defaults.deployment_name = wanted.name
        ml_client.batch_endpoints.begin_create_or_update(found).result()

    return make


def test_a_model_scores_files_and_leaves_its_predictions(
    ml_client: Any, endpoint: str, default: Callable[[Any], None], folder: Path
) -> None:
    from azure.ai.ml import Input
    from azure.ai.ml.entities import (
        BatchRetrySettings,
        CodeConfiguration,
        Model,
        ModelBatchDeployment,
        ModelBatchDeploymentSettings,
    )

    model = ml_client.models.create_or_update(Model(name=endpoint, path=str(folder / "model"), type="custom_model"))
    default(
        ModelBatchDeployment(
            name="first", endpoint_name=endpoint, model=model, environment=ENVIRONMENT, compute="serverless",
            code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
            settings=ModelBatchDeploymentSettings(
                mini_batch_size=2, output_file_name="found.csv", error_threshold=0,
                retry_settings=BatchRetrySettings(max_retries=1, timeout=30),
            ),
        )
    )  # fmt: skip
    called = ml_client.batch_endpoints.invoke(endpoint, input=Input(type="uri_folder", path=str(folder / "data")))
    assert ended(ml_client, called.name) == "Completed"
    scoring = next(iter(ml_client.jobs.list(parent_job_name=called.name)))
    for name, place in ((called.name, "job"), (scoring.name, "child")):
        ml_client.jobs.download(name, download_path=str(folder / place), output_name="score")
        text = (folder / place / "named-outputs" / "score" / "found.csv").read_text()
        assert text == "1.txt 5\n2.txt 10\n3.txt 15\n"
    assert ml_client.jobs.get(called.name).experiment_name == endpoint
    (folder / "data" / "1.txt").write_text("bad")
    failing = ml_client.batch_endpoints.invoke(endpoint, input=Input(type="uri_folder", path=str(folder / "data")))
    assert ended(ml_client, failing.name) == "Failed"
    assert [one.name for one in ml_client.batch_endpoints.list_jobs(endpoint)] == [failing.name, called.name]


def test_a_pipeline_component_runs_with_the_inputs_of_the_call(
    ml_client: Any, endpoint: str, default: Callable[[Any], None], folder: Path
) -> None:
    from azure.ai.ml import Input, load_component
    from azure.ai.ml.entities import PipelineComponentBatchDeployment

    (folder / "hello.yml").write_text(f"""
type: pipeline
name: hello_batch
version: 1
inputs: {{word: {{type: string, default: hello}}, rows: {{type: uri_folder}}}}
outputs: {{said: {{type: uri_folder}}}}
jobs:
  main:
    type: command
    inputs: {{word: "${{{{parent.inputs.word}}}}", rows: "${{{{parent.inputs.rows}}}}"}}
    outputs: {{said: "${{{{parent.outputs.said}}}}"}}
    component:
      type: command
      inputs: {{word: {{type: string}}, rows: {{type: uri_folder}}}}
      outputs: {{said: {{type: uri_folder}}}}
      environment: {ENVIRONMENT}
      command: (echo ${{{{inputs.word}}}}; ls ${{{{inputs.rows}}}}) > ${{{{outputs.said}}}}/said.txt
""")
    component = load_component(str(folder / "hello.yml"))
    settings = {"continue_on_step_failure": False, "default_compute": "serverless"}
    default(
        PipelineComponentBatchDeployment(name="hello", endpoint_name=endpoint, component=component, settings=settings)
    )
    inputs = {"rows": Input(type="uri_folder", path=str(folder / "data")), "word": Input(type="string", default="hi")}
    called = ml_client.batch_endpoints.invoke(endpoint, inputs=inputs, experiment_name="batches")
    assert ended(ml_client, called.name) == "Completed"
    ml_client.jobs.download(called.name, download_path=str(folder), output_name="said")
    said = (folder / "named-outputs" / "said" / "said.txt").read_text()
    assert said.split() == ["hi", "1.txt", "2.txt", "3.txt"]
    assert ml_client.jobs.get(called.name).experiment_name == "batches"


def test_a_parallel_step_gives_its_script_one_batch_after_the_other(ml_client: Any, folder: Path) -> None:
    from azure.ai.ml import Input, Output, dsl
    from azure.ai.ml.parallel import RunFunction, parallel_run_function

    script = "import sys\ndef run(mini_batch):\n    return [f'{sys.argv[1]}: {len(mini_batch)}']\n"
    (folder / "code" / "count.py").write_text(script)
    (folder / "data" / "MLTable").write_text("paths:\n  - pattern: ./*.txt\n")
    count = parallel_run_function(
        name="count", inputs={"rows": Input(type="mltable")}, outputs={"found": Output(type="uri_file")},
        input_data="${{inputs.rows}}", mini_batch_size="2", instance_count=2,
        task=RunFunction(
            code=str(folder / "code"), entry_script="count.py", program_arguments="size", environment=ENVIRONMENT,
            append_row_to="${{outputs.found}}",
        ),
    )  # fmt: skip

    @dsl.pipeline(default_compute="serverless")
    def counted(rows):  # type: ignore[no-untyped-def]  # the SDK reads annotations as types of inputs
        return {"found": count(rows=rows).outputs.found}

    made = ml_client.jobs.create_or_update(counted(Input(type="mltable", path=str(folder / "data"))))
    assert ended(ml_client, made.name) == "Completed"
    ml_client.jobs.download(made.name, download_path=str(folder), output_name="found")
    found = [path.read_text() for path in (folder / "named-outputs").rglob("*") if path.is_file()]
    assert found == ["size: 2\nsize: 1\n"]
