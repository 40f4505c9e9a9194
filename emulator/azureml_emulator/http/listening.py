"""Serves an ASGI application on a loopback port, over TLS where an authority is given.

It must not know the application, and binds nothing but 127.0.0.1.
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

import uvicorn

from azureml_emulator.http.certificates import Authority


@dataclass(frozen=True)
class Listening:
    """A server that runs on the current loop until `end`, when `task` ends."""

    port: int
    task: asyncio.Task[None]
    server: uvicorn.Server

    def end(self) -> None:
        """Ask it to stop at once."""
        self.server.should_exit = self.server.force_exit = True


def listen(application: Any, port: int, authority: Authority | None) -> Listening:
    """Begin to serve at 127.0.0.1:`port`, 0 for any that is free."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # asyncio leaves Nagle's algorithm on for a listener made so, which costs 40 ms an answer; accepted ones inherit
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        application,
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
    if authority:
        config.ssl = authority.server_context()
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    # _serve and not serve: the latter takes over the process's signals, which belong to whoever runs us
    task = asyncio.create_task(server._serve(sockets=[listener]))
    return Listening(int(listener.getsockname()[1]), task, server)
