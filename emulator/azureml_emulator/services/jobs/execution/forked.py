"""The fork server of one emulator, which starts the stand-in's workers; it is started for the first of them.

It must not know what a worker says. Protocol: `azureml_emulator.stand_in_model.fork_server`.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from azureml_emulator.core.state import Emulator

SERVER = (sys.executable, "-m", "azureml_emulator.stand_in_model.fork_server")
LONGEST = 64  # bytes of an answer
# Elsewhere there are no such sockets, or a process may not be forked after it has loaded libraries of the system.
AVAILABLE = sys.platform == "linux"


class ForkedWorker:
    """A worker that was started; it is used as a process of asyncio is."""

    def __init__(self, stdout: asyncio.StreamReader, pid: int, server: "ForkServer") -> None:
        self.stdout, self.returncode = stdout, None if pid else server.ended()
        self._pid, self._server = pid, server
        self._end = asyncio.ensure_future(self._until_the_end())

    async def _until_the_end(self) -> int:
        """Its exit code, which is below 0 where a signal ended it."""
        if self.returncode is None:
            code = await self._server.heard()
            self.returncode = self._server.ended() if code is None else code
        return self.returncode

    async def wait(self) -> int:
        """The same; who stops waiting leaves it to be heard by who asks next."""
        return await asyncio.shield(self._end)

    async def communicate(self) -> None:
        """Until it is gone, and what it printed with it."""
        await self.stdout.read()
        await self.wait()

    def kill(self) -> None:
        """End it at once, where it has not ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


class ForkServer:
    """It starts one worker at a time."""

    def __init__(self, emulator: Emulator) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        emulator.ends.callback(self.stop)

    async def start(self, work: Path, limit: int) -> ForkedWorker:
        """A worker for the folder, of which a line may have so many bytes."""
        here = self._connected()
        out, theirs = os.pipe()
        stdout = asyncio.StreamReader(limit=limit)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(out, "rb", buffering=0)
        )
        try:
            socket.send_fds(here, [os.fsencode(work)], [theirs])
            pid = await self.heard()
        except BaseException:
            self.stop(at_once=True)  # nobody would hear of its worker
            raise
        finally:
            os.close(theirs)
        return ForkedWorker(stdout, pid or 0, self)

    def _connected(self) -> socket.socket:
        if self._process and self._process.poll() is not None:
            self.stop()  # it was killed while it had nothing to do
        if self._socket is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._socket.setblocking(False)
            nothing = subprocess.DEVNULL
            with theirs:
                self._process = subprocess.Popen(SERVER, stdin=theirs.fileno(), stdout=nothing, stderr=nothing)
        return self._socket

    async def heard(self) -> int | None:
        """The number that it sends next; None where it has ended."""
        assert self._socket
        try:
            return int(await asyncio.get_running_loop().sock_recv(self._socket, LONGEST))
        except (ValueError, OSError):
            return None

    def ended(self) -> int:
        """The exit code of the server that has ended; the next worker has another."""
        assert self._process
        self.stop()
        return int(self._process.returncode)

    def stop(self, *, at_once: bool = False) -> None:
        """End it, once its worker has ended or at once."""
        if self._socket:
            self._socket.close()
            self._socket = None
        if self._process:
            if at_once:
                self._process.kill()
            self._process.wait()
