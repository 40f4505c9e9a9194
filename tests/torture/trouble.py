"""What happens at one call of a command: it is killed before or after it, or the answer is another.

It stands between the SDK and the network, in the process of the command.
"""

import io
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

KILLED = 137
PAGE = b"<!DOCTYPE html><html><body>Sign in to go on</body></html>"
KILLS = ("kill before", "kill after")
STATUSES = ("401", "403", "404", "409", "412", "429", "500", "502", "503", "504")
BODIES = {"html": PAGE, "empty object": b"{}", "list": b"[]", "null": b"null", "text": b'"x"'}
FAULTS = (*STATUSES, "reset before", "reset after", "timeout", "truncated", *BODIES)
LONGEST_PAUSE = 0.02  # seconds: what waits must not make the whole take days


@dataclass(frozen=True)
class Trouble:
    """The kind of trouble, and at which call, from 0."""

    kind: str
    call: int

    def __str__(self) -> str:
        return f"{self.kind} at call {self.call}"


def install(trouble: Trouble | None, count: Callable[[str], None]) -> None:
    """Let it happen in this process; `count` is told each call."""
    send, calls = HTTPAdapter.send, 0

    def troubled(self: HTTPAdapter, request: Any, *given: Any, **named: Any) -> Any:
        nonlocal calls
        number, calls = calls, calls + 1
        count(f"{request.method} {str(request.url).partition('?')[0]}")
        if trouble is None or number != trouble.call:
            return send(self, request, *given, **named)
        before = _before(trouble.kind, request)
        if before is not None:
            return before
        return _after(trouble.kind, request, send(self, request, *given, **named))

    HTTPAdapter.send = troubled  # type: ignore[method-assign]
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(float(seconds), LONGEST_PAUSE))


def _before(kind: str, request: Any) -> Any:
    """The answer to a call that never reaches the service; None where it does."""
    if kind == "kill before":
        os._exit(KILLED)
    if kind == "reset before":
        raise requests.ConnectionError("Connection reset by peer", request=request)
    if kind in STATUSES:
        body = json.dumps({"error": {"code": "Trouble", "message": "asked of the torture"}}).encode()
        return answer(request, int(kind), body, {"Retry-After": "0"} if kind == "429" else {})
    if kind in BODIES:
        return answer(request, 200, BODIES[kind], {"Content-Type": "text/html" if kind == "html" else ""})
    return None


def _after(kind: str, request: Any, given: Any) -> Any:
    """What is made of the answer to a call that was applied."""
    if kind == "kill after":
        given.content  # noqa: B018 - all of it has come
        os._exit(KILLED)
    if kind == "reset after":
        raise requests.ConnectionError("Connection aborted", request=request)
    if kind == "timeout":
        raise requests.ReadTimeout("Read timed out", request=request)
    whole = given.content
    return answer(request, given.status_code, whole[: len(whole) // 2], dict(given.headers))


def answer(request: Any, status: int, body: bytes, headers: dict[str, str]) -> requests.Response:
    """An answer that nobody sent."""
    kept = {
        name: value for name, value in headers.items() if name.lower() not in ("content-length", "transfer-encoding")
    }
    stated = {"Content-Type": "application/json", **{name: value for name, value in kept.items() if value}}
    made = requests.Response()
    made.status_code, made.url, made.request = status, request.url, request
    made.headers = requests.structures.CaseInsensitiveDict(stated)
    made.raw = urllib3.HTTPResponse(io.BytesIO(body), stated, status, preload_content=False)
    return made
