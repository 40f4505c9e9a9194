"""Blob batch: many deletions or many changes of tier in one call, each authorized and answered by itself.

Source: the Blob service REST API, Blob Batch.
"""

import re
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.services.storage import blob, blob_labels
from azureml_emulator.services.storage.blob_protocol import storage_call, xml_error

MOST_CALLS = 256
_LINE = re.compile(r"(DELETE|PUT) (/\S+)(?: HTTP/1\.1)?")


@storage_call("rwdlac")
def batch(request: Request, emulator: Emulator) -> Reply:
    """POST ?comp=batch of the account or of a container. Raises a 400 for a body that is no batch."""
    calls = _calls(request)
    boundary = f"batchresponse_{uuid.uuid4()}"
    parts = [_part(boundary, id, _answer(call, emulator)) for id, call in calls]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return Reply(202, body, {"Content-Type": f"multipart/mixed; boundary={boundary}"})


def _calls(request: Request) -> list[tuple[str, Request]]:
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        raise _invalid("The body is not of multipart/mixed.")
    parts = list(message.iter_parts())
    if not 1 <= len(parts) <= MOST_CALLS:
        raise _invalid(f"A batch has 1 to {MOST_CALLS} calls.")
    return [(str(part.get("Content-ID", "")), _call(request, part.get_payload(decode=True))) for part in parts]


def _call(request: Request, payload: object) -> Request:
    line, _, rest = (payload if isinstance(payload, bytes) else b"").partition(b"\r\n")
    found = _LINE.fullmatch(line.decode("latin-1").strip())
    if not found:
        raise _invalid("A call of a batch is DELETE of a blob, or PUT of its tier.")
    parts = urlsplit(found[2])
    container, _, name = unquote(parts.path).lstrip("/").partition("/")
    if request.params.get("container", container) != container:
        raise _invalid("A batch of a container has calls on its own blobs only.")
    headers = BytesParser(policy=HTTP).parsebytes(rest, headersonly=True)
    return Request(
        found[1], request.host, unquote(parts.path), parts.path, parts.query,
        {key.lower(): str(text) for key, text in headers.items()},
        params={"account": request.params["account"], "container": container, "blob": name},
    )  # fmt: skip


def _answer(call: Request, emulator: Emulator) -> Reply:
    is_tier = call.query.get("comp") == "tier"
    if call.method == "DELETE" and "comp" not in call.query:
        return blob.delete(call, emulator)
    if call.method == "PUT" and is_tier:
        return blob_labels.set_tier(call, emulator)
    return xml_error(_invalid("A call of a batch is DELETE of a blob, or PUT of its tier."), emulator)


def _part(boundary: str, id: str, reply: Reply) -> bytes:
    body = reply.body if isinstance(reply.body, bytes) else b""
    headers = {**reply.headers, **({"Content-Length": str(len(body))} if body else {})}
    lines = [f"--{boundary}", "Content-Type: application/http", *([f"Content-ID: {id}"] if id else []), ""]
    lines += [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        *(f"{key}: {text}" for key, text in headers.items()),
    ]
    return ("\r\n".join([*lines, "", ""])).encode() + body + b"\r\n"


def _invalid(text: str) -> ServiceError:
    return ServiceError(400, "InvalidInput", f"One of the request inputs is not valid. {text}")
