"""The real azure-storage-blob: tags, tiers, snapshots and batches."""

import uuid
from typing import Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address

ACCOUNT = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net"


@pytest.fixture
def container(ml_client: Any) -> Any:
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient(ACCOUNT, credential=str(ml_client.datastores._list_secrets("workspaceblobstore").key))
    return service.create_container(f"versions-{uuid.uuid4().hex[:12]}")


def code_of(call: Any) -> tuple[int, str]:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        call()
    told = refused.value.response
    return int(refused.value.status_code or 0), str(told.headers["x-ms-error-code"] if told else "")


def test_tags_are_set_and_replaced_and_change_neither_etag_nor_time(container: Any) -> None:
    blob = container.upload_blob("a", b"x", tags={"team": "b"})
    before = blob.get_blob_properties()
    assert (blob.get_blob_tags(), before.tag_count) == ({"team": "b"}, 1)
    blob.set_blob_tags({"one": "1", "two": ""})
    after = blob.get_blob_properties()
    assert blob.get_blob_tags() == {"one": "1", "two": ""}
    assert (after.etag, after.last_modified, after.tag_count) == (before.etag, before.last_modified, 2)
    assert [one.tags for one in container.list_blobs(include=["tags"])] == [{"one": "1", "two": ""}]
    assert code_of(lambda: blob.set_blob_tags({"a": "<"})) == (400, "InvalidTag")
    assert code_of(lambda: blob.set_blob_tags({str(number): "" for number in range(11)})) == (400, "TagsTooLarge")
    container.upload_blob("a", b"y", overwrite=True)
    assert blob.get_blob_tags() == {}


def test_an_archived_blob_comes_back_after_hours(container: Any, emulator_address: Address) -> None:
    blob = container.upload_blob("a", b"x")
    assert blob.get_blob_properties().blob_tier == "Hot"
    blob.set_standard_blob_tier("Cool")
    assert blob.download_blob().readall() == b"x"
    blob.set_standard_blob_tier("Archive")
    assert code_of(lambda: blob.download_blob().readall()) == (409, "BlobArchived")
    blob.set_standard_blob_tier("Hot", rehydrate_priority="High")
    assert blob.get_blob_properties().archive_status == "rehydrate-pending-to-hot"
    assert code_of(lambda: blob.set_standard_blob_tier("Cool")) == (409, "BlobBeingRehydrated")
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 3601})
    found = blob.get_blob_properties()
    assert (found.blob_tier, found.archive_status, blob.download_blob().readall()) == ("Hot", None, b"x")
    assert code_of(lambda: blob.set_standard_blob_tier("Tepid")) == (400, "InvalidHeaderValue")


def test_a_snapshot_stays_as_it_was(container: Any) -> None:
    blob = container.upload_blob("folder/a", b"first", metadata={"who": "me"})
    etag = blob.get_blob_properties().etag
    taken = [blob.create_snapshot()["snapshot"], blob.create_snapshot(metadata={"of": "two"})["snapshot"]]
    container.upload_blob("folder/a", b"second", overwrite=True)
    old = container.get_blob_client("folder/a", snapshot=taken[0])
    assert (old.download_blob().readall(), old.get_blob_properties().etag) == (b"first", etag)
    assert old.get_blob_properties().metadata == {"who": "me"}
    listed = [
        (one.name, one.snapshot)
        for page in container.list_blobs(include=["snapshots"], results_per_page=2).by_page()
        for one in page
    ]
    assert listed == [("folder/a", taken[0]), ("folder/a", taken[1]), ("folder/a", None)]
    assert [one.name for one in container.list_blobs()] == ["folder/a"]
    assert code_of(blob.delete_blob) == (409, "SnapshotsPresent")
    old.delete_blob()
    assert code_of(old.get_blob_properties) == (404, "BlobNotFound")
    blob.delete_blob(delete_snapshots="include")
    assert list(container.list_blobs(include=["snapshots"])) == []


def test_a_batch_answers_each_call_by_itself(container: Any) -> None:
    from azure.storage.blob import PartialBatchErrorException

    for name in ("a", "b", "c d"):
        container.upload_blob(name, b"x")
    with pytest.raises(PartialBatchErrorException) as partial:
        container.delete_blobs("a", "nothing", "c d")
    assert [part.status_code for part in partial.value.parts] == [202, 404, 202]
    container.set_standard_blob_tier_blobs("Cool", "b")
    assert [(one.name, one.blob_tier) for one in container.list_blobs()] == [("b", "Cool")]
