"""The real azure-storage-blob: page blobs."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address

PAGE = 512


@pytest.fixture(scope="module")
def container(emulator_address: Address) -> Iterator[Any]:
    """A container for this module."""
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    url = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net"
    made = BlobServiceClient(url, credential=DefaultAzureCredential()).create_container(f"pages-{uuid.uuid4().hex[:8]}")
    yield made
    made.delete_container()


@pytest.fixture
def blob(container: Any) -> Any:
    """A page blob of four pages."""
    made = container.get_blob_client(uuid.uuid4().hex)
    made.create_page_blob(4 * PAGE, metadata={"a": "b"}, sequence_number=7)
    return made


def code_of(call: Callable[[], object]) -> tuple[int, str]:
    """What refused a call."""
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        call()
    told = refused.value.response
    return int(refused.value.status_code or 0), str(told.headers["x-ms-error-code"] if told else "")


def ranges(blob: Any, **asked: Any) -> list[tuple[int, int]]:
    """What was written."""
    return [(one.start, one.end) for one in blob.list_page_ranges(**asked)]


def test_a_page_blob_is_made_of_zeros(blob: Any) -> None:
    found = blob.get_blob_properties()
    assert (found.blob_type, found.size, found.metadata) == ("PageBlob", 4 * PAGE, {"a": "b"})
    assert (found.page_blob_sequence_number, found.blob_tier) == (7, None)
    assert blob.download_blob().readall() == bytes(4 * PAGE)
    assert ranges(blob) == []


def test_pages_are_written_cleared_and_listed(blob: Any) -> None:
    before = blob.get_blob_properties().etag
    blob.upload_page(b"1" * PAGE, offset=0, length=PAGE)
    blob.upload_page(b"2" * PAGE, offset=PAGE, length=PAGE, validate_content=True)
    blob.upload_page(b"4" * PAGE, offset=3 * PAGE, length=PAGE)
    assert ranges(blob) == [(0, 2 * PAGE - 1), (3 * PAGE, 4 * PAGE - 1)]
    assert ranges(blob, offset=PAGE, length=PAGE) == [(PAGE, 2 * PAGE - 1)]
    assert [len(list(page)) for page in blob.list_page_ranges(results_per_page=1).by_page()] == [1, 1]
    blob.clear_page(offset=0, length=PAGE)
    assert ranges(blob) == [(PAGE, 2 * PAGE - 1), (3 * PAGE, 4 * PAGE - 1)]
    assert blob.download_blob().readall() == bytes(PAGE) + b"2" * PAGE + bytes(PAGE) + b"4" * PAGE
    assert blob.get_blob_properties().etag != before


def test_a_page_blob_grows_and_shrinks(blob: Any) -> None:
    blob.upload_page(b"4" * PAGE, offset=3 * PAGE, length=PAGE)
    blob.resize_blob(3 * PAGE)
    blob.resize_blob(5 * PAGE)
    assert (ranges(blob), blob.download_blob().readall()) == ([], bytes(5 * PAGE))
    assert blob.get_blob_properties().metadata == {"a": "b"}


def test_a_sequence_number_is_set_and_asked_for(blob: Any) -> None:
    blob.set_sequence_number("increment")
    blob.set_sequence_number("max", "3")
    assert blob.get_blob_properties().page_blob_sequence_number == 8
    blob.set_sequence_number("update", "3")
    blob.upload_page(b"1" * PAGE, offset=0, length=PAGE, if_sequence_number_eq=3)
    refused = code_of(lambda: blob.upload_page(b"1" * PAGE, offset=0, length=PAGE, if_sequence_number_lt=3))
    assert refused == (412, "SequenceNumberConditionNotMet")


def test_a_snapshot_and_a_copy_keep_the_pages(container: Any, blob: Any) -> None:
    blob.upload_page(b"1" * PAGE, offset=0, length=PAGE)
    taken = container.get_blob_client(blob.blob_name, snapshot=blob.create_snapshot()["snapshot"])
    other = container.get_blob_client(uuid.uuid4().hex)
    other.start_copy_from_url(blob.url)
    blob.clear_page(offset=0, length=PAGE)
    assert (ranges(blob), ranges(taken), ranges(other)) == ([], [(0, PAGE - 1)], [(0, PAGE - 1)])
    assert taken.download_blob().readall()[:PAGE] == b"1" * PAGE


def test_what_is_uploaded_whole_is_listed(container: Any) -> None:
    name = uuid.uuid4().hex
    made = container.upload_blob(name, b"1" * PAGE + bytes(2 * PAGE), blob_type="PageBlob", length=3 * PAGE)
    listed = next(one for one in container.list_blobs() if one.name == name)
    assert (listed.blob_type, listed.size, listed.page_blob_sequence_number) == ("PageBlob", 3 * PAGE, 0)
    assert made.download_blob().readall() == b"1" * PAGE + bytes(2 * PAGE)


def test_what_is_no_whole_page_is_refused(container: Any, blob: Any) -> None:
    new = container.get_blob_client(uuid.uuid4().hex)
    assert code_of(lambda: blob.upload_page(b"1" * PAGE, offset=4 * PAGE, length=PAGE)) == (416, "InvalidPageRange")
    assert code_of(lambda: new._client.page_blob.create(0, 100)) == (400, "InvalidHeaderValue")
    block = container.upload_blob(uuid.uuid4().hex, b"x")
    assert code_of(lambda: block.upload_page(b"1" * PAGE, offset=0, length=PAGE)) == (409, "InvalidBlobType")
    assert code_of(lambda: block.resize_blob(PAGE)) == (409, "InvalidBlobType")
    assert code_of(lambda: blob.append_block(b"x")) == (409, "InvalidBlobType")
    assert code_of(lambda: blob.stage_block("YQ==", b"x")) == (409, "InvalidBlobType")
