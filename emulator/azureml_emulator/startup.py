"""What a fresh emulator holds before the first request, and what an interrupted one picks up again.

Filling is idempotent: a folder that was used before keeps what it has.
"""

from azureml_emulator.core.state import Emulator
from azureml_emulator.services.jobs import schedules
from azureml_emulator.services.jobs.execution import queue
from azureml_emulator.services.workspaces import workspace


def fill(emulator: Emulator) -> None:
    """The default workspace with its storage. Registries and sizes are read from the catalog when asked for."""
    workspace.ensure_default(emulator)


def resume(emulator: Emulator) -> None:
    """Start again the jobs that were running when the last process stopped, and look after the schedules."""
    queue.resume(emulator)
    emulator.spawn(schedules.keep_time(emulator), "schedules")
