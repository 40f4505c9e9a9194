"""HTTP on a connection that the proxy accepted: what came before it was handed over is answered, or forgotten."""

import asyncio
import socket

from azureml_emulator.core.request import Request
from azureml_emulator.http.certificates import Authority
from azureml_emulator.http.connection import HttpAnswer
from azureml_emulator.http.listening import listen

ASKED = b"GET /early HTTP/1.1\r\nHost: example.org\r\n\r\n"


async def application(request: Request) -> HttpAnswer:
    return HttpAnswer(200, {}, request.path.encode())


def handed_over(*, lost: bool) -> tuple[bytes, int]:
    """What a client reads whose request came early, and how many connections the server has then."""

    async def run() -> tuple[bytes, int]:
        server, (ours, theirs) = await listen(application, 0, Authority()), socket.socketpair()
        theirs.setblocking(False)
        loop, protocol = asyncio.get_running_loop(), server.protocol()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
        for piece in (ASKED[:20], ASKED[20:]):
            protocol.get_buffer(-1)[: len(piece)] = piece
            protocol.buffer_updated(len(piece))
        if lost:
            protocol.connection_lost(None)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if lost:
            transport.abort()
        answer = await loop.sock_recv(theirs, 4096)
        count = len(server.connections)
        server.end()
        transport.abort()
        theirs.close()
        return answer, count

    return asyncio.run(run())


def test_a_request_that_comes_with_the_greeting_of_tls_is_answered() -> None:
    answer, connections = handed_over(lost=False)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"/early")
    assert connections == 1


def test_a_client_that_leaves_after_the_greeting_leaves_nothing_behind() -> None:
    assert handed_over(lost=True) == (b"", 0)
