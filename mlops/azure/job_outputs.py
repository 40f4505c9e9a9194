"""Where the outputs of a job lie. It must not read them."""

from collections.abc import Collection, Sequence

from mlops.azure import at_once, datastores
from mlops.azure.run_tree import data_plane
from mlops.azure.run_tree import outputs as outputs_of
from mlops.azure.workspace import Workspace

_ASSET_KINDS = {
    **dict.fromkeys(("uri_file", "uri_folder", "mltable"), "data"),
    **dict.fromkeys(("CustomModel", "MLFlowModel", "TritonModel"), "model"),
}


def output_uri(workspace: Workspace, name: str, output: str) -> str | None:
    """Where an output of a job lies; None when it has none."""
    return output_uris(workspace, (name,), (output,))[name][output]


def output_uris(workspace: Workspace, names: Sequence[str], outputs: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Where outputs of jobs lie, found as the SDK's own `jobs.download` does, by job; None for what it has not.

    Run history names the asset that an output became; one that became none is looked for where jobs write.
    """
    what = f"find the output {', '.join(outputs)} of {', '.join(names)}"
    assets = dict(zip(names, at_once.each(lambda name: outputs_of(workspace, name, what), names), strict=True))
    by_kind: dict[str, set[str]] = {"data": set(), "model": set()}
    for name in names:
        for output in outputs:
            asset = assets[name].get(output) or {}
            if kind := _ASSET_KINDS.get(str(asset.get("type"))):
                by_kind[kind].add(str(asset["assetId"]))
    places = {
        **_resolved(workspace, "data", "dataversion", "uri", by_kind["data"], what),
        **_resolved(workspace, "modelregistry", "models", "path", by_kind["model"], what),
    }

    def place(name: str, output: str) -> str | None:
        asset = str((assets[name].get(output) or {}).get("assetId"))
        return places[asset] if asset in places else _where_jobs_write(workspace, name, output, what)

    return {name: {output: place(name, output) for output in outputs} for name in names}


def _resolved(
    workspace: Workspace, service: str, kind: str, key: str, assets: Collection[str], what: str
) -> dict[str, str]:
    """Where assets lie, by their ids; in one call."""
    if not assets:
        return {}
    version = "?api-version=1.5.0" if service == "data" else ""
    url = f"{data_plane(workspace, service)}/{kind}/batchGetResolvedUris{version}"
    values = workspace.send("POST", url, what, json={"values": sorted(assets)}).json()["values"]
    return {asset: str(values[asset][key]) for asset in assets}


def _where_jobs_write(workspace: Workspace, name: str, output: str, what: str) -> str | None:
    key = "written output", name, output
    if known := workspace.handed(key):
        return str(known)
    store = datastores.default(workspace)
    paths = (f"azureml/{name}/{output}/", f"dataset/{name}/{output}/")
    there = next((path for path in paths if datastores.exists(workspace, store, path, what)), None)
    if there is None:
        return None
    found = f"azureml://datastores/{store}/paths/{there}"
    if workspace.known(("job", name)):  # which has ended
        workspace.hand_on(key, found)
    return found
