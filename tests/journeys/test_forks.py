"""A command of a rehearsal is a fork of one process, and who starts it sees what a start of Python would show."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from mlops.cli.rehearse import forks
from mlops.errors import INTERRUPTED
from tests.project import PROJECT

T = TypeVar("T")
REAL = Path(sys.executable).parent
MOMENTS = 600  # of 0.05 s, after which something will not come

pytestmark = pytest.mark.skipif(not forks.AVAILABLE, reason="forks are not safe on this system")


class Command:
    """`mlops ask`, which waits for the rest of a question: what it is given so far it has read."""

    def __init__(self, binaries: Path, **environment: str) -> None:
        read, self.writer = os.pipe()
        self.process = subprocess.Popen(
            [str(binaries / "mlops"), "ask", "production", "-"],
            cwd=PROJECT,
            env={"PATH": os.environ["PATH"], **environment},
            stdin=read,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._pipe = str(Path(f"/proc/self/fd/{read}").readlink())
        os.close(read)
        os.write(self.writer, b"What is ")
        until(self._has_read)
        self.reader, self.is_fork = self._reader()

    def _has_read(self) -> None:
        if any(fcntl.ioctl(self.writer, termios.FIONREAD, bytes(4))):
            raise BlockingIOError

    def _reader(self) -> tuple[int, bool]:
        """The process that has read, and whether it is a fork; one that only lends its streams has them as well."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/fd/0"):
            with suppress(OSError):
                if str(path.readlink()) == self._pipe:
                    found[int(path.parts[2])] = b"fork_server" in (path.parents[1] / "cmdline").read_bytes()
        return max(found.items(), key=lambda item: item[1])

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said on standard error."""
        os.close(self.writer)
        _, said = self.process.communicate()
        return self.process.returncode, said.decode()

    def gone(self) -> None:
        """Nobody reads any more."""
        try:
            os.write(self.writer, b" ")
        except BrokenPipeError:
            return
        raise BlockingIOError


def until(done: "Callable[[], T]") -> T:
    """What it gives once it raises no OSError."""
    for _ in range(MOMENTS):
        with suppress(OSError):
            return done()
        time.sleep(0.05)
    return done()


def refused(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as asked, suppress(ConnectionRefusedError):
        asked.connect(str(address))
        raise BlockingIOError


def run(program: Path, *words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_it_is_a_fork_that_reads_and_ends_as_a_start_does(binaries: Path) -> None:
    fork, start = Command(binaries), Command(REAL)
    assert (fork.is_fork, start.is_fork) == (True, False)
    code, said = fork.end()
    assert (code, said) == start.end()
    assert (code, "no target" in said) == (2, True)


@pytest.mark.parametrize("words", [["--version"], ["no-verb"], ["plan", "--set", "misspelt=1"], ["plan", "--offline"]])
def test_it_says_on_each_stream_what_a_start_says(binaries: Path, tmp_path: Path, words: list[str]) -> None:
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "60"}
    fork, start = (run(folder / "mlops", *words, cwd=PROJECT, env=environ) for folder in (binaries, REAL))
    assert (fork.returncode, fork.stdout, fork.stderr) == (start.returncode, start.stdout, start.stderr)


@pytest.mark.parametrize("line", ["rmdir $PWD; exec {} --version", "exec {} --version <&-", "exec {} --version >&-"])
def test_without_a_folder_or_a_stream_it_is_as_a_start(binaries: Path, tmp_path: Path, line: str) -> None:
    def ended(folder: Path) -> tuple[int, str, str]:
        (tmp_path / "gone").mkdir(exist_ok=True)
        words = ("-c", line.format(folder / "mlops"))
        done = run(Path("/bin/sh"), *words, cwd=tmp_path / "gone", env={"PATH": os.environ["PATH"]})
        return done.returncode, done.stdout, done.stderr

    assert ended(binaries) == ended(REAL)


@pytest.fixture
def heeded() -> Iterator[None]:
    """What this process starts does not ignore SIGINT, as a shell has it for what runs in its background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_it(binaries: Path, number: signal.Signals) -> None:
    command = Command(binaries)
    command.process.send_signal(number)
    command.process.wait()  # before its input ends
    code, said = command.end()
    assert (code, "interrupted" in said) == (INTERRUPTED, True)


@pytest.mark.usefixtures("heeded")
def test_it_ignores_the_signal_that_its_step_ignores(binaries: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    command = Command(binaries)
    command.process.send_signal(signal.SIGINT)
    assert command.end()[0] == 2


def test_it_goes_with_a_step_that_is_killed(binaries: Path) -> None:
    command = Command(binaries)
    command.process.kill()
    until(command.gone)
    assert command.end()[0] == -signal.SIGKILL


def test_who_started_it_dies_of_the_signal_that_it_died_of(binaries: Path) -> None:
    command = Command(binaries)
    os.kill(command.reader, signal.SIGABRT)
    assert command.end()[0] == -signal.SIGABRT


def test_what_only_a_start_reads_makes_a_start(binaries: Path) -> None:
    command = Command(binaries, PYTHONHASHSEED="1")
    assert not command.is_fork
    command.process.kill()
    command.end()


def test_what_is_made_once_in_a_process_is_there_before_the_fork() -> None:
    script = """
import inspect
from mlops.cli.rehearse import fork_server
from mlops.params import core
from mlops.params.schema import Params
fork_server._look_once()
assert Params in core._READERS and Params in core._WRITERS
assert all(frame.filename in inspect.modulesbyfile for frame in inspect.stack(0))
"""
    assert run(Path(sys.executable), "-c", script).stderr == ""


def test_another_module_is_run_by_python_itself(binaries: Path) -> None:
    done = run(binaries / "python", "-c", "import sys; print(sys.executable)")
    assert done.stdout == f"{sys.executable}\n"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder in which a socket has room: its path may have 107 bytes, of which pytest's own takes most."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_where_that_process_is_gone_python_starts(short: Path) -> None:
    until_now, held = os.pipe()
    os.close(held)
    try:
        found = forks.start(short / "a folder", until_now)
    finally:
        os.close(until_now)
    assert forks.has(found)
    until(lambda: refused(short / "a folder" / "fork"))
    assert run(found / "mlops", "--version").stdout.startswith("mlops ")


def test_an_interpreter_whose_path_has_blanks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a folder").symlink_to(Path(sys.prefix))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "a folder" / "bin" / "python"))
    with forks.programs({"TMPDIR": ""}, plain=False) as found:
        command = Command(found)
        assert command.is_fork
    command.end()


def test_a_rehearsal_leaves_neither_process_nor_folder() -> None:
    with forks.programs({"TMPDIR": ""}, plain=False) as found:
        assert forks.has(found)
        command = Command(found)
        assert command.is_fork
    assert not found.parent.exists()
    until(command.gone)  # what still ran was killed
    command.end()


def test_plain_starts_are_starts() -> None:
    with forks.programs({}, plain=True) as found:
        assert found == REAL
