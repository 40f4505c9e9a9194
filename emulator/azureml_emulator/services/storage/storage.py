"""The workspace's storage for the other handlers: what an `azureml://` reference points at, and its bytes.

It must not know HTTP. Every function runs on the thread of the store (a handler, or `emulator.post`); a worker is given
a folder that `download_tree` filled and leaves one that `upload_tree` takes.
Where jobs keep things: artifacts of a run in the datastore `workspaceartifactstore` under `ExperimentRun/dcid.{run}/`,
a named output, unless the job says otherwise, in `workspaceblobstore` under `azureml/{job}/{output}/`.
"""

import mimetypes
import re
import shutil
from pathlib import Path

from azureml_emulator.core import arm
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blobs
from azureml_emulator.services.storage.blobs import BlobAddress
from azureml_emulator.services.storage.datastore_resource import Datastore
from azureml_emulator.services.storage.places import Content

BLOB_STORE = "workspaceblobstore"
ARTIFACT_STORE = "workspaceartifactstore"
ARTIFACTS = f"azureml://datastores/{ARTIFACT_STORE}/paths/"
_WORKSPACE = (
    r"(?:azureml:/?)?/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+)(?:/providers/[^/]+)?"
    r"/workspaces/(?P<workspace>[^/]+)"
)
_ASSET = r"(?P<kind>data|models|codes)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)"
_SERVICE = r"(?P<account>[^.]+)\.(?:blob|dfs)\.core\.windows\.net"
_FORMS = {
    "datastore": rf"(?:azureml:/|{_WORKSPACE})/datastores/(?P<datastore>[^/]+)(?:/paths/?(?P<path>.*))?",
    "run": r"azureml://datastores/(?P<datastore>[^/]+)/(?P<path>ExperimentRun/.+)",
    "artifact": r"azureml://artifacts/(?P<path>(?:ExperimentRun|LocalUpload)/.+)",
    "output": r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths/?(?P<path>.*)|/?)",
    "mlflow": r"runs:/(?P<job>[^/]+)/(?P<path>.*)",
    "asset": rf"(?:{_WORKSPACE}|azureml:/(?:/locations/[^/]+/workspaces/[^/]+)?)/{_ASSET}",
    "registry": r"azureml://registries/(?P<registry>[^/]+)/(?P<kind>data|models|codes)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    "short": r"(?:azureml:)?(?P<name>[^:/@]+)(?::(?P<version>[^:/]+)|@(?P<label>[^:/]+))",
    "https": rf"https://{_SERVICE}(?::443)?/(?P<container>[^/?]+)/?(?P<path>[^?]*)(?:\?.*)?",
    "wasbs": rf"(?:wasbs?|abfss?)://(?P<container>[^@]+)@{_SERVICE}/?(?P<path>.*)",
}
_PATTERNS = {form: re.compile(pattern, re.IGNORECASE) for form, pattern in _FORMS.items()}
_EXPRESSION = re.compile(r"\$\{\{\s*(\w+)\s*\}\}")
_URI_OF = {"data": "dataUri", "models": "modelUri", "codes": "codeUri"}
_MOST_HOPS = 8  # an asset may point at an output that points at a datastore; more than this is a circle


def read(emulator: Emulator, account: str, container: str, path: str) -> bytes:
    """The bytes of a blob. Raises a 404 that names it."""
    return local_path(emulator, account, container, path).read_bytes()


def write(
    emulator: Emulator,
    account: str,
    container: str,
    path: str,
    data: bytes,
    *,
    content_type: str | None = None,
    metadata: dict[str, str] | None = None,
) -> None:
    """Create or replace a blob, and its container when there is none."""
    ensure_container(emulator, account, container)
    kind = content_type or mimetypes.guess_type(path)[0] or "application/octet-stream"
    blobs.put(emulator, BlobAddress(account, container, path), data, content_type=kind, metadata=metadata or {})


def append(emulator: Emulator, account: str, container: str, path: str, data: bytes) -> None:
    """Grow an append blob (a log), created when there is none."""
    address = BlobAddress(account, container, path)
    if blobs.get(emulator, address) is None:
        ensure_container(emulator, account, container)
        blobs.put(emulator, address, b"", kind="AppendBlob", content_type="text/plain", md5=None)
    blobs.append(emulator, address, data)


def local_path(emulator: Emulator, account: str, container: str, path: str) -> Path:
    """The file that holds a blob's bytes, to be read only. Raises a 404 that names the blob."""
    blob = blobs.get(emulator, BlobAddress(account, container, path))
    if blob is None:
        raise ServiceError(
            404, "BlobNotFound", f"The specified blob does not exist: {BlobAddress(account, container, path).url}"
        )
    return blobs.path_of(emulator, blob)


