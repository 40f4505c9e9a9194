"""HTTP as a client sends it on one connection, in whatever pieces: what is answered, what ends the connection."""

import asyncio
import socket

import pytest

from azureml_emulator.core.request import Request
from azureml_emulator.http import connection
from azureml_emulator.http.connection import HttpAnswer
from azureml_emulator.http.listening import listen

HOST = b"Host: example.org\r\n"


async def echo(request: Request) -> HttpAnswer:
    """What was asked, as the body, in the way that the path says."""
    await asyncio.sleep(0.01 if request.path == "/slow" else 0)
    said = f"{request.method} {request.path} {request.query_string} {request.body.decode()}".encode()
    headers = {name: value for name, value in request.headers.items() if name.lower().startswith("x-")}
    if request.path == "/nothing":
        return HttpAnswer(204)
    if request.path == "/split":
        return HttpAnswer(200, {"x-one": "1\r\nx-two: 2"})
    return HttpAnswer(200, headers, said, cut=int(request.path[4:]) if request.path.startswith("/cut") else None)


def talk(*pieces: bytes, hang_up: bool = True) -> bytes:
    """All that comes back on one connection until the server ends it, or after the client said its last word."""

    async def run() -> bytes:
        server = await listen(echo, 0, None)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if hang_up:
            writer.write(b"GET /last HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        try:
            return await reader.read()
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()
            server.end()

    return asyncio.run(run())


def test_requests_that_come_at_once_are_answered_in_their_order() -> None:
    asked = b"".join(b"GET /%s?a=%%41 HTTP/1.1\r\n%s\r\n" % (path, HOST) for path in (b"slow", b"b%20b", b"c"))
    said = talk(asked)
    found = [said.index(body) for body in (b"GET /slow a=%41", b"GET /b b a=%41", b"GET /c a=%41", b"GET /last")]
    assert found == sorted(found)
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 4


def test_a_request_in_single_bytes_is_one_request() -> None:
    whole = b"PUT /x HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
    assert b"PUT /x  hello" in talk(*(bytes([byte]) for byte in whole))


def test_a_body_may_come_in_chunks_after_the_server_asked_for_it() -> None:
    head = b"PUT /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    said = talk(head, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    assert b"PUT /x  abcde" in said


def test_names_are_lower_case_but_for_those_of_metadata() -> None:
    said = talk(b"GET / HTTP/1.1\r\n" + HOST + b"X-Other: A\r\nx-ms-meta-camelCase: B\r\n\r\n")
    assert b"x-other: A\r\n" in said
    assert b"x-ms-meta-camelCase: B\r\n" in said


def test_an_answer_to_head_has_the_length_and_no_body() -> None:
    said = talk(b"HEAD /x HTTP/1.1\r\n" + HOST + b"\r\n")
    assert b"content-length: 9\r\n\r\nHTTP/1.1 200" in said


def test_an_answer_without_content_states_no_length() -> None:
    said = talk(b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n").partition(b"\r\n\r\n")[0]
    assert said == b"HTTP/1.1 204 No Content"


@pytest.mark.parametrize("head", [b"GET /x HTTP/1.0\r\n", b"GET /x HTTP/1.1\r\nConnection: close\r\n"])
def test_the_last_request_of_a_client_ends_the_connection(head: bytes) -> None:
    said = talk(head + HOST + b"\r\n" + b"GET /later HTTP/1.1\r\n" + HOST + b"\r\n", hang_up=False)
    assert b"connection: close\r\n" in said
    assert b"GET /x" in said
    assert b"/later" not in said


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"\x00" * 100, b"400"),
        (b"GET /x HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /x HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"PUT /x HTTP/1.1\r\n" + HOST + b"Content-Length: many\r\n\r\n", b"400"),
    ],
    ids=["junk", "no host", "two lengths", "no number"],
)
def test_what_is_no_http_is_refused_and_ends_the_connection(asked: bytes, status: bytes) -> None:
    said = talk(asked, hang_up=False)
    assert said.startswith(b"HTTP/1.1 " + status)
    assert said.count(b"HTTP/1.1") == 1


def test_headers_without_end_are_refused() -> None:
    endless = [b"GET /x HTTP/1.1\r\n" + HOST, *(b"x-%d: %s\r\n" % (number, b"y" * 50_000) for number in range(20))]
    assert talk(*endless, hang_up=False).startswith((b"HTTP/1.1 431", b"reset"))


def test_a_large_body_is_no_large_head() -> None:
    """Nor is what of the next head came with its end."""
    size = 3 * connection.MOST_HEADERS
    head = b"PUT /x HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size
    assert talk(head + b"z" * size + b"GET /n", b"ext HTTP/1.1\r\n" + HOST + b"\r\n").count(b"HTTP/1.1 200") == 3


def test_a_header_that_would_be_two_is_not_sent() -> None:
    said = talk(b"GET /split HTTP/1.1\r\n" + HOST + b"\r\n", hang_up=False)
    assert said.startswith(b"HTTP/1.1 500")
    assert b"x-two" not in said


def test_of_a_cut_answer_a_part_arrives() -> None:
    said = talk(b"GET /cut4 HTTP/1.1\r\n" + HOST + b"\r\n", hang_up=False)
    assert b"content-length: 11\r\n" in said
    assert said.endswith(b"\r\n\r\nGET ")
    assert talk(b"GET /cut-1 HTTP/1.1\r\n" + HOST + b"\r\n", hang_up=False) in (b"", b"reset")


def test_a_silent_connection_ends_and_a_busy_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "IDLE", 0.005)
    assert talk(hang_up=False) == b""
    assert b"GET /slow" in talk(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n", hang_up=False)


def test_a_client_that_does_not_read_is_not_answered_until_it_does() -> None:
    """Its requests wait, and so the emulator does not hold all their answers."""
    size, pieces, together = 500_000, 10, 8

    async def run() -> tuple[int, bytes]:
        answered = 0

        async def large(_: Request) -> HttpAnswer:
            nonlocal answered
            answered += 1
            return HttpAnswer(200, {}, b"x" * size)

        server = await listen(large, 0, None)
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setblocking(False)
            for _ in range(pieces):
                await loop.sock_sendall(client, together * (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"))
                await asyncio.sleep(0.002)
            unread = answered
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            said = bytearray()
            while data := await loop.sock_recv(client, size):
                said += data
        server.end()
        return unread, bytes(said)

    unread, said = asyncio.run(run())
    assert unread < pieces * together / 2
    assert said.count(b"HTTP/1.1 200 OK") == pieces * together + 1
