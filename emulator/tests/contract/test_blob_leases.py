"""Leases through the real azure-storage-blob: who holds one, what it forbids, how it ends."""

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobServiceClient

ACCOUNT = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net"


@pytest.fixture(scope="module")
def service(ml_client: Any) -> "BlobServiceClient":
    from azure.storage.blob import BlobServiceClient

    key = str(ml_client.datastores._list_secrets("workspaceblobstore").key)
    return BlobServiceClient(ACCOUNT, credential=key)


@pytest.fixture
def blob(service: "BlobServiceClient") -> "BlobClient":
    """A blob in a container of the test's own."""
    container = service.create_container(f"leases-{uuid.uuid4().hex[:12]}")
    return container.upload_blob("lock", b"", metadata={"holder": "nobody"})


def pass_seconds(address: Address, seconds: float) -> None:
    process.control(address, "POST", "/clock", {"advance_seconds": seconds})


def refusal(work: Any, *given: Any, **named: Any) -> tuple[int, str]:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        work(*given, **named)
    response = refused.value.response
    assert response is not None
    return response.status_code, response.headers["x-ms-error-code"]


def test_one_holds_it_and_only_the_holder_writes(blob: "BlobClient") -> None:
    from azure.storage.blob import BlobLeaseClient

    before = blob.get_blob_properties()
    lease = blob.acquire_lease(15)
    held = blob.get_blob_properties()
    assert (held.lease.status, held.lease.state, held.lease.duration) == ("locked", "leased", "fixed")
    assert (held.etag, held.last_modified) == (before.etag, before.last_modified)
    assert refusal(blob.acquire_lease, 15) == (409, "LeaseAlreadyPresent")
    assert refusal(blob.set_blob_metadata, {"holder": "me"}) == (412, "LeaseIdMissing")
    other = str(uuid.uuid4())
    assert refusal(blob.upload_blob, b"x", overwrite=True, lease=other) == (412, "LeaseIdMismatchWithBlobOperation")
    assert refusal(blob.delete_blob) == (412, "LeaseIdMissing")
    blob.set_blob_metadata({"holder": "me"}, lease=lease)
    blob.upload_blob(b"content", overwrite=True, lease=lease, metadata={"holder": "me"})
    assert blob.get_blob_properties(lease=lease).lease.state == "leased"
    assert blob.download_blob().readall() == b"content"
    again = BlobLeaseClient(blob, lease_id=lease.id)
    lease.release()
    assert blob.get_blob_properties().lease.state == "available"
    assert refusal(again.renew) == (409, "LeaseIdMismatchWithLeaseOperation")
    blob.acquire_lease(15).release()


def test_it_ends_with_its_time_and_a_renewed_one_later(blob: "BlobClient", emulator_address: Address) -> None:
    lease = blob.acquire_lease(60)
    pass_seconds(emulator_address, 40)
    lease.renew()
    pass_seconds(emulator_address, 40)
    assert refusal(blob.acquire_lease, 15) == (409, "LeaseAlreadyPresent")
    pass_seconds(emulator_address, 21)
    assert blob.get_blob_properties().lease.state == "expired"
    assert refusal(blob.set_blob_metadata, {}, lease=lease) == (412, "LeaseNotPresentWithBlobOperation")
    lease.renew()  # nobody took it, and nothing was written
    pass_seconds(emulator_address, 61)
    blob.set_blob_metadata({"holder": "another"})
    assert blob.get_blob_properties().lease.state == "available"
    assert refusal(lease.renew) == (409, "LeaseIdMismatchWithLeaseOperation")


def test_a_break_lets_the_rest_of_it_pass(blob: "BlobClient", emulator_address: Address) -> None:
    lease = blob.acquire_lease(-1)
    assert blob.get_blob_properties().lease.duration == "infinite"
    assert lease.break_lease(30) == 30
    assert blob.get_blob_properties().lease.state == "breaking"
    assert refusal(lease.renew) == (409, "LeaseIsBrokenAndCannotBeRenewed")
    assert refusal(blob.acquire_lease, 15) == (409, "LeaseAlreadyPresent")
    pass_seconds(emulator_address, 31)
    assert blob.get_blob_properties().lease.state == "broken"
    taken = blob.acquire_lease(15)
    assert taken.break_lease(0) == 0
    blob.delete_blob()


def test_the_id_can_be_chosen_and_changed(blob: "BlobClient") -> None:
    mine, next_id = str(uuid.uuid4()), str(uuid.uuid4())
    lease = blob.acquire_lease(15, lease_id=mine)
    assert lease.id == mine
    assert blob.acquire_lease(60, lease_id=mine.upper()).id == mine
    lease.change(next_id)
    assert lease.id == next_id
    blob.set_blob_metadata({}, lease=lease)


def test_blocks_copies_and_missing_blobs(blob: "BlobClient", service: "BlobServiceClient") -> None:
    assert refusal(service.get_blob_client(blob.container_name, "none").acquire_lease, 15) == (404, "BlobNotFound")
    source = service.get_blob_client(blob.container_name, "source")
    source.upload_blob(b"1", lease=None)
    lease = blob.acquire_lease(15)
    assert refusal(blob.stage_block, "0001", b"x") == (412, "LeaseIdMissing")
    assert refusal(blob.start_copy_from_url, source.url) == (412, "LeaseIdMissing")
    blob.stage_block("0001", b"x", lease=lease)
    assert refusal(blob.commit_block_list, []) == (412, "LeaseIdMissing")
    blob.start_copy_from_url(source.url, destination_lease=lease)
    assert blob.get_blob_properties().lease.state == "leased"
    assert blob.download_blob().readall() == b"1"


def test_a_container_under_lease_is_not_deleted(service: "BlobServiceClient") -> None:
    container = service.create_container(f"leases-{uuid.uuid4().hex[:12]}")
    lease = container.acquire_lease(60)
    assert container.get_container_properties().lease.state == "leased"
    [listed] = [one for one in service.list_containers() if one.name == container.container_name]
    assert (listed.lease.status, listed.lease.duration) == ("locked", "fixed")
    container.upload_blob("free", b"1")  # a container's lease locks its deletion only
    assert refusal(container.delete_container) == (412, "LeaseIdMissing")
    assert refusal(container.delete_container, lease=str(uuid.uuid4())) == (
        412,
        "LeaseIdMismatchWithContainerOperation",
    )
    container.delete_container(lease=lease)


def test_of_many_at_once_one_gets_it(blob: "BlobClient", service: "BlobServiceClient") -> None:
    from azure.core.exceptions import ResourceExistsError

    won, lost = [], []
    go = threading.Barrier(8)

    def race() -> None:
        own = service.get_blob_client(blob.container_name, "lock")
        go.wait()
        try:
            won.append(own.acquire_lease(60).id)
        except ResourceExistsError as error:
            lost.append(error.error_code)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), lost) == (1, ["LeaseAlreadyPresent"] * 7)
