"""The emulator's jobs without a server: records of runs, reuse, what a second PUT may say, computes, restart."""

import asyncio
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import startup
from azureml_emulator.catalog import components, sizes
from azureml_emulator.core import arm, state_transitions
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Json, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import job_checks, jobs
from azureml_emulator.services.jobs.execution import compute, failure, queue, request
from azureml_emulator.services.runs import runs
from azureml_emulator.services.runs.status import TERMINAL
from azureml_emulator.services.storage import storage
from azureml_emulator.services.tracking import mlflow_search

WORKSPACE = arm.default_workspace_id()
COMPONENT = "azureml://registries/azureml/components/chat_completion_pipeline/versions/0.0.81"
BASE = "azureml://registries/azureml/models/Phi-4/versions/8"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    made = Emulator(tmp_path)
    startup.fill(made)
    yield made
    made.close()


def run(emulator: Emulator, name: str = "r", parent: Resource | None = None) -> Resource:
    return runs.create(emulator, WORKSPACE, name, experiment="e", kind="azureml.PipelineRun", parent=parent)


class TestRuns:
    def test_a_final_state_stays(self, emulator: Emulator) -> None:
        made = runs.change(emulator, run(emulator), status="Running")
        ended = runs.change(emulator, made, status="Completed")
        assert runs.change(emulator, ended, status="Running").body["status"] == "Completed"
        assert ended.body["start"] <= ended.body["end"]

    def test_the_component_drops_nan_and_says_each_step_once(self, emulator: Emulator) -> None:
        made = run(emulator)
        for value, step in ((math.nan, 1), (2.0, 1), (3.0, 1), (1.0, 2)):
            runs.log_metric_once(emulator, made, "loss", value, step)
        assert [(point["value"], point["step"]) for point in runs.metrics(emulator, made)] == [(2.0, 1), (1.0, 2)]

    def test_runs_of_one_name_in_two_workspaces_have_their_own_metrics(self, emulator: Emulator) -> None:
        there = runs.create(emulator, f"{WORKSPACE}2", "r", experiment="e", kind="mlflow")
        runs.log_metric(emulator, there, "loss", 1.0)
        assert runs.metrics(emulator, run(emulator)) == []

    def test_forgetting_removes_runs_metrics_and_files(self, emulator: Emulator) -> None:
        top = run(emulator)
        child = run(emulator, "c", top)
        runs.log_metric(emulator, child, "loss", 1.0)
        runs.log(emulator, child, "text\n")
        place = runs.artifact(emulator, child, runs.LOG)
        runs.forget(emulator, top, keep_root=True)
        assert runs.find(emulator, WORKSPACE, "c") is None
        assert runs.metrics(emulator, child) == []
        assert not storage.exists(emulator, place)
        assert runs.find(emulator, WORKSPACE, "r") is not None


SAME: Json = {
    "jobType": "Pipeline",
    "jobs": {"n": {"componentId": "c", "inputs": {"x": {"job_input_type": "literal", "value": "1"}}}},
    "outputs": {"o": {"jobOutputType": "mlflow_model", "mode": "ReadWriteMount", "uri": None}},
    "settings": {"force_rerun": True},
}


class TestSameName:
    def refusal(self, **changes: Any) -> str:
        kept = Resource("/jobs/j", "", "jobs", "j", {"properties": SAME}, 0)
        try:
            job_checks.refuse_other_work(kept, {**SAME, **changes})
        except ServiceError as error:
            return f"{error.status} {error.message}"
        return ""

    @pytest.mark.parametrize(
        "changes",
        [
            {"displayName": "other", "tags": {"a": "b"}, "description": "d"},
            {"outputs": {"o": {"jobOutputType": "mlflow_model", "uri": "azureml://somewhere"}}},
            {"inputs": {}, "computeId": None},
        ],
    )
    def test_names_tags_and_what_the_service_fills_in_may_differ(self, changes: Json) -> None:
        assert self.refusal(**changes) == ""

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"jobs": {"n": {"componentId": "c", "inputs": {"x": {"value": "2"}}}}}, "Jobs cannot"),
            ({"settings": {"force_rerun": False}, "inputs": {"i": {"value": "1"}}}, "Settings,  Inputs cannot"),
        ],
    )
    def test_other_work_is_refused_and_named(self, changes: Json, words: str) -> None:
        said = self.refusal(**changes)
        assert said.startswith("400 A job with this name already exists.")
        assert f"the existing job's {words}" in said


