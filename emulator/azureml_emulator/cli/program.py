"""The program that a person names: what it is given, and its run to the end, whatever signals arrive."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from azureml_emulator import process
from azureml_emulator.cli.refusal import Refusal
from azureml_emulator.http.address import Address


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run it to its end; gives its exit code, as a shell counts one that a signal ended. Raises Refusal."""
    try:
        started = subprocess.Popen(words, env=environment)
    except OSError as error:
        raise Refusal(f"cannot run {words[0]}", why=str(error)) from None
    with _passed_on(started):
        code = started.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _passed_on(started: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Signals are the program's: it decides when to end, and only then is the emulator stopped.

    Ctrl-C reaches the program without us, because it is of the same terminal; a job that is canceled signals us only.
    """

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT or not sys.stdin.isatty():
            started.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def python_of(program: str | None) -> str | None:
    """The Python of a program's environment: itself, or the one beside it in a virtual environment; None for others."""
    if not program:
        return None
    path = Path(program).absolute()
    if re.fullmatch(r"python[0-9.]*", path.name):
        return str(path)
    beside = path.with_name("python")
    in_environment = (path.parent.parent / "pyvenv.cfg").is_file() and beside.is_file()
    return str(beside) if in_environment else None


def environment_of(address: Address) -> dict[str, str]:
    """What a program is given: the emulator's variables, and its path.

    This environment's own programs come first there, unless the person has activated another environment.
    """
    path = os.environ.get("PATH", os.defpath)
    if not (os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")):
        path = os.pathsep.join([str(Path(sys.executable).parent), path])
    return {**os.environ, **process.variables(address, os.environ), "PATH": path}
