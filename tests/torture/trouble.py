"""What happens at one call of a command: it is killed before or after it, or the answer is another.

It stands between the SDK and the network, in the process of the command. What it lets through goes to a plain port of
the emulator and not through its proxy and TLS, which took half of the time and have tests of their own.
"""

import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

KILLED = -signal.SIGKILL  # as the exit code of a process that another looks at
PAGE = b"<!DOCTYPE html><html><body>Sign in to go on</body></html>"
KILLS = ("kill before", "kill after")
STATUSES = ("401", "403", "404", "409", "412", "429", "500", "502", "503", "504")
BODIES = {"html": PAGE, "empty object": b"{}", "list": b"[]", "null": b"null", "text": b'"x"'}
JUMPS = {"clock +1 d": timedelta(days=1), "clock -1 d": timedelta(days=-1)}  # of this machine, not of the service
MEANWHILE = "meanwhile"  # it waits, and somebody else does something
PAUSED, GO = "paused", "go"  # files beside the project's folder
LASTING = "503 for 5 min"  # to the same call, however often it is tried again
LASTS = 300.0
FAULTS = (*JUMPS, LASTING, *STATUSES, "reset before", "reset after", "timeout", "truncated", *BODIES)
PRODUCT = str(Path(__file__).parents[2] / "mlops") + "/"
PLUMBING = {
    f"azure/{name}.py"
    for name in ("answers", "connections", "rate_limit", "service_time", "trace", "workspace", "failures")
}
LONGEST_PAUSE = 0.02  # seconds: what waits must not make the whole take days
SHORT_PAUSE = 0.001  # where nothing will come of it


@dataclass(frozen=True)
class Trouble:
    """The kind of trouble, and at which call, from 0."""

    kind: str
    call: int

    def __str__(self) -> str:
        return f"{self.kind} at call {self.call}"


def install(trouble: Trouble | None, count: Callable[[str], None], port: int) -> None:
    """Let it happen in this process, whose calls go to the emulator's plain `port`; `count` is told each call."""
    from mlops import clock

    send, calls, met, until = _plainly(HTTPAdapter.send, port), 0, "", 0.0

    def troubled(self: HTTPAdapter, request: Any, *given: Any, **named: Any) -> Any:
        nonlocal calls, met, until
        number, calls = calls, calls + 1
        asked = f"{request.method} {str(request.url).partition('?')[0]}"
        count(f"{asked} {_site()}")
        if trouble is not None and number == trouble.call:
            met, until = asked, clock.monotonic() + LASTS
        lasts = trouble is not None and trouble.kind == LASTING and asked == met and clock.monotonic() < until
        if trouble is None or not (number == trouble.call or lasts):
            return send(self, request, *given, **named)
        before = _before(trouble.kind, request)
        if before is not None:
            return before
        return _after(trouble.kind, request, send(self, request, *given, **named))

    HTTPAdapter.send = troubled  # type: ignore[method-assign]
    _quicken(SHORT_PAUSE if trouble and trouble.kind == LASTING else LONGEST_PAUSE)


def _plainly(send: Callable[..., Any], port: int) -> Callable[..., Any]:
    """Send without encryption to a port of this machine; the answer does not show it."""
    requests.sessions.get_environ_proxies = lambda *_, **__: {}  # type: ignore[attr-defined]  # takes a fifth of a call

    def forwarded(self: HTTPAdapter, request: Any, *given: Any, **named: Any) -> Any:
        parts = urlsplit(request.url)
        there = request.copy()
        there.headers["Host"] = parts.netloc
        there.url = f"http://127.0.0.1:{port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        answered = send(self, there, *given, **{**named, "proxies": {}})
        answered.url, answered.request = request.url, request
        return answered

    return forwarded


def _site() -> str:
    """Where in the product the call is made: the innermost of its frames that is no plumbing."""
    frame: FrameType | None = sys._getframe(2)
    while frame:
        file = frame.f_code.co_filename
        if file.startswith(PRODUCT) and file.removeprefix(PRODUCT) not in PLUMBING:
            return f"{file.removeprefix(PRODUCT)}:{frame.f_lineno}"
        frame = frame.f_back
    return "elsewhere"


def _quicken(longest: float) -> None:
    """Let what waits wait for a moment, and the product's clock go on as if it had waited for all of it."""
    from mlops import clock

    sleep, monotonic, now, skipped = time.sleep, clock.monotonic, clock.now, [0.0]

    def pause(seconds: float) -> None:
        sleep(min(float(seconds), longest))
        skipped[0] += max(0.0, float(seconds) - longest)

    time.sleep = pause  # type: ignore[assignment]
    clock.monotonic = lambda: monotonic() + skipped[0]
    clock.now = lambda: now() + timedelta(seconds=skipped[0])


def _jump(by: timedelta) -> None:
    """Set this machine's clock, as far as the product reads it."""
    from mlops import clock

    now = clock.now
    clock.now = lambda: now() + by


def _wait_for_others() -> None:
    place = Path.cwd().parent
    (place / PAUSED).touch()
    while not (place / GO).exists():
        threading.Event().wait(0.005)


def _before(kind: str, request: Any) -> Any:
    """The answer to a call that never reaches the service; None where it does."""
    if kind == "kill before":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind in JUMPS:
        _jump(JUMPS[kind])
    if kind == MEANWHILE:
        _wait_for_others()
    if kind == "reset before":
        raise requests.ConnectionError("Connection reset by peer", request=request)
    if kind in (*STATUSES, LASTING):
        body = json.dumps({"error": {"code": "Trouble", "message": "asked of the torture"}}).encode()
        return answer(request, int(kind[:3]), body, {"Retry-After": "0"} if kind == "429" else {})
    if kind in BODIES:
        return answer(request, 200, BODIES[kind], {"Content-Type": "text/html" if kind == "html" else ""})
    return None


def _after(kind: str, request: Any, given: Any) -> Any:
    """What is made of the answer to a call that was applied."""
    if kind == "kill after":
        given.content  # noqa: B018 - all of it has come
        os.kill(os.getpid(), signal.SIGKILL)
    if kind in (*JUMPS, MEANWHILE):
        return given
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
