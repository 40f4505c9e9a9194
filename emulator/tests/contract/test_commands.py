"""Command jobs and pipelines of them, through the real SDK: their processes really run."""

import io
import json
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from azureml_emulator.core import arm
from emulator_support.clients import Call
from emulator_support.jobs import LOOKS, ended

CURATED = "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33"

SCRIPT = """
import argparse, os, pathlib, sys
args = argparse.ArgumentParser()
args.add_argument("--data"); args.add_argument("--n", type=int); args.add_argument("--more", type=int, default=0)
args.add_argument("--out")
a = args.parse_args()
print("read", pathlib.Path(a.data).read_text(), "in run", os.environ["AZUREML_RUN_ID"])
pathlib.Path(a.out, "number.txt").write_text(str(a.n * 2 + a.more))
pathlib.Path("outputs").mkdir(); pathlib.Path("outputs", "model.txt").write_text("m")
if a.n < 0:
    sys.exit("n is negative")
"""
LINE = "python work.py --data ${{inputs.data}} --n ${{inputs.n}} $[[--more ${{inputs.more}}]] --out ${{outputs.out}}"


@pytest.fixture(scope="module")
def cluster(ml_client: Any) -> str:
    from azure.ai.ml.entities import AmlCompute

    cluster = AmlCompute(name="commands", size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ml_client.compute.begin_create_or_update(cluster).result()
    return "commands"


@pytest.fixture(scope="module")
def environment() -> Any:
    from azure.ai.ml.entities import Environment

    return Environment(name="plain", version="1", image="python:3.11")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("src")
    (place / "code").mkdir()
    (place / "code" / "work.py").write_text(SCRIPT)
    (place / "rows.txt").write_text("some rows")
    return place


@pytest.fixture
def job(cluster: str, environment: Any, folder: Path) -> Any:
    """A function that makes the job: `job(n=3)`."""
    from azure.ai.ml import Input, Output, command

    def make(n: int, place: str | None = None, **more: Any) -> Any:
        said = {"command": LINE.replace("$[[--more ${{inputs.more}}]] ", ""), "code": str(folder / "code"), **more}
        inputs = {"data": Input(type="uri_file", path=str(folder / "rows.txt")), "n": n}
        outputs = {"out": Output(type="uri_folder", path=place)}
        return command(**said, inputs=inputs, outputs=outputs, environment=environment, compute=cluster)

    return make


def test_a_command_reads_its_inputs_and_leaves_outputs_artifacts_and_a_log(
    ml_client: Any, job: Any, tmp_path: Path
) -> None:
    made = ml_client.jobs.create_or_update(job(3))
    assert ended(ml_client, made.name) == "Completed"
    ml_client.jobs.download(made.name, download_path=str(tmp_path), all=True)
    assert (tmp_path / "named-outputs" / "out" / "number.txt").read_text() == "6"
    assert (tmp_path / "artifacts" / "outputs" / "model.txt").read_text() == "m"
    log = (tmp_path / "artifacts" / "user_logs" / "std_log.txt").read_text()
    assert f"read some rows in run {made.name}" in log
    assert "the environment plain:1 is not used" in log
    artifacts = ml_client.jobs.get(made.name).outputs["default"].path
    assert artifacts == f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{made.name}"


def test_an_exit_code_is_a_failure_that_names_it(ml_client: Any, job: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made = ml_client.jobs.create_or_update(job(-1))
    assert ended(ml_client, made.name) == "Failed"
    with pytest.raises(Exception, match="exited with status code 1"):
        ml_client.jobs.stream(made.name)


def test_a_command_that_is_canceled_is_killed_with_all_that_it_started(
    ml_client: Any, job: Any, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    begin = f"sleep 3600 & echo $! > {started}.new; mv {started}.new {started}; wait"
    slow = job(1, command=f"echo ${{{{inputs.data}}}} ${{{{inputs.n}}}} ${{{{outputs.out}}}}; {begin}")
    made = ml_client.jobs.create_or_update(slow)
    while not started.exists():
        assert ml_client.jobs.get(made.name).status not in ("Completed", "Failed", "Canceled")
        time.sleep(0.02)
    ml_client.jobs.begin_cancel(made.name).result()
    assert ended(ml_client, made.name) == "Canceled"
    for _ in range(LOOKS):
        if not is_alive(int(started.read_text())):
            return
        time.sleep(0.02)
    raise AssertionError("what the command started goes on")


def is_alive(pid: int) -> bool:
    """One that nobody waits for is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_beyond_its_time_is_canceled(ml_client: Any, job: Any) -> None:
    slow = job(1, command="echo ${{inputs.data}} ${{inputs.n}} ${{outputs.out}}; sleep 30")
    slow.set_limits(timeout=1)
    made = ml_client.jobs.create_or_update(slow)
    assert ended(ml_client, made.name) == "Canceled"


def test_what_a_job_needs_and_does_not_have_is_refused_at_once(ml_client: Any, job: Any, environment: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="Unknown compute target 'nowhere'"):
        ml_client.jobs.create_or_update(_on(job(1), "nowhere"))


def _on(job: Any, compute: str) -> Any:
    job.compute = compute
    return job


def test_a_pipeline_of_commands_hands_files_from_step_to_step(
    ml_client: Any, cluster: str, environment: Any, folder: Path, tmp_path: Path
) -> None:
    from azure.ai.ml import Input, Output, command, dsl

    double = command(
        name="double", display_name="double", command=LINE, code=str(folder / "code"), environment=environment,
        inputs={"data": Input(type="uri_file"), "n": Input(type="integer", default=4),
                "more": Input(type="integer", optional=True)},
        outputs={"out": Output(type="uri_folder")},
    )  # fmt: skip
    take = command(
        name="take", display_name="take", environment=environment,
        command="cp ${{inputs.folder}}/number.txt ${{outputs.file}}",
        inputs={"folder": Input(type="uri_folder")}, outputs={"file": Output(type="uri_file")},
    )  # fmt: skip

    @dsl.pipeline(name="inner")  # type: ignore[untyped-decorator]  # the SDK types nothing
    def inner(folder: str) -> Any:
        copied = take(folder=folder)
        return {"file": copied.outputs.file}

    @dsl.pipeline(default_compute=cluster)  # type: ignore[untyped-decorator]  # the SDK types nothing
    def outer(rows: str) -> Any:
        first = double(data=rows, more=1)
        second = inner(folder=first.outputs.out)
        return {"result": second.outputs.file}

    wanted = outer(rows=Input(type="uri_file", path=str(folder / "rows.txt")))
    asset = f"number-{uuid.uuid4().hex[:6]}"
    wanted.outputs.result = Output(type="uri_file", name=asset, version="1")
    made = ml_client.jobs.create_or_update(wanted, experiment_name="commands")
    assert ended(ml_client, made.name) == "Completed"
    ml_client.jobs.download(made.name, download_path=str(tmp_path), output_name="result")
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["9"]
    steps = {step.display_name: step.status for step in ml_client.jobs.list(parent_job_name=made.name)}
    assert steps == {"first": "Completed", "second": "Completed"}
    assert ml_client.data.get(asset, "1").type == "uri_file"


def test_a_place_that_is_stated_with_expressions_is_that_of_the_job(ml_client: Any, job: Any, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Data

    place, name = "azureml://datastores/${{default_datastore}}/paths/mine/${{name}}/${{output_name}}", "placed-output"
    ml_client.jobs.create_or_update(job(n=3, name=name, place=place))
    assert ended(ml_client, name) == "Completed"
    ml_client.jobs.download(name, download_path=str(tmp_path), output_name="out")
    assert [path.read_text() for path in tmp_path.rglob("number.txt")] == ["6"]
    uri = f"azureml://datastores/workspaceblobstore/paths/mine/{name}/out/"
    kept = ml_client.data.create_or_update(Data(name=f"data-{name}", path=f"azureml://jobs/{name}/outputs/out"))
    assert kept.path.replace("/paths//", "/paths/").endswith(uri.removeprefix("azureml://"))


@pytest.mark.parametrize(
    ("goes_on", "steps"),
    [(None, {"first": "Failed", "after": "Completed"}), (False, {"first": "Failed"})],
)
def test_after_a_step_that_failed_what_does_not_need_it_is_done_unless_said_otherwise(
    ml_client: Any, cluster: str, environment: Any, goes_on: bool | None, steps: dict[str, str]
) -> None:
    from azure.ai.ml import Input, Output, command, dsl

    folder = {"out": Output(type="uri_folder")}
    bad = command(name="bad", command="echo ${{outputs.out}}; exit 7", environment=environment, outputs=folder)
    after = command(name="after", command="echo never", environment=environment)
    taker = command(
        name="taker", command="ls ${{inputs.data}}", environment=environment, inputs={"data": Input(type="uri_folder")}
    )

    @dsl.pipeline(default_compute=cluster)  # type: ignore[untyped-decorator]  # the SDK types nothing
    def three() -> None:
        first = bad()
        taker(data=first.outputs.out)
        after()

    whole = three()
    whole.settings.continue_on_step_failure = goes_on
    made = ml_client.jobs.create_or_update(whole)
    assert ended(ml_client, made.name) == "Failed"
    assert {step.display_name: step.status for step in ml_client.jobs.list(parent_job_name=made.name)} == steps


def test_a_command_fine_tunes_the_stand_in_of_a_base_model_and_logs_to_its_run(
    ml_client: Any, cluster: str, environment: Any, tmp_path: Path, api: Any
) -> None:
    """What a training component of a team's own does in the emulator, where no real weights are."""
    from azure.ai.ml import Input, Output, command

    base = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
    turns = [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "From nine to five."}]
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps({'messages': turns})}\n" * 20)
    model = "${{inputs.model}}"
    job = command(
        command=f"test -f {model}/STAND-IN.txt && python -m azureml_emulator.stand_in_model.fine_tune --model {model} "
        "--train ${{inputs.rows}} --output ${{outputs.tuned}} lora_r=4 apply_lora=true num_train_epochs=2",
        inputs={
            "model": Input(type="mlflow_model", path=base),
            "rows": Input(type="uri_file", path=str(tmp_path / "rows.jsonl")),
        },
        outputs={"tuned": Output(type="mlflow_model")},
        environment=environment,
        compute=cluster,
    )
    made = ml_client.jobs.create_or_update(job)
    assert ended(ml_client, made.name) == "Completed"
    ml_client.jobs.download(made.name, download_path=tmp_path, output_name="tuned")
    stated = (tmp_path / "named-outputs" / "tuned" / "MLmodel").read_text()
    assert f"base_model_asset_id: {base}" in stated
    assert "is_finetuned_model: true" in stated
    tracked = f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/api/2.0/mlflow/runs/get"
    logged = json.loads(api("GET", f"{tracked}?run_id={made.name}").data)["run"]["data"]["metrics"]
    assert {"eval_loss", "train_loss"} <= {metric["key"] for metric in logged}


def test_a_local_job_is_started_by_its_client_and_runs_on_this_machine(ml_client: Any, api: Call) -> None:
    """With calls as azure-ai-ml makes them; version 1.35 asks for a token of no audience before the second."""
    url = f"https://{arm.HOST}{arm.default_workspace_id()}/jobs/a-local-one?api-version=2023-04-01-preview"
    stated = {
        "jobType": "Command", "command": "echo here", "environmentId": CURATED, "experimentName": "local",
        "resources": {"properties": {"IsLocal": {"IsLocal": True}}},
    }  # fmt: skip
    where = api("PUT", url, {"properties": stated}).json()["properties"]["services"]["Local"]["endpoint"]
    assert api("GET", url).status == 404, "nothing is there before it is started"
    place, body = where.split("&fake=")
    asked = json.loads(unquote_plus(body))
    assert asked["Configuration"]["Command"] == "echo here"
    archive = zipfile.ZipFile(io.BytesIO(api("POST", place, asked).data))
    assert sorted(archive.namelist()) == ["azureml-setup/Invocation.bat", "azureml-setup/Invocation.sh"]
    assert ended(ml_client, "a-local-one") == "Completed"
    assert api("POST", place, asked).status == 404, "it was started"
