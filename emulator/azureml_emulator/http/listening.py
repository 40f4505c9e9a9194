"""Serves an ASGI application on a loopback port, or with an authority over TLS on the connections of the proxy.

It must not know the application, and binds nothing but 127.0.0.1.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from azureml_emulator.http.certificates import Authority

METADATA = b"x-ms-meta-"
MOST_HEADERS = 64 * 1024  # bytes of a request before its body
LARGE = 64 * 1024  # bytes of an answer that are not worth a copy


@dataclass(frozen=True)
class Listening:
    """A server that runs on the current loop until `end`, when `task` ends; without a port the proxy accepts."""

    port: int
    task: asyncio.Task[None]
    server: uvicorn.Server
    authority: Authority | None

    def context(self) -> ssl.SSLContext:
        """Its side of TLS."""
        assert self.authority, "it answers in the clear"
        return self.authority.server_context()

    def protocol(self) -> asyncio.Protocol:
        """HTTP for a connection that somebody else accepted."""
        return MetadataCase(self.server.config, self.server.server_state, {})

    def end(self) -> None:
        """Ask it to stop at once."""
        self.server.should_exit = self.server.force_exit = True


class _Names(h11.Connection):
    """A connection that remembers how the names of the last request's headers were spelled."""

    spelled: Sequence[tuple[bytes, bytes]] = ()

    def next_event(self) -> Any:
        """The next piece of what was received."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.spelled = event.headers.raw_items()
        return event


class _Gathering(asyncio.Transport):
    """A transport that sends what was written in one turn of the loop at once.

    uvicorn writes the head of an answer and its body one by one: two TLS records and two packets, which the client
    reads one by one, too. The second is an eighth of what a small answer takes.
    """

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner
        self._held: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send it when this turn is over."""
        if len(data) > LARGE:
            self._flush()
            self._inner.write(data)
        elif data:
            if not self._held:
                asyncio.get_running_loop().call_soon(self._flush)
            self._held.append(bytes(data))

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._inner.write(b"".join(held))

    def close(self) -> None:
        """Send what is there, and end in order."""
        self._flush()
        self._inner.close()

    def abort(self) -> None:
        """End at once."""
        self._held.clear()
        self._inner.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._inner.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether it ends."""
        return self._inner.is_closing()

    def pause_reading(self) -> None:
        """Take nothing in for a while."""
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Take in again."""
        self._inner.resume_reading()


class MetadataCase(H11Protocol):
    """HTTP whose `x-ms-meta-*` headers keep their spelling, which Blob Storage gives back; uvicorn lowers all names."""

    transport: asyncio.Transport | None  # type: ignore[assignment] # none before `connection_made`

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._early, self._gone = b"", False
        self.conn = names = _Names(h11.SERVER, self.config.h11_max_incomplete_event_size or MOST_HEADERS)
        application = self.app

        async def with_names(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                pairs = zip(scope["headers"], names.spelled, strict=True)
                headers = [
                    (spelled if low.startswith(METADATA) else low, value) for (low, value), (spelled, _) in pairs
                ]
                scope = {**scope, "headers": headers}
            await application(scope, receive, send)

        self.app = with_names

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it over; the first request may have come with the end of the greeting of TLS, before this was told."""
        if self._gone:
            return
        super().connection_made(_Gathering(transport))
        if self._early:
            super().data_received(self._early)

    def data_received(self, data: bytes) -> None:
        """Read, or keep what cannot be answered yet."""
        if self.transport is None:
            self._early += data
        else:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; where it was lost before it was taken over, there is nothing to end."""
        if self.transport is None:
            self._gone = True
        else:
            super().connection_lost(exc)


def listen(application: Any, port: int, authority: Authority | None) -> Listening:
    """Begin to serve: at 127.0.0.1:`port`, 0 for any that is free, or with an authority whom the proxy lets in."""
    config = uvicorn.Config(
        application,
        http=MetadataCase,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_keep_alive=30,
        server_header=False,
        date_header=False,
    )
    config.load()
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listeners = [] if authority else [_bound(port)]
    # _serve and not serve: the latter takes over the process's signals, which belong to whoever runs us
    task = asyncio.create_task(server._serve(sockets=listeners))
    bound = int(listeners[0].getsockname()[1]) if listeners else 0
    return Listening(bound, task, server, authority)


def _bound(port: int) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # asyncio leaves Nagle's algorithm on for a listener made so, which costs 40 ms an answer; accepted ones inherit
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
