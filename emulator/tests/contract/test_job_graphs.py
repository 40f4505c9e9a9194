"""Pipelines of several steps, and the names of their runs, through the real SDK."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator.core import arm
from azureml_emulator.http.address import Address
from emulator_support.jobs import SPARK, ended

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Call = Callable[..., Any]
Train = Callable[..., Any]
BASE = "azureml://registries/azureml/models/Phi-4/versions/8"
COMPONENT = "azureml://registries/azureml/components/chat_completion_pipeline/versions/0.0.81"
JOBS = f"https://{arm.HOST}{arm.default_workspace_id()}/jobs"
HISTORY = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}/runs"
VERSION = "?api-version=2024-01-01-preview"


@pytest.fixture(scope="module")
def train(registry_client: "MLClient", tmp_path_factory: pytest.TempPathFactory) -> Train:
    """The fine-tuning component on a handful of rows, as a step of a pipeline."""
    from azure.ai.ml import Input

    row = [{"role": "user", "content": "What colour is the sky?"}, {"role": "assistant", "content": "It is blue."}]
    file: Path = tmp_path_factory.mktemp("data") / "train.jsonl"
    file.write_text("".join(json.dumps({"messages": row}) + "\n" for _ in range(16)), encoding="utf-8")
    component: Any = registry_client.components.get("chat_completion_pipeline", version="0.0.81")

    def step(model: Any = None, **literals: Any) -> Any:
        return component(
            mlflow_model_path=Input(type="mlflow_model", path=BASE) if model is None else model,
            train_file_path=Input(type="uri_file", path=str(file)),
            **{"max_steps": 1, "per_device_train_batch_size": 8, **literals},
        )

    return step


def submit(ml_client: "MLClient", name: str, pipeline: Any) -> Any:
    from azure.ai.ml import dsl

    job = dsl.pipeline(name=name)(pipeline)()
    job.name, job.settings.force_rerun = name, True
    ml_client.jobs.create_or_update(job, skip_validation=True)  # the SDK's own look at it is half of the work
    ended(ml_client, name)
    return ml_client.jobs.get(name)


def below(api: Call, run: str) -> dict[str, Any]:
    found = json.loads(api("GET", f"{HISTORY}/{run}/children").data)["value"]
    return {child["displayName"]: child for child in found}


def files_of(ml_client: "MLClient", job: str, output: str, folder: Path) -> set[str]:
    ml_client.jobs.download(job, download_path=folder, output_name=output)
    root = folder / "named-outputs" / output
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_step_trains_on_from_the_model_of_another_whatever_the_order_they_are_stated_in(
    ml_client: "MLClient", train: Train, api: Call
) -> None:
    def pipeline() -> None:
        first = train()
        first.name = "z_first"
        second = train(first.outputs.mlflow_model_folder)
        second.name = "a_second"

    assert submit(ml_client, "chained", pipeline).status == "Completed"
    steps = below(api, "chained")
    assert list(steps) == ["z_first", "a_second"]
    imported = below(api, steps["a_second"]["runId"])["chat_completion_model_import"]["runId"]
    logs = json.loads(api("GET", f"{HISTORY}/{imported}/details").data)["logFiles"]
    assert b"from the model folder" in api("GET", logs["user_logs/std_log.txt"], token=False).data


def test_a_step_leaves_only_what_it_made_itself(
    ml_client: "MLClient", train: Train, emulator_address: Address, tmp_path: Path
) -> None:
    for step in ("0", "1"):  # what a process that was killed could have left
        left = Path(emulator_address.folder) / "work/apart" / step / "outputs/chat_completion_finetune"
        (left / "pytorch_model_folder").mkdir(parents=True)
        (left / "pytorch_model_folder/left.txt").write_text("from before")

    def pipeline() -> dict[str, Any]:
        longer, shorter = train(max_steps=4, num_train_epochs=2), train(max_steps=1)
        return {"longer": longer.outputs.pytorch_model_folder, "shorter": shorter.outputs.pytorch_model_folder}

    assert submit(ml_client, "apart", pipeline).status == "Completed"
    longer, shorter = (files_of(ml_client, "apart", output, tmp_path) for output in ("longer", "shorter"))
    assert "checkpoint-4/trained.npz" in longer
    assert {name for name in shorter if name.startswith("checkpoint-")} == {
        "checkpoint-1/trained.npz", "checkpoint-1/trainer_state.json",
    }  # fmt: skip
    assert "left.txt" not in longer | shorter


def test_steps_never_take_the_name_of_another_job(ml_client: "MLClient", train: Train, api: Call) -> None:
    api("PUT", f"{JOBS}/parent-step{VERSION}", {"properties": SPARK})

    def pipeline() -> None:
        step = train()
        step.name = "step"

    assert submit(ml_client, "parent", pipeline).status == "Completed"
    other = json.loads(api("GET", f"{HISTORY}/parent-step").data)
    assert (other["status"], other["parentRunId"], other["runType"]) == ("Failed", None, "azureml.scriptrun")


def test_a_job_of_the_longest_name_has_all_its_steps(ml_client: "MLClient", train: Train, api: Call) -> None:
    name = "n" * 255

    def pipeline() -> None:
        train()

    # the SDK cuts no name, and the service takes 255 characters
    assert submit(ml_client, name, pipeline).status == "Completed"
    (node,) = below(api, name).values()
    assert len(below(api, node["runId"])) == 5


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ({"a": {"componentId": COMPONENT, "inputs": {"train_file_path": {"value": "${{parent.jobs.b.outputs.x}}"}}}},
         "bound to 'b.x', which is no output of a step"),
        ({"a": {"componentId": COMPONENT,
                "inputs": {"train_file_path": {"value": "${{parent.jobs.a.outputs.mlflow_model_folder}}"}}}},
         "The steps a wait for each other"),
        ({"a": None}, "The step is empty"),
    ],
)  # fmt: skip
def test_bindings_that_lead_nowhere_are_refused(api: Call, jobs: dict[str, Any], words: str) -> None:
    answer = api("PUT", f"{JOBS}/loose{VERSION}", {"properties": {"jobType": "Pipeline", "jobs": jobs}})
    assert answer.status == 400
    error = json.loads(answer.data)["error"]
    assert any(words in one["message"] for one in (error, *error["details"]))


def test_a_workspace_that_is_made_again_has_none_of_the_runs_of_the_last(api: Call) -> None:
    place = f"https://{arm.HOST}{arm.default_workspace_id()}-again"
    mlflow = f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}-again/api/2.0/mlflow"
    for _ in range(2):
        assert api("PUT", f"{place}?api-version=2024-10-01", {"location": "eastus"}).status == 201
        body = {"properties": SPARK}
        assert api("PUT", f"{place}/jobs/once{VERSION}", body).status == 201
        logged = json.loads(api("GET", f"{mlflow}/runs/get?run_id=once").data)["run"]["data"]["metrics"]
        assert logged == []
        metric = {"run_id": "once", "key": "loss", "value": 1.0}
        assert api("POST", f"{mlflow}/runs/log-metric", metric).status == 200
        assert api("DELETE", f"{place}?api-version=2024-10-01").status == 202
        while api("GET", f"{place}?api-version=2024-10-01").status != 404:
            pass  # it goes when it was looked for


def finished(ml_client: "MLClient", job: Any) -> Any:
    """The end of a job that is submitted."""
    made = ml_client.jobs.create_or_update(job)
    assert ended(ml_client, made.name) == "Completed"
    return ml_client.jobs.get(made.name)


def test_a_pipeline_component_is_a_job_of_its_own(ml_client: "MLClient", api: Call, tmp_path: Path) -> None:
    """As recorded: `componentId` and no `jobs`. Its steps are the job's, with a default and an optional input."""
    from azure.ai.ml import Input, Output, command, dsl
    from azure.ai.ml.entities import AmlCompute, Environment, PipelineJob, PipelineJobSettings

    cluster = AmlCompute(name="graphs", size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ml_client.compute.begin_create_or_update(cluster).result()
    say = command(
        name="say", command="echo ${{inputs.word}} $[[${{inputs.more}}]] > ${{outputs.out}}/said.txt",
        environment=Environment(name="graphs", version="1", image="python:3.11"),
        inputs={"word": Input(type="string"), "more": Input(type="string", optional=True)},
        outputs={"out": Output(type="uri_folder")},
    )  # fmt: skip

    @dsl.pipeline(name="saying")  # type: ignore[untyped-decorator]  # the SDK types nothing
    def saying(word: str = "hello") -> Any:
        one = say(word=word)
        one.compute = "graphs"  # which the SDK writes as azureml:graphs
        return {"said": one.outputs.out}

    component: Any = ml_client.components.create_or_update(saying)
    job = PipelineJob(
        component=component.id, outputs={"said": Output(type="uri_folder")},
        settings=PipelineJobSettings(default_compute="graphs"),
    )  # fmt: skip
    made = finished(ml_client, job)
    raw = api("GET", f"{JOBS}/{made.name}{VERSION}").json()["properties"]
    assert (raw["jobs"], raw["componentId"].rsplit("/", 3)[-3:]) == (
        {},
        [component.name, "versions", component.version],
    )
    assert raw["properties"]["azureml.SourceComponentId"] == raw["componentId"]
    assert set(below(api, made.name)) == {"one"}
    ml_client.jobs.download(made.name, download_path=str(tmp_path), output_name="said")
    assert [path.read_text().strip() for path in tmp_path.rglob("said.txt")] == ["hello"]


def test_a_registry_component_is_a_job_of_its_own(ml_client: "MLClient", train: Train) -> None:
    job = train()
    job.settings.force_rerun = True
    assert finished(ml_client, job).status == "Completed"


def test_a_component_that_is_not_there_or_lacks_an_input_is_refused(api: Call) -> None:
    pipeline = {"jobType": "Pipeline", "jobs": {}, "inputs": {}, "outputs": {}, "settings": {}}
    workspace = JOBS.removesuffix("/jobs")
    body = {"type": "pipeline", "jobs": {"a": {}}, "inputs": {"needed": {"type": "string"}}}
    kept = api("PUT", f"{workspace}/components/needs/versions/1{VERSION}", {"properties": {"componentSpec": body}})
    for id, text in (
        (kept.json()["id"], "'needed' has no value"),
        ("/subscriptions/x/components/y/versions/1", "not found"),
    ):
        answer = api("PUT", f"{JOBS}/refused{VERSION}", {"properties": {**pipeline, "componentId": id}})
        assert answer.status == 400
        assert text in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"inputs": {"n": "${{parent.n}}"}}, "is bound to ${{parent.n}}, which is no binding"),
        ({"inputs": {"n": "${{parent.inputs.m}}"}}, "bound to 'm', which is no input of the pipeline"),
        ({"inputs": {"n": "1", "typo": "2"}}, "has no input named 'typo'"),
        ({}, "The required input 'n' is not provided"),
        ({"inputs": {"n": "1"}, "outputs": {"typo": "${{parent.outputs.out}}"}}, "no output named 'typo'"),
        ({"inputs": {"n": "1"}, "outputs": {"said": "${{parent.outputs.o}}"}}, "'o', which is no output of the"),
    ],
)
def test_a_step_is_held_to_its_component_and_its_bindings(
    ml_client: "MLClient", api: Call, step: dict[str, dict[str, str]], text: str
) -> None:
    interface = {"inputs": {"n": {"type": "integer"}}, "outputs": {"said": {"type": "uri_folder"}}}
    spec = {"type": "command", "command": "echo ${{inputs.n}}", "environment": "azureml:x:1", **interface}
    url = f"{JOBS.removesuffix('/jobs')}/components/held/versions/1{VERSION}"
    component = api("PUT", url, {"properties": {"componentSpec": spec}}).json()
    bound = {
        kind: {key: {"job_input_type": "literal", "value": value} for key, value in named.items()}
        for kind, named in step.items()
    }
    body = {
        "jobType": "Pipeline",
        "outputs": {"out": {"jobOutputType": "uri_folder"}},
        "jobs": {"one": {"type": "command", "componentId": component["id"], **bound}},
    }
    answer = api("PUT", f"{JOBS}/held{VERSION}", {"properties": body})
    assert (answer.status, text in answer.json()["error"]["message"]) == (400, True), answer.json()


