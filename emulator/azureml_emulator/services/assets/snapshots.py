"""Snapshots of code by the hash of their content, as azure-ai-ml 1.2 to 1.5 ask for them before they upload.

It must not know more than the code asset that it shows in another form.
Source: what the service answered to azure-ai-ml at content/v2.0.
"""

import hashlib
import uuid
from pathlib import Path

from azureml_emulator.core import caller
from azureml_emulator.core.errors import AccountError
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.assets.asset_resource import Version
from azureml_emulator.services.assets.data import CODES
from azureml_emulator.services.storage import storage
from azureml_emulator.services.workspaces import scope

NEVER = "0001-01-01T00:00:00+00:00"


def by_hash(request: Request, emulator: Emulator) -> Reply:
    """GET the snapshot of a content, whatever its code asset is named; 404 where there is none."""
    workspace, content = scope.require(request, emulator), request.query.get("hash", "")
    found = CODES.of_content(emulator, workspace, content)
    if found is None:
        raise AccountError(404, "UserError", f"Snapshot with hash {content} was not found.", inner=("NotFound",))
    return Reply(200, _show(emulator, workspace, found))


def _show(emulator: Emulator, workspace: Resource, code: Resource) -> Json:
    asset, made = Version.read(code), code.body["systemData"]
    uri = str(code.body["properties"]["codeUri"])
    root = _node("", None)
    place = storage.resolve(emulator, uri, workspace=workspace.id, kind="codes")
    for path, file in storage.files(emulator, place).items():
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at["children"].setdefault(folder, _node(folder, None))
        at["children"][name] = _node(name, file)
    return {
        "snapshotType": "LocalFiles",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, code.id)),
        "root": root,
        "tags": asset.tags,
        "properties": {**asset.labels, "azureml.codeUri": uri},
        "description": asset.description,
        "name": code.id.split("/")[-3],
        "version": code.name,
        "createdBy": caller.shown(),
        "createdTime": made["createdAt"],
        "modifiedBy": caller.shown(),
        "modifiedTime": made["lastModifiedAt"],
        "gitRepositoryCommit": None,
        "uri": uri,
        "contentHash": asset.content,
        "hashVersion": asset.labels.get("hash_version"),
        "provisioningState": "Succeeded",
    }


def _node(name: str, file: Path | None) -> Json:
    """A folder, or a file with its content's hash and size."""
    return {
        "name": name,
        "hash": hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest().upper() if file else None,
        "type": "File" if file else "Directory",
        "timestamp": NEVER,
        "sasUrl": None,
        "absoluteUrl": None,
        "sizeBytes": file.stat().st_size if file else 0,
        "sizeSet": file is not None,
        "children": {},
    }
