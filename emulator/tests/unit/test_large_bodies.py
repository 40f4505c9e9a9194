"""Large bodies on one connection: they arrive whole in whatever pieces, and memory holds one of them, or a piece."""

import asyncio
import hashlib
import socket
import tracemalloc
from pathlib import Path

import pytest

from azureml_emulator.core.request import LARGE, FilePart, Request
from azureml_emulator.http.connection import Application, HttpAnswer, HttpConnection
from azureml_emulator.http.incoming_body import IncomingBody
from azureml_emulator.http.listening import listen

HOST = b"Host: example.org\r\n"
LAST = HOST + b"Connection: close\r\n"


def pattern(size: int) -> bytes:
    """Bytes of which each stands in one place only."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


async def digest(request: Request) -> HttpAnswer:
    """How long the body was, and which."""
    return HttpAnswer(200, {}, f"{len(request.body)} {hashlib.sha256(request.body).hexdigest()};".encode())


def said_to(application: Application, asked: bytes, piece: int) -> bytes:
    """All that comes back for what is sent in pieces of so many bytes."""

    async def run() -> bytes:
        server = await listen(application, 0, None)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for at in range(0, len(asked), piece):
            writer.write(asked[at : at + piece])
            await writer.drain()
        try:
            return await reader.read()
        finally:
            writer.close()
            server.end()

    return asyncio.run(run())


def put(body: bytes, headers: bytes = HOST) -> bytes:
    """A request with a body."""
    return b"PUT /x HTTP/1.1\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("piece", [7_777, LARGE, 10 * LARGE])
def test_large_and_small_bodies_after_each_other_arrive_whole(piece: int) -> None:
    bodies = [pattern(size) for size in (3 * LARGE + 5, 10, LARGE + 1, LARGE, 2 * LARGE)]
    asked = b"".join(put(body) for body in bodies) + b"GET / HTTP/1.1\r\n" + LAST + b"\r\n"
    said = said_to(digest, asked, piece)
    expected = [f"{len(body)} {hashlib.sha256(body).hexdigest()};".encode() for body in (*bodies, b"")]
    found = [said.find(one) for one in expected]
    assert -1 not in found
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("version", "headers", "status"),
    [(b"1.1", b"", b"400"), (b"1.0", b"", b"200"), (b"1.1", LAST, b"200")],
    ids=["no host", "an old client", "the last request"],
)
def test_after_a_large_body_its_head_still_says_whether_it_is_answered_and_the_last(
    version: bytes, headers: bytes, status: bytes
) -> None:
    asked = put(pattern(4 * LARGE), headers).replace(b"HTTP/1.1", b"HTTP/" + version, 1)
    said = said_to(digest, asked, LARGE)  # to the end of the connection
    assert said.startswith(b"HTTP/1.1 " + status)


def test_a_large_body_in_chunks_arrives_whole() -> None:
    body = pattern(3 * LARGE)
    chunks = b"".join(b"%x\r\n%s\r\n" % (LARGE, body[at : at + LARGE]) for at in range(0, len(body), LARGE))
    head = b"PUT /x HTTP/1.1\r\n" + LAST + b"Transfer-Encoding: chunked\r\n\r\n"
    said = said_to(digest, head + chunks + b"0\r\n\r\n", 100_000)
    assert hashlib.sha256(body).hexdigest().encode() in said


def test_no_room_is_made_for_more_than_a_client_may_send_at_once() -> None:
    body = IncomingBody("9" * 15)
    body.add(b"ab")
    assert (len(body.place), body.content()) == (0, b"ab")


def test_a_large_body_is_read_to_where_it_stays_and_to_nowhere_beyond() -> None:
    async def run() -> list[int]:
        connection = HttpConnection(digest, set(), memoryview(bytearray(LARGE)))
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: connection, sock=ours)
        room = [len(connection.get_buffer(-1))]
        for sent in (b"PUT /x HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (64 * LARGE), b"abc"):
            theirs.sendall(sent)
            while len(connection.get_buffer(-1)) == room[-1]:
                await asyncio.sleep(0)
            room.append(len(connection.get_buffer(-1)))
        transport.close()
        theirs.close()
        return room

    assert asyncio.run(run()) == [LARGE, 64 * LARGE, 64 * LARGE - 3]


def test_what_was_announced_and_never_came_is_no_body() -> None:
    body = IncomingBody(str(2 * LARGE))
    body.add(b"ab")
    assert body.content() == b""


@pytest.mark.parametrize(("cut", "size"), [(None, 3 * LARGE + 5), (2 * LARGE, 2 * LARGE), (0, 0), (-1, None)])
def test_a_part_of_a_file_is_sent_piece_by_piece_and_the_file_closed(
    tmp_path: Path, cut: int | None, size: int | None
) -> None:
    path, content = tmp_path / "file", pattern(3 * LARGE + 12)
    path.write_bytes(content)
    file = path.open("rb")

    async def application(_: Request) -> HttpAnswer:
        return HttpAnswer(200, {}, FilePart(file, 7, 3 * LARGE + 5), cut)

    if size is None:
        with pytest.raises(ConnectionResetError):
            said_to(application, b"GET / HTTP/1.1\r\n" + LAST + b"\r\n", LARGE)
    else:
        said = said_to(application, b"GET / HTTP/1.1\r\n" + LAST + b"\r\n", LARGE)
        assert b"content-length: %d\r\n" % (3 * LARGE + 5) in said
        assert said.partition(b"\r\n\r\n")[2] == content[7 : 7 + size]
    assert file.closed


def test_an_answer_to_head_closes_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(2 * LARGE))
    file = path.open("rb")

    async def application(_: Request) -> HttpAnswer:
        return HttpAnswer(200, {}, FilePart(file, 0, 2 * LARGE))

    said = said_to(application, b"HEAD / HTTP/1.1\r\n" + LAST + b"\r\n", LARGE)
    assert said.endswith(b"\r\n\r\n")
    assert file.closed


def test_a_file_that_ends_before_its_bytes_does_not_pass_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    with FilePart(path.open("rb"), 0, 100) as part, pytest.raises(OSError, match="ended before"):
        part.read(0, 100)


def test_memory_holds_a_piece_of_what_is_sent_and_once_what_is_read(tmp_path: Path) -> None:
    size = 64 * LARGE
    path = tmp_path / "file"
    with path.open("wb") as out:
        out.truncate(size)

    async def application(request: Request) -> HttpAnswer:
        whole = len(request.body) == size
        return HttpAnswer(200, {}, b"whole" if whole else FilePart(path.open("rb"), 0, size))

    async def run() -> tuple[int, int]:
        server = await listen(application, 0, None)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=LARGE)
        tracemalloc.start()
        writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        left = len(await reader.readuntil(b"\r\n\r\n")) and size
        while left > 0:
            left -= len(await reader.read(LARGE))
        sent = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        writer.write(b"PUT / HTTP/1.1\r\n" + LAST + b"Content-Length: %d\r\n\r\n" % size)
        piece = bytes(LARGE)
        for _ in range(size // LARGE):
            writer.write(piece)
            await writer.drain()
        assert (await reader.read()).endswith(b"whole")
        read = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        writer.close()
        server.end()
        return sent, read

    sent, read = asyncio.run(run())
    assert sent < size / 4
    assert read < size * 1.4
