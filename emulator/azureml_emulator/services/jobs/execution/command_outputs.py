"""What a command leaves: its outputs and artifacts in storage, and the assets that a job names among its outputs.

It must not run a command.
"""

from collections.abc import Mapping

from azureml_emulator.core.request import Json
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets import data, models
from azureml_emulator.services.jobs.execution import command, outputs
from azureml_emulator.services.jobs.execution.command import Command, Folders
from azureml_emulator.services.storage import storage


def keep(
    emulator: Emulator, one: Resource, wanted: Command, folders: Folders, stated: Mapping[str, Json]
) -> dict[str, str]:
    """Store what the command wrote: its outputs, and the folders `outputs` and `logs` among the run's artifacts."""
    workspace = str(one.body["workspace"])
    places: dict[str, str] = {}
    for name, kind in wanted.outputs.items():
        said = (stated.get(name) or {}).get("uri")
        file = f"{name}" if kind == "uri_file" else ""
        uri = storage.expanded(str(said), one.name, name) if said else storage.output_uri(one.name, name, file)
        source = folders.output(name, kind)
        if kind == "uri_file" and not source.is_file():
            continue  # nothing was written, which the service does not mind either
        storage.upload_tree(emulator, source, uri, workspace=workspace)
        outputs.point(emulator, one, name, kind, uri)
        places[name] = uri
    for name in ("outputs", "logs"):
        folder = folders.code / name
        if folder.is_dir():
            storage.upload_tree(emulator, folder, storage.output_uri(one.name, "artifacts", name), workspace=workspace)
    return places


def register(emulator: Emulator, workspace: Resource, declared: Mapping[str, Json], places: Mapping[str, str]) -> None:
    """Make assets of those outputs that a job names as such."""
    for name, said in declared.items():
        asset, uri = (said or {}).get("assetName"), places.get(name)
        if not asset or not uri:
            continue
        kind = str(said.get("jobOutputType") or "uri_folder")
        if kind in command.MODELS:
            stated, kept = {"modelUri": uri, "modelType": kind}, models.MODELS
            version = str(said.get("assetVersion") or kept.next_version(emulator, workspace, asset))
            kept.create(emulator, workspace, asset, version, stated)
        else:
            version = str(said.get("assetVersion") or data.DATA.next_version(emulator, workspace, asset))
            data.DATA.create(emulator, workspace, asset, version, {"dataUri": uri, "dataType": kind})
