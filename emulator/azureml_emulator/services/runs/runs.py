"""Run records: a job's root run and the runs of its steps, their states, metrics, properties and logs.

It must not know HTTP or how a run is executed. A job is a run of the same name; this is where its state lives.
"""

import math
import uuid
from collections.abc import Iterator
from typing import Any

from azureml_emulator.core.clock import parse
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.runs.status import ENDING, TERMINAL, TRANSITIONS, RunStatus
from azureml_emulator.services.storage import blobs, storage
from azureml_emulator.services.storage.blobs import BlobAddress

KIND = "runs"
EXPERIMENTS = "experiments"
LOG = "user_logs/std_log.txt"
PIPELINE_LOG = "logs/azureml/executionlogs.txt"
LAG_SETTING = "metrics.lag_seconds"  # how late a metric becomes visible, on the emulator's clock


def id_of(workspace: str, name: str) -> str:
    """The store's id of a run."""
    return f"{workspace}/runs/{name}"


def create(
    emulator: Emulator,
    workspace: str,
    name: str,
    *,
    experiment: str,
    kind: str,
    parent: Resource | None = None,
    **more: Any,
) -> Resource:
    """A run that has not started. `kind` is its run type; `more` adds to its record (display_name, tags, step)."""
    ensure_experiment(emulator, workspace, experiment)
    now = emulator.clock.stamp()
    body = {
        "workspace": workspace,
        "experiment": experiment,
        "kind": kind,
        "status": RunStatus.NOT_STARTED,
        "created": now,
        "modified": now,
        "parent": parent.name if parent else None,
        "root": parent.body["root"] if parent else name,
        "properties": {},
        "tags": {},
        "logs": [],
        "hidden": False,
        "description": None,
        "outputs": {},
        **more,
    }
    id = id_of(workspace, name)
    emulator.store.database.execute(
        "DELETE FROM metrics WHERE run = ?", (id.lower(),)
    )  # of one that went with its workspace
    return emulator.store.put(id, body, parent=parent.id if parent else workspace, kind=KIND, name=name)


def below(emulator: Emulator, parent: Resource, step: str, kind: str, **more: Any) -> Resource:
    """The run of a step, with a GUID as name: a readable one could be that of another job."""
    workspace, experiment, name = parent.body["workspace"], parent.body["experiment"], str(uuid.uuid4())
    said = {"display_name": step, "step": step, **more}
    return create(emulator, workspace, name, experiment=experiment, kind=kind, parent=parent, **said)


def find(emulator: Emulator, workspace: str, name: str) -> Resource | None:
    """The run of that name, or None."""
    return emulator.store.get(id_of(workspace, name))


def in_workspace(emulator: Emulator, workspace: str) -> list[Resource]:
    """Every run of a workspace, steps and all, in order of creation."""
    every = emulator.store.every(KIND)
    return [run for run in every if run.body["workspace"].lower() == workspace.lower()]


def change(emulator: Emulator, run: Resource, **values: Any) -> Resource:
    """Set fields of a run; a state that may not follow the present one (`TRANSITIONS`) is left out."""
    now = emulator.store.get(run.id)
    assert now is not None, "a run is never deleted while it is changed"
    if "status" in values and values["status"] not in TRANSITIONS[status_of(now)]:
        values.pop("status")
    status, stamp = values.get("status"), emulator.clock.stamp()
    if status == RunStatus.RUNNING and not now.body.get("start"):
        values["start"] = stamp
    if status in TERMINAL:
        values["end"] = stamp
    emulator.store.update(run.id, {**now.body, "modified": stamp, **values})
    found = emulator.store.get(run.id)
    assert found is not None
    return found


def status_of(run: Resource) -> RunStatus:
    """The state that it had when it was read."""
    return RunStatus(run.body["status"])


def merge(emulator: Emulator, run: Resource, field: str, values: dict[str, Any]) -> Resource:
    """Add to a run's tags or properties."""
    now = emulator.store.get(run.id)
    assert now is not None
    return change(emulator, run, **{field: {**now.body.get(field, {}), **{k: str(v) for k, v in values.items()}}})


def is_ending(emulator: Emulator, run: Resource) -> bool:
    """Whether somebody asked for the run's end."""
    now = emulator.store.get(run.id)
    return now is not None and now.body["status"] in ENDING


def children(emulator: Emulator, run: Resource) -> Iterator[Resource]:
    """The runs directly below, oldest first."""
    return emulator.store.children(run.id, KIND)


def tree(emulator: Emulator, run: Resource) -> Iterator[Resource]:
    """The run and all below it."""
    yield run
    for child in children(emulator, run):
        yield from tree(emulator, child)


