"""Short-lived files lie in memory where there is room, and go with the process that made them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlops import memory
from mlops.actions import scratch

HOLDS = """
import sys
from pathlib import Path
from mlops.actions.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def roomy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for a file system in memory, on a machine with 8 GiB free."""
    (tmp_path / "meminfo").write_text("MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n")
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    found = os.statvfs(tmp_path)
    values = [*found[:4], 8 * 2**30 // found.f_frsize, *found[5:8], 0, found.f_namemax]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(values))
    return tmp_path


def test_it_lies_in_memory_where_there_is_room(roomy: Path) -> None:
    assert memory.folder({"HOME": "/"}) == roomy
    assert memory.folder({}, more=4 * 2**30) == roomy


@pytest.mark.parametrize("name", memory.CHOICES)
def test_who_names_a_place_is_obeyed(roomy: Path, name: str) -> None:
    assert memory.folder({name: "/elsewhere"}) is None


def test_it_lies_on_the_disk_where_memory_is_too_small(roomy: Path) -> None:
    assert memory.folder({}, more=6 * 2**30) is None
    (roomy / "meminfo").write_text("MemAvailable:    2097152 kB\n")
    assert memory.folder({}) is None


def test_it_lies_on_the_disk_where_nobody_knows_how_much_is_free(roomy: Path) -> None:
    (roomy / "meminfo").write_text("MemFree: 8388608 kB\n")
    assert memory.folder({}) is None


def test_it_lies_on_the_disk_where_there_is_no_memory_to_write_to(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMORY", roomy / "none")
    assert memory.folder({}) is None


def test_it_lies_on_the_disk_where_no_program_may_run_in_memory(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [*os.statvfs(roomy)[:8], os.ST_NOEXEC, 255]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(values))
    assert memory.folder({}) is None


def test_what_a_killed_process_left_the_next_one_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "another"
    other.mkdir()
    with holder(tmp_path) as dead, holder(tmp_path) as living:
        killed, running = (Path(process.stdout.readline().strip()) for process in (dead, living) if process.stdout)
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        with scratch.scratch(tmp_path):
            assert (killed / "file").exists(), "it might be one that is not locked yet"
        monkeypatch.setattr(scratch, "YOUNG", 0.0)
        with scratch.scratch(tmp_path) as own:
            assert {*tmp_path.iterdir()} == {running, other, own}
    assert {*tmp_path.iterdir()} == {other}


def holder(folder: Path) -> "subprocess.Popen[str]":
    """A process that has a scratch folder until its input ends."""
    command = [sys.executable, "-c", HOLDS, str(folder)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
