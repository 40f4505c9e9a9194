"""The workspace's MLflow model registry, in the calls that an MLflow client sends.

MLflow itself is no dependency of ours; `docs/emulator.md` tells how the same was tried with mlflow-skinny and
azureml-mlflow.
"""

import uuid
from typing import Any

import pytest

from azureml_emulator.core import arm

MLFLOW = f"https://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/api/2.0/mlflow"
ARTIFACTS = f"azureml://eastus.api.azureml.ms/mlflow/v2.0{arm.default_workspace_id()}/experiments/e/runs"


@pytest.fixture
def call(api: Any) -> Any:
    """`call("registered-models/get", name="x")`: GET for reading, else what MLflow sends; gives status and answer."""
    methods = {"update": "PATCH", "delete": "DELETE", "delete-tag": "DELETE", "get": "GET", "search": "GET",
               "get-download-uri": "GET"}  # fmt: skip

    def send(path: str, **fields: Any) -> tuple[int, Any]:
        method = methods.get(path.rsplit("/", 1)[-1], "POST")
        if method == "GET":
            from urllib.parse import urlencode

            answer = api(method, f"{MLFLOW}/{path}?{urlencode(fields)}")
        else:
            answer = api(method, f"{MLFLOW}/{path}", fields)
        return answer.status, answer.json()

    return send


@pytest.fixture
def run(call: Any, api: Any, ml_client: Any) -> str:
    """A run that left a model folder behind."""
    from azure.storage.blob import BlobClient

    (_, made) = call("runs/create", experiment_id="0")
    name = str(made["run"]["info"]["run_id"])
    history = f"https://eastus.api.azureml.ms/history/v1.0{arm.default_workspace_id()}"
    asked = api(
        "POST", f"{history}/runs/{name}/artifacts/batch/metadata", {"paths": [{"path": "model/MLmodel"}]}
    ).json()
    uri = asked["artifactContentInformation"]["model/MLmodel"]["contentUri"]
    BlobClient.from_blob_url(uri).upload_blob(b"flavors:\n  python_function: {loader_module: x}\n")
    return name


@pytest.fixture
def model(call: Any) -> str:
    """The name of a registered model of the test's own."""
    name = f"registered-{uuid.uuid4().hex[:8]}"
    assert call("registered-models/create", name=name, tags=[{"key": "team", "value": "a"}])[0] == 200
    return name


def test_a_version_comes_from_a_run_and_is_a_model_of_the_workspace(
    call: Any, run: str, model: str, ml_client: Any
) -> None:
    _, made = call("model-versions/create", name=model, source=f"{ARTIFACTS}/{run}/artifacts/model", run_id=run)
    version = made["model_version"]
    assert (version["version"], version["run_id"], version["current_stage"]) == ("1", run, "None")
    found = ml_client.models.get(model, "1")
    assert (found.type, found.job_name) == ("mlflow_model", run)
    assert "python_function" in found.flavors
    _, where = call("model-versions/get-download-uri", name=model, version="1")
    assert where == {"artifact_uri": f"{ARTIFACTS}/{run}/artifacts/model"}


def test_a_model_of_the_workspace_is_found_by_mlflow(call: Any, run: str, ml_client: Any) -> None:
    from azure.ai.ml.entities import Model

    name = f"from-sdk-{uuid.uuid4().hex[:8]}"
    path = f"azureml://jobs/{run}/outputs/artifacts/paths/model"
    ml_client.models.create_or_update(Model(name=name, path=path, type="mlflow_model", tags={"k": "v"}))
    _, found = call("model-versions/search", filter=f"name='{name}'")
    assert [(one["version"], one["tags"]) for one in found["model_versions"]] == [("1", [{"key": "k", "value": "v"}])]


def test_stages_move_and_the_one_before_is_archived(call: Any, run: str, model: str) -> None:
    for _ in range(2):
        call("model-versions/create", name=model, source=f"{ARTIFACTS}/{run}/artifacts/model", run_id=run)
    move = {"name": model, "stage": "Production", "archive_existing_versions": True}
    call("model-versions/transition-stage", version="1", **move)
    call("model-versions/transition-stage", version="2", **move)
    _, found = call("registered-models/get-latest-versions", name=model)
    stages = {one["version"]: one["current_stage"] for one in found["model_versions"]}
    assert stages == {"1": "Archived", "2": "Production"}
    assert call("model-versions/transition-stage", name=model, version="1", stage="Gone")[0] == 400
    assert call("model-versions/transition-stage", version="3", **move)[0] == 404
    _, found = call("model-versions/get", name=model, version="2")
    assert found["model_version"]["current_stage"] == "Production", "a refused move archives nothing"


