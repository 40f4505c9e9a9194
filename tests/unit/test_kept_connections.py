"""Calls of urllib over connections that stay open, to a server over TLS that counts its greetings."""

import gc
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
import trustme

from mlops import kept_connections
from mlops.kept_connections import KeptConnections


class Host(ThreadingHTTPServer):
    """Answers with as many bytes as the path says; `together` are answered at the same time."""

    daemon_threads = True
    greeted = 0
    together = Barrier(1)

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a client that goes."""


class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Host

    def setup(self) -> None:
        super().setup()
        self.server.greeted += 1

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.together.wait(timeout=30)
        kind, _, size = self.path[1:].partition("/")
        self.send_response(404 if kind == "missing" else 200)
        if kind == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", size)
        self.end_headers()
        if kind == "cut":
            self.wfile.write(b"x")
            self.close_connection = True
        elif kind == "chunked":
            self.wfile.write(f"{int(size):x}\r\n".encode() + b"x" * int(size) + b"\r\n0\r\n\r\n")
        else:
            self.wfile.write(b"x" * int(size))
        self.close_connection = self.close_connection or kind == "last"  # without a word before

    do_PUT = do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of the base class

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Host(("127.0.0.1", 0), Exchange) as made:
        made.socket = context.wrap_socket(made.socket, server_side=True)
        thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()
        gc.collect()  # what is open is hung up with the opener, and warns of nothing


@pytest.fixture
def opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(KeptConnections())


def ask(opener: urllib.request.OpenerDirector, host: Host, path: str, method: str = "GET") -> int:
    """How long the answer is."""
    data = b"{}" if method != "GET" else None
    url = f"https://127.0.0.1:{host.server_port}/{path}"
    with opener.open(urllib.request.Request(url, data, method=method), timeout=30) as answer:
        assert (answer.status, answer.url) == (200, url)
        return len(answer.read())


def test_calls_share_a_connection_but_what_may_be_sent_once_only(
    host: Host, opener: urllib.request.OpenerDirector
) -> None:
    methods = ("GET", "PUT", "PATCH", "DELETE", "GET")
    assert [ask(opener, host, "plain/7", method) for method in methods] == [7] * 5
    assert ask(opener, host, "chunked/9") == 9
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(opener, host, "missing/3")
    assert (refused.value.code, refused.value.reason, refused.value.read()) == (404, "Not Found", b"xxx")
    assert ask(opener, host, "plain/0") == 0
    assert host.greeted == 1
    ask(opener, host, "plain/7", "POST")
    assert host.greeted == 2


def test_what_the_host_has_ended_is_not_used_again(host: Host, opener: urllib.request.OpenerDirector) -> None:
    for number in range(1, 4):
        assert ask(opener, host, "last/5") == 5
        assert host.greeted == number


def test_what_was_silent_for_long_is_not_used_again(
    host: Host, opener: urllib.request.OpenerDirector, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(opener, host, "plain/5")
    monkeypatch.setattr(kept_connections, "LONGEST_SILENCE", 0.0)
    ask(opener, host, "plain/5")
    assert host.greeted == 2


@pytest.mark.parametrize("size", [kept_connections.SMALL, kept_connections.SMALL + 1])
def test_a_large_answer_is_read_by_who_wants_it(host: Host, opener: urllib.request.OpenerDirector, size: int) -> None:
    assert ask(opener, host, f"plain/{size}") == size
    assert ask(opener, host, "plain/1") == 1
    assert host.greeted == (1 if size == kept_connections.SMALL else 2)


def test_an_answer_that_is_cut_off_is_a_failure_and_its_connection_ends(
    host: Host, opener: urllib.request.OpenerDirector
) -> None:
    with pytest.raises(HTTPException):
        ask(opener, host, "cut/5")
    assert ask(opener, host, "plain/1") == 1
    assert host.greeted == 2


def test_threads_have_a_connection_each_and_keep_it(host: Host, opener: urllib.request.OpenerDirector) -> None:
    host.together = Barrier(4)
    for _ in range(2):
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: ask(opener, host, "plain/6"), range(4))) == [6] * 4
    assert host.greeted == 4


def test_a_host_that_nobody_vouches_for_is_refused(
    host: Host, opener: urllib.request.OpenerDirector, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "authority.pem")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(opener, host, "plain/1")
