"""Executes pipeline jobs: one worker process at a time does the work, and what it says becomes runs, logs and metrics.

It must not know HTTP. Where the emulator stops while a job runs, the job is run again at the next start: the work is
deterministic, and nothing of a half-done run is kept.
"""

import asyncio
import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops.emulator import lifecycle, runs, storage
from mlops.emulator.catalog import components, models
from mlops.emulator.clock import parse
from mlops.emulator.errors import ServiceError, error_object
from mlops.emulator.state import Emulator
from mlops.emulator.store import Resource

SUPPORTED = "chat_completion_pipeline"
LOOK_SECONDS = 0.1
LINE_LIMIT = 1 << 20
NAME_LIMIT = 250


class Failure(Exception):
    """A job that cannot go on: code and message as the run history shows them."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def enqueue(emulator: Emulator, job_id: str) -> None:
    """Run a job in the background, after those before it."""
    emulator.spawn(_execute(emulator, job_id), f"job {job_id.rsplit('/', 1)[-1]}")


def cancel(emulator: Emulator, job_id: str) -> None:
    """Kill the worker of a job, if it has one; the runner then writes the job's end."""
    process = emulator.cache.get(f"worker:{job_id.lower()}")
    if process:
        with suppress(ProcessLookupError):
            process.kill()


async def _execute(emulator: Emulator, job_id: str) -> None:
    lock = emulator.cache.setdefault("runner.lock", asyncio.Lock())
    _states(emulator, job_id, "Preparing", "Queued")
    async with lock:
        job = emulator.store.get(job_id)
        if job is None or _root(emulator, job).body["status"] in ("Canceled", "CancelRequested"):
            _end(emulator, job_id, "Canceled")
            return
        work = emulator.folder / "work" / job.name
        try:
            await _run(emulator, job, work)
            await _until_pace(emulator, job)
            _end(emulator, job_id, "Completed")
        except Failure as failure:
            _end(emulator, job_id, "Failed", failure)
        except ServiceError as error:
            _end(emulator, job_id, "Failed", Failure("UserError", error.message))
        finally:
            shutil.rmtree(work, ignore_errors=True)


async def _run(emulator: Emulator, job: Resource, work: Path) -> None:
    root = _root(emulator, job)
    for node, stated in job.body["properties"]["jobs"].items():
        component = _component(stated)
        with emulator.transaction():
            runs.change(emulator, root, status="Running")
            step = _below(emulator, root, node, "azureml.PipelineRun")
            runs.change(emulator, step, status="Running")
            children = {name: _below(emulator, step, name, "azureml.StepRun") for name in component.jobs}
            request = _request(emulator, job, stated, component, work)
        (work / "request.json").write_text(json.dumps(request), encoding="utf-8")
        await _follow(emulator, job, children, work)
        with emulator.transaction():
            _keep_outputs(emulator, job, stated, component, children, work)
            runs.change(emulator, step, status="Completed")


def _below(emulator: Emulator, parent: Resource, step: str, kind: str) -> Resource:
    """The run of a step."""
    workspace, experiment = parent.body["workspace"], parent.body["experiment"]
    name = f"{parent.name}-{step}"[:NAME_LIMIT]
    more = {"display_name": step, "step": step}
    return runs.create(emulator, workspace, name, experiment=experiment, kind=kind, parent=parent, **more)


def _request(
    emulator: Emulator, job: Resource, stated: dict[str, Any], component: components.Component, work: Path
) -> dict[str, Any]:
    """What the worker reads: literals, files brought from storage, and the base model."""
    work.mkdir(parents=True, exist_ok=True)
    given = {name: _bound(job, value) for name, value in (stated.get("inputs") or {}).items()}
    literals = {name: said["default"] for name, said in component.inputs.items() if "default" in said}
    literals |= {name: value["value"] for name, value in given.items() if "value" in value}
    request: dict[str, Any] = {
        "inputs": {name: str(value) for name, value in literals.items()},
        "files": {},
        "base_model": {"name": "", "version": "", "asset_id": ""},
        "nodes": list(component.jobs),
        "output": str(work / "outputs"),
    }
    workspace = _root(emulator, job).body["workspace"]
    for name, value in given.items():
        uri = str(value.get("uri") or "")
        if not uri:
            continue
        if uri.startswith("azureml://registries/"):
            request["base_model"] = _base_model(uri)
            continue
        folder = work / "inputs" / name
        kind = "models" if str(value.get("job_input_type", "")).endswith("_model") else "data"
        found = storage.download_tree(emulator, uri, folder, workspace=workspace, kind=kind)
        one_file = value.get("job_input_type") == "uri_file"
        request["files"][name] = str(folder / found[0] if one_file else folder)
    return request


def _base_model(uri: str) -> dict[str, str]:
    parts = uri.split("/")
    registry, name, version = parts[3], parts[5], parts[7]
    if models.find(registry, name, version) is None:
        raise Failure("UserError", f"Could not find the model {uri}.")
    return {"name": name, "version": version, "asset_id": uri}


async def _follow(emulator: Emulator, job: Resource, children: dict[str, Resource], work: Path) -> None:
    """Start the worker and turn each line that it prints into the records of the run."""
    command = [sys.executable, "-m", "mlops.emulator.training", str(work)]
    nothing, pipe, both = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=pipe, stderr=both, limit=LINE_LIMIT)
    emulator.cache[f"worker:{job.id.lower()}"] = process
    assert process.stdout is not None
    failure: Failure | None = None
    try:
        async for line in process.stdout:
            with emulator.transaction():
                failure = _take(emulator, job, children, line.decode("utf-8", "replace")) or failure
        code = await process.wait()
    finally:
        emulator.cache.pop(f"worker:{job.id.lower()}", None)
        if process.returncode is None:
            process.kill()
    if _root(emulator, job).body["status"] in ("CancelRequested", "Canceled"):
        raise Failure("Canceled", "The job was canceled.")
    if failure or code:
        raise failure or Failure("SystemError", f"The worker ended with code {code}.")


