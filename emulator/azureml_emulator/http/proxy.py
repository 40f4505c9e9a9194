"""The HTTP CONNECT proxy: whatever host a client wants to reach, it gets the emulator's TLS server.

It must never open a connection to anything but that server on loopback.
"""

import asyncio
import socket
import struct
from contextlib import suppress

HEAD_LIMIT = 64 * 1024
# urllib3 turns Nagle's algorithm on for proxies: the second packet of a request waits for the receipt of the first,
# which Linux delays by 40 ms unless asked not to, again after every read
QUICK_RECEIPT = getattr(socket, "TCP_QUICKACK", None)


async def serve(port: int, tls_port: int) -> asyncio.Server:
    """Listen on 127.0.0.1:`port` (0 = any free one) and tunnel to 127.0.0.1:`tls_port`."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _tunnel(reader, writer, tls_port)
        writer.close()

    return await asyncio.start_server(accept, "127.0.0.1", port, limit=HEAD_LIMIT)


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls_port: int) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    if method != "CONNECT":
        text = f"The emulator answers https only; {method} {target} was not sent anywhere.\n".encode()
        writer.write(
            b"HTTP/1.1 501 Not Implemented\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(text), text)
        )
        await writer.drain()
        return
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", tls_port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()
    try:
        await asyncio.gather(_copy(reader, upstream_writer, writer), _copy(upstream_reader, writer))
    finally:
        upstream_writer.close()


def drop(transport: asyncio.BaseTransport) -> None:
    """Reset a connection: the other end gets a reset and not an orderly end."""
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, client: asyncio.StreamWriter | None = None
) -> None:
    try:
        while data := await source.read(256 * 1024):
            if client and QUICK_RECEIPT:
                client.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, QUICK_RECEIPT, 1)
            target.write(data)
            await target.drain()
    except OSError:
        if client is None:  # the server gave the connection up, as a fault asks it to: so does this end
            drop(target.transport)
            return
    with suppress(OSError, RuntimeError):
        target.write_eof()
