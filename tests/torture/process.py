"""Processes of the torture: an emulator that is watched, and commands that meet trouble; both are forks of this one.

A fork starts in a hundredth of the time of a program, because everything is imported before. It must not judge.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azureml_emulator import process
from azureml_emulator.http.address import Address
from tests.torture import trouble, watcher
from tests.torture.trouble import Trouble

LONGEST = 90.0  # seconds of one command
HANGS = 124


@dataclass(frozen=True)
class Ended:
    """How a command ended: what it said, and the calls that it made."""

    code: int
    said: str
    calls: tuple[str, ...]


@contextmanager
def emulator(snapshot: Path, place: Path) -> Iterator[Address]:
    """A watched emulator on a copy of a folder; killed at the end, as there is nothing to keep."""
    shutil.rmtree(place, ignore_errors=True)
    if snapshot.exists():
        shutil.copytree(snapshot, place)
    (place / "emulator.json").unlink(missing_ok=True)
    place.mkdir(parents=True, exist_ok=True)
    pid = _fork(lambda: watcher.serve(place), place / "process.log")
    try:
        yield _address(place)
    finally:
        os.kill(pid, signal.SIGTERM)
        _wait(pid, 10.0)


def command(words: list[str], folder: Path, address: Address, met: Trouble | None = None) -> Ended:
    """Run `mlops` in a project's folder."""

    def run() -> None:
        with (folder.parent / "calls").open("w", encoding="utf-8", buffering=1) as calls:
            trouble.install(met, lambda call: print(call, file=calls))
            _enter(folder, address)
            from mlops import __main__

            sys.argv = ["mlops", *words]
            code = __main__.main()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    return _run(run, folder)


def work(task: Callable[[], None], folder: Path, address: Address) -> Ended:
    """Do something else in a fork of its own, such as to make the models that are promoted."""

    def run() -> None:
        _enter(folder, address)
        task()

    return _run(run, folder)


def _enter(folder: Path, address: Address) -> None:
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))]:
        del os.environ[name]
    own = {"MLOPS_TARGET": "azure", "MLOPS_REHEARSAL": "true", "USER": "torture", "HOME": str(folder)}
    os.environ.update({**process.variables(address, {}), **own})


def _run(work: Callable[[], None], folder: Path) -> Ended:
    said, calls = folder.parent / "said", folder.parent / "calls"
    calls.write_text("")
    code = _wait(_fork(work, said), LONGEST)
    return Ended(code, said.read_text(encoding="utf-8", errors="replace"), tuple(calls.read_text().splitlines()))


def _fork(work: Callable[[], None], output: Path) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        return pid
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        work()
        sys.stdout.flush()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the fork must not go on as the one that it came from
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(99)


def _wait(pid: int, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HANGS


def _address(folder: Path) -> Address:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := process.find(folder):
            return found
        time.sleep(0.02)
    raise RuntimeError(f"the emulator did not start: {(folder / 'process.log').read_text()[-2000:]}")
