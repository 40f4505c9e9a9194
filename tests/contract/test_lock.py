"""The lock that the storage keeps: of many who want it one has it, and who lost it finds out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import blob_lock
from mlops.azure.blob_lock import BlobLock, Holder, Lost
from mlops.azure.failures import Denied, Transient
from tests.contract.own_workspace import own_workspace

ROUNDS = 8  # of two processes; `make torture` has two hundred
RACER = Path(__file__).parents[1] / "torture" / "racer.py"


def lock(who: str, name: str = "site") -> BlobLock:
    return BlobLock(own_workspace(), name, Holder(who, "promote"))


def test_two_processes_never_have_it_at_once(emulator_address: Address, tmp_path: Path) -> None:
    record = tmp_path / "record"
    command = [sys.executable, str(RACER), "raced", str(ROUNDS), str(record)]
    assert emulator_address.ca_file
    racers = [subprocess.Popen([*command, name], cwd=RACER.parents[2]) for name in ("one", "two")]
    assert [racer.wait(timeout=100) for racer in racers] == [0, 0]
    inside: list[str] = []
    entered = dict.fromkeys(("one", "two"), 0)
    for line in record.read_text().splitlines():
        name, what = line.split()
        if what == "enter":
            inside.append(name)
            entered[name] += 1
        else:
            inside.remove(name)
        assert len(inside) <= 1, "two have it at once"
    assert entered == {"one": ROUNDS, "two": ROUNDS}


def test_who_was_killed_with_it_is_followed_when_its_lease_ends(emulator_address: Address, tmp_path: Path) -> None:
    record = tmp_path / "record"
    dying = subprocess.Popen([sys.executable, str(RACER), "killed", "0", str(record), "dying"], cwd=RACER.parents[2])
    while not (record.exists() and record.read_text()):
        time.sleep(0.05)
    os.kill(dying.pid, signal.SIGKILL)
    dying.wait()
    other = lock("other", "killed")
    assert other.acquire() == Holder("dying", "promote")
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": blob_lock.SECONDS})
    assert other.acquire() is None
    other.release()


def test_it_is_renewed_while_its_holder_lives(emulator_address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lock, "RENEW_EVERY", 0.05)
    holder, other = lock("holder"), lock("other")
    assert holder.acquire() is None
    for _ in range(4):
        process.control(emulator_address, "POST", "/clock", {"advance_seconds": blob_lock.SECONDS - 5})
        time.sleep(0.3)
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
    time.sleep(0.3)
    with pytest.raises(Lost):
        holder.confirm()
    holder.release()
    other.confirm()
    other.release()


@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        ("503 once", None),
        ("reset after", None),
        ("reset before", None),
        ("truncated", None),
        ("403 always", Denied),
        ("503 always", Transient),
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
