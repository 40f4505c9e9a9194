"""Registered models through the real SDK."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.core import defaults

MLMODEL = """flavors:
  hftransformersv2: {task_type: chat-completion, transformers_version: 4.48.0}
  python_function: {loader_module: x, python_version: 3.11.1}
metadata: {is_finetuned_model: true}
"""


@pytest.fixture
def name() -> str:
    """A model name of the test's own."""
    return f"model-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local MLflow model with content of its own."""
    path = tmp_path / "model"
    path.mkdir()
    (path / "MLmodel").write_text(MLMODEL)
    (path / "weights.bin").write_text(uuid.uuid4().hex)
    return path


def model(name: str, path: Path | str, **fields: Any) -> Any:
    """An MLflow model unless said otherwise."""
    from azure.ai.ml.entities import Model

    return Model(name=name, path=str(path), **{"type": "mlflow_model", **fields})


def test_a_folder_becomes_a_model_with_the_flavors_that_it_states(ml_client: Any, name: str, folder: Path) -> None:
    made = ml_client.models.create_or_update(
        model(name, folder, tags={"fingerprint": "f"}, properties={"p": "1"}, stage="Staging")
    )
    found = ml_client.models.get(name, "1")
    assert (found.id, found.tags, found.properties, found.stage) == (
        made.id,
        {"fingerprint": "f"},
        {"p": "1"},
        "Staging",
    )
    assert found.flavors["hftransformersv2"] == {"task_type": "chat-completion", "transformers_version": "4.48.0"}
    assert found.creation_context.created_at is not None
    assert "/datastores/workspaceblobstore/paths/LocalUpload/" in found.path


def test_versions_count_up_and_tags_can_be_changed(ml_client: Any, name: str, folder: Path) -> None:
    assert [ml_client.models.create_or_update(model(name, folder)).version for _ in range(2)] == ["1", "2"]
    first = ml_client.models.get(name, "1")
    first.tags["verdict"] = "pass"
    first.stage = "Production"
    ml_client.models.create_or_update(first)
    again = ml_client.models.get(name, "1")
    assert (again.tags, again.stage, again.flavors) == ({"verdict": "pass"}, "Production", first.flavors)
    assert ml_client.models.get(name, label="latest").version == "2"
    assert [found.version for found in ml_client.models.list(name)] == ["2", "1"]


def test_a_model_can_be_registered_where_it_lies_and_downloaded(
    ml_client: Any, name: str, folder: Path, tmp_path: Path
) -> None:
    first = ml_client.models.create_or_update(model(f"{name}-a", folder))
    short = "azureml://datastores/workspaceblobstore/paths/" + first.path.split("/paths/")[1]
    second = ml_client.models.create_or_update(model(name, short))
    assert (second.path, second.flavors) == (first.path, first.flavors)
    ml_client.models.download(name, second.version, download_path=tmp_path / "out")
    [weights] = (tmp_path / "out").rglob("weights.bin")
    assert weights.read_text() == (folder / "weights.bin").read_text()


def test_the_path_of_a_model_never_changes(ml_client: Any, name: str, folder: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    made = ml_client.models.create_or_update(model(name, folder, version="1"))
    (folder / "weights.bin").write_text("other")
    with pytest.raises(HttpResponseError, match="Asset paths cannot be updated"):
        ml_client.models.create_or_update(model(name, folder, version="1"))
    assert ml_client.models.get(name, "1").path == made.path


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (
            "azureml://datastores/workspaceblobstore/paths/not/there",
            400,
            "No blobs found in storage at model asset path: not/there",
        ),
        ("azureml://datastores/nope/paths/x", 404, "Could not find datastore: nope"),
        ("azureml://jobs/no_such_job/outputs/artifacts/paths/model", 404, "Run no_such_job was not found"),
    ],
)
def test_a_model_that_is_not_there_is_refused(ml_client: Any, name: str, path: str, status: int, said: str) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with pytest.raises(HttpResponseError, match=said) as refused:
        ml_client.models.create_or_update(model(name, path, version="1", type="custom_model"))
    assert refused.value.status_code == status
    with pytest.raises(ResourceNotFoundError):
        ml_client.models.get(name, "1")


def test_an_archived_model_is_found_by_version_only(ml_client: Any, name: str, folder: Path) -> None:
    from azure.ai.ml.exceptions import ValidationException

    ml_client.models.create_or_update(model(name, folder))
    ml_client.models.archive(name, "1")
    assert list(ml_client.models.list(name)) == []
    assert ml_client.models.get(name, "1").version == "1"
    with pytest.raises(ValidationException, match="does not exist"):
        ml_client.models.get(name, label="latest")
    ml_client.models.restore(name, "1")
    assert ml_client.models.get(name, label="latest").version == "1"


def test_a_storage_url_is_a_path_too(ml_client: Any, name: str, folder: Path) -> None:
    first = ml_client.models.create_or_update(model(f"{name}-a", folder))
    url = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net/{defaults.CONTAINER}/{first.path.split('/paths/')[1]}"
    assert ml_client.models.create_or_update(model(name, url)).flavors == first.flavors
