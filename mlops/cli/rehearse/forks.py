"""Programs for the steps of a rehearsal that are forks of one process, where Python would start each time.

A start imports for up to a second, and a rehearsal makes seventeen. A folder like a virtual environment's `bin` holds
`mlops` and `python`, which ask `fork_server` for a command and lend it their streams; whatever is not `mlops` is the
real one, and so is `mlops` where that process is not there. Workflow files, act, steps and their shells do not change.
"""

import os
import shlex
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlops import memory
from mlops.actions.scratch import scratch

AVAILABLE = sys.platform.startswith("linux")  # elsewhere a fork that asks for the system's proxies may crash
ALONE = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}  # no thread before a fork
WAITING = 64  # commands that may ask while something is imported
# A start reads variables of these names, and a fork has started: it is none where one is set that says more than these.
READ_AT_START, HARMLESS = "PYTHON", ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED")
# The second is for a shell, which finds an interpreter whose path has blanks or is longer than Linux takes.
DIRECT, BY_A_SHELL, LONGEST = "#!{} -IS", "#!/bin/sh\n'''exec' {} -IS \"$0\" \"$@\"\n' '''", 120
PROGRAM = """{first}
import _signal, _socket, marshal, os, sys  # what is built in: it starts in half the time
words = {words}
plain = [{python!r}, *words]
if words[:2] != ["-m", "mlops"] or any(name.startswith({read!r}) and name not in {harmless!r} for name in os.environ):
    os.execv(plain[0], plain)
mask = os.umask(0)
os.umask(mask)
ignores = _signal.getsignal(_signal.SIGINT) == _signal.SIG_IGN
lent = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
try:
    for number in (0, 1, 2):
        os.fstat(number)  # or the socket would be what is lent
    asked = _socket.socket(_socket.AF_UNIX)
    body = marshal.dumps([{shown!r}, words[2:], dict(os.environ), os.getcwd(), mask, ignores])
    asked.connect({address!r})
    asked.sendmsg([len(body).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, lent)])
    asked.sendall(body)
    pid = int(asked.recv(16))
except (OSError, ValueError):  # it is not there, or went before it began; or there is no folder, or no stream
    os.execv(plain[0], plain)
for number in (_signal.SIGINT, _signal.SIGTERM):
    if number == _signal.SIGTERM or not ignores:
        _signal.signal(number, lambda number, _: os.kill(pid, number))
code = int(asked.recv(16) or -_signal.SIGKILL)
if code < 0:
    if code not in (-_signal.SIGKILL, -_signal.SIGSTOP):
        _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@contextmanager
def programs(environ: Mapping[str, str], *, plain: bool) -> Iterator[Path]:
    """The folder of the programs while a rehearsal runs; of the real ones where `plain`, or where forks are none."""
    real = Path(sys.executable).parent
    if plain or has(real) or not AVAILABLE:
        yield real
        return
    with scratch(memory.folder(environ) or Path(tempfile.gettempdir())) as folder:
        until, held = os.pipe()  # the system closes what is held when this process ends, however it does
        try:
            try:
                found = start(folder, until)
            finally:
                os.close(until)
            yield found
        finally:
            os.close(held)


def start(folder: Path, until: int) -> Path:
    """Make them in a folder, and start the process behind them; it ends when the file `until` can be read.

    Gives the folder of the real ones where that process cannot start.
    """
    real = Path(sys.executable)
    made, address = folder / "bin", folder / "fork"
    made.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(address))  # a path of more than 107 bytes is none
            listener.listen(WAITING)
            _serve(listener, until, folder / "log")
        except OSError:
            return real.parent
    (made / "act").symlink_to(real.parent / "act")
    direct = str(real) == shlex.quote(str(real)) and len(str(real)) <= LONGEST
    first = DIRECT.format(real) if direct else BY_A_SHELL.format(shlex.quote(str(real)))
    for name, words in (("python", "sys.argv[1:]"), ("mlops", '["-m", "mlops", *sys.argv[1:]]')):
        text = PROGRAM.format(
            first=first, python=str(real), words=words, address=str(address),
            shown=str(made / "python"), read=READ_AT_START, harmless=HARMLESS,
        )  # fmt: skip
        (made / name).write_text(text, encoding="utf-8")
        (made / name).chmod(0o755 | stat.S_IXUSR)
    return made


def has(folder: Path) -> bool:
    """Whether the programs of a folder are forks."""
    return (folder.parent / "fork").is_socket()


def _serve(listener: socket.socket, until: int, log: Path) -> None:
    """Who connects waits for it from now on; where it ends, is refused."""
    files = (listener.fileno(), until)
    own = {name: value for name, value in os.environ.items() if not name.startswith(READ_AT_START)}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mlops.cli.rehearse.fork_server", *map(str, files)],
            env={**own, **ALONE},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            pass_fds=files,
        )
    process.returncode = 0  # it ends by itself, and nobody waits for it; Popen would warn of that
