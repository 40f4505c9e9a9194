"""Processes of the torture: an emulator that is watched, and commands that meet trouble; both are forks of this one.

A fork starts in a hundredth of the time of a program, because everything is imported before. It must not judge.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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


@dataclass(frozen=True)
class Service:
    """A watched emulator: its address, and the port at which it is asked without TLS."""

    address: Address
    port: int


@contextmanager
def emulator(snapshot: Path, place: Path) -> Iterator[Service]:
    """A watched emulator on a copy of a folder; at the end it is killed, with its jobs and models."""
    shutil.rmtree(place, ignore_errors=True)
    if snapshot.exists():
        shutil.copytree(snapshot, place)
    for name in ("emulator.json", watcher.PORT):
        (place / name).unlink(missing_ok=True)
    place.mkdir(parents=True, exist_ok=True)
    pid = _fork(lambda: watcher.serve(place), place / "process.log")
    try:
        yield _service(place)
    finally:
        os.killpg(pid, signal.SIGKILL)  # what it answered for is in its database
        _wait(pid, 10.0)


@dataclass(frozen=True)
class Started:
    """A process that runs, and where what it says and asks is written."""

    pid: int
    said: Path
    calls: Path

    def end(self) -> Ended:
        """Wait for it."""
        code = _wait(self.pid, LONGEST)
        said = self.said.read_text(encoding="utf-8", errors="replace")
        return Ended(code, said, tuple(self.calls.read_text().splitlines()))


def command(words: Sequence[str], folder: Path, service: Service, met: Trouble | None = None) -> Ended:
    """Run `mlops` in a project's folder."""
    return start(words, folder, service, met).end()


def start(
    words: Sequence[str], folder: Path, service: Service, met: Trouble | None = None, name: str = "first"
) -> Started:
    """Begin to run `mlops`; `name` is of its files beside the project."""
    place = folder.parent
    started = place / f"{name}.started"
    started.unlink(missing_ok=True)

    def run() -> None:
        with (place / f"{name}.calls").open("w", encoding="utf-8", buffering=1) as calls:
            trouble.install(met, lambda call: print(call, file=calls), service.port)
            _enter(folder, service.address)
            sys.addaudithook(lambda event, given: _note(started, given) if event == "subprocess.Popen" else None)
            from mlops import __main__

            sys.argv = ["mlops", *words]
            code = __main__.main()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    return _start(run, place, name)


def is_over(pid: int) -> bool:
    """Whether a process has ended; it is still to be waited for."""
    return bool(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))


def told(folder: Path, name: str = "first") -> str:
    """All that a command left behind for others to read: artifacts, and the words that it started programs with."""
    written = [path for path in (folder / "build").rglob("*") if path.is_file()]
    started = folder.parent / f"{name}.started"
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in (*written, started) if path.exists())


def _note(file: Path, given: tuple[object, ...]) -> None:
    with file.open("a", encoding="utf-8") as kept:
        print(given[1], file=kept)


def work(task: Callable[[], None], folder: Path, service: Service) -> Ended:
    """Do something else in a fork of its own, such as to make the models that are promoted."""
    return start_work(task, folder, service).end()


def start_work(task: Callable[[], None], folder: Path, service: Service) -> Started:
    """Begin it."""

    def run() -> None:
        _enter(folder, service.address)
        task()

    return _start(run, folder.parent, "second")


def _enter(folder: Path, address: Address) -> None:
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("AZURE_", "GITHUB_", "MLOPS_"))]:
        del os.environ[name]
    own = {"MLOPS_TARGET": "azure", "MLOPS_REHEARSAL": "true", "USER": "torture", "HOME": str(folder)}
    own["GIT_CEILING_DIRECTORIES"] = str(folder.parent)  # this checkout is none of its business
    os.environ.update({**process.variables(address, {}), **own})


def _start(work: Callable[[], None], place: Path, name: str) -> Started:
    said, calls = place / f"{name}.said", place / f"{name}.calls"
    calls.write_text("")
    return Started(_fork(work, said), said, calls)


def _fork(work: Callable[[], None], output: Path) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        return pid
    try:
        os.setpgid(0, 0)
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
        time.sleep(0.003)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HANGS


def _service(folder: Path) -> Service:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (folder / watcher.PORT).exists():
            stated = json.loads((folder / "emulator.json").read_text(encoding="utf-8"))
            return Service(Address(**stated), int((folder / watcher.PORT).read_text()))
        time.sleep(0.003)
    raise RuntimeError(f"the emulator did not start: {(folder / 'process.log').read_text()[-2000:]}")
