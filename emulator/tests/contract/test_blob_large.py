"""Blobs that are read from and sent by their files, through the real azure-storage-blob."""

import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from azureml_emulator.core import defaults
from azureml_emulator.core.request import LARGE

ACCOUNT = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net"
SIZE = 3 * LARGE + 7


@pytest.fixture
def container(ml_client: Any) -> Any:
    """A client for an empty container of the test's own."""
    from azure.storage.blob import BlobServiceClient

    key = ml_client.datastores._list_secrets("workspaceblobstore").key
    return BlobServiceClient(ACCOUNT, credential=key).create_container(f"large-{uuid.uuid4().hex[:12]}")


def test_a_large_blob_in_one_call_comes_back_whole_and_in_ranges(container: Any) -> None:
    data = os.urandom(SIZE)
    blob = container.upload_blob("whole", data, validate_content=True)
    assert blob.download_blob().readall() == data
    assert blob.download_blob(offset=5, length=2 * LARGE, validate_content=True).readall() == data[5 : 5 + 2 * LARGE]
    assert blob.download_blob(offset=LARGE - 1).readall() == data[LARGE - 1 :]
    assert blob.get_blob_properties().size == SIZE


def test_a_large_blob_that_is_not_what_its_md5_says_is_refused(container: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    blob = container.get_blob_client("wrong")
    with pytest.raises(HttpResponseError) as refused:
        blob.upload_blob(os.urandom(SIZE), headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert refused.value.error_code == "Md5Mismatch"
    assert not blob.exists()


def test_who_reads_a_large_blob_has_it_as_it_was_though_it_is_replaced_and_deleted(container: Any) -> None:
    import requests
    from azure.storage.blob import BlobSasPermissions, generate_blob_sas

    first = os.urandom(64 * LARGE)
    blob, key = container.upload_blob("read", first), container.credential.account_key
    sas = generate_blob_sas(
        blob.account_name, blob.container_name, "read", account_key=key, permission=BlobSasPermissions(read=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    with requests.get(f"{blob.url}?{sas}", stream=True, timeout=60) as answer:
        pieces = answer.iter_content(LARGE)
        begin = next(pieces)
        container.upload_blob("read", b"second", overwrite=True)
        assert blob.download_blob().readall() == b"second"
        blob.delete_blob()
        assert begin + b"".join(pieces) == first


def test_large_appended_blocks_are_one_blob(container: Any) -> None:
    blob = container.get_blob_client("log")
    blob.create_append_blob()
    blocks = [os.urandom(LARGE + 1), os.urandom(10), os.urandom(2 * LARGE)]
    for block in blocks:
        blob.append_block(block, validate_content=True)
    assert blob.download_blob().readall() == b"".join(blocks)
