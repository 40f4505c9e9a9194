"""A proxy on loopback that passes every call on to where it was going, and remembers it without secrets.

It must not change a call or an answer, but that it asks for answers that are not compressed. It is the one part of the
package that reaches the network, and only for the program that it was started for.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import urllib3

from azureml_emulator.recording.exchange import Exchange
from azureml_emulator.recording.sanitise import Sanitiser

HOP = frozenset({
    "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
TIMEOUT_SECONDS = 300.0


class Recorder:
    """An ASGI application that forwards. `exchanges` is what it saw, sanitised as it came."""

    def __init__(self, pool: urllib3.PoolManager, wanted: Callable[[str], bool]) -> None:
        self._pool = pool
        self._wanted = wanted
        self._sanitiser = Sanitiser()
        self.exchanges: list[Exchange] = []
        self.unknown: set[str] = set()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[..., Awaitable[None]],
    ) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        host = dict(headers).get("host", "").removesuffix(":443")
        query = scope.get("query_string", b"").decode("latin-1")
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
        url = f"https://{host}{raw}" + (f"?{query}" if query else "")
        passed = {name: value for name, value in headers if name not in HOP} | {"accept-encoding": "identity"}
        try:
            answer = await asyncio.to_thread(self._pass_on, scope["method"], url, bytes(body), passed)
        except urllib3.exceptions.HTTPError as error:
            await _answer(
                send, 502, {"content-type": "text/plain"}, f"The recorder cannot reach {host}: {error}\n".encode()
            )
            return
        self._remember(scope["method"], url, bytes(body), passed, answer)
        received = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in HOP}
        await _answer(send, answer.status, received, answer.data)

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


async def _answer(send: Callable[..., Awaitable[None]], status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _json(body: bytes) -> Any:
    if body[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
