"""The process's standard streams: a reader that went away or a full disk must not end what a command does.

It must not know what is written.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from mlops.guarded import Guarded

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NAMES = ("stdout", "stderr")


class Outlet(io.FileIO):
    """A stream's file. What it cannot take is dropped, so that the work goes on; `failure` says why at the end."""

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or drop. A reader that went away is the writers' own matter."""
        size = memoryview(data).nbytes
        if self.failure is None:
            try:
                return super().write(data)
            except BrokenPipeError:
                raise
            except OSError as error:
                self.failure = error
        return size


def prepare(*, commands: bool = False) -> None:
    """Make both streams ready; one that the caller has closed (`>&-`) takes everything and keeps nothing.

    `commands`: a runner reads them, so nothing that is printed may be taken as a workflow command.
    """
    kind = Guarded if commands else io.TextIOWrapper
    for name in NAMES:
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - as long as the process
        elif type(_raw(stream)) is io.FileIO:
            stream.flush()
            file = io.BufferedWriter(Outlet(stream.fileno(), "w", closefd=False))
            at_once = stream.line_buffering or stream.write_through
            setattr(sys, name, kind(file, stream.encoding, stream.errors, line_buffering=at_once))


def empty() -> None:
    """Say what is left to say; a reader that went away must not make an exit code of its own of it."""
    for name in NAMES:
        stream = getattr(sys, name)
        try:
            stream.flush()
        except BrokenPipeError:
            forget(stream)


def failures() -> Iterator[tuple[str, OSError]]:
    """The streams that could not take everything, and why."""
    for name in NAMES:
        raw = _raw(getattr(sys, name))
        if isinstance(raw, Outlet) and raw.failure:
            yield name, raw.failure


def forget(stream: IO[str]) -> None:
    """Keep what is still in the stream's buffer from being an error when the process ends."""
    with suppress(OSError, ValueError):  # it is no file of the system
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _raw(stream: object) -> object:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)  # there is no buffer under PYTHONUNBUFFERED
