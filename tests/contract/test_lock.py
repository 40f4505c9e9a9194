"""The lock that the storage keeps: of many who want it one has it, and who lost it finds out."""

import json
import time
from pathlib import Path

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import blob_lock
from mlops.azure.blob_lock import BlobLock, Holder, Lost
from mlops.azure.failures import Denied, Transient
from tests.contract.own_workspace import own_workspace
from tests.torture import races

ROUNDS = 8  # of two processes; `make torture` has two hundred


def lock(who: str, name: str = "site") -> BlobLock:
    return BlobLock(own_workspace(), name, Holder(who, "promote"))


def test_two_processes_never_have_it_at_once(emulator_address: Address, tmp_path: Path) -> None:
    assert emulator_address.ca_file
    assert races.race(ROUNDS, tmp_path / "record") == dict.fromkeys(races.NAMES, ROUNDS)


def test_who_was_killed_with_it_is_followed_when_its_lease_ends(emulator_address: Address, tmp_path: Path) -> None:
    races.holder_that_dies("killed", tmp_path / "record")
    other = lock("other", "killed")
    assert other.acquire() == Holder("dying", "promote")
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": blob_lock.SECONDS})
    assert other.acquire() is None
    other.release()


@pytest.mark.usefixtures("emulator_address")
def test_a_lock_that_is_made_first_says_who_has_it_and_goes_with_what_it_is_for() -> None:
    holder, other = lock("holder", "new"), lock("other", "new")
    assert holder.acquire(is_new=True) is None
    assert other.acquire(is_new=True) == Holder("holder", "promote")
    holder.remove()
    assert other.acquire() is None, "nobody has it, nor is it there"
    assert lock("third", "new").acquire() == Holder("other", "promote")
    other.release()
    assert holder.acquire(is_new=True) is None, "it was there after all"
    assert other.acquire() == Holder("holder", "promote")
    holder.remove()


def test_it_is_renewed_while_its_holder_lives(emulator_address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lock, "RENEW_EVERY", 0.05)
    holder, other = lock("holder"), lock("other")
    assert holder.acquire() is None
    for _ in range(4):
        process.control(emulator_address, "POST", "/clock", {"advance_seconds": blob_lock.SECONDS - 5})
        for _ in range(2):  # the first may have been on its way already
            last = holder._renewed
            while holder._renewed == last:
                time.sleep(0.02)
        assert other.acquire() == Holder("holder", "promote")
    holder.release()
    assert other.acquire() is None
    other.release()


def test_who_lost_it_finds_out_before_the_next_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lock, "RENEW_EVERY", 0.05)
    holder, other = lock("holder"), lock("other")
    assert holder.acquire() is None
    holder.confirm()
    assert other.seize() is None
    while holder.sure:  # until it wants to renew it
        time.sleep(0.02)
    with pytest.raises(Lost):
        holder.confirm()
    holder.release()
    other.confirm()
    other.release()


@pytest.mark.usefixtures("tries_at_once")
@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        ("503 once", None),
        ("reset after", None),
        ("reset before", None),
        ("truncated", None),
        ("403 always", Denied),
        ("503 always", Transient),
        ("answers html", Transient),  # a success that names no lease is none
    ],
)
def test_trouble_on_the_way_leaves_one_holder(
    emulator_address: Address, fault: str, ends: type[Exception] | None
) -> None:
    """A lost answer is asked for again with the same id, which the service takes for a renewal."""
    process.control(emulator_address, "POST", "/faults", {"rule": f"lease_calls.on_blob: {fault}"})
    holder, other = lock("holder", "trouble"), lock("other", "trouble")
    try:
        if ends:
            with pytest.raises(ends):
                holder.acquire()
            return
        assert holder.acquire() is None
    finally:
        process.control(emulator_address, "DELETE", "/faults")
    assert other.acquire() == Holder("holder", "promote")
    holder.release()


def test_the_blob_says_who_has_it(emulator_address: Address) -> None:
    assert emulator_address.pid
    holder = lock("https://example.test/actions/runs/1 by \u00e4da", "told")
    assert holder.acquire() is None
    told = holder._blob.get_blob_properties().metadata
    assert json.loads(json.dumps(told)) == {"holder": "https://example.test/actions/runs/1 by ?da", "verb": "promote"}
    holder.release()
