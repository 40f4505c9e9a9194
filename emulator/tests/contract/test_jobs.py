"""Pipeline jobs through the real SDK: submitted, followed, canceled, refused, listed, downloaded."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.http.address import Address
from emulator_support.jobs import LOOKS, SPARK

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

COMPONENT = "azureml://registries/azureml/components/chat_completion_pipeline/versions/0.0.81"
BASE = "azureml://registries/azureml/models/Phi-4/versions/8"
STEPS = [
    "ft_nlp_common_validation",
    "chat_completion_model_import",
    "chat_completion_datapreprocess",
    "chat_completion_finetune",
    "ft_nlp_model_converter",
]
JOBS = f"https://{arm.HOST}{arm.default_workspace_id()}/jobs"
VERSION = "?api-version=2024-01-01-preview"
Call = Callable[..., Any]
Submit = Callable[..., Any]


def rows(count: int, turns: int = 2) -> str:
    """Conversations about one thing, so that a model can learn them in a moment."""
    turn = [("user", "What colour is the sky?"), ("assistant", "The sky is blue on a clear day.")]
    messages = [{"role": role, "content": text} for role, text in turn * 2][:turns]
    return "".join(json.dumps({"messages": messages, "prompt_id": str(index)}) + "\n" for index in range(count))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("data")
    texts = {"train": rows(16), "validation": rows(4), "few": rows(3)}
    for name, text in texts.items():
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.jsonl" for name in texts}


@pytest.fixture(scope="module")
def submit(ml_client: "MLClient", registry_client: "MLClient", files: dict[str, Path]) -> Submit:
    """Submit the fine-tuning component as a pipeline of one step, which the SDK need not judge each time."""
    from azure.ai.ml import Input, dsl

    component: Any = registry_client.components.get("chat_completion_pipeline", version="0.0.81")

    def run(
        name: str,
        *,
        train: str = "train",
        force_rerun: bool = True,
        tags: Any = None,
        judged: bool = False,
        **inputs: Any,
    ) -> Any:
        @dsl.pipeline(name=name, display_name=f"about {name}")  # type: ignore[untyped-decorator]
        def pipeline() -> Any:
            node = component(
                mlflow_model_path=Input(type="mlflow_model", path=BASE),
                train_file_path=Input(type="uri_file", path=str(files[train])),
                validation_file_path=Input(type="uri_file", path=str(files["validation"])),
                **{"max_steps": 2, "logging_steps": 1, "per_device_train_batch_size": 8, **inputs},
            )
            return {"trained": node.outputs.mlflow_model_folder, "weights": node.outputs.pytorch_model_folder}

        job = pipeline()
        job.name, job.experiment_name, job.tags = name, "contract", tags or {}
        job.settings.force_rerun = force_rerun
        return ml_client.jobs.create_or_update(job, skip_validation=not judged)

    return run


@pytest.fixture(scope="module")
def finished(ml_client: "MLClient", submit: Submit) -> Any:
    """A job that ran to its end."""
    submit("finished", tags={"team": "chat"}, judged=True)
    return wait(ml_client, "finished")


@pytest.fixture
def delay(emulator_address: Address) -> Iterator[Callable[[str], None]]:
    """Set the delay of jobs; it is at once again afterwards."""

    def set_delay(text: str) -> None:
        process.control(emulator_address, "PUT", "/delay/jobs", {"delay": text})

    yield set_delay
    set_delay("at once")


ENDED = ("Completed", "Failed", "Canceled", "NotResponding")


def wait(ml_client: "MLClient", name: str) -> Any:
    for _ in range(LOOKS):
        if (job := ml_client.jobs.get(name)).status in ENDED:
            return job
        time.sleep(0.05)
    raise AssertionError(f"{name} is still {job.status}")


def status(ml_client: "MLClient", name: str, wanted: str) -> None:
    for _ in range(LOOKS):
        if (found := ml_client.jobs.get(name).status) == wanted:
            return
        assert found not in ENDED, f"{name} is {found}, not {wanted}"
        time.sleep(0.05)
    raise AssertionError(f"{name} is {found}, not {wanted}")


def test_a_job_runs_to_its_end_and_says_what_it_was_asked(finished: Any) -> None:
    assert (finished.status, finished.type, finished.experiment_name) == ("Completed", "pipeline", "contract")
    assert (finished.display_name, finished.tags["team"]) == ("about finished", "chat")
    assert re.match(r"http://127.0.0.1:\d+/jobs/finished\?wsid=/subscriptions/", finished.studio_url), "its own page"
    assert finished.studio_url.count("tid=") == 1
    node = finished.jobs["node"]
    assert node.component == "azureml://registries/azureml/components/chat_completion_pipeline/versions/0.0.81"
    assert finished.creation_context.created_by


def test_its_steps_are_children_of_the_node_in_the_order_of_the_graph(ml_client: "MLClient", finished: Any) -> None:
    nodes = list(ml_client.jobs.list(parent_job_name="finished"))
    assert [node.display_name for node in nodes] == ["node"]
    step = ml_client.jobs.get(nodes[0].name)  # a step is read from the run history, not from ARM
    assert step.status == "Completed"
    steps = list(ml_client.jobs._runs_operations.get_run_children(nodes[0].name))
    assert [child.display_name for child in steps] == STEPS
    assert {child.status for child in steps} == {"Completed"}
    finetune = steps[STEPS.index("chat_completion_finetune")]
    assert finetune.properties["showMetricsAtRoot"] == "true"
    assert finetune.properties["azureml.moduleName"] == "chat_completion_finetune"


def test_root_and_step_carry_what_the_component_reports(finished: Any) -> None:
    assert finished.properties["PipelineType"] == "Finetune"
    assert int(finished.properties["__azureml_ft_training_tokens"]) > 0
    assert float(finished.properties["score"]) > 0


def test_metrics_stand_at_the_root_and_at_the_step(api: Call, finished: Any) -> None:
    history = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}/runs"
    base = f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/api/2.0/mlflow"
    (node,) = json.loads(api("GET", f"{history}/finished/children").data)["value"]
    steps = json.loads(api("GET", f"{history}/{node['runId']}/children").data)["value"]
    (tune,) = [step["runId"] for step in steps if step["displayName"] == "chat_completion_finetune"]
    for run in ("finished", tune):
        found = json.loads(api("GET", f"{base}/runs/get?run_id={run}").data)["run"]
        logged = {item["key"] for item in found["data"]["metrics"]}
        assert {"eval_loss", "train_loss", "loss", "grad_norm", "learning_rate", "train_runtime"} <= logged
    points = json.loads(api("GET", f"{base}/metrics/get-history?run_id=finished&metric_key=loss").data)["metrics"]
    assert [point["step"] for point in points] == [1, 2]


def test_outputs_can_be_downloaded_and_hold_the_model(ml_client: "MLClient", finished: Any, tmp_path: Path) -> None:
    assert finished.outputs["trained"].type == "mlflow_model"
    ml_client.jobs.download("finished", download_path=tmp_path, output_name="trained")
    found = {path.name for path in (tmp_path / "named-outputs" / "trained").rglob("*")}
    assert {"MLmodel", "conda.yaml"} <= found
    ml_client.jobs.download("finished", download_path=tmp_path, output_name="weights")
    assert [*(tmp_path / "named-outputs" / "weights").rglob("*")]


def test_logs_of_a_step_can_be_downloaded(ml_client: "MLClient", finished: Any, tmp_path: Path) -> None:
    node = next(iter(ml_client.jobs.list(parent_job_name="finished")))
    steps = {child.display_name: child for child in ml_client.jobs._runs_operations.get_run_children(node.name)}
    ml_client.jobs.download(steps["chat_completion_finetune"].name, download_path=tmp_path)
    log = tmp_path / "artifacts" / "user_logs" / "std_log.txt"
    assert "eval_loss" in log.read_text(encoding="utf-8")


def test_an_output_can_be_registered_as_a_model(ml_client: "MLClient", finished: Any) -> None:
    from azure.ai.ml.entities import Model

    path = "azureml://jobs/finished/outputs/trained"
    model = ml_client.models.create_or_update(Model(name="from-job", path=path, type="mlflow_model"))
    assert "hftransformersv2" in model.flavors
    assert model.job_name == "finished"


def test_streaming_prints_the_pipeline_log_until_the_end(
    ml_client: "MLClient", submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    submit("streamed", max_steps=1)
    ml_client.jobs.stream("streamed")
    said = capsys.readouterr().out
    assert "RunId: streamed" in said
    assert "Streaming logs/azureml/executionlogs.txt" in said
    assert "Execution Summary" in said
    assert ml_client.jobs.get("streamed").status == "Completed"


def test_the_same_job_again_is_no_second_run_and_other_work_is_refused(
    ml_client: "MLClient", submit: Submit, finished: Any
) -> None:
    again = submit("finished", tags={"owner": "me"})
    assert again.status == "Completed"
    assert again.tags == {"team": "chat", "owner": "me"}  # tags are added, never taken away
    with pytest.raises(HttpResponseError, match="A job with this name already exists") as refused:
        submit("finished", num_train_epochs=2)
    assert "the existing job's Jobs cannot be changed" in str(refused.value)


def test_names_tags_and_archiving_change_and_archived_jobs_leave_the_list(ml_client: "MLClient", finished: Any) -> None:
    from azure.ai.ml.constants import ListViewType

    changed = ml_client.jobs.update("finished", display_name="renamed", description="for a test", tags={"k": "v"})
    assert (changed.display_name, changed.description, changed.tags["k"]) == ("renamed", "for a test", "v")
    ml_client.jobs.archive("finished")
    assert "finished" not in {job.name for job in ml_client.jobs.list()}
    archived = ml_client.jobs.list(list_view_type=ListViewType.ARCHIVED_ONLY)
    assert "finished" in {job.name for job in archived}
    ml_client.jobs.restore("finished")
    assert "finished" in {job.name for job in ml_client.jobs.list()}


def test_equal_work_is_reused_unless_a_rerun_is_forced_and_logs_nothing(
    ml_client: "MLClient", submit: Submit, finished: Any, api: Call
) -> None:
    submit("reusing", force_rerun=False)
    job = wait(ml_client, "reusing")
    assert job.status == "Completed"
    node = next(iter(ml_client.jobs.list(parent_job_name="reusing")))
    steps = list(ml_client.jobs._runs_operations.get_run_children(node.name))
    assert {step.properties["azureml.isreused"] for step in steps} == {"true"}
    (origin,) = ml_client.jobs.list(parent_job_name="finished")
    worked = {child.name for child in ml_client.jobs._runs_operations.get_run_children(origin.name)}
    assert {step.properties["azureml.reusedrunid"] for step in steps} == worked
    url = (
        f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/api/2.0/mlflow/runs/get?run_id=reusing"
    )
    assert json.loads(api("GET", url).data)["run"]["data"]["metrics"] == []


def test_a_step_that_fails_fails_the_job_and_only_its_own_run_says_why(ml_client: "MLClient", submit: Submit) -> None:
    from azure.ai.ml.exceptions import JobException

    submit("failing", train="few")
    assert wait(ml_client, "failing").status == "Failed"
    with pytest.raises(JobException, match="Pipeline has failed child jobs"):
        ml_client.jobs.stream("failing")
    operations = ml_client.jobs._runs_operations
    node = next(iter(ml_client.jobs.list(parent_job_name="failing")))
    steps = {child.display_name: child for child in operations.get_run_children(node.name)}
    assert [steps[name].status for name in STEPS] == ["Completed", "Completed", "Failed", "Canceled", "Canceled"]
    error = operations.get_run_details(steps["chat_completion_datapreprocess"].name).error.error
    assert error.code == "ACFTDataException"
    assert "10" in error.message


def test_fine_tuning_on_a_cluster_without_gpus_fails_in_its_own_step(ml_client: "MLClient", submit: Submit) -> None:
    from azure.ai.ml.entities import AmlCompute

    cluster = AmlCompute(name="no-gpus", size="Standard_D12_v2", max_instances=1)
    ml_client.compute.begin_create_or_update(cluster).result()
    submit("without-gpus", compute_finetune="no-gpus")
    assert wait(ml_client, "without-gpus").status == "Failed"
    node = next(iter(ml_client.jobs.list(parent_job_name="without-gpus")))
    steps = list(ml_client.jobs._runs_operations.get_run_children(node.name))
    assert [step.status for step in steps] == ["Completed", "Completed", "Completed", "Failed", "Canceled"]
    assert steps[3].compute == "no-gpus"
    error = ml_client.jobs._runs_operations.get_run_details(steps[3].name).error.error
    assert error.code == "SKUNotSupported"


@pytest.fixture
def fault(emulator_address: Address) -> Iterator[Callable[[str], None]]:
    """Ask for a fault; what is left of it is forgotten afterwards."""

    def ask(rule: str) -> None:
        process.control(emulator_address, "POST", "/faults", {"rule": rule})

    yield ask
    process.control(emulator_address, "DELETE", "/faults")


def test_a_job_ends_in_the_step_and_state_that_a_fault_asks_for(
    ml_client: "MLClient", submit: Submit, fault: Callable[[str], None]
) -> None:
    fault("jobs.create unlucky: operation fails OutOfMemory at chat_completion_datapreprocess")
    fault("jobs.create unheard: operation ends NotResponding at chat_completion_model_import")
    fault("jobs.create strange: operation fails OutOfMemory at a_step_of_another_job")
    submit("unlucky"), submit("unheard"), submit("strange")
    assert wait(ml_client, "unlucky").status == "Failed"
    node = next(iter(ml_client.jobs.list(parent_job_name="unlucky")))
    steps = list(ml_client.jobs._runs_operations.get_run_children(node.name))
    assert [step.status for step in steps] == ["Completed", "Completed", "Failed", "Canceled", "Canceled"]
    assert ml_client.jobs._runs_operations.get_run_details(steps[2].name).error.error.code == "OutOfMemory"
    assert wait(ml_client, "unheard").status == "NotResponding"
    node = next(iter(ml_client.jobs.list(parent_job_name="unheard")))
    steps = list(ml_client.jobs._runs_operations.get_run_children(node.name))
    assert [step.status for step in steps][:3] == ["Completed", "NotResponding", "Canceled"]
    assert wait(ml_client, "strange").status == "Failed"
    with pytest.raises(Exception, match="a_step_of_another_job"):
        ml_client.jobs.stream("strange")


def test_a_running_job_is_canceled_and_its_worker_with_it(
    ml_client: "MLClient", submit: Submit, delay: Callable[[str], None]
) -> None:
    delay("3600 s")
    submit("running")
    submit("waiting")
    status(ml_client, "running", "Running")
    assert ml_client.jobs.get("waiting").status == "Queued"
    ml_client.jobs.begin_cancel("waiting").result()
    assert ml_client.jobs.get("waiting").status == "Canceled"
    ml_client.jobs.begin_cancel("running").result()
    assert ml_client.jobs.get("running").status == "Canceled"
    with pytest.raises(HttpResponseError, match="terminal state Canceled"):
        ml_client.jobs.begin_cancel("running")


def test_a_job_stays_running_for_as_many_reads_as_its_delay_says(
    ml_client: "MLClient", submit: Submit, finished: Any, delay: Callable[[str], None]
) -> None:
    delay("3 reads")
    submit("paced", force_rerun=False)
    status(ml_client, "paced", "Running")
    time.sleep(0.5)  # for which its work, which was done before, does not take
    assert ml_client.jobs.get("paced").status == "Running"
    assert wait(ml_client, "paced").status == "Completed"
    delay("3600 s")
    submit("let-go")
    status(ml_client, "let-go", "Running")
    delay("at once")
    assert wait(ml_client, "let-go").status == "Completed", "a shorter delay lets go what waits"


def test_all_problems_of_a_submission_are_refused_at_once(submit: Submit) -> None:
    with pytest.raises(HttpResponseError) as refused:
        submit("refused", precision="8", num_train_epochs=0, compute_finetune="no-such-cluster")
    assert refused.value.status_code == 400
    said = {detail.code for detail in refused.value.error.details}
    assert said == {"InvalidEnumValue", "OutOfRange", "ComputeNotFound"}


def test_a_job_that_is_not_there_is_not_found(ml_client: "MLClient") -> None:
    with pytest.raises(ResourceNotFoundError):
        ml_client.jobs.get("no-such-job")


def test_a_job_that_cannot_run_is_kept_as_a_record_that_says_why_it_failed(api: Call, ml_client: "MLClient") -> None:
    made = json.loads(api("PUT", f"{JOBS}/a-spark-job{VERSION}", {"properties": SPARK}).data)
    assert made["properties"]["status"] not in ("Failed", "Completed"), "it could be canceled now"
    status(ml_client, "a-spark-job", "Failed")
    history = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}/runs/a-spark-job/details"
    error = json.loads(api("GET", history).data)["error"]["error"]
    assert error["code"] == "NotEmulated"
    listed = json.loads(api("GET", f"{JOBS}{VERSION}&jobType=Spark").data)
    assert "a-spark-job" in [job["name"] for job in listed["value"]]
    assert {job["properties"]["jobType"] for job in listed["value"]} == {"Spark"}


def test_the_listing_pages_and_filters_by_tag(api: Call, finished: Any) -> None:
    for index in range(3):
        body = {"properties": {**SPARK, "tags": {"batch": "paging"}}}
        api("PUT", f"{JOBS}/paged-{index}{VERSION}", body)
    found: list[str] = []
    url: str | None = f"{JOBS}{VERSION}&tag=batch&count=2"
    pages = 0
    while url:
        page = json.loads(api("GET", url).data)
        found += [job["name"] for job in page["value"]]
        url, pages = page.get("nextLink"), pages + 1
    assert (found, pages) == (["paged-2", "paged-1", "paged-0"], 2)


def test_jobs_are_listed_newest_first(ml_client: "MLClient", finished: Any) -> None:
    jobs = list(ml_client.jobs.list())
    made = [job.creation_context.created_at for job in jobs]
    assert "finished" in [job.name for job in jobs]
    assert made == sorted(made, reverse=True)


def test_a_finished_job_can_be_deleted_with_its_runs(ml_client: "MLClient", api: Call) -> None:
    body = {"properties": SPARK}
    api("PUT", f"{JOBS}/short-lived{VERSION}", body)
    ml_client.jobs.begin_delete("short-lived").result()
    assert api("GET", f"{JOBS}/short-lived{VERSION}").status == 404
    history = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}/runs/short-lived"
    assert api("GET", history).status == 404


@pytest.mark.parametrize("name", ["-starts-badly", "has.dots", "x" * 256])
def test_a_name_outside_the_rule_is_refused(api: Call, name: str) -> None:
    answer = api("PUT", f"{JOBS}/{name}{VERSION}", {"properties": {"jobType": "Command"}})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"tags": {str(number): "" for number in range(51)}}, "FieldName=Tags, Limit=50, Size=51"),
        ({"tags": {"k" * 101: ""}}, "FieldName=Tags.Key, Limit=100, Size=101"),
        ({"tags": {"k": "v" * 1001}}, "FieldName=Tags.Value, Limit=1000, Size=1001"),
        ({"displayName": "d" * 257}, "FieldName=DisplayName, Limit=256, Size=257"),
    ],
)
def test_a_run_with_too_many_or_too_long_texts_is_refused(api: Call, more: dict[str, Any], field: str) -> None:
    answer = api("PUT", f"{JOBS}/too-long{VERSION}", {"properties": {**SPARK, **more}})
    assert answer.status == 400
    assert field in answer.json()["error"]["message"]
