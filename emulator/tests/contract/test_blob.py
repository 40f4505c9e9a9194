"""The real azure-storage-blob against the emulated storage account."""

import base64
import json
import os
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address

ACCOUNT = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net"
Call = Callable[..., urllib3.BaseHTTPResponse]


@pytest.fixture(scope="session")
def key(ml_client: Any) -> str:
    """The account key, as listSecrets gives it."""
    return str(ml_client.datastores._list_secrets("workspaceblobstore").key)


@pytest.fixture
def container(key: str) -> Any:
    """A client for an empty container of the test's own."""
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient(ACCOUNT, credential=key)
    return service.create_container(f"test-{uuid.uuid4().hex[:12]}")


def test_what_is_uploaded_is_downloaded(container: Any) -> None:
    container.upload_blob("folder/é file.txt", b"hello", metadata={"who": "me"})
    blob = container.get_blob_client("folder/é file.txt")
    properties = blob.get_blob_properties()
    assert blob.download_blob().readall() == b"hello"
    assert (properties.size, properties.metadata, properties.blob_type.value) == (5, {"who": "me"}, "BlockBlob")
    assert properties.content_settings.content_md5 is not None


def test_an_empty_blob_is_empty(container: Any) -> None:
    container.upload_blob("empty", b"")
    assert container.download_blob("empty").readall() == b""


def test_a_large_upload_goes_in_blocks_and_comes_back_in_ranges(container: Any) -> None:
    from azure.storage.blob import BlobClient

    data = os.urandom(300_000)
    options = {
        "max_single_put_size": 64 * 1024,
        "max_block_size": 64 * 1024,
        "max_single_get_size": 100_000,
        "max_chunk_get_size": 50_000,
    }
    blob = BlobClient(ACCOUNT, container.container_name, "big", credential=container.credential.account_key, **options)
    blob.upload_blob(data, max_concurrency=3)
    committed, uncommitted = blob.get_block_list("all")
    assert (len(committed), len(uncommitted)) == (5, 0)
    assert blob.download_blob(max_concurrency=3).readall() == data
    assert blob.download_blob(offset=1000, length=50).readall() == data[1000:1050]


def test_uncommitted_blocks_are_no_blob_until_listed(container: Any) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobBlock

    blob = container.get_blob_client("staged")
    blob.stage_block("a1", b"first ")
    blob.stage_block("a2", b"second")
    assert not blob.exists()
    with pytest.raises(HttpResponseError) as refused:
        blob.commit_block_list([BlobBlock("a1"), BlobBlock("zz")])
    assert refused.value.error_code == "InvalidBlockList"
    blob.commit_block_list([BlobBlock("a2"), BlobBlock("a1")])
    assert blob.download_blob().readall() == b"secondfirst "


def test_overwriting_needs_to_be_asked_for(container: Any) -> None:
    from azure.core.exceptions import ResourceExistsError

    container.upload_blob("once", b"1")
    with pytest.raises(ResourceExistsError) as refused:
        container.upload_blob("once", b"2")
    assert refused.value.error_code == "BlobAlreadyExists"
    container.upload_blob("once", b"2", overwrite=True)
    assert container.download_blob("once").readall() == b"2"


