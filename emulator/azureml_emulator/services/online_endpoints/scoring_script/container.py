"""One process that serves a scoring script: started, asked, ended. What a deployment's container would do.

It must not know what a deployment is (`deployed`). Every method blocks and is for a thread; requests are answered one
after the other, as by the one worker that the inference server has unless told otherwise.
"""

import json
import os
import select
import struct
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).with_name("driver.py")
START_SECONDS = 120.0
STOP_SECONDS = 2.0
LOG = "log.txt"


class ContainerError(Exception):
    """The script did not come up, or its process ended; the text says why."""


@dataclass(frozen=True)
class Plan:
    """What is run: a script or `mlflow:` and a folder, by which Python, where, with which variables."""

    python: str
    script: str
    folder: Path
    code: Path
    variables: Mapping[str, str]


class Container:
    """The process; it starts with the first call of `start` or `ask`, and again after it was lost."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._lock = plan, threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipes: tuple[int, int] | None = None

    @property
    def folder(self) -> Path:
        """Where its code, model and log are."""
        return self._plan.folder

    def start(self) -> None:
        """Come up. Raises ContainerError."""
        with self._lock:
            self._start()

    def ask(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """One request. Raises ContainerError where the process does not come up, or ends while it works."""
        with self._lock:
            self._start()
            assert self._pipes is not None
            data = json.dumps(said).encode()
            try:
                _write_all(self._pipes[1], struct.pack(">I", len(data)) + data)
                answer = self._read()
            except BrokenPipeError:
                answer = None
            if answer is None:
                self._end()
                raise ContainerError("the scoring process ended while it worked on a request")
            return answer

    def stop(self) -> None:
        """End the process, whatever it does."""
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()  # a request that it works on meets the end of the pipe
        with self._lock:
            self._end()

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._end()
        plan = self._plan
        from_us, to_us = os.pipe(), os.pipe()
        command = [plan.python, "-u", str(DRIVER), plan.script, str(from_us[0]), str(to_us[1])]
        try:
            with (plan.folder / LOG).open("ab") as log:
                self._process = subprocess.Popen(
                    command, cwd=plan.code, env=dict(plan.variables), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=(from_us[0], to_us[1]),
                )  # fmt: skip
        except OSError as error:
            os.close(from_us[1])
            os.close(to_us[0])
            raise ContainerError(f"{plan.python} cannot be started: {error}") from None
        finally:
            os.close(from_us[0])
            os.close(to_us[1])
        self._pipes = (to_us[0], from_us[1])
        ready, _, _ = select.select([to_us[0]], [], [], START_SECONDS)
        said = self._read() if ready else {"error": f"init did not end within {START_SECONDS:.0f} seconds"}
        if said is None or "error" in said:
            self._end()
            raise ContainerError(str((said or {}).get("error") or "the process ended before it was ready"))

    def _read(self) -> dict[str, Any] | None:
        assert self._pipes is not None
        head = _read_all(self._pipes[0], 4)
        body = _read_all(self._pipes[0], struct.unpack(">I", head)[0]) if head else None
        said: dict[str, Any] | None = json.loads(body) if body else None
        return said

    def _end(self) -> None:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait(STOP_SECONDS)
        for pipe in self._pipes or ():
            os.close(pipe)
        self._process = self._pipes = None


def _write_all(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


def _read_all(pipe: int, size: int) -> bytes | None:
    """So many bytes, or None at the end of the pipe."""
    data = b""
    while len(data) < size:
        more = os.read(pipe, size - len(data))
        if not more:
            return None
        data += more
    return data
