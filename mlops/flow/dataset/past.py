"""What a file of data held at a commit, where the commit may hold a Git LFS pointer instead. No server is asked."""

import hashlib
import re
from pathlib import Path

from mlops import history
from mlops.dataset.formats.records import LFS_POINTER

_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)


def content_at(top: Path, commit: str, path: str) -> bytes | None:
    """The content of a file, named from the top; empty where it was not there, None where a pointer's data is not here.

    It is here if the file has not changed since, or if git-lfs fetched it into this clone once.
    """
    found = history.content(top, commit, path)
    if not found.startswith(LFS_POINTER):
        return found
    oid = _OID.search(found)
    if oid is None:
        return None
    name = oid[1].decode()
    store = history.shared(top) / "lfs" / "objects" / name[:2] / name[2:4] / name
    candidates = (place.read_bytes() for place in (top / path, store) if place.is_file())
    return next((data for data in candidates if hashlib.sha256(data).hexdigest() == name), None)
