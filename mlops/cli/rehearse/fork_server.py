"""One process that has imported what `mlops` needs, and becomes a command for each who asks, by a fork.

`forks` has the programs that ask. What a step of a workflow file sees of a start is the step's own: streams, folder,
environment, umask, signals, exit code. What is not, docs/decisions/0048-a-rehearsal-forks-its-commands.md says.
It must not decide anything: it runs what a real start would run.
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
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import GeneratorType
from typing import NoReturn

from mlops import __main__
from mlops.params import core
from mlops.params.block import Block

# In the order in which a rehearsal needs them: a command may be asked for before all are there, and imports the rest.
FIRST = ("mlops.cli.plan", "mlops.views.plan", "mlops.flow.release.plan", "azure.identity", "requests")
PACKAGES = ("mlops.cli", "mlops.params", "mlops.views", "mlops.flow", "mlops.azure", "mlops.domain")
SDK = ("azure.ai.ml", "azure.ai.ml.dsl", "azure.ai.ml.entities", "azure.storage.blob",
    "azure.ai.ml.dsl._overrides_definition", "azure.ai.ml.entities._job.pipeline._load_component")  # fmt: skip
# What is imported no sooner than it is used.
LATE = ("azureml_emulator.cli.main", "encodings.utf_8_sig", "netrc", "azure.core.rest._requests_basic",
    "azure.identity._credentials.imds", "msal_extensions", "jinja2")  # fmt: skip
# Of `datasets` and the hub's library what reads nothing of the environment, as that is another for each rehearsal.
UNDER_DATASETS = ("pandas", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.json", "fsspec", "dill", "multiprocess.pool",
    "xxhash", "httpx2", "httpcore2", "jsonschema")  # fmt: skip
BUILT_IN = (list, tuple, set, str, bool, int, float, type(None), GeneratorType, zip)
STREAMS = 3


def serve(listener: socket.socket, until: int) -> None:
    """Give a fork to each who asks, until the file of that number can be read: then its owner has ended.

    Commands that still run then are killed, as is one when the program that asked for it has gone.
    """
    os.close(os.pidfd_open(os.getpid()))  # a system without them has no forks: who asks starts Python
    running = dict[socket.socket, int]()
    gc.disable()  # nothing of what is imported is garbage
    try:
        _serve(listener, until, running)
    finally:
        for pid in running.values():
            os.kill(pid, signal.SIGKILL)


def _serve(listener: socket.socket, until: int, running: dict[socket.socket, int]) -> None:
    ready, todo, importing = selectors.DefaultSelector(), _imports(), True
    for one in (listener, until):
        ready.register(one, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select(0 if importing else None):
            if key.fd == until:
                return
            if key.fileobj is listener:
                _begin(listener, ready, running)
            elif isinstance(key.fileobj, socket.socket):  # it says nothing more: it is gone
                if key.fileobj in running:  # and has not heard the end just now
                    ready.unregister(key.fileobj)
                    os.kill(running[key.fileobj], signal.SIGKILL)
            else:
                _say_how_it_ended(key.fd, key.data, ready, running)
        importing = importing and next(todo, False)


def _imports() -> Iterator[bool]:
    """Import one thing after another; True after each."""
    for name in FIRST:
        importlib.import_module(name)
        yield True
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(found.name)
            yield True
    for name in (*LATE, *SDK, *UNDER_DATASETS):
        with suppress(ImportError):  # what prepares data is not installed everywhere; then its command says so
            importlib.import_module(name)
        yield True
    _look_once()
    yield True


def _look_once() -> None:
    """What is looked for or made once in a process, of all that was imported, and kept."""
    for kind in BUILT_IN:
        issubclass(kind, Mapping)  # no, said by each of the 1,500 classes below it that the SDK has: 11 ms a command
    for block in Block.__subclasses__():
        core.reader(block)
        core.writer(block)
    for frame in inspect.stack(0):  # the SDK asks for each pipeline; this looks where each module's file is
        if inspect.getmodule(frame.frame) is None:
            inspect.modulesbyfile[frame.filename] = ""  # no module's name; else all would be gone through each time


def _begin(listener: socket.socket, ready: selectors.BaseSelector, running: dict[socket.socket, int]) -> None:
    """A fork becomes the command. One is enough, as the end of each is heard of without waiting for it."""
    asked, _ = listener.accept()
    head, lent, _, _ = socket.recv_fds(asked, 8, STREAMS)
    body = b""
    while head and len(body) < int.from_bytes(head, "big"):
        part = asked.recv(1 << 20)
        head = head if part else b""  # killed in the middle of it
        body += part
    if not head:
        asked.close()
        return
    if len([*Path("/proc/self/task").iterdir()]) > 1:
        raise RuntimeError("what another thread holds would stay locked in a fork")
    gc.freeze()  # what is there stays shared: nobody looks for garbage in it
    pid = os.fork()
    if not pid:
        try:
            for key in [*ready.get_map().values()]:
                os.close(key.fd)
            ready.close()
            asked.close()
            _become(lent, *marshal.loads(body))  # noqa: S302 - of a program of this user's, in a folder of theirs alone
        finally:
            os._exit(1)  # whatever happens in a fork, it never comes back to be a server
    running[asked] = pid  # from here on, it is killed where this process fails
    for one in lent:
        os.close(one)
    ready.register(asked, selectors.EVENT_READ)
    ready.register(os.pidfd_open(pid), selectors.EVENT_READ, asked)
    _tell(asked, pid)


def _say_how_it_ended(
    file: int, asked: socket.socket, ready: selectors.BaseSelector, running: dict[socket.socket, int]
) -> None:
    """Tell who asked the exit code; a signal as a negative number, of which it ends itself."""
    _tell(asked, os.waitstatus_to_exitcode(os.waitpid(running.pop(asked), 0)[1]))
    with suppress(KeyError):  # where it was gone before
        ready.unregister(asked)
    ready.unregister(file)
    asked.close()
    os.close(file)


def _tell(asked: socket.socket, number: int) -> None:
    with suppress(OSError):  # who asked may be gone
        asked.sendall(b"%16d" % number)


def _become(
    lent: list[int], program: str, words: list[str], environ: dict[str, str], folder: str, mask: int, ignores: bool
) -> NoReturn:
    """The command, with the streams, the environment and the folder of who asked."""
    for number, one in enumerate(lent):
        os.dup2(one, number)
        os.close(one)
    gc.enable()
    os.chdir(folder)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )
    sys.executable, sys.argv = program, ["mlops", *words]
    signal.signal(signal.SIGINT, signal.SIG_IGN if ignores else signal.default_int_handler)
    code = 1
    try:
        code = __main__.main()
    except BaseException:  # noqa: BLE001 - what ends an interpreter, too, which says so and ends with 1
        sys.excepthook(*sys.exc_info())
    _end(code)


def _end(code: int) -> NoReturn:
    """End as an interpreter does, but for the last look at every object: in a fork it copies all of their memory."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for those that are not daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