class TestFingerprint:
    def component(self) -> components.Component:
        return components.versions("azureml", "chat_completion_pipeline")[-1]

    def of(self, **inputs: str) -> str:
        return request.fingerprint(self.component(), {name: {"value": value} for name, value in inputs.items()})

    def test_a_default_that_is_said_is_the_same_work(self) -> None:
        assert self.of() == self.of(num_train_epochs="1")

    def test_another_value_version_or_file_is_other_work(self) -> None:
        component = self.component()
        files = [request.fingerprint(component, {"train_file_path": {"uri": uri}}) for uri in ("a", "b")]
        older = request.fingerprint(replace(component, version="0"), {})
        assert len({self.of(), self.of(num_train_epochs="2"), older, *files}) == 5


class TestCompute:
    def problem(self, size: str, **literals: str) -> failure.JobFailed | None:
        component = components.versions("azureml", "chat_completion_pipeline")[-1]
        place = compute.Place("cluster", sizes.find(size), most_nodes=1)
        return compute.problem(place, component, "chat_completion_finetune", literals)

    def test_gpus_enough_pass(self) -> None:
        assert self.problem("Standard_NC48ads_A100_v4", number_of_gpu_to_use_finetuning="2") is None
        assert self.problem("a size that nobody knows") is None

    @pytest.mark.parametrize(
        ("size", "literals", "words"),
        [
            ("Standard_D12_v2", {}, "needs a GPU"),
            ("Standard_NC24ads_A100_v4", {"number_of_gpu_to_use_finetuning": "2"}, "invalid device ordinal"),
            ("Standard_NC24ads_A100_v4", {"num_nodes_finetune": "2"}, "Requested 2 nodes"),
        ],
    )
    def test_what_the_size_cannot_do_fails(self, size: str, literals: dict[str, str], words: str) -> None:
        found = self.problem(size, **literals)
        assert found is not None
        assert words in found.message


def test_a_search_that_cannot_be_read_is_refused() -> None:
    for text in ("metrics.loss", "metrics.loss < 'x'", "params.lr = 1", "other.x = '1'"):
        with pytest.raises(ServiceError):
            mlflow_search.select([], text)


def put(emulator: Emulator, name: str) -> None:
    rows = [{"role": "user", "content": "What colour?"}, {"role": "assistant", "content": "Blue."}]
    text = "".join(json.dumps({"messages": rows}) + "\n" for _ in range(16))
    uri = "azureml://datastores/workspaceblobstore/paths/t/train.jsonl"
    address = storage.resolve(emulator, uri, workspace=WORKSPACE)
    storage.write(emulator, *address, data=text.encode())
    inputs = {
        "mlflow_model_path": {"job_input_type": "mlflow_model", "uri": BASE},
        "train_file_path": {
            "job_input_type": "uri_file", "uri": "azureml://datastores/workspaceblobstore/paths/t/train.jsonl",
        },
        "max_steps": {"job_input_type": "literal", "value": "1"},
    }  # fmt: skip
    body = {"properties": {"jobType": "Pipeline", "jobs": {"node": {"componentId": COMPONENT, "inputs": inputs}}}}
    parts = {"sub": WORKSPACE.split("/")[2], "rg": WORKSPACE.split("/")[4], "ws": WORKSPACE.split("/")[8]}
    asked = Request(
        "PUT", "api", "/", headers={"authorization": "Bearer x"}, body=json.dumps(body).encode(),
        params={**parts, "name": name},
    )  # fmt: skip
    with emulator.transaction():
        assert jobs.put(asked, emulator).status == 201


async def until(emulator: Emulator, name: str, done: Callable[[Resource], bool]) -> None:
    async with asyncio.timeout(30):
        while not ((found := runs.find(emulator, WORKSPACE, name)) and done(found)):
            await asyncio.sleep(0.03)


def test_a_job_that_the_emulator_left_running_is_run_again_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    async def interrupted() -> None:
        emulator = Emulator(tmp_path)
        emulator.loop = asyncio.get_running_loop()
        with emulator.transaction():
            startup.fill(emulator)
        state_transitions.set_delay(emulator.store, "jobs", "3600 s")
        put(emulator, "job")
        await until(emulator, "job", lambda root: bool(runs.metrics(emulator, root, "train_loss")))
        for task in list(emulator.tasks):
            task.cancel()
        await asyncio.gather(*emulator.tasks, return_exceptions=True)
        emulator.close()

    async def resumed() -> None:
        emulator = Emulator(tmp_path)
        emulator.loop = asyncio.get_running_loop()
        state_transitions.set_delay(emulator.store, "jobs", "at once")
        queue.resume(emulator)
        await until(emulator, "job", lambda root: root.body["status"] in TERMINAL)
        root = runs.find(emulator, WORKSPACE, "job")
        assert root is not None
        assert root.body["status"] == "Completed"
        assert len(runs.metrics(emulator, root, "train_loss")) == 1
        assert len(list(runs.children(emulator, root))) == 1
        emulator.close()

    asyncio.run(interrupted())
    asyncio.run(resumed())