def test_a_pipeline_answers_how_the_service_understood_it(ml_client: "MLClient", api: Call) -> None:
    spec = {"type": "command", "command": "echo", "environment": "azureml:x:1"}
    url = f"{JOBS.removesuffix('/jobs')}/components/echo/versions/1{VERSION}"
    component = api("PUT", url, {"properties": {"componentSpec": spec}}).json()
    body = {
        "jobType": "Pipeline",
        "computeId": f"{arm.default_workspace_id()}/computes/graphs",
        "inputs": {
            "n": {"jobInputType": "literal", "value": "3"},
            "rows": {"jobInputType": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/a/"},
        },
        "outputs": {"out": {"jobOutputType": "uri_folder"}},
        "jobs": {"one": {"type": "command", "componentId": component["id"]}},
        "settings": {"continue_on_step_failure": False, "force_rerun": True},
    }
    made = api("PUT", f"{JOBS}/answered{VERSION}", {"properties": body}).json()
    assert made["properties"]["properties"] == {}  # of a pipeline that is not prepared yet
    properties = api("GET", f"{JOBS}/answered{VERSION}").json()["properties"]
    assert set(made["systemData"]) == {"createdAt", "createdBy", "createdByType"}
    properties["properties"].pop("azureml.pipelines.stages", None)  # of one that has ended already
    assert properties["properties"] == {
        "azureml.DevPlatv2": "true",
        "azureml.DatasetAccessMode": "Asset",
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "MFE",
        "runType": "HTTP",
        "azureml.parameters": '{"n":"3"}',
        "azureml.continue_on_step_failure": "False",
        "azureml.continue_on_failed_optional_input": "True",
        "azureml.enforceRerun": "True",
        "azureml.defaultComputeName": "graphs",
        "azureml.defaultDataStoreName": "workspaceblobstore",
        "azureml.pipelineComponent": "pipelinerun",
    }
    assert properties["inputs"]["rows"]["mode"] == "ReadOnlyMount"
    assert properties["inputs"]["n"] == {"description": None, "jobInputType": "literal", "value": "3"}
    shown = {"description", "uri", "assetName", "assetVersion", "mode", "pathOnCompute"}
    shown |= {"autoDeleteSetting", "jobOutputType"}
    assert set(properties["outputs"]["out"]) == shown
    assert ended(ml_client, "answered") == "Completed"
