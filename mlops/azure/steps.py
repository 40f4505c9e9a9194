"""The steps of a pipeline's run as run history shows them: states, times, errors, and the ends of their logs.

It must not judge a run. Steps are read from the run itself and not from a list of jobs, which lags behind and may be
incomplete (azure-sdk-for-python#33426).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mlops.azure.failures import translated
from mlops.azure.run_tree import below_now, children, details
from mlops.azure.workspace import Workspace
from mlops.domain.moments import parse_date
from mlops.domain.training.progress import PipelineStep, log_of_interest

DEEPEST = 5
LONGEST = 200_000  # bytes of a log that are read at once; what is before them is left out


def tree(workspace: Workspace, name: str, experiment: str = "") -> Iterator[PipelineStep]:
    """The steps of a job at any depth, each before those below it, in the order in which they were made.

    `experiment` is that of a job that goes on; the steps of one that has ended are known without.
    """
    if not experiment or workspace.known(("job", name)):
        yield from _tree(name, lambda run: children(workspace, run))
        return
    below = below_now(workspace, name, experiment)
    yield from _tree(name, lambda run: below.get(run, []))


def _tree(name: str, directly_below: Callable[[str], list[dict[str, Any]]], depth: int = 0) -> Iterator[PipelineStep]:
    for run in directly_below(name):
        below = list(_tree(str(run["runId"]), directly_below, depth + 1)) if depth < DEEPEST else []
        yield _step(run, depth, leaf=not below)
        yield from below


def _step(run: dict[str, Any], depth: int, *, leaf: bool) -> PipelineStep:
    error = ((run.get("error") or {}).get("error")) or {}
    return PipelineStep(
        id=str(run["runId"]),
        name=str(run.get("displayName") or run.get("name") or run["runId"]),
        status=str(run.get("status") or ""),
        depth=depth,
        leaf=leaf,
        started=parse_date(run.get("startTimeUtc")),
        ended=parse_date(run.get("endTimeUtc")),
        error=": ".join(str(error[key]) for key in ("code", "message") if error.get(key)),
    )


@dataclass
class Log:
    """The main log of a run, read as it grows; nothing is kept but how far it was read and a line that is not whole."""

    workspace: Workspace
    run: str
    path: str = ""
    offset: int = 0
    rest: bytes = b""

    def more(self) -> list[str]:
        """Whole lines that came since the last call; none while there is no log."""
        read, self.offset = _from(self.workspace, self._address(), self.offset)
        whole, end, self.rest = (self.rest + read).rpartition(b"\n")
        return [line for line in (whole + end).decode("utf-8", errors="replace").splitlines() if line.strip()]

    def last(self, count: int) -> list[str]:
        """The last lines, a beginning of one too."""
        lines = [*self.more(), self.rest.decode("utf-8", errors="replace")]
        return [line for line in lines if line.strip()][-count:] if count else []

    def _address(self) -> str:
        """Where it can be read for a while without signing in. The log that was begun with is kept to."""
        found = details(self.workspace, self.run).get("logFiles") or {}
        self.path = self.path or log_of_interest(list(found)) or ""
        return str(found.get(self.path) or "")


def _from(workspace: Workspace, address: str, offset: int) -> tuple[bytes, int]:
    """What a blob holds from an offset on, and the next offset. Of much that is new only the end is read."""
    if not address:
        return b"", offset
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobClient

    from mlops.azure import connections

    shared = connections.of(workspace.credential)  # a look of its own connection would greet the storage each time
    with translated("read a log"), BlobClient.from_blob_url(address, transport=shared) as blob:
        try:
            size = int(blob.get_blob_properties().size)
            start = max(offset, size - LONGEST)
            return (bytes(blob.download_blob(offset=start).readall()), size) if start < size else (b"", offset)
        except HttpResponseError as error:
            if error.status_code in (404, 416):  # not written yet, or nothing more
                return b"", offset
            raise
