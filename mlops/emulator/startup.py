"""What a fresh emulator holds before the first request, and what an interrupted one picks up again.

Filling is idempotent: a folder that was used before keeps what it has.
"""

from mlops.emulator.handlers import schedules, workspace
from mlops.emulator.jobs import queue
from mlops.emulator.state import Emulator


def fill(emulator: Emulator) -> None:
    """The default workspace with its storage. Registries and sizes are read from the catalog when asked for."""
    workspace.ensure_default(emulator)


def resume(emulator: Emulator) -> None:
    """Start again the jobs that were running when the last process stopped, and look after the schedules."""
    queue.resume(emulator)
    emulator.spawn(schedules.keep_time(emulator), "schedules")
