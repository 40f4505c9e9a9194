"""Single files in the workspace's storage, by their `azureml:` address: read as the SDK's own download does.

The service gives a signature for an hour; where it gives none, this identity signs. What is no blob container goes
through the SDK.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops import clock
from mlops.azure.blob_reading import BlobReader, Unsure
from mlops.azure.failures import is_not_found, translated
from mlops.azure.workspace import Workspace
from mlops.errors import AzureRefused, MlopsError, Problem

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient

API = "2024-10-01"
BLOB = "AzureBlob"
A_PAGE = 5000  # names that the service gives at most in one answer
RENEWED_SECONDS = 1800.0  # half of what a signature lives
ADDRESS = re.compile(r"azureml://(?:subscriptions/.+?/)?datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)")
BY_IDENTITY = ("None", "")
USUAL = "workspaceblobstore"  # what Azure makes with a workspace and mostly is its default; the SDK uploads there


@dataclass(frozen=True)
class BlobPlace:
    """A blob container with what signs for it, and when that was given, to whom."""

    account_url: str
    container: str
    credential: Any
    at: float
    who: "TokenCredential"

    def client(self) -> "ContainerClient":
        """A client for it, over the connections of the sign-in: one of its own would greet the storage anew."""
        from azure.storage.blob import ContainerClient

        from mlops.azure import connections

        transport = connections.of(self.who)
        return ContainerClient(self.account_url, self.container, credential=self.credential, transport=transport)

    def reader(self, workspace: Workspace) -> BlobReader | None:
        """What reads it without that library; None where a key signs."""
        if not isinstance(self.credential, str):
            return BlobReader(workspace, self.account_url, self.container, "")
        signed = self.credential.lstrip("?")
        return BlobReader(workspace, self.account_url, self.container, signed) if "sig=" in signed else None


def read(workspace: Workspace, address: str, what: str) -> bytes | None:
    """The content of a file, or of the first file of a folder; None where there is nothing."""
    found = ADDRESS.fullmatch(address)
    place = place_of(workspace, found["datastore"], what) if found else None
    if found is None or place is None:
        return _by_sdk(workspace, address, what)
    path, is_file = found["path"].rstrip("/"), not found["path"].endswith("/")
    with translated(what):
        if reader := place.reader(workspace):
            with suppress(Unsure):
                return _first(reader.content, reader.names(path, A_PAGE), path, is_file=is_file)
        with place.client() as client:
            return _first(partial(_blob, client), client.list_blob_names(name_starts_with=path), path, is_file=is_file)


def exists(workspace: Workspace, datastore: str, path: str, what: str) -> bool:
    """Whether there is a file of that path, or one below it."""
    place = place_of(workspace, datastore, what)
    if place is None:
        return _by_sdk(workspace, f"azureml://datastores/{datastore}/paths/{path}", what) is not None
    path = path.rstrip("/")
    with translated(what):
        if reader := place.reader(workspace):
            with suppress(Unsure):
                return any(_is_below(name, path) for name in reader.names(path, 10))
    with translated(what), place.client() as client:
        return any(_is_below(name, path) for name in client.list_blob_names(name_starts_with=path, results_per_page=10))


def default(workspace: Workspace) -> str:
    """The name of the workspace's own datastore."""
    return str(stated_default(workspace)["name"])


def stated_default(workspace: Workspace) -> dict[str, Any]:
    """The workspace's own datastore as ARM shows it."""
    url, what = f"{workspace.url}/datastores?api-version={API}&isDefault=true", "find the default datastore"
    found = workspace.handed_on(("default datastore",), lambda: workspace.send("GET", url, what).json()["value"])
    if not found:
        raise AzureRefused(Problem("the workspace has no default datastore", "the workspace"))
    workspace.remember(("datastore", str(found[0]["name"])), dict(found[0]["properties"]))
    return dict(found[0])


def keep_signature(workspace: Workspace, place: dict[str, Any], secret: str) -> None:
    """Read the datastore `place` with what another caller was given to sign for it."""
    stated = place["properties"]
    address, container = account_url(workspace, stated), str(stated["containerName"])
    kept = BlobPlace(address, container, secret, clock.monotonic(), workspace.credential)
    workspace.remember(("signature", str(place["name"])), kept)


def _first(content: Callable[[str], bytes | None], names: Iterable[str], path: str, *, is_file: bool) -> bytes | None:
    """A file of that path, else the first one below it."""
    if is_file and (found := content(path)) is not None:
        return found
    name = next((name for name in names if _is_below(name, path)), None)
    return None if name is None else content(name)


def _blob(client: "ContainerClient", name: str) -> bytes | None:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return bytes(client.download_blob(name).readall())
    except ResourceNotFoundError:
        return None


def _is_below(name: str, path: str) -> bool:
    return not name.endswith("/") and (name == path or name.startswith(f"{path}/"))


def place_of(workspace: Workspace, datastore: str, what: str) -> BlobPlace | None:
    """Where a datastore keeps its blobs; None where it is of another kind."""
    url = f"{workspace.url}/datastores/{datastore}"
    if datastore == USUAL:  # which of them is the default is asked for soon, too, and that answer has this one
        stated_default(workspace)
    stated = workspace.remembered(
        ("datastore", datastore),
        lambda: dict(workspace.send("GET", f"{url}?api-version={API}", what).json()["properties"]),
    )
    if stated.get("datastoreType") != BLOB:
        return None
    key = ("signature", datastore)
    with workspace.alone(key):
        known: BlobPlace | None = workspace.known(key)
        if known and clock.monotonic() - known.at < RENEWED_SECONDS:
            return known
        secret = _credential(workspace, stated, url, what)
        address, container = account_url(workspace, stated), str(stated["containerName"])
        made = BlobPlace(address, container, secret, clock.monotonic(), workspace.credential)
        workspace.remember(key, made)
    return made


def account_url(workspace: Workspace, stated: dict[str, Any]) -> str:
    """Where the account of a datastore answers; one that names no suffix has that of its cloud."""
    protocol, suffix = stated.get("protocol") or "https", stated.get("endpoint") or workspace.cloud.storage
    return f"{protocol}://{stated['accountName']}.blob.{suffix}"


def _credential(workspace: Workspace, stated: dict[str, Any], url: str, what: str) -> Any:
    """A signature or a key as the service gives it; where it gives none, this identity."""
    if (stated.get("credentials") or {}).get("credentialsType", "") in BY_IDENTITY:
        return workspace.credential
    try:
        body = {"expirableSecret": True, "expireAfterHours": 1}
        given = workspace.send("POST", f"{url}/listSecrets?api-version={API}", what, json=body).json()
    except MlopsError:  # as the SDK does: who may not have the secret may still read by role
        return workspace.credential
    return given.get("sasToken") or given.get("key") or workspace.credential


def _by_sdk(workspace: Workspace, address: str, what: str) -> bytes | None:
    import tempfile

    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    with tempfile.TemporaryDirectory() as folder, translated(what):
        try:
            download_artifact_from_aml_uri(uri=address, destination=folder, datastore_operation=workspace.ml.datastores)
        except Exception as error:
            if is_not_found(error):
                return None
            raise
        found = [path for path in Path(folder).rglob("*") if path.is_file()]
        return found[0].read_bytes() if found else None
