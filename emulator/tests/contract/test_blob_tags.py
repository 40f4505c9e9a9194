"""The real azure-storage-blob: conditions on the tags of a blob, and blobs found by their tags."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address

NEWER = "\"stage\" = 'new' AND \"size\" >= '5'"


@pytest.fixture(scope="module")
def service(emulator_address: Address) -> Any:
    """A client of the workspace's storage account."""
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    url = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net"
    return BlobServiceClient(url, credential=DefaultAzureCredential())


@pytest.fixture
def container(service: Any) -> Iterator[Any]:
    """A container of its own."""
    made = service.create_container(f"tags-{uuid.uuid4().hex[:8]}")
    yield made
    made.delete_container()


def code_of(call: Callable[[], object]) -> tuple[int, str]:
    """What refused a call."""
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        call()
    told = refused.value.response
    return int(refused.value.status_code or 0), str(told.headers["x-ms-error-code"] if told else "")


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        (NEWER, True),
        ("\"stage\"='old' OR \"size\"<>'4'", True),
        ("\"stage\"='old' OR \"size\"='5' AND \"stage\"='none'", False),
        ("\"nobody\" <> 'set'", False),
        ("size < '50'", True),
    ],
)
def test_a_call_goes_through_where_the_tags_fit(container: Any, condition: str, is_met: bool) -> None:
    blob = container.upload_blob("a", b"x", tags={"stage": "new", "size": "5"})
    calls: list[Callable[[], Any]] = [
        lambda: blob.download_blob(if_tags_match_condition=condition).readall(),
        lambda: blob.get_blob_tags(if_tags_match_condition=condition),
        lambda: blob.get_blob_properties(if_tags_match_condition=condition),
        lambda: blob.set_blob_metadata({"a": "b"}, if_tags_match_condition=condition),
        lambda: blob.delete_blob(if_tags_match_condition=condition),
    ]
    for call in calls:
        if is_met:
            call()
        else:
            assert code_of(call)[0] == 412
    assert blob.exists() is not is_met


@pytest.mark.parametrize("condition", ["stage", "'a' = 'b'", "a = b", "a ~ 'b'", "a = 'b' AND"])
def test_a_condition_that_says_nothing_is_refused(container: Any, condition: str) -> None:
    blob = container.upload_blob("a", b"x")
    refused = code_of(lambda: blob.get_blob_tags(if_tags_match_condition=condition))
    assert refused == (400, "InvalidHeaderValue")


def test_a_blob_that_is_not_there_has_no_tags(container: Any) -> None:
    refused = code_of(lambda: container.upload_blob("a", b"x", if_tags_match_condition="a <> 'b'"))
    assert refused == (412, "ConditionNotMet")


def test_blobs_are_found_by_their_tags_in_the_account_and_in_a_container(service: Any, container: Any) -> None:
    mark = container.container_name
    for name, size in (("a", "4"), ("b", "5"), ("c", "6")):
        container.upload_blob(name, b"x", tags={"stage": "new", "size": size, "of": mark})
    container.upload_blob("d", b"x")
    found = service.find_blobs_by_tags(f"\"of\"='{mark}' AND \"size\">='5'")
    assert [(one.name, one.container_name, one.tags["size"]) for one in found] == [("b", mark, "5"), ("c", mark, "6")]
    here = f"@container='{mark}' AND \"size\"='4'"
    assert [one.name for one in service.find_blobs_by_tags(here)] == ["a"]
    pages = container.find_blobs_by_tags("stage = 'new'", results_per_page=2).by_page()
    assert [[one.name for one in page] for page in pages] == [["a", "b"], ["c"]]


@pytest.mark.parametrize("where", ["\"a\" <> 'b'", "\"a\"='b' OR \"c\"='d'", "a"])
def test_a_search_knows_less_than_a_condition(service: Any, where: str) -> None:
    refused = code_of(lambda: list(service.find_blobs_by_tags(where)))
    assert refused == (400, "InvalidQueryParameterValue")
