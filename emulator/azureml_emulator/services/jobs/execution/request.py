"""What the worker is asked: literals, files brought from storage, and the base model, as `request.json`.

It must not start the worker. Everything here runs on the loop's thread.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from azureml_emulator.catalog import components, models
from azureml_emulator.catalog.components import Component
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.execution import graph
from azureml_emulator.services.jobs.execution.failure import JobFailed
from azureml_emulator.services.jobs.job_resource import Job
from azureml_emulator.services.storage import storage

COMMANDS = ("model_prediction", "model_prediction_with_container", "compute_metrics")
TRAINING = "chat_completion_pipeline"
PIPELINES = (TRAINING, "model_evaluation_pipeline")
Made = dict[str, dict[str, str]]  # step -> output -> place, of the steps that are done


def component_of(stated: Json) -> Component:
    """The component of a node. Raises JobFailed for one that the emulator cannot run."""
    id = str(stated.get("componentId") or "")
    parts = id.split("/")
    found = components.find(parts[3], parts[5], parts[7]) if id.startswith("azureml://registries/") else None
    if found is None or found.name not in (*PIPELINES, *COMMANDS):
        known = ", ".join((*PIPELINES, *COMMANDS))
        raise JobFailed("NotEmulated", f"The emulator runs the registry's {known} and not {id or 'an inline step'}.")
    return found if found.jobs else replace(found, jobs={found.name: _alone(found, stated)})


def inputs_of(job: Resource, stated: Json, component: Component, made: Made) -> dict[str, Json]:
    """The inputs of a node, with what they are bound to in place of bindings. One that is left empty is absent."""
    given = {
        name: _bound(job, value or {}, str((component.inputs.get(name) or {}).get("type") or ""), made)
        for name, value in (stated.get("inputs") or {}).items()
    }
    return {name: value for name, value in given.items() if value.get("uri") or value.get("value") is not None}


def write(
    emulator: Emulator, workspace: str, component: Component, inputs: dict[str, Json], work: Path, nodes: list[str]
) -> None:
    """Put `request.json` and the files that it names into the folder. Raises JobFailed and the store's 404."""
    work.mkdir(parents=True, exist_ok=True)
    request: Json = {
        "inputs": literals(component, inputs),
        "files": {},
        "base_model": {"name": "", "version": "", "asset_id": ""},
        "version": component.version if component.name == TRAINING else "",
        "nodes": nodes,
        "output": str(work / "outputs"),
    }
    for name, value in inputs.items():
        uri = str(value.get("uri") or "")
        if uri.startswith("azureml://registries/"):
            request["base_model"] = _base_model(uri)
        elif uri:
            request["files"][name] = _bring(emulator, workspace, uri, value, work / "inputs" / name)
    (work / "request.json").write_text(json.dumps(request), encoding="utf-8")


def literals(component: Component, inputs: dict[str, Json]) -> dict[str, str]:
    """The literal inputs as text, with the component's defaults."""
    stated = {name: said["default"] for name, said in component.inputs.items() if "default" in said}
    stated |= {name: value["value"] for name, value in inputs.items() if "value" in value}
    return {name: str(value) for name, value in stated.items()}


def fingerprint(component: Component, inputs: dict[str, Json]) -> str:
    """What makes two nodes the same work: the component's version, the literals, and where the data lies."""
    data = {name: value["uri"] for name, value in inputs.items() if value.get("uri")}
    text = json.dumps([component.id, literals(component, inputs), data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _alone(component: Component, stated: Json) -> dict[str, Any]:
    """The one step of a component that is a command and no graph: its outputs are the component's own."""
    outputs = {port: {"type": "literal", "value": f"${{{{parent.outputs.{port}}}}}"} for port in component.outputs}
    return {"type": "command", "computeId": stated.get("computeId"), "outputs": outputs}


def _bound(job: Resource, value: Json, type: str, made: Made) -> Json:
    if name := graph.parent_input(value):
        own = Job.read(job).inputs.get(name) or {}
        return {**own, "job_input_type": own.get("jobInputType") or own.get("job_input_type")}
    if output := graph.other_output(value):
        place = made.get(output.node, {}).get(output.port)
        if place is None:
            raise JobFailed("UserError", f"The step {output.node} left no output {output.port}.")
        return {"uri": place, "job_input_type": type}
    return value


def _bring(emulator: Emulator, workspace: str, uri: str, value: Json, folder: Path) -> str:
    kind = str(value.get("job_input_type") or value.get("jobInputType") or "")
    asset = "models" if kind.endswith("_model") else "data"
    found = storage.download_tree(emulator, uri, folder, workspace=workspace, kind=asset)
    return str(folder / found[0] if kind == "uri_file" else folder)


def _base_model(uri: str) -> dict[str, Any]:
    parts = uri.split("/")
    registry, name, version = parts[3], parts[5], parts[7]
    if models.find(registry, name, version) is None:
        raise JobFailed("UserError", f"Could not find the model {uri}.")
    return {"name": name, "version": version, "asset_id": uri}
