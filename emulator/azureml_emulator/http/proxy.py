"""The HTTP CONNECT proxy: whatever host a client wants to reach, it gets the emulator over TLS on the same connection.

It must never open a connection.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

HEAD_LIMIT = 64 * 1024
END = b"\r\n\r\n"
# urllib3 turns Nagle's algorithm on for proxies: the second packet of a request waits for the receipt of the first,
# which Linux delays by 40 ms unless asked not to, again after every read
QUICK_RECEIPT = getattr(socket, "TCP_QUICKACK", None)


class Secure(Protocol):
    """A server behind the proxy."""

    def context(self) -> ssl.SSLContext:
        """Its side of TLS."""

    def protocol(self) -> asyncio.BufferedProtocol:
        """What speaks HTTP on a connection; it may be given data before it is told of the connection."""


async def serve(port: int, server: Secure) -> asyncio.Server:
    """Listen on 127.0.0.1:`port` (0 = any free one) for clients of the server."""
    context = server.context()
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Tunnel(context, server.protocol), "127.0.0.1", port)


def drop(transport: asyncio.BaseTransport) -> None:
    """Reset a connection: the other end gets a reset and not an orderly end."""
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


class _Tunnel(asyncio.Protocol):
    """A connection until the end of its CONNECT."""

    def __init__(self, context: ssl.SSLContext, protocol: Callable[[], asyncio.BufferedProtocol]) -> None:
        self._context, self._protocol = context, protocol
        self._head = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        if END in self._head:
            self._answer(*self._head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[:2])
        elif len(self._head) > HEAD_LIMIT:
            self._transport.close()

    def _answer(self, method: str, target: str = "") -> None:
        if method == "CONNECT":
            self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._task = asyncio.get_running_loop().create_task(self._enter())
            return
        text = f"The emulator answers https only; {method} {target} was not sent anywhere.\n".encode()
        head = b"HTTP/1.1 501 Not Implemented\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(text)
        self._transport.write(head + text)
        self._transport.close()

    async def _enter(self) -> None:
        loop, protocol = asyncio.get_running_loop(), self._protocol()
        with suppress(OSError):  # a client that goes away, or does not trust the certificate
            secured = await loop.start_tls(self._transport, protocol, self._context, server_side=True)
            assert secured is not None
            if QUICK_RECEIPT:
                self._transport.set_protocol(_Quick(self._transport))
            protocol.connection_made(secured)


class _Quick(asyncio.BufferedProtocol):
    """What a connection's own protocol does, and a receipt at once for what was read."""

    def __init__(self, transport: asyncio.Transport) -> None:
        found = transport.get_protocol()
        assert isinstance(found, asyncio.BufferedProtocol)
        self._inner: asyncio.BufferedProtocol = found
        self._socket = transport.get_extra_info("socket")

    def get_buffer(self, sizehint: int) -> Any:
        return self._inner.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        with suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_RECEIPT, 1)
        self._inner.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
