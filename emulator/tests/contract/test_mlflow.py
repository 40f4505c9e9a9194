"""MLflow's tracking interface of the workspace, as MLflow's own client calls it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.http.address import Address

Call = Callable[..., Any]
Mlflow = Callable[..., dict[str, Any]]
ROOT = f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/api/2.0/mlflow"


@pytest.fixture(scope="module")
def mlflow(api: Call) -> Mlflow:
    """A call that must succeed, or with `status` fail so; query for GET, body for POST."""

    def call(path: str, body: dict[str, Any] | None = None, status: int = 200, **query: str) -> dict[str, Any]:
        text = "&".join(f"{key}={value}" for key, value in query.items())
        answer = api("GET" if body is None else "POST", f"{ROOT}/{path}?{text}", body)
        assert answer.status == status, answer.data
        found: dict[str, Any] = json.loads(answer.data)
        return found

    return call


@pytest.fixture(scope="module")
def experiment(mlflow: Mlflow) -> str:
    return str(mlflow("experiments/create", {"name": "tracking"})["experiment_id"])


def make(mlflow: Mlflow, experiment: str, name: str, **metrics: float) -> str:
    run = mlflow("runs/create", {"experiment_id": experiment, "run_name": name, "tags": []})["run"]
    points = [{"key": key, "value": value, "step": 1, "timestamp": 1000} for key, value in metrics.items()]
    mlflow("runs/log-batch", {"run_id": run["info"]["run_id"], "metrics": points})
    return str(run["info"]["run_id"])


def data(mlflow: Mlflow, run: str) -> dict[str, Any]:
    found: dict[str, Any] = mlflow("runs/get", run_id=run)["run"]["data"]
    return found


def test_a_run_keeps_what_is_logged(mlflow: Mlflow, experiment: str) -> None:
    run = make(mlflow, experiment, "keeps", loss=2.0)
    mlflow("runs/log-metric", {"run_id": run, "key": "loss", "value": 1.0, "step": 3, "timestamp": 5000})
    mlflow("runs/log-metric", {"run_id": run, "key": "loss", "value": 1.5, "step": 2, "timestamp": 6000})
    mlflow("runs/log-parameter", {"run_id": run, "key": "lr", "value": "0.1"})
    mlflow("runs/set-tag", {"run_id": run, "key": "who", "value": "me"})
    found = data(mlflow, run)
    assert {m["key"]: (m["value"], m["step"]) for m in found["metrics"]} == {"loss": (1.0, 3)}  # the highest step
    assert found["params"] == [{"key": "lr", "value": "0.1"}]
    assert {"key": "who", "value": "me"} in found["tags"]
    history = mlflow("metrics/get-history", run_id=run, metric_key="loss")["metrics"]
    assert [(point["step"], point["timestamp"]) for point in history] == [(1, 1000), (3, 5000), (2, 6000)]


def test_the_end_of_a_run_is_final_in_mlflow_and_in_the_run_history(mlflow: Mlflow, experiment: str, api: Call) -> None:
    run = make(mlflow, experiment, "ends")
    mlflow("runs/update", {"run_id": run, "status": "FINISHED", "run_name": "ended"})
    info = mlflow("runs/get", run_id=run)["run"]["info"]
    assert (info["status"], info["run_name"], info["experiment_id"]) == ("FINISHED", "ended", experiment)
    assert info["end_time"] >= info["start_time"]
    history = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}/runs/{run}"
    assert json.loads(api("GET", history).data)["status"] == "Completed"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metrics.loss < 0.5", ["good"]),
        ("metrics.loss >= 0.5", ["bad"]),
        ("metrics.`loss` > 0 and attributes.run_name LIKE 'g%'", ["good"]),
        ("tags.mlflow.runName IN ('bad', 'none')", ["bad"]),
        ("attributes.status = 'RUNNING' AND run_name != 'bad'", ["good"]),
        ("params.lr = '1'", []),
    ],
)
def test_searching_by_filter(mlflow: Mlflow, text: str, names: list[str]) -> None:
    known = mlflow("experiments/search", {"max_results": 100})["experiments"]
    if "searched" not in {item["name"] for item in known}:
        id = str(mlflow("experiments/create", {"name": "searched"})["experiment_id"])
        make(mlflow, id, "good", loss=0.1)
        make(mlflow, id, "bad", loss=0.9)
    experiment = mlflow("experiments/get-by-name", experiment_name="searched")["experiment"]["experiment_id"]
    found = mlflow("runs/search", {"experiment_ids": [experiment], "filter": text, "order_by": ["metrics.loss"]})
    assert [run["info"]["run_name"] for run in found["runs"]] == names


def test_a_search_is_ordered_and_paged(mlflow: Mlflow) -> None:
    experiment = str(mlflow("experiments/create", {"name": "ordered"})["experiment_id"])
    for value in (2.0, 3.0, 1.0):
        make(mlflow, experiment, f"r{value:.0f}", loss=value)
    make(mlflow, experiment, "none")
    body: dict[str, Any] = {"experiment_ids": [experiment], "order_by": ["metrics.loss DESC"], "max_results": 3}
    first = mlflow("runs/search", body)
    second = mlflow("runs/search", {**body, "page_token": first["next_page_token"]})
    assert [run["info"]["run_name"] for run in first["runs"] + second["runs"]] == ["r3", "r2", "r1", "none"]
    assert "next_page_token" not in second


def test_a_run_of_no_named_experiment_is_found_as_mlflow_asks_for_it(mlflow: Mlflow) -> None:
    run = make(mlflow, "0", "of the default experiment")
    found = mlflow("runs/search", {"experiment_ids": ["0"]})
    assert run in [one["info"]["run_id"] for one in found["runs"]]


def test_a_deleted_run_is_only_found_when_asked_for(mlflow: Mlflow, experiment: str) -> None:
    run = make(mlflow, experiment, "deleted")
    mlflow("runs/delete", {"run_id": run})

    def names(view: str) -> set[str]:
        found = mlflow("runs/search", {"experiment_ids": [experiment], "run_view_type": view})
        return {item["info"]["run_name"] for item in found.get("runs", [])}

    assert "deleted" not in names("ACTIVE_ONLY")
    assert names("DELETED_ONLY") == {"deleted"}
    mlflow("runs/restore", {"run_id": run})
    assert "deleted" in names("ACTIVE_ONLY")


def test_a_lag_hides_new_metrics_until_the_clock_has_passed_it(
    mlflow: Mlflow, experiment: str, emulator_address: Address
) -> None:
    run = make(mlflow, experiment, "late")
    process.control(emulator_address, "PUT", "/settings/metrics.lag_seconds", {"value": "600"})
    mlflow("runs/log-metric", {"run_id": run, "key": "loss", "value": 1.0})
    before = data(mlflow, run)["metrics"]
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 601})
    after = data(mlflow, run)["metrics"]
    process.control(emulator_address, "PUT", "/settings/metrics.lag_seconds", {"value": ""})
    assert (before, len(after)) == ([], 1)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("runs/get?run_id=none", None, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("runs/get", None, 400, "INVALID_PARAMETER_VALUE"),
        ("experiments/get-by-name?experiment_name=none", None, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("experiments/create", {"name": "tracking"}, 400, "RESOURCE_ALREADY_EXISTS"),
        ("runs/search", {"filter": "this is no filter"}, 400, "INVALID_PARAMETER_VALUE"),
        ("runs/log-metric", {"run_id": "none", "key": "k", "value": 1}, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("runs/search", {"max_results": "many"}, 400, "INVALID_PARAMETER_VALUE"),
        ("runs/search", {"max_results": -1}, 400, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_errors_come_in_mlflows_envelope(
    api: Call, experiment: str, path: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    answer = api("GET" if body is None else "POST", f"{ROOT}/{path}", body)
    assert (answer.status, json.loads(answer.data)["error_code"]) == (status, code)


def test_a_parameter_is_written_once(mlflow: Mlflow, experiment: str) -> None:
    run = make(mlflow, experiment, "parameters")
    mlflow("runs/log-parameter", {"run_id": run, "key": "lr", "value": "1"})
    mlflow("runs/log-parameter", {"run_id": run, "key": "lr", "value": "1"})
    refused = mlflow("runs/log-parameter", {"run_id": run, "key": "lr", "value": "2"}, status=400)
    assert "Changing param values is not allowed" in refused["message"]


def test_not_a_number_is_kept_as_mlflow_writes_it(mlflow: Mlflow, experiment: str) -> None:
    run = make(mlflow, experiment, "diverged")
    mlflow("runs/log-metric", {"run_id": run, "key": "loss", "value": "NaN"})
    assert data(mlflow, run)["metrics"][0]["value"] == "NaN"


def test_a_dataset_is_kept_once_with_its_run(mlflow: Mlflow, experiment: str) -> None:
    run = make(mlflow, experiment, "with-data")
    one = {"name": "chats", "digest": "a1", "source_type": "local", "source": "{}", "schema": "{}"}
    used = [{"dataset": one, "tags": [{"key": "mlflow.data.context", "value": "training"}]}]
    for sent in (used, [*used, {"dataset": {**one, "digest": "b2"}}]):
        assert mlflow("runs/log-inputs", {"run_id": run, "datasets": sent}) == {}
    kept = mlflow("runs/get", run_id=run)["run"]["inputs"]["dataset_inputs"]
    assert [item["dataset"]["digest"] for item in kept] == ["a1", "b2"]
    assert kept[0] == used[0]
    said = mlflow("runs/log-inputs", {"run_id": run, "datasets": [{"dataset": {"name": "x"}}]}, status=400)
    assert said["error_code"] == "INVALID_PARAMETER_VALUE"
