"""Serves an application on a loopback port, or with an authority over TLS on the connections of the proxy.

It must not know the application, and binds nothing but 127.0.0.1.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

from azureml_emulator.core.request import LARGE
from azureml_emulator.http.certificates import Authority
from azureml_emulator.http.connection import Application, HttpConnection

WAITING = 512  # clients that were not yet let in


@dataclass
class Listening:
    """A server on the current loop until `end`; without a port the proxy accepts."""

    application: Application
    authority: Authority | None
    port: int = 0
    connections: set[HttpConnection] = field(default_factory=set)
    _shared: memoryview = field(default_factory=lambda: memoryview(bytearray(LARGE)))
    _server: asyncio.Server | None = None

    def context(self) -> ssl.SSLContext:
        """Its side of TLS."""
        assert self.authority, "it answers in the clear"
        return self.authority.server_context()

    def protocol(self) -> HttpConnection:
        """HTTP for a connection that somebody accepted."""
        return HttpConnection(self.application, self.connections, self._shared)

    async def bind(self, port: int) -> None:
        """Accept at 127.0.0.1:`port`, 0 for any that is free."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.protocol, "127.0.0.1", port, backlog=WAITING)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def end(self) -> None:
        """Let nobody in any more, and hang up."""
        if self._server:
            self._server.close()
        for connection in list(self.connections):
            connection.end()


async def listen(application: Application, port: int, authority: Authority | None) -> Listening:
    """Begin to serve: at 127.0.0.1:`port`, 0 for any that is free, or with an authority whom the proxy lets in."""
    listening = Listening(application, authority)
    if authority is None:
        await listening.bind(port)
    return listening