def test_conditions_on_the_etag_are_kept(container: Any) -> None:
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError

    blob = container.upload_blob("tagged", b"1")
    first = blob.get_blob_properties().etag
    blob.upload_blob(b"2", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(HttpResponseError) as refused:
        blob.upload_blob(b"3", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    assert (refused.value.status_code, refused.value.error_code) == (412, "ConditionNotMet")
    now = blob.get_blob_properties().etag
    with pytest.raises(HttpResponseError) as unchanged:
        blob.download_blob(etag=now, match_condition=MatchConditions.IfModified)
    assert unchanged.value.status_code == 304
    assert blob.download_blob().readall() == b"2"


def test_listing_pages_in_order_and_folds_at_a_delimiter(container: Any) -> None:
    names = [f"a/{n:02}.txt" for n in range(7)] + ["a/b/1", "a/b/2", "c", "Z"]
    for name in names:
        container.upload_blob(name, b"x", metadata={"n": "1"})
    assert [blob.name for blob in container.list_blobs(results_per_page=3)] == sorted(names)
    folded = [item.name for item in container.walk_blobs("a/", delimiter="/", results_per_page=2)]
    assert sorted(folded) == [*sorted(names[:7]), "a/b/"]
    assert sorted(item.name for item in container.walk_blobs(delimiter="/")) == ["Z", "a/", "c"]
    [listed] = list(container.list_blobs(name_starts_with="c", include=["metadata"]))
    assert (listed.metadata, listed.size, listed.etag.startswith("0x")) == ({"n": "1"}, 1, True)


def test_properties_and_metadata_can_be_replaced(container: Any) -> None:
    from azure.storage.blob import ContentSettings

    blob = container.upload_blob("doc", b"{}", content_settings=ContentSettings(content_type="application/json"))
    assert blob.get_blob_properties().content_settings.content_type == "application/json"
    before = blob.get_blob_properties().etag
    blob.set_blob_metadata({"upload_status": "completed"})
    blob.set_http_headers(ContentSettings(content_type="text/x", cache_control="no-cache"))
    now = blob.get_blob_properties()
    assert (now.metadata, now.content_settings.content_type) == ({"upload_status": "completed"}, "text/x")
    assert now.content_settings.cache_control == "no-cache"
    assert now.etag != before


def test_metadata_keeps_the_spelling_of_its_names_and_refuses_bad_ones(container: Any) -> None:
    """Naming and referencing containers, blobs, and metadata: names keep their case and are C# identifiers."""
    from azure.core.exceptions import HttpResponseError

    blob = container.upload_blob("named", b"x", metadata={"uploadStatus": "a", "UPPER_1": "b"})
    assert blob.get_blob_properties().metadata == {"uploadStatus": "a", "UPPER_1": "b"}
    [listed] = container.list_blobs(include=["metadata"])
    assert listed.metadata == {"uploadStatus": "a", "UPPER_1": "b"}
    container.set_container_metadata({"Owner": "me"})
    assert container.get_container_properties().metadata == {"Owner": "me"}
    for bad in ("with-dash", "1st", "a.b"):
        with pytest.raises(HttpResponseError) as refused:
            blob.set_blob_metadata({bad: "x"})
        assert (refused.value.status_code, refused.value.error_code) == (400, "InvalidMetadata")


def test_an_append_blob_takes_no_blocks(container: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    blob = container.get_blob_client("grows")
    blob.create_append_blob()
    with pytest.raises(HttpResponseError) as refused:
        blob.stage_block("0001", b"x")
    assert (refused.value.status_code, refused.value.error_code) == (409, "InvalidBlobType")


def test_an_append_blob_grows(container: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    blob = container.get_blob_client("log.txt")
    blob.create_append_blob()
    assert blob.append_block(b"one\n")["blob_append_offset"] == "0"
    assert blob.append_block(b"two\n")["blob_committed_block_count"] == 2
    with pytest.raises(HttpResponseError) as refused:
        blob.append_block(b"x", appendpos_condition=0)
    assert refused.value.error_code == "AppendPositionConditionNotMet"
    assert blob.download_blob().readall() == b"one\ntwo\n"
    container.upload_blob("plain", b"x")
    with pytest.raises(HttpResponseError) as wrong:
        container.get_blob_client("plain").append_block(b"y")
    assert wrong.value.error_code == "InvalidBlobType"


def test_a_copy_is_independent_of_its_source(container: Any) -> None:
    source = container.upload_blob("source", b"data", metadata={"k": "v"})
    copy = container.get_blob_client("copy")
    assert copy.start_copy_from_url(source.url)["copy_status"] == "success"
    source.delete_blob()
    assert copy.download_blob().readall() == b"data"
    assert copy.get_blob_properties().metadata == {"k": "v"}


def test_missing_things_are_named(container: Any, key: str) -> None:
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
    from azure.storage.blob import ContainerClient

    with pytest.raises(ResourceNotFoundError) as missing:
        container.download_blob("nothing")
    assert missing.value.error_code == "BlobNotFound"
    other = ContainerClient(ACCOUNT, "not-there", credential=key)
    assert not other.exists()
    with pytest.raises(ResourceNotFoundError) as no_container:
        list(other.list_blobs())
    assert no_container.value.error_code == "ContainerNotFound"
    with pytest.raises(ResourceExistsError):
        container.create_container()
    container.delete_container()
    assert not container.exists()


def test_a_wrong_key_and_no_credential_are_refused(container: Any, api: Call) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.storage.blob import BlobClient

    container.upload_blob("secret", b"x")
    wrong = BlobClient(ACCOUNT, container.container_name, "secret", credential=base64.b64encode(b"wrong" * 10).decode())
    with pytest.raises(ClientAuthenticationError) as refused:
        wrong.download_blob()
    assert refused.value.error_code == "AuthenticationFailed"
    url = f"{ACCOUNT}/{container.container_name}/secret"
    asked = api("GET", url, token=False, x_ms_version="2025-01-05")
    assert (asked.status, asked.headers["x-ms-error-code"]) == (401, "NoAuthenticationInformation")
    assert "storage.azure.com" in asked.headers["www-authenticate"]
    anonymous = api("GET", url, token=False)
    assert (anonymous.status, anonymous.headers["x-ms-error-code"]) == (409, "PublicAccessNotPermitted")
    for_arm = api("GET", url, x_ms_version="2025-01-05")
    assert (for_arm.status, for_arm.headers["x-ms-error-code"]) == (401, "InvalidAuthenticationInfo")


def test_a_token_for_storage_is_accepted(container: Any) -> None:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    container.upload_blob("a", b"x")
    with_token = ContainerClient(ACCOUNT, container.container_name, credential=DefaultAzureCredential())
    assert with_token.download_blob("a").readall() == b"x"


def test_a_sas_grants_what_it_says_for_as_long_as_it_says(container: Any, key: str) -> None:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
    from azure.storage.blob import BlobClient, generate_account_sas, generate_blob_sas, generate_container_sas

    container.upload_blob("a", b"x")
    soon, name = datetime.now(UTC) + timedelta(minutes=5), container.container_name
    tokens = {
        "blob": generate_blob_sas(defaults.STORAGE_ACCOUNT, name, "a", account_key=key, permission="r", expiry=soon),
        "container": generate_container_sas(defaults.STORAGE_ACCOUNT, name, key, permission="rl", expiry=soon),
        "account": generate_account_sas(defaults.STORAGE_ACCOUNT, key, "sco", "rl", soon),
    }
    for token in tokens.values():
        assert BlobClient(ACCOUNT, name, "a", credential=token).download_blob().readall() == b"x"
        with pytest.raises(HttpResponseError) as denied:
            BlobClient(ACCOUNT, name, "a", credential=token).delete_blob()
        assert denied.value.error_code == "AuthorizationPermissionMismatch"
    with pytest.raises(ClientAuthenticationError):
        BlobClient(ACCOUNT, name, "other", credential=tokens["blob"]).exists()
    past = datetime.now(UTC) - timedelta(minutes=1)
    late = generate_blob_sas(defaults.STORAGE_ACCOUNT, name, "a", account_key=key, permission="r", expiry=past)
    with pytest.raises(ClientAuthenticationError, match="time frame"):
        BlobClient(ACCOUNT, name, "a", credential=late).download_blob()


def test_a_user_delegation_sas_works(container: Any) -> None:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobClient, BlobServiceClient, generate_blob_sas

    container.upload_blob("a", b"x")
    now = datetime.now(UTC)
    delegated = BlobServiceClient(ACCOUNT, credential=DefaultAzureCredential()).get_user_delegation_key(
        now, now + timedelta(hours=1)
    )
    token = generate_blob_sas(
        defaults.STORAGE_ACCOUNT,
        container.container_name,
        "a",
        user_delegation_key=delegated,
        permission="r",
        expiry=now + timedelta(hours=1),
    )
    assert BlobClient(ACCOUNT, container.container_name, "a", credential=token).download_blob().readall() == b"x"


def test_no_blob_name_leaves_the_folder_of_blobs(container: Any, emulator_address: Address) -> None:
    name = f"..%2f..%2fescape-{uuid.uuid4().hex}"
    container.upload_blob(name, b"x")
    folder = Path(emulator_address.folder)
    assert all(re.fullmatch(r"[0-9a-f]{32}", path.name) for path in (folder / "blobs").rglob("*") if path.is_file())
    assert not list(folder.parent.rglob("escape-*"))


def test_what_is_not_emulated_says_so(container: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    blob = container.upload_blob("a", b"x")
    with pytest.raises(HttpResponseError) as refused:
        blob.set_legal_hold(True)
    assert refused.value.status_code == 501
    assert "legalhold" in str(refused.value)
    assert blob.download_blob().readall() == b"x"


def test_errors_are_xml_with_the_code_in_a_header(container: Any, api: Call) -> None:
    answer = api("GET", f"{ACCOUNT}/{container.container_name}/nothing", token=False)
    assert answer.headers["content-type"] == "application/xml"
    assert answer.data.startswith(b'<?xml version="1.0" encoding="utf-8"?><Error><Code>PublicAccessNotPermitted</Code>')
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(answer.data)
