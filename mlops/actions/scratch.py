"""A temporary folder that goes away with its process: what a killed one left, the next one removes.

On a disk that was left to the system; in memory it would stay until the machine is started again.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "rehearsal-of-mlops-"
YOUNG = 60.0  # seconds: what is younger may not be locked yet


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder below that one, locked while it is used, and removed however that ends."""
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_left(parent, made.stat().st_mtime - YOUNG)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(lock)


def _remove_left(parent: Path, before: float) -> None:
    """Remove what nobody holds any more: the system lets go of a lock when its process has ended, however it did."""
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another's, or gone by now
            found = path.lstat()
            if found.st_uid != os.getuid() or found.st_mtime > before:
                continue
            lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
