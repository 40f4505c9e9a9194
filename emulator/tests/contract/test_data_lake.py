"""Files and folders of Data Lake Storage Gen2, through the real client."""

import uuid
from typing import Any

import pytest

from azureml_emulator.core import defaults

ACCOUNT = defaults.STORAGE_ACCOUNT


@pytest.fixture
def lake(ml_client: Any) -> Any:
    """A file system of the workspace's storage account, with the SDK's credential."""
    from azure.identity import DefaultAzureCredential
    from azure.storage.filedatalake import DataLakeServiceClient

    service = DataLakeServiceClient(f"https://{ACCOUNT}.dfs.core.windows.net", DefaultAzureCredential())
    return service.create_file_system(f"lake-{uuid.uuid4().hex[:8]}")


def test_a_file_is_written_read_listed_and_deleted(lake: Any) -> None:
    file = lake.get_file_client("words/of/today.txt")
    file.upload_data(b"first words", overwrite=True, metadata={"language": "english"})
    assert file.download_file().readall() == b"first words"
    assert (file.get_file_properties().size, file.get_file_properties().metadata["language"]) == (11, "english")
    paths = [(path.name, bool(path.is_directory)) for path in lake.get_paths()]
    assert paths == [("words", True), ("words/of", True), ("words/of/today.txt", False)]
    assert [path.name for path in lake.get_paths("words", recursive=False)] == ["words/of"]
    folder = lake.get_directory_client("words")
    assert folder.exists()
    folder.set_metadata({"kept": "1"})
    assert folder.get_directory_properties().metadata["kept"] == "1"
    folder.delete_directory()
    assert list(lake.get_paths()) == []


def test_what_is_appended_counts_when_it_is_flushed_without_a_gap(lake: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    file = lake.create_file("parts.txt")
    file.append_data(b"one ", offset=0)
    file.append_data(b"three", offset=8)
    with pytest.raises(HttpResponseError) as refused:
        file.flush_data(13)
    assert refused.value.error_code == "InvalidFlushPosition"
    assert file.get_file_properties().size == 0
    file.append_data(b"two ", offset=4)
    file.flush_data(13)
    file.append_data(b" four", offset=13)
    file.flush_data(18)
    assert file.download_file().readall() == b"one two three four"


def test_paths_that_are_not_there_or_in_the_way_are_refused(lake: Any) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

    lake.create_directory("here").create_file("file.txt")
    with pytest.raises(ResourceNotFoundError):
        lake.get_file_client("gone.txt").delete_file()
    with pytest.raises(ResourceNotFoundError):
        list(lake.get_paths("gone"))
    with pytest.raises(ResourceExistsError):
        lake.get_file_client("here/file.txt").create_file(if_none_match="*")
    with pytest.raises(HttpResponseError) as refused:
        lake.create_file("here")
    assert refused.value.status_code == 409


def test_a_datastore_of_that_type_takes_what_the_sdk_uploads(ml_client: Any, lake: Any, tmp_path: Any) -> None:
    from azure.ai.ml.entities import AzureDataLakeGen2Datastore, Data

    name = f"lake_{uuid.uuid4().hex[:8]}"
    store = AzureDataLakeGen2Datastore(name=name, account_name=ACCOUNT, filesystem=lake.file_system_name)
    ml_client.datastores.create_or_update(store)
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("a,b\n1,2\n")
    made = ml_client.data.create_or_update(
        Data(name=name, version="1", path=str(tmp_path / "rows"), type="uri_folder", datastore=name)
    )
    assert f"/datastores/{name}/paths/" in made.path
    assert [path.name.rsplit("/", 1)[-1] for path in lake.get_paths() if not path.is_directory] == ["a.csv"]
