"""Connections that stay open between two calls of urllib, which greets a host anew for each.

A greeting is two or three round trips, and reads all authorities that the machine trusts. It must not send a change
twice: who calls knows what may be done again.
"""

import http.client
import ssl
import threading
import urllib.request
from functools import cached_property, partial
from io import BytesIO
from typing import Any
from urllib.response import addinfourl
from weakref import finalize

from mlops import clock

LONGEST_SILENCE = 20.0  # seconds, after which what stands between may have forgotten a connection without a word
SMALL = 1 << 20  # bytes of an answer that are read at once, after which its connection is free
# The host that is called, the one behind it, and what the first is told.
Place = tuple[str, str | None, tuple[tuple[str, str], ...]]
Opened = tuple[http.client.HTTPSConnection, float]  # and when it was last heard


class KeptConnections(urllib.request.AbstractHTTPHandler):
    """For an opener of urllib, before its own handler of https; threads may share it."""

    handler_order = 400

    def __init__(self) -> None:
        super().__init__()
        self._idle: dict[Place, list[Opened]] = {}
        self._lock = threading.Lock()
        finalize(self, _hang_up, self._idle)

    def https_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Complete its headers, as urllib does."""
        return self.do_request_(request)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Answer a request."""
        made: Any = partial(KeptConnection, self)
        return self.do_open(made, req)

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """The authorities of this machine, read once."""
        made = ssl.create_default_context()
        made.set_alpn_protocols(["http/1.1"])
        return made

    def take(self, place: Place) -> http.client.HTTPSConnection | None:
        """One that is open and was heard lately, if there is one."""
        with self._lock:
            idle = self._idle.get(place, [])
            while idle:
                found, heard = idle.pop()
                if clock.monotonic() - heard < LONGEST_SILENCE and _is_open(found):
                    return found
                found.close()
        return None

    def give(self, place: Place, connection: http.client.HTTPSConnection) -> None:
        """Its answer was read to the end."""
        with self._lock:
            self._idle.setdefault(place, []).append((connection, clock.monotonic()))


def _hang_up(idle: dict[Place, list[Opened]]) -> None:
    for connection, _ in (one for some in idle.values() for one in some):
        connection.close()


def _is_open(connection: http.client.HTTPSConnection) -> bool:
    """Whether nothing is to be read: no end, and nothing that nobody asked for."""
    connection.sock.settimeout(0)
    try:
        connection.sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    finally:
        connection.sock.settimeout(connection.timeout)
    return False


class KeptConnection:
    """What urllib takes for a new connection. A POST gets one: nobody would know whether a lost one was heard."""

    sock: Any = None  # urllib would close it

    def __init__(self, kept: KeptConnections, host: str, *, timeout: float) -> None:
        self._kept, self._host, self._timeout = kept, host, timeout
        self._behind: str | None = None
        self._told: dict[str, str] = {}
        self._connection: http.client.HTTPSConnection | None = None

    @property
    def _place(self) -> Place:
        return self._host, self._behind, tuple(self._told.items())

    def set_debuglevel(self, level: int) -> None:
        """Nothing is printed."""

    def set_tunnel(self, host: str, headers: dict[str, str]) -> None:
        """Call a host through this one, which is a proxy."""
        self._behind, self._told = host, headers

    def request(self, method: str, path: str, body: bytes | None, headers: dict[str, str], **_: Any) -> None:
        """Send, over one that is open where that is safe."""
        self._asked = method, path, body, {name: value for name, value in headers.items() if name != "Connection"}
        found = self._kept.take(self._place) if method != "POST" else None
        self._may_renew = found is not None and method == "GET"
        self._connection = found or self._new()
        try:
            self._connection.request(*self._asked)
        except ConnectionError:
            if not self._may_renew:
                raise
            self._renew()

    def _renew(self) -> None:
        """Ask anew: the host hung up as the question came to it."""
        self.close()
        self._may_renew, self._connection = False, self._new()
        self._connection.request(*self._asked)

    def _new(self) -> http.client.HTTPSConnection:
        made = http.client.HTTPSConnection(self._host, timeout=self._timeout, context=self._kept.trust)
        if self._behind:
            made.set_tunnel(self._behind, headers=self._told)
        return made

    def getresponse(self) -> Any:
        """The answer, whole where it is small; its connection is kept then."""
        answer = self._answer()
        connection = self._connection
        assert connection
        if answer.will_close or (answer.length is not None and answer.length > SMALL):
            if connection.sock:  # the answer has the socket, and ends it when it was read
                connection.sock.close()
                connection.sock = None
            return answer
        whole = answer.read()
        self._kept.give(self._place, connection)
        found: Any = addinfourl(BytesIO(whole), answer.headers, "", answer.status)
        found.reason = answer.reason
        return found

    def _answer(self) -> http.client.HTTPResponse:
        assert self._connection
        try:
            return self._connection.getresponse()
        except ConnectionError:
            if not self._may_renew:
                raise
            self._renew()
            return self._connection.getresponse()

    def close(self) -> None:
        """Hang up."""
        if self._connection:
            self._connection.close()
