"""HTTP/1.1 on one connection, whoever accepted it: requests are read by llhttp and answered in their order.

It must not know what is asked, and not how the connection came to be.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote

import httptools

from azureml_emulator.core.request import LARGE, FilePart, Request
from azureml_emulator.http.incoming_body import IncomingBody
from azureml_emulator.http.proxy import drop

METADATA = "x-ms-meta-"
MOST_HEADERS = 64 * 1024  # bytes of a request before its body
IDLE = 30.0  # seconds without a word after which a connection ends
WITHOUT_LENGTH = (204, 304)
_STATUS = {one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n" for one in HTTPStatus}


@dataclass(frozen=True)
class HttpAnswer:
    """What goes back. Of a `cut` one so many bytes of the body arrive before the connection ends; below 0 nothing."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FilePart = b""
    cut: int | None = None


Application = Callable[[Request], Awaitable[HttpAnswer]]


class HttpConnection(asyncio.BufferedProtocol):
    """A client's connection. `others` are all that are open, of which it is one while it lasts.

    What is read goes to `shared` first, which all connections of a loop may share; a large body whose length was stated
    is read to where it will stay, past the parser, which would copy it.
    """

    def __init__(self, application: Application, others: "set[HttpConnection]", shared: memoryview) -> None:
        self._application, self._others, self._shared = application, others, shared
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None  # none before `connection_made`
        self._early, self._gone = b"", False
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()  # the client reads what it is sent
        self._room.set()
        self._heard = 0.0  # when anything was said last, by the clock of the loop
        self._timer: asyncio.TimerHandle | None = None
        self._in_head, self._size, self._over = False, 0, False
        self._url, self._headers, self._body = b"", dict[str, str](), IncomingBody()

    # What the loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it over; the first request may have come with the end of the greeting of TLS, before this was told."""
        if self._gone:
            return
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._others.add(self)
        self._heard = self._loop.time()
        self._timer = self._loop.call_later(IDLE, self._look)
        if early := self._early:
            self._early = b""
            self._read(early)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where what comes next is put."""
        return self._body.place or self._shared

    def buffer_updated(self, nbytes: int) -> None:
        """Read what came, or keep what cannot be answered yet."""
        if self._transport is None:
            self._early += self._shared[:nbytes]
        elif self._body.place:
            self._take(nbytes)
        else:
            self._read(self._shared[:nbytes])

    def _take(self, size: int) -> None:
        """So many bytes came to their place. The parser knows nothing of them: the next request has a new one."""
        self._heard = self._loop.time()
        self._body.came(size)
        if not self._body.place and not self._over:
            self.on_message_complete()
            self._parser = httptools.HttpRequestParser(self)

    def _read(self, data: bytes | memoryview) -> None:
        if self._over:
            return
        self._heard = self._loop.time()
        began = self._in_head
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._over = True  # what follows is no HTTP; its request was taken
        except httptools.HttpParserError:
            if not self._over:  # after its last request nobody listens to a client
                self._end_with(HTTPStatus.BAD_REQUEST)
        self._size = self._size + len(data) if began and self._in_head else 0
        if self._size > MOST_HEADERS:
            self._end_with(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def pause_writing(self) -> None:
        """A client that does not read is neither answered nor heard."""
        assert self._transport
        self._room.clear()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        assert self._transport
        self._room.set()
        if self._task is None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; where it was lost before it was taken over, there is nothing to end."""
        self._gone = True
        self._others.discard(self)
        self._waiting.clear()
        self._room.set()
        if self._timer:
            self._timer.cancel()

    def end(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.close()

    # What the parser says

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._url, self._headers = True, b"", {}

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        spelled = name.decode("latin-1")
        low = spelled.lower()
        # Blob Storage gives the names of metadata back as they were spelled
        self._headers[spelled if low.startswith(METADATA) else low] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """All headers are there; a client may wait to be asked for the body."""
        self._in_head = False
        self._body = IncomingBody(self._headers.get("content-length", ""))
        if self._headers.get("expect", "").lower() == "100-continue" and self._task is None:
            assert self._transport
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._body.add(body)

    def on_message_complete(self) -> None:
        """It is whole."""
        assert self._transport
        if "host" not in self._headers and self._parser.get_http_version() == "1.1":
            self._end_with(HTTPStatus.BAD_REQUEST)
            return
        target, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            method=self._parser.get_method().decode("ascii"),
            host=self._headers.get("host", "").split(":")[0].lower(),
            path=unquote(target),
            raw_path=target,
            query_string=query,
            headers=self._headers,
            body=self._body.content(),
        )
        self._body = IncomingBody()
        self._over = self._parser.should_upgrade() or not self._parser.should_keep_alive()
        self._waiting.append((request, self._over))
        if self._task is None:
            self._task = self._loop.create_task(self._serve())
        else:
            self._transport.pause_reading()

    # What is said back

    async def _serve(self) -> None:
        """HttpAnswer what waits."""
        assert self._transport
        while self._waiting:
            request, last = self._waiting.popleft()
            try:
                answer = await self._application(request)
                with answer.body if isinstance(answer.body, FilePart) else nullcontext():
                    await self._send(answer, head_only=request.method == "HEAD", last=last or answer.cut is not None)
            except BaseException:
                self._transport.abort()
                raise
            await self._room.wait()
        self._task = None
        self._transport.resume_reading()

    async def _send(self, answer: HttpAnswer, *, head_only: bool, last: bool) -> None:
        """A large answer goes piece by piece, as the client takes it."""
        assert self._transport
        size = 0 if head_only else len(answer.body) if answer.cut is None else min(answer.cut, len(answer.body))
        self._begin(answer, size, last=last)
        for first in range(LARGE, size, LARGE):
            await self._room.wait()
            if self._transport.is_closing():
                return
            self._transport.write(_piece(answer, first, size))
            self._heard = self._loop.time()
        if last:
            self._transport.close()

    def _begin(self, answer: HttpAnswer, size: int, *, last: bool) -> None:
        """Its head, and the first piece of the `size` bytes of its body that are sent."""
        assert self._transport
        if self._transport.is_closing():
            return
        if size < 0:
            drop(self._transport)
            return
        try:
            head = _head(answer, last=last)
        except ValueError:
            self._end_with(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self._over = self._over or last
        self._transport.write(head + _piece(answer, 0, size))
        self._heard = self._loop.time()

    def _end_with(self, status: HTTPStatus) -> None:
        """Say what went wrong and hang up; what was asked before is not answered any more."""
        assert self._transport
        self._waiting.clear()
        said = status.phrase.encode()
        self._begin(HttpAnswer(status, {"content-type": "text/plain"}, said), len(said), last=True)
        self._transport.close()

    def _look(self) -> None:
        """End it if it was silent for long enough."""
        assert self._transport
        silent = 0.0 if self._task else self._loop.time() - self._heard
        if silent >= IDLE:
            self._transport.close()
        else:
            self._timer = self._loop.call_later(IDLE - silent, self._look)


def _piece(answer: HttpAnswer, first: int, size: int) -> bytes:
    """The piece of a body that begins there, where `size` bytes of it are sent."""
    last = min(first + LARGE, size)
    return answer.body.read(first, last) if isinstance(answer.body, FilePart) else answer.body[first:last]


def _head(answer: HttpAnswer, *, last: bool) -> bytes:
    """The answer before its body. Raises ValueError where a header would be two, or is not Latin-1."""
    lines = [f"{name}: {value}\r\n" for name, value in answer.headers.items()]
    if answer.status not in WITHOUT_LENGTH and "content-length" not in answer.headers:
        lines.append(f"content-length: {len(answer.body)}\r\n")
    if last:
        lines.append("connection: close\r\n")
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        raise ValueError("a header with a break")
    first = _STATUS.get(answer.status) or f"HTTP/1.1 {answer.status} \r\n"
    return f"{first}{text}\r\n".encode("latin-1")