def ensure_container(emulator: Emulator, account: str, container: str) -> None:
    """Create a container unless it exists."""
    if emulator.store.get(container_id(account, container)) is None:
        now = emulator.clock.stamp()
        body = {"etag": blobs.new_etag(), "modified": now, "metadata": {}}
        emulator.store.put(
            container_id(account, container), body, parent=f"/storage/{account}", kind="blobContainers", name=container
        )


def container_id(account: str, container: str) -> str:
    """The store's id of a container."""
    return f"/storage/{account}/{container}"


def resolve(emulator: Emulator, uri: str, *, workspace: str, kind: str = "data") -> BlobAddress:
    """Where a reference points. `kind` (data, models, codes) is what a short `azureml:name:version` is about.

    `workspace` is the ARM id of the one that the reference is used in; a reference that names another is of that one.

    Understood: datastore paths (short and long), `azureml://jobs/J/outputs/O[/paths/P]`, `azureml://artifacts/...`,
    `runs:/J/P`, asset ids, and storage URLs. Raises a 400 for another form and a 404 for a datastore, job output or
    asset that does not exist.
    """
    for _ in range(_MOST_HOPS):
        workspace = _named_workspace(uri.strip()) or workspace
        step = _step(emulator, uri.strip(), workspace, kind)
        if isinstance(step, BlobAddress):
            return step
        uri = step
    raise ServiceError(400, "UserError", f"The reference {uri} leads in a circle.")


def long_uri(emulator: Emulator, uri: str, *, workspace: str, kind: str = "data") -> str:
    """A reference in the form that the service answers with: a datastore path with the workspace in it.

    Storage URLs stay as they are. Raises like `resolve`.
    """
    for _ in range(_MOST_HOPS):
        workspace = _named_workspace(uri.strip()) or workspace
        place = _PATTERNS["datastore"].fullmatch(uri) or _PATTERNS["run"].fullmatch(uri)
        if place:
            _in_datastore(emulator, workspace, place["datastore"], place["path"] or "")
            parts = workspace.split("/")
            base = f"azureml://subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{parts[8]}"
            return f"{base}/datastores/{place['datastore']}/paths/{place['path'] or ''}"
        step = _step(emulator, uri.strip(), workspace, kind)
        if isinstance(step, BlobAddress):
            return uri
        uri = step
    raise ServiceError(400, "UserError", f"The reference {uri} leads in a circle.")


def exists(emulator: Emulator, address: BlobAddress) -> bool:
    """Whether there is a blob of that name, or one below it as a folder."""
    if blobs.get(emulator, address):
        return True
    folder = address.name.rstrip("/") + "/" if address.name else ""
    return next(blobs.walk(emulator, address._replace(name=folder)), None) is not None


def files(emulator: Emulator, address: BlobAddress) -> dict[str, Path]:
    """What a file or folder in storage holds: path relative to it (a file: its own name) -> local file, read only."""
    one = blobs.get(emulator, address)
    if one and not one.metadata.get("hdi_isfolder"):
        return {Path(address.name).name: blobs.path_of(emulator, one)}
    folder = address.name.rstrip("/") + "/" if address.name else ""
    below = blobs.walk(emulator, address._replace(name=folder))
    return {
        blob.name[len(folder) :]: blobs.path_of(emulator, blob)
        for blob in below
        if not blob.metadata.get("hdi_isfolder")
    }