def forget(emulator: Emulator, root: Resource, *, keep_root: bool) -> None:
    """Remove a run with all below it, its metrics and its files; or only what it has produced so far."""
    for run in list(tree(emulator, root)):
        emulator.store.database.execute("DELETE FROM metrics WHERE run = ?", (run.id.lower(),))
        folder = artifact(emulator, run, "")
        for blob in list(blobs.walk(emulator, folder)):
            blobs.delete(emulator, folder._replace(name=blob.name))
        if not keep_root or run.id != root.id:
            emulator.store.delete(run.id)
        else:
            change(emulator, run, logs=[], outputs={})


def artifact(emulator: Emulator, run: Resource, path: str) -> BlobAddress:
    """Where a file of a run lies: in the workspace's artifact store."""
    return storage.resolve(
        emulator, storage.output_uri(run.name, "artifacts", path), workspace=str(run.body["workspace"])
    )


def log(emulator: Emulator, run: Resource, text: str, path: str = LOG) -> None:
    """Append to a log file of a run, which lies among its artifacts."""
    now = emulator.store.get(run.id)
    assert now is not None
    place = artifact(emulator, run, path)
    storage.append(emulator, place.account, place.container, place.name, text.encode())
    if path not in now.body["logs"]:
        emulator.store.update(run.id, {**now.body, "logs": [*now.body["logs"], path]})


def log_metric(
    emulator: Emulator, run: Resource, name: str, value: float, step: int = 0, *, at: float | None = None
) -> None:
    """One point of a metric. `at` is a time in seconds; without one, now."""
    moment = emulator.clock.now().timestamp() if at is None else at
    row = (run.id.lower(), name, value, step, moment)
    emulator.store.database.execute("INSERT INTO metrics (run, name, value, step, at) VALUES (?,?,?,?,?)", row)


def log_metric_once(emulator: Emulator, run: Resource, name: str, value: float, step: int) -> None:
    """As the component's callback logs: NaN is dropped, and each (step, name) counts once."""
    known = "SELECT 1 FROM metrics WHERE run = ? AND name = ? AND step = ?"
    if math.isnan(value) or emulator.store.database.execute(known, (run.id.lower(), name, step)).fetchone():
        return
    log_metric(emulator, run, name, value, step)


def metrics(emulator: Emulator, run: Resource, name: str | None = None) -> list[dict[str, Any]]:
    """Points as MLflow writes them, in the order of arrival; of one metric, or of all. Those that lag are absent."""
    lag = float(emulator.store.setting(LAG_SETTING, "0"))
    query, values = "SELECT name, value, step, at FROM metrics WHERE run = ?", [run.id.lower()]
    if name is not None:
        query, values = query + " AND name = ?", [*values, name]
    rows = emulator.store.database.execute(query + " ORDER BY at, rowid", values).fetchall()
    seen = emulator.clock.now().timestamp() - lag if lag else math.inf
    return [
        {"key": key, "value": math.nan if value is None else value, "step": step, "timestamp": int(at * 1000)}
        for key, value, step, at in rows
        if at <= seen
    ]


def last_metrics(emulator: Emulator, run: Resource) -> dict[str, dict[str, Any]]:
    """The point of each metric that MLflow shows as its value: the highest step, then the latest."""
    last: dict[str, dict[str, Any]] = {}
    for point in metrics(emulator, run):
        before = last.get(point["key"])
        if before is None or (point["step"], point["timestamp"]) >= (before["step"], before["timestamp"]):
            last[point["key"]] = point
    return last


def milliseconds(stamp: str | None) -> int | None:
    """A time as MLflow writes it."""
    return int(parse(stamp).timestamp() * 1000) if stamp else None


def experiment_id(workspace: str, name: str) -> str:
    """The id of an experiment, which is a GUID; the same name has the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace.lower()}/{EXPERIMENTS}/{name}"))


def ensure_experiment(emulator: Emulator, workspace: str, name: str, tags: dict[str, str] | None = None) -> Resource:
    """The experiment of that name, made when there is none."""
    id = f"{workspace}/{EXPERIMENTS}/{experiment_id(workspace, name)}"
    body = {"name": name, "created": emulator.clock.stamp(), "tags": tags or {}}
    return emulator.store.get(id) or emulator.store.put(id, body, parent=workspace, kind=EXPERIMENTS, name=name)


def find_experiment(emulator: Emulator, workspace: str, name_or_id: str) -> Resource | None:
    """The experiment of that name or id, or None."""
    by_id = emulator.store.get(f"{workspace}/{EXPERIMENTS}/{name_or_id}")
    return by_id or emulator.store.get(f"{workspace}/{EXPERIMENTS}/{experiment_id(workspace, name_or_id)}")
