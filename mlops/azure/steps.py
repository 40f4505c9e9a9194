"""The steps of a pipeline's run as run history shows them: states, times, errors, and the ends of their logs.

It must not judge a run. Steps are read from the run itself and not from a list of jobs, which lags behind and may be
incomplete (azure-sdk-for-python#33426).
"""

from collections.abc import Iterator
from typing import Any

from mlops.azure.jobs import children, run_details
from mlops.azure.workspace import Workspace
from mlops.domain.base_model import parse_date
from mlops.domain.progress import Step

DEEPEST = 5


def tree(workspace: Workspace, name: str, depth: int = 0) -> Iterator[Step]:
    """The steps of a run at any depth, each before those below it, in the order in which they were made."""
    for run in children(workspace, name):
        below = list(tree(workspace, str(run["runId"]), depth + 1)) if depth < DEEPEST else []
        yield _step(run, depth, leaf=not below)
        yield from below


def _step(run: dict[str, Any], depth: int, *, leaf: bool) -> Step:
    error = ((run.get("error") or {}).get("error")) or {}
    return Step(
        id=str(run["runId"]),
        name=str(run.get("displayName") or run.get("name") or run["runId"]),
        status=str(run.get("status") or ""),
        depth=depth,
        leaf=leaf,
        started=parse_date(str(run.get("startTimeUtc") or "")),
        ended=parse_date(str(run.get("endTimeUtc") or "")),
        error=": ".join(str(error[key]) for key in ("code", "message") if error.get(key)),
    )


def log_addresses(workspace: Workspace, run: str) -> dict[str, str]:
    """Path of each log of a run -> where it can be read for a while without signing in."""
    found = run_details(workspace, run).get("logFiles") or {}
    return {str(path): str(url) for path, url in found.items()}
