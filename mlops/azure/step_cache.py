"""What a step of a workflow job has read and cannot change while the job runs, for the next steps of the same job.

Each `mlops` of a job is a process of its own on one runner. What one of them hands on is taken by the others where it
is of this very run, job, commit, identity, cloud and workspace, of this user, and young; else it is read again, and the
reason is said. It must not keep what somebody may change and somebody else acts on, and no secret.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops import clock, jsons

PROXY = "HTTPS_PROXY"
# The last is how Azure is reached: what a later step finds behind another proxy is no more than called the same.
OF = (
    *("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "GITHUB_SHA", "AZURE_CLIENT_ID"),
    PROXY,
)
LONGEST_SECONDS = 3600.0
OTHERS_MAY_WRITE = 0o022
SAID = "what an earlier step of this job read is read again"


@dataclass(frozen=True)
class StepCache:
    """The facts of one workflow job, below a folder that the job alone has. `job` says which job that is."""

    folder: Path
    job: Mapping[str, str]
    say: Callable[[str], None]
    _told: set[str] = field(default_factory=set)

    def recall(self, workspace: str, key: Sequence[str]) -> Any:
        """What an earlier step handed on, or None."""
        place = self._place(workspace, key)
        try:
            with place.open(encoding="utf-8") as file:
                mine = _is_mine(os.fstat(file.fileno()))
                kept = jsons.read(file.read())
            at, known = float(kept["at"]), kept["fact"]
            of = {name: str(kept["of"][name]) for name in self.job}, str(kept["workspace"]), list(kept["key"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return self._refuse("it is no file of ours")
        if not mine:
            return self._refuse("another user owns its file, or may write it")
        if of != (dict(self.job), workspace.lower(), list(key)):
            return self._refuse("it is of another run, job, commit, identity, workspace or proxy")
        if not 0 <= clock.now().timestamp() - at <= LONGEST_SECONDS:
            return self._refuse("it is older than an hour, or of a time that is not yet")
        return known

    def keep(self, workspace: str, key: Sequence[str], fact: Any) -> None:
        """Hand something on; where nothing can be written, the next step reads it itself."""
        place = self._place(workspace, key)
        kept = {"of": dict(self.job), "workspace": workspace.lower(), "key": list(key)}
        with suppress(OSError, ValueError, TypeError):
            text = json.dumps({**kept, "at": clock.now().timestamp(), "fact": fact}, allow_nan=False)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = place.with_suffix(f".{os.getpid()}")
            written.touch(mode=0o600)
            written.write_text(text, encoding="utf-8")
            written.replace(place)

    def _place(self, workspace: str, key: Sequence[str]) -> Path:
        named = json.dumps([workspace.lower(), *key])
        return self.folder / f"{hashlib.sha256(named.encode()).hexdigest()}.json"

    def _refuse(self, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            self.say(f"{SAID}: {why}")


def of(environ: Mapping[str, str], say: Callable[[str], None]) -> StepCache | None:
    """That of the workflow job in which this process is a step; None elsewhere, where a person may change anything."""
    folder = environ.get("RUNNER_TEMP") if environ.get("GITHUB_ACTIONS") else None
    job = {name: environ.get(name, "") for name in OF}
    job[PROXY] = hashlib.sha256(job[PROXY].encode()).hexdigest()  # it may name a password
    if not folder or not job["GITHUB_RUN_ID"] or not job["GITHUB_JOB"]:
        return None
    return StepCache(Path(folder) / "mlops" / "facts", job, say)


def _is_mine(status: os.stat_result) -> bool:
    """Whether this user, and nobody else, may have written a file; a system without owners does not tell."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & OTHERS_MAY_WRITE
