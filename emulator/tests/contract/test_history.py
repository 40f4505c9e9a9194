"""Run history: runs, details, children, tags, batches and artifacts, as the SDK's and MLflow's clients ask for them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import arm
from azureml_emulator.http.address import Address
from emulator_support.jobs import SPARK

Call = Callable[..., Any]
HISTORY = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}"
MLFLOW = f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/api/2.0/mlflow"
JOBS = f"https://{arm.HOST}{arm.default_workspace_id()}/jobs"


@pytest.fixture(scope="module")
def root(api: Call) -> str:
    """A run with three runs below it."""
    id = json.loads(api("POST", f"{MLFLOW}/experiments/create", {"name": "history"}).data)["experiment_id"]

    def make(name: str, parent: str = "") -> str:
        tags = [{"key": "mlflow.parentRunId", "value": parent}] if parent else []
        made = api("POST", f"{MLFLOW}/runs/create", {"experiment_id": id, "run_name": name, "tags": tags})
        return str(json.loads(made.data)["run"]["info"]["run_id"])

    top = make("top")
    for index in range(3):
        make(f"child {index}", top)
    return top


def read(api: Call, path: str, method: str = "GET", body: Any = None) -> Any:
    answer = api(method, f"{HISTORY}/{path}", body)
    assert answer.status == 200, answer.data
    return json.loads(answer.data)


def test_children_know_their_parent_and_root_and_come_in_order(api: Call, root: str) -> None:
    found = read(api, f"runs/{root}/children")["value"]
    assert [run["displayName"] for run in found] == ["child 0", "child 1", "child 2"]
    assert {(run["parentRunId"], run["rootRunId"]) for run in found} == {(root, root)}


def test_a_run_is_the_same_by_every_address(api: Call, root: str) -> None:
    experiment = read(api, "experiments/history")
    addresses = (
        f"runs/{root}",
        f"experiments/history/runs/{root}",
        f"experimentids/{experiment['experimentId']}/runs/{root}",
    )
    found = [read(api, address) for address in addresses]
    assert found[0] == found[1] == found[2]
    assert found[0]["experimentId"] == experiment["experimentId"]


def test_a_patch_merges_tags_and_hides(api: Call, root: str) -> None:
    read(api, f"runs/{root}", "PATCH", {"tags": {"a": "1"}, "displayName": "new name"})
    changed = read(api, f"experiments/history/runs/{root}", "PATCH", {"tags": {"b": "2"}, "hidden": True})
    assert (changed["tags"]["a"], changed["tags"]["b"], changed["displayName"], changed["hidden"]) == (
        "1", "2", "new name", True,
    )  # fmt: skip
    answer = api("DELETE", f"{HISTORY}/runs/{root}/tags", json.dumps(["a"]), Content_Type="application/json")
    assert "a" not in json.loads(answer.data)["tags"]


def test_several_runs_at_once_each_with_its_own_result(api: Call, root: str) -> None:
    body = {"requests": {"x": {"runId": root}, "y": {"runId": "none"}}}
    found = read(api, "batchrundata", "POST", body)
    assert found["successfulResults"]["x"]["runMetadata"]["runId"] == root
    assert found["failedResults"]["y"]["error"]["code"] == "UserError"


def test_runs_are_queried_by_filter_in_pages(api: Call, root: str) -> None:
    body = {"filter": f"parentRunId eq '{root}'", "orderBy": "CreatedUtc asc", "top": 2}
    first = read(api, "experiments/history/runs:query", "POST", body)
    second = read(
        api, "experiments/history/runs:query", "POST", {**body, "continuationToken": first["continuationToken"]}
    )
    assert [run["displayName"] for run in first["value"] + second["value"]] == ["child 0", "child 1", "child 2"]
    assert second["continuationToken"] is None


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ("{root} and DisplayName eq x", []),  # not a field that is compared
        ("{root} and (Status eq 'a' or Status ne 'a')", ["child 0", "child 1", "child 2"]),
        ("({root}) and RunId ne {first}", ["child 1", "child 2"]),
        ("RunId eq {first} or RunId eq {last}", ["child 0", "child 2"]),
        ("RunId eq {first} or {root} and RunId eq {last}", ["child 0", "child 2"]),
        ("{root} and (RunId eq {first} or RunId eq none)", ["child 0"]),
        ("tags/a eq ' or (' or RunId eq {first}", ["child 0"]),
    ],
)
def test_a_filter_has_and_or_and_brackets(api: Call, root: str, filter_: str, names: list[str]) -> None:
    children = read(api, f"runs/{root}/children")["value"]
    place = {"root": f"ParentRunId eq {root}", "first": children[0]["runId"], "last": children[-1]["runId"]}
    body = {"filter": filter_.format(**place), "orderBy": "CreatedUtc asc"}
    answer = api("POST", f"{HISTORY}/experiments/history/runs:query", body)
    assert [run["displayName"] for run in json.loads(answer.data)["value"]] == names


def test_a_filter_that_is_none_is_refused(api: Call, root: str) -> None:
    for text in ("RunId", "(RunId eq a", "RunId eq a or", "RunId eq a) or (RunId eq b", "RunId gt a"):
        assert api("POST", f"{HISTORY}/experiments/history/runs:query", {"filter": text}).status == 400, text


def test_a_page_of_no_size_is_refused(api: Call, root: str) -> None:
    for size in ("many", "0", "-1"):
        assert api("GET", f"{HISTORY}/runs/{root}/children?$top={size}").status == 400


def test_an_unknown_run_is_not_found(api: Call) -> None:
    answer = api("GET", f"{HISTORY}/runs/none/details")
    assert (answer.status, json.loads(answer.data)["error"]["code"]) == (404, "UserError")


def test_logs_are_read_by_signature_alone_and_in_ranges(api: Call, emulator_address: Address) -> None:
    body = {"properties": SPARK}
    api("PUT", f"{JOBS}/logged?api-version=2024-01-01-preview", body)
    (url,) = read(api, "runs/logged/details")["logFiles"].values()
    whole = api("GET", url, token=False)
    assert whole.data.startswith(b"The emulator runs pipeline, command and sweep jobs")
    part = api("GET", url, token=False, Range="bytes=4-11")
    assert (part.status, part.data) == (206, b"emulator")
    assert api("GET", url.replace("sig=", "sig=0"), token=False).status == 403


def test_artifacts_are_written_listed_and_read(api: Call, root: str) -> None:
    made = read(api, f"runs/{root}/artifacts/batch/metadata", "POST", {"paths": [{"path": "out/a b.txt"}]})
    place = made["artifactContentInformation"]["out/a b.txt"]["contentUri"]
    put = api("PUT", place, b"bytes", token=False, x_ms_blob_type="BlockBlob")
    assert put.status == 201
    listed = read(api, f"experiments/history/runs/{root}/artifacts")["value"]
    assert [item["path"] for item in listed] == ["out/a b.txt"]
    content = read(api, f"runs/{root}/artifacts/contentinfo?path=out/a%20b.txt")["contentUri"]
    assert api("GET", content, token=False).data == b"bytes"
    assert api("GET", f"{HISTORY}/runs/{root}/artifacts/contentinfo?path=none").status == 404


def test_a_call_without_a_token_is_refused(api: Call, root: str) -> None:
    answer: urllib3.BaseHTTPResponse = api("GET", f"{HISTORY}/runs/{root}", token=False)
    assert answer.status == 401
