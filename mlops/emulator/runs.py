"""Run records: a job's root run and the runs of its steps, their states, metrics, properties and logs.

It must not know HTTP or how a run is executed. A job is a run of the same name; this is where its state lives.
"""

import math
from collections.abc import Iterator
from typing import Any

from mlops.emulator import defaults, storage
from mlops.emulator.clock import parse
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource

KIND = "runs"
TERMINAL = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
LOG = "user_logs/std_log.txt"
PIPELINE_LOG = "logs/azureml/executionlogs.txt"


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
    body = {
        "workspace": workspace,
        "experiment": experiment,
        "kind": kind,
        "status": "NotStarted",
        "created": emulator.clock.stamp(),
        "parent": parent.name if parent else None,
        "root": parent.body["root"] if parent else name,
        "properties": {},
        "tags": {},
        "logs": [],
        **more,
    }
    above = parent.id if parent else f"{workspace}/runs"
    return emulator.store.put(id_of(workspace, name), body, parent=above, kind=KIND, name=name)


def find(emulator: Emulator, workspace: str, name: str) -> Resource | None:
    """The run of that name, or None."""
    return emulator.store.get(id_of(workspace, name))


def change(emulator: Emulator, run: Resource, **values: Any) -> Resource:
    """Set fields of a run; a state that is final stays."""
    now = emulator.store.get(run.id)
    assert now is not None, "a run is never deleted while it is changed"
    if "status" in values and now.body["status"] in TERMINAL:
        values.pop("status")
    status = values.get("status")
    if status == "Running" and not now.body.get("start"):
        values["start"] = emulator.clock.stamp()
    if status in TERMINAL:
        values["end"] = emulator.clock.stamp()
    emulator.store.update(run.id, {**now.body, **values})
    found = emulator.store.get(run.id)
    assert found is not None
    return found


def merge(emulator: Emulator, run: Resource, field: str, values: dict[str, Any]) -> Resource:
    """Add to a run's tags or properties."""
    now = emulator.store.get(run.id)
    assert now is not None
    return change(emulator, run, **{field: {**now.body.get(field, {}), **{k: str(v) for k, v in values.items()}}})


def children(emulator: Emulator, run: Resource) -> Iterator[Resource]:
    """The runs directly below, oldest first."""
    return emulator.store.children(run.id, KIND)


def tree(emulator: Emulator, run: Resource) -> Iterator[Resource]:
    """The run and all below it."""
    yield run
    for child in children(emulator, run):
        yield from tree(emulator, child)


def log(emulator: Emulator, run: Resource, text: str, path: str = LOG) -> None:
    """Append to a log file of a run, which lies in the workspace's storage."""
    now = emulator.store.get(run.id)
    assert now is not None
    blob = f"ExperimentRun/dcid.{run.name}/{path}"
    storage.append(emulator, defaults.STORAGE_ACCOUNT, defaults.CONTAINER, blob, text.encode())
    if path not in now.body["logs"]:
        emulator.store.update(run.id, {**now.body, "logs": [*now.body["logs"], path]})


def log_metric(emulator: Emulator, run: str, name: str, value: float, step: int = 0) -> None:
    """One point of a metric. NaN is dropped, as the component's callback does; each (step, name) counts once."""
    if math.isnan(value):
        return
    database = emulator.store.database
    database.execute("DELETE FROM metrics WHERE run = ? AND name = ? AND step = ?", (run, name, step))
    row = (run, name, value, step, emulator.clock.now().timestamp())
    database.execute("INSERT INTO metrics (run, name, value, step, at) VALUES (?,?,?,?,?)", row)


def metrics(emulator: Emulator, run: str, name: str | None = None) -> list[dict[str, Any]]:
    """Points as MLflow writes them, in the order of arrival; of one metric, or of all."""
    query, values = "SELECT name, value, step, at FROM metrics WHERE run = ?", [run]
    if name is not None:
        query, values = query + " AND name = ?", [run, name]
    rows = emulator.store.database.execute(query + " ORDER BY at, rowid", values).fetchall()
    return [{"key": key, "value": value, "step": step, "timestamp": int(at * 1000)} for key, value, step, at in rows]


def milliseconds(stamp: str | None) -> int | None:
    """A time as MLflow writes it."""
    return int(parse(stamp).timestamp() * 1000) if stamp else None
