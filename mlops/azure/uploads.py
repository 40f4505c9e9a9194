"""Files for the workspace's own datastore: each lies, and says of itself, what the SDK's upload leaves there.

The SDK asks for the datastore and its signature anew for each file, looks for the file, writes it, and then writes its
metadata. Here the signature is asked for once, and the file is written with its metadata, unless it is there.
"""

import hashlib
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple

from mlops.azure import datastores
from mlops.azure.datastores import USUAL
from mlops.azure.failures import translated
from mlops.azure.workspace import Workspace

# Of azure-ai-ml 1.35: _utils/_asset_utils.py and _artifacts/_constants.py. The hash and the folder name the content, so
# what any client has uploaded is found by every other.
SEED = b"Initialize for october 2021 AML CLI version"
FOLDER = "LocalUpload"
WHOLE = {"upload_status": "completed"}  # in the metadata of a file that is there to its end
SIDE_BY_SIDE = 16  # parts of a large file
LONGEST = 14400  # seconds that a part may take on a slow line


class Asset(NamedTuple):
    """Name and version of what a file is uploaded for."""

    name: str
    version: str


def file(workspace: Workspace, name: str, content: bytes | Path, asset: Asset, what: str) -> str | None:
    """Upload a file of that name, and give its address; None where the datastore holds no blobs."""
    place = datastores.place_of(workspace, USUAL, what)
    if place is None:
        return None
    path = f"{FOLDER}/{_hash(content)}/{name}"
    with translated(what):
        _put(place, path, content, {**WHOLE, **asset._asdict()})
    return f"azureml://datastores/{USUAL}/paths/{path}"


def _put(place: datastores.BlobPlace, path: str, content: bytes | Path, metadata: dict[str, str]) -> None:
    """Write it where it is not. One without the word that it is whole was given up in the middle, and is replaced."""
    from azure.core.exceptions import ResourceExistsError

    def write(*, overwrite: bool) -> None:
        with _opened(content) as data:
            blob.upload_blob(
                data,
                overwrite=overwrite,
                metadata=metadata,
                max_concurrency=SIDE_BY_SIDE,
                connection_timeout=LONGEST,
            )

    with place.client() as client:
        blob = client.get_blob_client(path)
        try:
            write(overwrite=False)
        except ResourceExistsError:
            stated = blob.get_blob_properties().metadata or {}
            if not WHOLE.items() <= stated.items():
                write(overwrite=True)


def _hash(content: bytes | Path) -> str:
    found = hashlib.sha256(SEED)
    with _opened(content) as data:
        while part := data.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def _opened(content: bytes | Path) -> AbstractContextManager[IO[bytes]]:
    return BytesIO(content) if isinstance(content, bytes) else content.open("rb")
