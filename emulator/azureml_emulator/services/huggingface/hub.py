"""huggingface.co, as far as `datasets` and `huggingface_hub` ask it: one dataset repository, read over plain HTTP.

It must not know what is in the files. No Xet hash is announced, so clients do not leave plain HTTP.
"""

import re
from collections.abc import Iterable
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from azureml_emulator.core.clock import parse
from azureml_emulator.core.request import Json, Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.huggingface.ultrachat import DATASET, REVISION, RepoFile, shared

HOST = "huggingface.co"
COUNTER_HOST = "s3.amazonaws.com"
VIEWER_HOST = "datasets-server.huggingface.co"
BRANCH = "main"
CHANGED = "2024-10-16T00:00:00.000Z"  # the day of the pinned commit
CARD_DATA = {"language": ["en"], "license": "mit", "task_categories": ["text-generation"]}


class HubError(Exception):
    """A refusal in the hub's manner: a code in `X-Error-Code` that huggingface_hub maps to its exceptions."""

    def __init__(self, code: str, message: str, status: int = 404) -> None:
        super().__init__(message)
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        self.reply = Reply(status, {"error": message}, headers)


def resolve(request: Request, emulator: Emulator) -> Reply:
    """HEAD|GET /datasets/{owner}/{name}/resolve/{rev}/{path...}: a file's head, the file, or a range of it."""
    try:
        files = _files(request, emulator)
        found = files.get(request.params["path"])
        if found is None:
            raise HubError("EntryNotFound", "Entry not found")
    except HubError as error:
        return error.reply
    headers = _file_headers(found)
    if found.etag in _tags(request.headers.get("if-none-match", "")):
        return Reply(304, None, headers)
    if request.method == "HEAD":
        return Reply(200, None, {**headers, "Content-Length": str(found.size)})
    wanted = _range(request, found)
    if wanted is None:
        return Reply(200, found.local.read_bytes(), headers)
    start, end = wanted
    if start >= end:
        return Reply(416, None, {**headers, "Content-Range": f"bytes */{found.size}"})
    with found.local.open("rb") as file:
        file.seek(start)
        data = file.read(end - start)
    return Reply(206, data, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{found.size}"})


def info(request: Request, emulator: Emulator) -> Reply:
    """GET /api/datasets/{owner}/{name}[/revision/{rev}]: the repository at a commit."""
    try:
        files = _files(request, emulator)
    except HubError as error:
        return error.reply
    siblings: list[Json] = [{"rfilename": path} for path in sorted(files)]
    if "blobs" in request.query:
        siblings = [{"rfilename": path, **_blob(files[path])} for path in sorted(files)]
    body = {
        "_id": REVISION[:24],
        "id": DATASET,
        "author": DATASET.partition("/")[0],
        "sha": REVISION,
        "lastModified": CHANGED,
        "createdAt": CHANGED,
        "private": False,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": ["license:mit", "language:en", "emulator"],
        "cardData": CARD_DATA,
        "siblings": siblings,
    }
    return Reply(200, body)


def refs(request: Request, emulator: Emulator) -> Reply:
    """GET /api/datasets/{owner}/{name}/refs: the one branch."""
    try:
        _files(request, emulator)
    except HubError as error:
        return error.reply
    branch = {"name": BRANCH, "ref": f"refs/heads/{BRANCH}", "targetCommit": REVISION}
    return Reply(200, {"branches": [branch], "converts": [], "tags": []})


def tree(request: Request, emulator: Emulator) -> Reply:
    """GET /api/datasets/{owner}/{name}/tree/{rev}[/{path...}]: a folder, with `recursive` all below it."""
    try:
        files = _files(request, emulator)
        folder = request.params.get("path", "").strip("/")
        inside = {path: file for path, file in files.items() if not folder or path.startswith(folder + "/")}
        if not inside:
            raise HubError("EntryNotFound", f"{folder} does not exist on {BRANCH!r}")
    except HubError as error:
        return error.reply
    depth = folder.count("/") + 1 if folder else 0
    recursive, expand = _flag(request.query.get("recursive")), _flag(request.query.get("expand"))
    folders = _folders(inside, depth)
    shown = list(inside) if recursive else [path for path in inside if path.count("/") == depth]
    if not recursive:
        folders = [path for path in folders if path.count("/") == depth]
    entries = [_entry(path, files, expand) for path in (*sorted(folders), *sorted(shown))]
    return Reply(200, entries)


def paths_info(request: Request, emulator: Emulator) -> Reply:
    """POST /api/datasets/{owner}/{name}/paths-info/{rev}, `{"paths": [...], "expand": bool}`: those that exist."""
    try:
        files = _files(request, emulator)
    except HubError as error:
        return error.reply
    if "json" in request.headers.get("content-type", ""):
        body: Json = request.json()
        paths, expand = body.get("paths", []), bool(body.get("expand"))
    else:  # a form that repeats `paths`
        form = parse_qs(request.body.decode("utf-8", "replace"))
        paths, expand = form.get("paths", []), _flag(form.get("expand", [""])[-1])
    wanted = [paths] if isinstance(paths, str) else list(paths)
    known = {*files, *_folders(files, 0)}
    asked = [str(path).strip("/") for path in wanted]
    return Reply(200, [_entry(path, files, expand) for path in asked if path in known])


def download_counter(request: Request, emulator: Emulator) -> Reply:
    """HEAD s3.amazonaws.com/datasets.huggingface.co/{path...}: `datasets` counts its uses here, ignoring the answer."""
    return Reply(200)


def viewer(request: Request, emulator: Emulator) -> Reply:
    """GET datasets-server.huggingface.co/{path...}: nothing is exported there, and `datasets` goes on without it."""
    return HubError("ResponseNotFound", "Not found.").reply


def _files(request: Request, emulator: Emulator) -> dict[str, RepoFile]:
    """Give the files at the revision asked for. Raises HubError for a repository or a revision that is not there."""
    if f"{request.params['owner']}/{request.params['name']}" != DATASET:
        raise HubError("RepoNotFound", "Repository not found")
    revision = request.params.get("rev", BRANCH)
    if revision not in (BRANCH, REVISION):
        raise HubError("RevisionNotFound", f"Invalid rev id: {revision}")
    if "hub" not in emulator.cache:
        emulator.cache["hub"] = shared(emulator.folder / "hub")
    files: dict[str, RepoFile] = emulator.cache["hub"]
    return files


def _file_headers(file: RepoFile) -> dict[str, str]:
    headers = {
        "ETag": file.etag,
        "X-Repo-Commit": REVISION,
        "Accept-Ranges": "bytes",
        "Last-Modified": format_datetime(parse(CHANGED), usegmt=True),
        "Content-Disposition": f'inline; filename="{file.path.rpartition("/")[2]}"',
        "Content-Type": "application/octet-stream" if file.sha256 else "text/plain; charset=utf-8",
    }
    if file.sha256:
        headers |= {"X-Linked-Size": str(file.size), "X-Linked-Etag": file.etag}
    return headers


def _range(request: Request, file: RepoFile) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single byte range; None where the whole file is due. RFC 9110 section 14."""
    text = request.headers.get("range", "").strip()
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text)
    if not match or match.group() == "bytes=-" or request.headers.get("if-range", file.etag) != file.etag:
        return None
    first, last = match.groups()
    if not first:
        return max(0, file.size - int(last)), file.size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, file.size) if last else file.size


def _tags(text: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in text.split(",")}


def _folders(paths: Iterable[str], depth: int) -> list[str]:
    """The folders that hold the paths, below a depth."""
    parts = [path.split("/") for path in paths]
    return sorted({"/".join(part[:end]) for part in parts for end in range(depth + 1, len(part))})


def _entry(path: str, files: dict[str, RepoFile], expand: bool) -> Json:
    commit = {"lastCommit": {"id": REVISION, "title": "The emulator's stand-in", "date": CHANGED}} if expand else {}
    if path not in files:
        return {"type": "directory", "oid": REVISION, "size": 0, "path": path, **commit}
    file = files[path]
    safe = {"status": "safe", "avScan": None, "pickleImportScan": None}
    security: dict[str, Any] = {"securityFileStatus": safe} if expand else {}
    return {"type": "file", "path": path, **_blob(file), **commit, **security}


def _blob(file: RepoFile) -> Json:
    pointer = 125 + len(str(file.size))  # bytes of the pointer file that git itself holds
    lfs = {"lfs": {"oid": file.sha256, "size": file.size, "pointerSize": pointer}} if file.sha256 else {}
    return {"oid": file.git_oid, "size": file.size, **lfs}


def _flag(text: str | None) -> bool:
    return (text or "").lower() in ("1", "true")
