"""What this machine keeps of jobs that have ended, so that the next command on it need not read the same again.

On a runner the steps of a job share it, and nobody else does. Each thing is kept for one job of one workspace, told
from others of its name by when it was made. It must not keep what may still change; who judges decides what that is.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops import jsons
from mlops.azure.workspace import Workspace

MOST = 200  # files; the oldest make room


def recall(workspace: Workspace, job: str, what: str) -> Any:
    """What was kept of a job, or None."""
    place = _place(workspace, job, what)
    if place is not None:
        with suppress(OSError, ValueError):
            return jsons.read(place.read_text(encoding="utf-8"))
    return None


def keep(workspace: Workspace, job: str, what: str, found: Any) -> None:
    """Keep something of a job that has ended; where nothing can be written, nothing is kept."""
    place = _place(workspace, job, what)
    if place is None:
        return
    with suppress(OSError, ValueError):
        text = json.dumps(found, allow_nan=False)
        place.parent.mkdir(parents=True, exist_ok=True)
        written = place.with_suffix(f".{os.getpid()}")
        written.write_text(text, encoding="utf-8")
        written.replace(place)
        for old in sorted(place.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)[:-MOST]:
            old.unlink()


def _place(workspace: Workspace, job: str, what: str) -> Path | None:
    """The file of it; None without a folder, or for a job that is not known to have ended."""
    known = workspace.known(("job", job))
    made = ((known or {}).get("systemData") or {}).get("createdAt")
    if workspace.cache is None or not made:
        return None
    named = json.dumps([workspace.id.lower(), job, made, what])
    return workspace.cache / "jobs" / f"{hashlib.sha256(named.encode()).hexdigest()}.json"
