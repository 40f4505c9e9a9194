"""A proxy on loopback that passes every call on to where it was going, and remembers it without secrets.

It must not change a call or an answer, but that it asks for answers that are not compressed. It is the one part of the
package that reaches the network, and only for the program that it was started for.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import urllib3

from azureml_emulator.core.request import Request
from azureml_emulator.http.connection import HttpAnswer
from azureml_emulator.recording.exchange import Exchange
from azureml_emulator.recording.sanitise import Sanitiser

HOP = frozenset({
    "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
TIMEOUT_SECONDS = 300.0


class Recorder:
    """An application that forwards. `exchanges` is what it saw, sanitised as it came."""

    def __init__(self, pool: urllib3.PoolManager, wanted: Callable[[str], bool]) -> None:
        self._pool = pool
        self._wanted = wanted
        self._sanitiser = Sanitiser()
        self.exchanges: list[Exchange] = []
        self.unknown: set[str] = set()

    async def __call__(self, request: Request) -> HttpAnswer:
        """Pass one request on."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        host = headers.get("host", "").removesuffix(":443")
        url = f"https://{host}{request.raw_path}" + (f"?{request.query_string}" if request.query_string else "")
        passed = {name: value for name, value in headers.items() if name not in HOP} | {"accept-encoding": "identity"}
        body = bytes(request.body)
        try:
            answer = await asyncio.to_thread(self._pass_on, request.method, url, body, passed)
        except urllib3.exceptions.HTTPError as error:
            said = f"The recorder cannot reach {host}: {error}\n".encode()
            return HttpAnswer(502, {"content-type": "text/plain"}, said)
        self._remember(request.method, url, body, passed, answer)
        received = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in HOP}
        return HttpAnswer(answer.status, received, answer.data)

    def _pass_on(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method, url, body=body or None, headers=headers, retries=False, redirect=False, decode_content=False,
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip

    def _remember(
        self, method: str, url: str, body: bytes, headers: dict[str, str], answer: urllib3.BaseHTTPResponse
    ) -> None:
        host = url.split("/", 3)[2]
        if not self._wanted(host):
            self.unknown.add(host)
            return
        received = {name.lower(): value for name, value in answer.headers.items()}
        whole = Exchange(method, url, _json(body), headers, len(body), answer.status, received, _json(answer.data))
        self.exchanges.append(self._sanitiser.exchange(whole))


def _json(body: bytes) -> Any:
    if body[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
