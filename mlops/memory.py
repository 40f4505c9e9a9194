"""Whether short-lived files can lie in memory, where making one costs twenty times less than on a slow disk.

It must not make any. Source: tmpfs(5); POSIX shared memory on Linux lies in /dev/shm (shm_overview(7)).
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - whoever uses it makes a folder of their own there
MEMINFO = Path("/proc/meminfo")
ROOM = 3 * 2**30  # bytes that must be free: nobody else may run out of memory for what lies there
CHOICES = ("TMPDIR", "TEMP", "TMP")  # what Python's `tempfile` looks at


def folder(environ: Mapping[str, str], more: int = 0) -> Path | None:
    """Where temporary files lie in memory; None where it is small, full or runs no programs, or somebody chose a place.

    `more` is what of them is foreseen, in bytes, beside the room that must stay free.
    """
    if any(name in environ for name in CHOICES) or not os.access(MEMORY, os.W_OK):
        return None
    found, wanted = os.statvfs(MEMORY), ROOM + more
    if found.f_flag & os.ST_NOEXEC or found.f_bavail * found.f_frsize < wanted or _free() < wanted:
        return None
    return MEMORY


def _free() -> int:
    """Bytes of memory that programs may still have: the file system itself only knows its own bound."""
    with suppress(OSError, ValueError):
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    return 0
