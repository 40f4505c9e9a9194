"""Runs as run history tells them: what is below a run, and what a run says of itself. It must not read metrics.

All that is below a job is read at once, as azureml-core's `get_children(recursive=True)` does. Below one that has ended
none comes or goes, so that stays.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from mlops.azure import at_once, bulk, lasting
from mlops.azure.workspace import Workspace
from mlops.domain.training.run import JobState

ENDED = frozenset(state.value for state in JobState if state.ended)


def run_history(workspace: Workspace) -> str:
    """The address of the workspace's run history."""
    return data_plane(workspace, "history")


def data_plane(workspace: Workspace, service: str) -> str:
    """The address of a service of the workspace's data plane, on the host that the workspace names."""
    host = str(workspace.description["properties"]["mlFlowTrackingUri"]).removeprefix("azureml://").split("/", 1)[0]
    return f"https://{host}/{service}/v1.0{workspace.id}"


def details(workspace: Workspace, name: str) -> dict[str, Any]:
    """A run as run history tells it: state, error, and where its logs can be read."""
    url = f"{run_history(workspace)}/runs/{quote(name)}/details"
    return dict(workspace.send("GET", url, f"read the details of {name}").json())


def properties(workspace: Workspace, name: str) -> dict[str, Any]:
    """What the components of a job wrote on its run beside metrics."""
    children(workspace, name)
    known = workspace.known(("run", name))
    return dict((details(workspace, name) if known is None else known).get("properties") or {})


def outputs(workspace: Workspace, name: str, what: str) -> dict[str, Any]:
    """The assets that the outputs of a run became; those of one that has ended stay."""
    known = _known_outputs(workspace, name)
    if known is not None:
        return dict(known)
    body = {"runId": name, "selectRunMetadata": True, "selectRunDefinition": False, "selectJobSpecification": False}
    url = f"{run_history(workspace)}/rundata?api-version=v1.0"
    run = workspace.send("POST", url, what, json=body).json()["runMetadata"]
    found = dict(run.get("outputs") or {})
    if run.get("status") in ENDED:
        workspace.remember(("outputs", name), found)
        workspace.hand_on(("outputs", name), found)
    return found


def _known_outputs(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """None where they have to be read: a listing may leave them out, so one that names none does not count."""
    stated: dict[str, Any] | None = workspace.known(("outputs", name))
    if stated is None:
        stated = (workspace.known(("run", name)) or {}).get("outputs") or workspace.handed(("outputs", name))
    return stated


def children(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """The runs directly below a run, in the order in which they were made."""
    key = ("steps", name)
    with workspace.alone(key):
        if (known := workspace.known(key)) is not None:
            return list(known)
        if workspace.known(("job", name)):  # which has ended
            read_ended(workspace, [name])
            return list(workspace.known(key))
        url = f"{run_history(workspace)}/runs/{quote(name)}/children"
        found = bulk.pages(workspace, url, f"read the steps of {name}")
        for run in found:
            if run.get("status") in ENDED:
                workspace.remember(("run", str(run["runId"])), run)
        if workspace.known(("run", name)):
            workspace.remember(key, found)
    return found


def below_now(workspace: Workspace, root: str, experiment: str) -> dict[str, list[dict[str, Any]]]:
    """The runs directly below each run of a job that goes on, in the order in which they were made; nothing is kept."""
    return _by_parent(root, _listed(workspace, experiment, root))


def read_ended(workspace: Workspace, names: Sequence[str]) -> None:
    """Read those of several jobs that have ended, and all that is below them, in one listing for each experiment."""
    unknown: dict[str, list[str]] = {}
    for name in names:
        job = workspace.known(("job", name))
        if not job or workspace.known(("steps", name)) is not None:
            continue
        if found := lasting.recall(workspace, name, "steps"):
            _keep_all(workspace, name, found)
        else:
            unknown.setdefault(str(job["properties"]["experimentName"]), []).append(name)
    for experiment, roots in unknown.items():
        listed = _listed(workspace, experiment, *roots)
        for root in roots:
            _keep_all(workspace, root, [run for run in listed if root in (run.get("rootRunId"), run.get("runId"))])


def _keep_all(workspace: Workspace, root: str, found: list[dict[str, Any]]) -> None:
    """What is below a job that has ended, in this process, and where all of it has ended on this machine."""
    if all(run.get("status") in ENDED for run in found):
        lasting.keep(workspace, root, "steps", found)
    for run in found:
        workspace.remember(("run", str(run["runId"])), run)
    for run_id, steps in _by_parent(root, found).items():
        workspace.remember(("steps", run_id), steps)


def _by_parent(root: str, found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    below: dict[str, list[dict[str, Any]]] = {root: []}
    for run in sorted(found, key=_made):
        below.setdefault(str(run["runId"]), [])
        if str(run["runId"]) != root:
            below.setdefault(str(run.get("parentRunId")), []).append(run)
    return below


def _listed(workspace: Workspace, experiment: str, *roots: str) -> list[dict[str, Any]]:
    url = f"{run_history(workspace)}/experiments/{quote(experiment)}/runs:query?api-version=v1.0"
    body: dict[str, Any] = {"filter": " or ".join(f"RootRunId eq {root}" for root in roots)}
    found: list[dict[str, Any]] = []
    for _ in range(bulk.PAGES):
        page = workspace.send("POST", url, f"read the steps of {', '.join(roots)}", json=body).json()
        found += page.get("value") or []
        if not page.get("continuationToken"):
            break
        body = {**body, "continuationToken": page["continuationToken"]}
    return found


def _made(run: dict[str, Any]) -> str:
    return str(run.get("createdUtc") or "")


def below(workspace: Workspace, name: str) -> list[str]:
    """The runs below a run at any depth, each before those below it. Those of a depth are read side by side."""
    steps: dict[str, list[dict[str, Any]]] = {}
    level = [name]
    while level:
        steps |= zip(level, at_once.each(lambda run: children(workspace, run), level), strict=True)
        level = [str(child["runId"]) for run in level for child in steps[run]]

    def within(runs: Iterable[dict[str, Any]]) -> list[str]:
        return [one for run in runs for one in (str(run["runId"]), *within(steps[str(run["runId"])]))]

    return within(steps[name])


def step(workspace: Workspace, job: str, named: str) -> str | None:
    """The run of a step at any depth. The studio may show a step by its component's display name."""
    for child in children(workspace, job):
        run = str(child["runId"])
        names = {str(child.get(key) or "").lower().replace(" ", "_") for key in ("displayName", "name")}
        found = run if named in names else step(workspace, run, named)
        if found:
            return found
    return None
