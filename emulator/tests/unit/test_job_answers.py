"""What is added to a job, without a server."""

from typing import Any

import pytest

from azureml_emulator.core import arm
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs import job_answers, run_labels
from azureml_emulator.services.jobs.execution import compute
from azureml_emulator.services.jobs.job_resource import JobType

ID = arm.default_workspace_id()
WORKSPACE = Resource(ID, "", "workspaces", ID.rsplit("/", 1)[-1], {"location": "westeurope"}, 1)
CURATED = "azureml://registries/azureml/environments/AzureML-sklearn-1.0-ubuntu20.04-py38-cpu/versions/33"
BEGUN, ENDED = "2026-01-02T03:04:05.000000+00:00", "2026-01-02T03:05:00.000000+00:00"
STAGES = f'{{"Initialization":null,"Execution":{{"StartTime":"{BEGUN}","EndTime":"{ENDED}","Status":"Finished"}}}}'


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33", CURATED),
        ("azureml:my-own:1", "azureml:my-own:1"),
        (f"{ID}/environments/my-own/versions/1", f"{ID}/environments/my-own/versions/1"),
    ],
)
def test_the_environment_of_a_sweeps_trial_is_an_id(stated: str, shown: str) -> None:
    properties = {"jobType": "Sweep", "trial": {"command": "echo", "environmentId": stated}}
    assert job_answers.completed(WORKSPACE, "j", properties)["trial"]["environmentId"] == shown


@pytest.mark.parametrize(
    ("stated", "mode"),
    [
        ({"jobInputType": "uri_file", "uri": "azureml:d:1"}, "ReadOnlyMount"),
        ({"jobInputType": "uri_file", "uri": "azureml:d:1", "mode": None}, "ReadOnlyMount"),
        ({"jobInputType": "mltable", "uri": "azureml:d:1", "mode": "Direct"}, "Direct"),
        ({"jobInputType": "literal", "value": "1"}, None),
    ],
)
def test_data_is_mounted_for_reading_unless_said_otherwise(stated: dict[str, Any], mode: str | None) -> None:
    made = job_answers.completed(WORKSPACE, "j", {"jobType": "Command", "inputs": {"a": stated}})
    assert made["inputs"]["a"].get("mode") == mode


def test_a_job_is_watched_in_its_own_region_and_in_the_studio() -> None:
    services = job_answers.completed(WORKSPACE, "j", {"jobType": "Pipeline"})["services"]
    short = ID.replace("resourceGroups", "resourcegroups").replace("/providers/Microsoft.MachineLearningServices", "")
    assert services["Tracking"]["endpoint"] == f"azureml://westeurope.api.azureml.ms/mlflow/v1.0{ID}?"
    assert services["Studio"]["endpoint"] == f"https://ml.azure.com/runs/j?wsid={short}"
    served = job_answers.on_page(services, "http://127.0.0.1:1")
    assert served["Studio"]["endpoint"] == f"http://127.0.0.1:1/jobs/j?wsid={short}", "somebody can look at it there"


def test_only_a_pipeline_is_told_how_it_was_understood() -> None:
    stated = {"properties": {"mine": 1}, "settings": {"default_datastore": "azureml:other"}}
    command = run_labels.run_properties({**stated, "jobType": "Command"}, ID, "j")
    assert command == {"mine": "1", "_azureml.ComputeTargetType": "amlctrain", "_azureml.ClusterName": None}
    pipeline = run_labels.run_properties({**stated, "jobType": "Pipeline"}, ID, "j")
    assert (pipeline["mine"], pipeline["azureml.defaultDataStoreName"]) == ("1", "other")
    assert "azureml.defaultComputeName" not in pipeline


@pytest.mark.parametrize(
    ("reference", "name"),
    [(None, "serverless"), ("cpu", "cpu"), ("azureml:cpu", "cpu"), (f"{ID}/computes/cpu", "cpu")],
)
def test_a_compute_is_named_in_three_ways(reference: str | None, name: str) -> None:
    assert compute.name_of(reference) == name


@pytest.mark.parametrize(
    ("kind", "run", "said"),
    [
        ("Pipeline", {"start": BEGUN, "end": None, "status": "Running"}, {}),
        ("Sweep", {"start": BEGUN, "end": ENDED, "status": "Completed"}, {}),
        ("Command", {"start": BEGUN, "end": ENDED, "status": "Failed"}, {"EndTimeUtc": "2026-01-02 03:05:00"}),
        ("Pipeline", {"start": BEGUN, "end": ENDED, "status": "Completed"}, {"stages": STAGES}),
    ],
)
def test_a_job_that_has_run_tells_when(kind: str, run: dict[str, str | None], said: dict[str, str]) -> None:
    shown = job_answers.when_it_ran(JobType(kind), run)
    assert bool(shown) == bool(said)
    assert said.items() <= shown.items()