def download_tree(emulator: Emulator, uri: str, folder: Path, *, workspace: str, kind: str = "data") -> list[str]:
    """Copy what a reference points at into a local folder; gives the relative paths. Raises a 404 when it is empty."""
    address = resolve(emulator, uri, workspace=workspace, kind=kind)
    found = files(emulator, address)
    if not found:
        raise ServiceError(404, "NotFound", f"There is nothing at {uri} ({address.url}).")
    for name, source in found.items():
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ServiceError(400, "UserError", f"The blob name {name!r} leaves the folder that it is downloaded to.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return sorted(found)


def upload_tree(emulator: Emulator, folder: Path, uri: str, *, workspace: str) -> list[str]:
    """Copy a local folder, or one file, to where a reference points; gives the blob names."""
    address = resolve(emulator, uri, workspace=workspace)
    ensure_container(emulator, address.account, address.container)
    base = address.name.rstrip("/")
    sources = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    names = []
    for source in sources:
        name = base if folder.is_file() else f"{base}/{source.relative_to(folder).as_posix()}".lstrip("/")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        blobs.put_file(emulator, address._replace(name=name), source, content_type=kind)
        names.append(name)
    return names


def output_uri(job: str, output: str, path: str = "") -> str:
    """The default place of a job's named output, as a datastore path; the output `artifacts` is the run's own."""
    if output in ("artifacts", "default"):
        base = f"{ARTIFACTS}ExperimentRun/dcid.{job}/"
    else:
        base = f"azureml://datastores/{BLOB_STORE}/paths/azureml/{job}/{output}/"
    return base + path


def expanded(place: str, job: str, output: str) -> str:
    """A stated place of an output with its expressions replaced. In a pipeline `job` is the step that writes it."""
    known = {"name": job, "output_name": output, "default_datastore": BLOB_STORE}
    return _EXPRESSION.sub(lambda found: known.get(found[1], found[0]), place)


def _named_workspace(uri: str) -> str | None:
    """The ARM id of the workspace that a reference names; None where it names none."""
    for form in ("datastore", "asset"):
        found = _PATTERNS[form].fullmatch(uri)
        if found and found["workspace"]:
            group = f"/subscriptions/{found['sub']}/resourceGroups/{found['group']}"
            return f"{group}/providers/{arm.PROVIDER}/workspaces/{found['workspace']}"
    return None


def _step(emulator: Emulator, uri: str, workspace: str, kind: str) -> BlobAddress | str:
    """One step of `resolve`: the address, or the reference that this one stands for."""
    for form, pattern in _PATTERNS.items():
        match = pattern.fullmatch(uri)
        if not match:
            continue
        part = {name: text or "" for name, text in match.groupdict().items()}
        if form in ("datastore", "run"):
            return _in_datastore(emulator, workspace, part["datastore"], part["path"])
        if form in ("https", "wasbs"):
            return BlobAddress(part["account"].lower(), part["container"].lower(), part["path"].lstrip("/"))
        if form == "output":
            return _job_output(emulator, workspace, part["job"], part["output"], part["path"])
        if form == "registry":
            return _registered(emulator, uri, part)
        if form == "artifact":
            return ARTIFACTS + part["path"]
        if form == "mlflow":
            return output_uri(part["job"], "artifacts", part["path"])
        return _asset(emulator, workspace, part.get("kind") or kind, part)
    raise ServiceError(400, "UserError", f"The emulator cannot tell what {uri!r} points at in storage.")


def _in_datastore(emulator: Emulator, workspace: str, name: str, path: str) -> BlobAddress:
    found = emulator.store.get(f"{workspace}/datastores/{name}")
    if found is None:
        raise ServiceError(404, "UserError", f"Could not find datastore: {name}")
    store = Datastore.read(found)
    return BlobAddress(store.account, store.container, path.lstrip("/"))


def _job_output(emulator: Emulator, workspace: str, job: str, output: str, path: str) -> str:
    # a step of a pipeline, or a run that MLflow made, is a run without being a job
    found = emulator.store.get(f"{workspace}/jobs/{job}") or emulator.store.get(f"{workspace}/runs/{job}")
    if found is None:
        raise ServiceError(404, "UserError", f"Run {job} was not found.")
    declared = (found.body.get("properties", {}).get("outputs") or {}).get(output) or {}
    base = declared.get("uri") or output_uri(job, output)
    return f"{base.rstrip('/')}/{path}" if path else str(base)


def _registered(emulator: Emulator, uri: str, part: dict[str, str]) -> str:
    holder = next(emulator.store.named("registries", part["registry"]), None)
    kind = part["kind"].lower()
    found = emulator.store.get(f"{holder.id}/{kind}/{part['name']}/versions/{part['version']}") if holder else None
    if found is None:
        raise ServiceError(404, "UserError", f"Could not find asset {uri}.")
    return Content.read(found).uri(_URI_OF[kind])


def _asset(emulator: Emulator, workspace: str, kind: str, part: dict[str, str]) -> str:
    kind, name = kind.lower(), part["name"]
    base = f"{workspace}/{kind}/{name}"
    if part.get("label"):
        versions = emulator.store.children(base, f"{kind}/versions", newest_first=True)
        newest = next((item for item in versions if not Content.read(item).is_archived), None)
        found = newest if part["label"] == "latest" else None
    else:
        found = emulator.store.get(f"{base}/versions/{part['version']}")
    if found is None:
        wanted = f"{name}@{part['label']}" if part.get("label") else f"{name}:{part['version']}"
        raise ServiceError(404, "UserError", f"Could not find asset {wanted} of kind {kind}.")
    return Content.read(found).uri(_URI_OF[kind])
