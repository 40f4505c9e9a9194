"""The `mlops` of a journey: a fork of one process that has imported everything, where Python would start each time.

A start is 0.9 s of CPU, and a journey makes dozens. What a start itself does is seen in test_runner.py and tests/cli.
A folder like a virtual environment's `bin` holds programs that ask that process for a fork and lend it their streams;
whatever is not `mlops` is the real one. `python -m tests.journeys.warm run FOLDER COMMAND...` has them for one command.
"""

import atexit
import gc
import importlib
import inspect
import io
import marshal
import os
import pkgutil
import selectors
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from mlops import __main__

START_SECONDS = 60.0
PACKAGES = ("mlops.cli", "mlops.views", "mlops.flow", "mlops.azure")
THEIRS = ("azure.ai.ml", "azure.ai.ml.dsl", "azure.ai.ml.entities", "azure.identity", "azure.storage.blob")
# Of `datasets` and the hub's library what reads nothing of the environment: each emulator's is another.
UNDER_DATASETS = ("pandas", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.json", "fsspec", "dill", "multiprocess.pool",
    "xxhash", "httpx2", "httpcore2", "jsonschema")  # fmt: skip
ALONE = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}  # no thread before a fork
PROGRAM = """#!{python} -IS
import _signal, _socket, marshal, os, sys  # what is built in: it starts in half the time
words = {words}
if words[:2] != ["-m", "mlops"]:
    os.execv({python!r}, [{python!r}, *words])
asked = _socket.socket(_socket.AF_UNIX)
asked.connect({address!r})
body = marshal.dumps([{shown!r}, words[2:], dict(os.environ), os.getcwd()])
lent = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
asked.sendmsg([len(body).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, lent)])
asked.sendall(body)
pid = int(asked.recv(16))
for number in (_signal.SIGINT, _signal.SIGTERM):
    _signal.signal(number, lambda number, _: os.kill(pid, number))
sys.exit(int(asked.recv(16)))
"""


def programs(folder: Path, life: int) -> Path:
    """The folder of `python`, `mlops` and `act`; the process that they need lives as long as that of this id.

    Whoever comes second is given what the first has made.
    """
    real = Path(sys.executable)
    if not sys.platform.startswith("linux"):  # elsewhere a fork that asks for the system's proxies may crash
        return real.parent
    address, made = folder / "fork", folder / "bin"
    try:
        made.mkdir(parents=True)
    except FileExistsError:
        _wait_for(address, folder / "log")
        return made
    (made / "act").symlink_to(real.parent / "act")
    for name, words in (("python", "sys.argv[1:]"), ("mlops", '["-m", "mlops", *sys.argv[1:]]')):
        text = PROGRAM.format(python=str(real), words=words, address=str(address), shown=str(made / "python"))
        (made / name).write_text(text, encoding="utf-8")
        (made / name).chmod(0o755 | stat.S_IXUSR)
    with (folder / "log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-m", "tests.journeys.warm", "serve", str(address), str(life)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **ALONE},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=True,
        )
    _wait_for(address, folder / "log")
    return made


def _wait_for(address: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not address.exists():
        told = log.read_text() if log.exists() else ""
        assert "Traceback" not in told, told
        assert time.monotonic() < deadline, f"it did not start: {told}"
        time.sleep(0.05)


def serve(address: str, life: int) -> None:
    """Give a fork to each who asks, until the process of that id has ended: tests that are killed leave nothing."""
    ended = os.pidfd_open(life)
    if os.fork():
        return  # nobody waits for it
    for name in (*THEIRS, *UNDER_DATASETS):
        importlib.import_module(name)
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(found.name)
    inspect.stack()  # asked for by the SDK for each pipeline; it looks where each module's file is, and keeps that
    threads = list(Path("/proc/self/task").iterdir())
    assert len(threads) == 1, "what another thread holds would stay locked in a fork"
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    Path(f"{address}.new").rename(address)
    ready = selectors.DefaultSelector()
    for one in (listener, ended):
        ready.register(one, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fd == ended:
                return
            if key.fileobj is listener:
                _begin(listener, ready)
            else:
                ready.unregister(key.fileobj)
                _say_how_it_ended(key.fd, *key.data)


def _begin(listener: socket.socket, ready: selectors.BaseSelector) -> None:
    """A fork becomes the command. One is enough, as the end of each is heard of without waiting for it."""
    asked, _ = listener.accept()
    head, lent, _, _ = socket.recv_fds(asked, 8, 3)
    body = b""
    while len(body) < int.from_bytes(head, "big"):
        body += asked.recv(1 << 20)
    pid = os.fork()
    if not pid:
        for key in [*ready.get_map().values()]:
            os.close(key.fd)
        ready.close()
        asked.close()
        _become(lent, *marshal.loads(body))
    for one in lent:
        os.close(one)
    ready.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, asked))
    _tell(asked, pid)


def _say_how_it_ended(file: int, pid: int, asked: socket.socket) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    _tell(asked, code if code >= 0 else 128 - code)
    asked.close()
    os.close(file)


def _tell(asked: socket.socket, number: int) -> None:
    with suppress(OSError):  # who asked may be gone
        asked.sendall(b"%16d" % number)


def _become(lent: list[int], program: str, words: list[str], environ: dict[str, str], folder: str) -> NoReturn:
    """The command, with the streams, the environment and the folder of who asked."""
    for number, one in enumerate(lent):
        os.dup2(one, number)
        os.close(one)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )
    sys.executable, sys.argv = program, ["mlops", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _end(__main__.main())


def _end(code: int) -> NoReturn:
    """End as an interpreter does, but for the last look at every object: in a fork it copies all of their memory."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for those that are not daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(folder: Path, command: list[str]) -> int:
    """A command that finds the programs first on its search path; its exit code."""
    made = programs(folder, os.getpid())
    path = f"{made}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(command, env={**os.environ, "PATH": path}, check=False).returncode


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", where, life]:
            serve(where, int(life))
        case ["run", where, *line]:
            sys.exit(run(Path(where), line))
