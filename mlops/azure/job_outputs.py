"""Where the outputs of a job lie. It must not read them."""

from collections.abc import Mapping, Sequence

from mlops.azure import datastores
from mlops.azure.run_tree import data_plane
from mlops.azure.run_tree import outputs as outputs_of
from mlops.azure.workspace import Workspace

_ASSET_KINDS = {
    **dict.fromkeys(("uri_file", "uri_folder", "mltable"), "data"),
    **dict.fromkeys(("CustomModel", "MLFlowModel", "TritonModel"), "model"),
}


def output_uri(workspace: Workspace, name: str, output: str) -> str | None:
    """Where an output of a job lies; None when it has none."""
    return output_uris(workspace, name, (output,))[output]


def output_uris(workspace: Workspace, name: str, outputs: Sequence[str]) -> dict[str, str | None]:
    """Where outputs of a job lie, found as the SDK's own `jobs.download` does; None for what it has not.

    Run history names the asset that an output became; one that became none is looked for where jobs write.
    """
    what = f"find the output {', '.join(outputs)} of {name}"
    assets = outputs_of(workspace, name, what)
    by_kind: dict[str, dict[str, str]] = {"data": {}, "model": {}}
    for output in outputs:
        asset = assets.get(output) or {}
        if kind := _ASSET_KINDS.get(str(asset.get("type"))):
            by_kind[kind][output] = str(asset["assetId"])
    found: dict[str, str | None] = {
        **_resolved(workspace, "data", "dataversion", "uri", by_kind["data"], what),
        **_resolved(workspace, "modelregistry", "models", "path", by_kind["model"], what),
    }
    return {one: found[one] if one in found else _where_jobs_write(workspace, name, one, what) for one in outputs}


def _resolved(
    workspace: Workspace, service: str, kind: str, key: str, assets: Mapping[str, str], what: str
) -> dict[str, str]:
    """Of outputs that became assets, where these lie; in one call."""
    if not assets:
        return {}
    version = "?api-version=1.5.0" if service == "data" else ""
    url = f"{data_plane(workspace, service)}/{kind}/batchGetResolvedUris{version}"
    values = workspace.send("POST", url, what, json={"values": sorted(set(assets.values()))}).json()["values"]
    return {output: str(values[asset][key]) for output, asset in assets.items()}


def _where_jobs_write(workspace: Workspace, name: str, output: str, what: str) -> str | None:
    store = datastores.default(workspace)
    paths = (f"azureml/{name}/{output}/", f"dataset/{name}/{output}/")
    there = next((path for path in paths if datastores.exists(workspace, store, path, what)), None)
    return None if there is None else f"azureml://datastores/{store}/paths/{there}"