def test_tags_and_descriptions_are_kept_and_searched(call: Any, run: str, model: str) -> None:
    call("model-versions/create", name=model, source=f"{ARTIFACTS}/{run}/artifacts/model", run_id=run)
    call("model-versions/set-tag", name=model, version="1", key="verdict", value="pass")
    call("model-versions/update", name=model, version="1", description="good")
    call("registered-models/set-tag", name=model, key="team", value="b")
    _, found = call("model-versions/get", name=model, version="1")
    assert found["model_version"]["description"] == "good"
    for text, expected in (
        (f"name = '{model}' and tags.team = 'b'", 1),
        (f"name like '{model[:-1]}%' and tags.team != 'b'", 0),
        (f"name = '{model}' and tag.`other.tag` != 'x'", 1),
    ):
        _, answer = call("registered-models/search", filter=text)
        assert len(answer["registered_models"]) == expected, text
    call("model-versions/delete-tag", name=model, version="1", key="verdict")
    assert call("model-versions/get", name=model, version="1")[1]["model_version"]["tags"] == []


def test_what_is_not_there_or_not_understood_is_an_error_of_mlflow(call: Any, model: str) -> None:
    assert call("registered-models/get", name="no-such-model")[1]["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert call("registered-models/create", name=model)[1]["error_code"] == "RESOURCE_ALREADY_EXISTS"
    assert call("model-versions/get", name=model, version="9")[0] == 404
    assert "not one that the emulator reads" in call("model-versions/search", filter="size > 3")[1]["message"]
    assert call("model-versions/create", name=model)[1]["message"].startswith("Missing value")
    status, told = call("registered-models/delete", name=model)
    assert (status, "delete its versions" in str(told)) == (400, True), "how-to-manage-models-mlflow, limitations"
    assert call("registered-models/get", name=model)[0] == 200


def test_a_model_in_a_local_folder_is_uploaded_and_registered(call: Any, model: str, api: Any, ml_client: Any) -> None:
    """What azureml-mlflow sends for `create_model_version(name, "file:///...")`."""
    from azure.storage.blob import BlobClient

    upload = f"261128T120000-{uuid.uuid4().hex[:8]}"
    artifacts = (
        f"https://eastus.api.azureml.ms/artifact/v2.0{arm.default_workspace_id()}/artifacts/LocalUpload/{upload}"
    )
    paths = ["model/MLmodel", "model/data/x.txt"]
    body = {"paths": [{"path": path} for path in paths]}
    places = api("POST", f"{artifacts}/batch/metadata", body).json()["artifactContentInformation"]
    for path in paths:
        BlobClient.from_blob_url(places[path]["contentUri"]).upload_blob(
            b"flavors:\n  python_function: {loader_module: x}\n"
        )

    source = f"azureml://artifacts/LocalUpload/{upload}/model"
    _, made = call("model-versions/create", name=model, source=source)
    assert (made["model_version"]["source"], made["model_version"]["run_id"]) == (source, "")
    assert "python_function" in ml_client.models.get(model, "1").flavors
    assert [one["path"] for one in api("GET", artifacts).json()["value"]] == sorted(paths)
    below = api("GET", f"{artifacts}/prefix/contentinfo?path=model/data/").json()["value"]
    assert [one["path"] for one in below] == ["model/data/x.txt"]
    read = api("GET", f"{artifacts}/contentinfo?path=model/MLmodel").json()["contentUri"]
    assert BlobClient.from_blob_url(read).download_blob().readall().startswith(b"flavors")
    assert api("GET", f"{artifacts}/contentinfo?path=nothing").status == 404
    assert call("model-versions/create", name=model, source=f"azureml://artifacts/LocalUpload/{upload}/no")[0] == 400


def test_artifacts_of_a_run_are_found_by_origin_and_container(run: str, api: Any) -> None:
    base = f"https://eastus.api.azureml.ms/artifact/v2.0{arm.default_workspace_id()}/artifacts"
    assert [one["path"] for one in api("GET", f"{base}/ExperimentRun/dcid.{run}").json()["value"]] == ["model/MLmodel"]
    assert api("GET", f"{base}/ExperimentRun/dcid.nobody").status == 404
    refused = api("GET", f"{base}/Elsewhere/x")
    assert (refused.status, "none of Elsewhere" in str(refused.json())) == (400, True)