def _take(emulator: Emulator, job: Resource, children: dict[str, Resource], line: str) -> Failure | None:
    """One line of the worker."""
    root = _root(emulator, job)
    try:
        event = json.loads(line)
        run = children[event["node"]]
    except (ValueError, KeyError, TypeError):
        runs.log(emulator, root, line, runs.PIPELINE_LOG)
        return None
    match event["event"]:
        case "started":
            runs.change(emulator, run, status="Running")
            runs.log(emulator, root, f"[{emulator.clock.stamp()}] {event['node']} started\n", runs.PIPELINE_LOG)
        case "completed":
            runs.change(emulator, run, status="Completed")
            runs.log(emulator, root, f"[{emulator.clock.stamp()}] {event['node']} completed\n", runs.PIPELINE_LOG)
        case "log":
            runs.log(emulator, run, f"{event['line']}\n")
        case "metric":
            for name in (run.name, root.name):  # the component logs at the root as well
                runs.log_metric(emulator, name, event["name"], float(event["value"]), int(event.get("step") or 0))
        case "property":
            for target in (run, root):
                runs.merge(emulator, target, "properties", {event["name"]: event["value"]})
        case "failed":
            error = error_object(event["code"], event["message"])
            runs.change(emulator, run, status="Failed", error=error)
            return Failure(event["code"], event["message"])
        case _:
            pass
    return None


def _keep_outputs(
    emulator: Emulator,
    job: Resource,
    stated: dict[str, Any],
    component: components.Component,
    children: dict[str, Resource],
    work: Path,
) -> None:
    """Put what the steps wrote into storage: what is bound to an output of the job below the job's name."""
    workspace = _root(emulator, job).body["workspace"]
    current = emulator.store.get(job.id)
    assert current is not None
    outputs = dict(current.body["properties"].get("outputs") or {})
    bound = {port: _target(binding) for port, binding in (stated.get("outputs") or {}).items()}
    for name, child in children.items():
        folder = work / "outputs" / name
        for port in sorted(folder.iterdir()) if folder.is_dir() else ():
            output = bound.get(_target((component.jobs[name].get("outputs") or {}).get(port.name)), "")
            if output not in outputs:
                storage.upload_tree(emulator, port, storage.output_uri(child.name, port.name), workspace=workspace)
                continue
            uri = outputs[output].get("uri") or storage.output_uri(job.name, output)
            storage.upload_tree(emulator, port, uri, workspace=workspace)
            outputs[output] = {**outputs[output], "uri": storage.long_uri(emulator, uri, workspace=workspace)}
    properties = {**current.body["properties"], "outputs": outputs}
    emulator.store.update(job.id, {**current.body, "properties": properties})


def _target(binding: dict[str, Any] | None) -> str:
    """The output of the parent that a step's output is bound to; empty for none."""
    return str((binding or {}).get("value", "")).removeprefix("${{parent.outputs.").removesuffix("}}")


def _component(stated: dict[str, Any]) -> components.Component:
    id = str(stated.get("componentId") or "")
    parts = id.split("/")
    found = components.find(parts[3], parts[5], parts[7]) if id.startswith("azureml://registries/") else None
    if found is None or found.name != SUPPORTED:
        raise Failure("UserError", f"The emulator runs the registry's {SUPPORTED} and not {id or 'an inline step'}.")
    return found


def _bound(job: Resource, value: dict[str, Any]) -> dict[str, Any]:
    """A node's input; `${{parent.inputs.x}}` is the pipeline's own."""
    text = str(value.get("value") or value.get("uri") or "")
    if text.startswith("${{parent.inputs.") and text.endswith("}}"):
        return dict((job.body["properties"].get("inputs") or {}).get(text[17:-2]) or {})
    return value


async def _until_pace(emulator: Emulator, job: Resource) -> None:
    """Stay in Running until the pace of jobs has passed on the emulator's clock."""
    seconds = lifecycle.pace(emulator.store, "jobs").seconds
    begun = parse(_root(emulator, job).body["created"]).timestamp()
    while emulator.clock.now().timestamp() < begun + seconds:
        await asyncio.sleep(LOOK_SECONDS)
        if _root(emulator, job).body["status"] == "CancelRequested":
            raise Failure("Canceled", "The job was canceled.")


def _states(emulator: Emulator, job_id: str, *states: str) -> None:
    job = emulator.store.get(job_id)
    if job is None:
        return
    for state in states:
        with emulator.transaction():
            root = _root(emulator, job)
            if root.body["status"] != "CancelRequested":
                runs.change(emulator, root, status=state)


def _end(emulator: Emulator, job_id: str, state: str, failure: Failure | None = None) -> None:
    job = emulator.store.get(job_id)
    if job is None:
        return
    if failure and failure.code == "Canceled":
        state, failure = "Canceled", None
    with emulator.transaction():
        root = _root(emulator, job)
        for run in runs.tree(emulator, root):
            if run.name != root.name and run.body["status"] not in runs.TERMINAL:
                begun = run.body["status"] != "NotStarted"
                runs.change(emulator, run, status=state if begun else "Canceled")
        error = {"error": error_object(failure.code, failure.message)} if failure else {}
        runs.change(emulator, root, status=state, **error)


def _root(emulator: Emulator, job: Resource) -> Resource:
    found = runs.find(emulator, job.id.rsplit("/jobs/", 1)[0], job.name)
    assert found is not None, "a job is made together with its run"
    return found
