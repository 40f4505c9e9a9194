"""What the steps of a job leave behind: files in the workspace's storage, and outputs that point at them.

It must not know the worker. A named output of the job lies in the default datastore below the job's name.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from azureml_emulator.catalog.components import Component
from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.job_resource import KIND, Job
from azureml_emulator.services.runs import runs
from azureml_emulator.services.storage import storage
from azureml_emulator.services.workspaces.workspace_resource import Workspace

ASSETS = "outputAssets"
DATA_TYPES = ("uri_file", "uri_folder", "mltable")


def keep(
    emulator: Emulator, job: Resource, stated: Json, component: Component, steps: Mapping[str, Resource], work: Path
) -> dict[str, str]:
    """Store what the worker wrote. Gives the place of each output of the component: port -> datastore path."""
    workspace = workspace_of(job)
    targets = {port: target_of(binding) for port, binding in (stated.get("outputs") or {}).items()}
    declared = current(emulator, job).outputs
    places: dict[str, str] = {}
    for name, step in steps.items():
        folder = work / "outputs" / name
        for port in sorted(folder.iterdir()) if folder.is_dir() else ():
            above = target_of((component.jobs[name].get("outputs") or {}).get(port.name))
            output = targets.get(above, "")
            stated_place = str((declared.get(output) or {}).get("uri") or "")
            wanted = storage.expanded(stated_place, step.name, port.name) or storage.output_uri(job.name, output)
            uri = wanted if output in declared else storage.output_uri(step.name, port.name)
            uri = uri.rstrip("/") if port.is_file() else uri
            storage.upload_tree(emulator, port, uri, workspace=workspace)
            point(emulator, step, port.name, _type(component, above), uri)
            places[above] = uri
    return places


def bind(emulator: Emulator, job: Resource, stated: Json, places: Mapping[str, str]) -> None:
    """Point the job's outputs at the places of the component's."""
    workspace, found = workspace_of(job), current(emulator, job)
    outputs = dict(found.outputs)
    root = runs.find(emulator, workspace, job.name)
    for port, binding in (stated.get("outputs") or {}).items():
        output = target_of(binding)
        if root is not None and output in outputs and port in places:
            uri = storage.long_uri(emulator, places[port], workspace=workspace)
            outputs[output] = {**outputs[output], "uri": uri}
            point(emulator, root, output, str(outputs[output].get("jobOutputType") or "uri_folder"), uri)
    replace(found, outputs=outputs).save(emulator.store, KIND)


def point(emulator: Emulator, run: Resource, output: str, kind: str, uri: str) -> None:
    """Record an output of a run as the run history shows it: a data asset of its own, which resolves to the place.

    Outputs that are models are left out, as azure-ai-ml expects of some: 1.35.2 cannot read one (it fails with a
    TypeError before it asks for the place) and finds what is left out by the path below the job's name.
    """
    if kind not in DATA_TYPES:
        return
    workspace = str(run.body["workspace"])
    found = emulator.store.get(workspace)
    assert found is not None, "a workspace with runs is not deleted"
    holder = Workspace.read(found)
    asset = (
        f"azureml://locations/{holder.location}/workspaces/{holder.guid}"
        f"/data/azureml_{run.name}_output_data_{output}/versions/1"
    )
    place = storage.long_uri(emulator, uri, workspace=workspace)
    emulator.store.put(asset, {"uri": place, "type": kind}, parent=run.id, kind=ASSETS, name=output)
    now = emulator.store.get(run.id)
    assert now is not None
    runs.change(emulator, run, outputs={**now.body["outputs"], output: {"assetId": asset, "type": kind}})


def target_of(binding: Json | None) -> str:
    """The output of the parent that an output is bound to; empty for none."""
    return str((binding or {}).get("value", "")).removeprefix("${{parent.outputs.").removesuffix("}}")


def workspace_of(job: Resource) -> str:
    """The ARM id of the workspace of a job."""
    return job.id.rsplit("/jobs/", 1)[0]


def current(emulator: Emulator, job: Resource) -> Job:
    """The job as it is now."""
    found = emulator.store.get(job.id)
    assert found is not None, "a job is not deleted while it runs"
    return Job.read(found)


def _type(component: Component, port: str) -> str:
    return str((component.outputs.get(port) or {}).get("type") or "uri_folder")
