"""The connections of a sign-in, on a server that counts who came and what they brought."""

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
import requests
import trustme
from azure.core import PipelineClient
from azure.core.credentials import AccessToken
from azure.core.rest import HttpRequest

from mlops.azure import connections


class SignIn:
    """A credential; nobody asks it for a token here."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(scopes[0], 0)


class Server(ThreadingHTTPServer):
    """Answers everything, with a cookie."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.greeted, self.asked, self.brought = 0, list[str](), list[dict[str, str]]()
        self.bodies = list[bytes]()
        self.together = Barrier(1)  # so many wait for each other before they are answered
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.greeted += 1

    def do_GET(self) -> None:
        self.server.together.wait(timeout=30)
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.asked.append(self.path)
        self.server.brought.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Set-Cookie", "instance=1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = do_DELETE = do_PATCH = do_GET  # noqa: N815 - names of the base class

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(sign_in: SignIn, url: str, **headers: str) -> None:
    with PipelineClient[Any, Any](url, policies=[], transport=connections.of(sign_in)) as client:
        client.send_request(HttpRequest("GET", url, headers=headers)).raise_for_status()


def test_clients_of_one_sign_in_share_a_connection_that_outlives_them(server: Server) -> None:
    one, other = SignIn(), SignIn()
    for _ in range(3):
        ask(one, server.url)
    assert server.greeted == 1
    ask(other, server.url)
    assert server.greeted == 2


def test_no_cookie_is_kept_and_no_netrc_takes_the_place_of_a_token(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    sign_in = SignIn()
    for _ in range(2):
        ask(sign_in, server.url, Authorization="Bearer ours")
    assert [one["authorization"] for one in server.brought] == ["Bearer ours", "Bearer ours"]
    assert not any("cookie" in one for one in server.brought)


def test_the_proxy_of_a_host_is_looked_up_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in = SignIn()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("http_proxy", server.url)
    ask(sign_in, "http://service.test/first")
    monkeypatch.delenv("http_proxy")
    ask(sign_in, "http://service.test/second")
    ask(sign_in, f"{server.url}/direct")
    assert server.asked == ["http://service.test/first", "http://service.test/second", "/direct"]


def test_what_a_call_says_itself_goes_before_the_environment() -> None:
    session = connections.Connections()
    stated = {"https": "http://127.0.0.1:9"}
    found = session.merge_environment_settings("https://service.test/", stated, True, "ours.pem", None)
    assert (found["proxies"], found["verify"], found["stream"]) == (stated, "ours.pem", True)


@pytest.mark.parametrize(
    ("method", "path", "data", "whole"),
    [
        ("GET", "/a/b.c?api-version=2024-10-01&$top=5", None, True),
        ("get", "/", None, True),
        ("POST", "/", None, True),
        ("DELETE", "/", "", True),
        ("PUT", "/", b"\x00\xff", True),
        ("PATCH", "/", '{"name": "Zo\u00eb"}', True),
        ("GET", "/a/../b", None, False),
        ("GET", "/a b/\u00e9?q=it's%20%7Eso#part", None, False),
        ("GET", "?q=1", None, False),
        ("POST", "/", {"grant_type": "client_credentials"}, False),
    ],
)
def test_what_is_whole_goes_out_as_requests_would_send_it_without_its_preparation(
    server: Server, monkeypatch: pytest.MonkeyPatch, method: str, path: str, data: Any, whole: bool
) -> None:
    prepared: list[str] = []
    prepare = requests.Session.prepare_request

    def counted(session: requests.Session, request: requests.Request) -> requests.PreparedRequest:
        prepared.append(str(request.url))
        return prepare(session, request)

    monkeypatch.setattr(requests.Session, "prepare_request", counted)
    headers = {"content-type": "application/json", "accept": "text/plain", "x-ms-client-request-id": "7"}
    session = connections.Connections()
    how: dict[str, Any] = {"headers": headers, "data": data, "allow_redirects": False, "verify": True}
    ours = session.request(method, f"{server.url}{path}", **how)
    assert len(prepared) == (0 if whole else 1)
    theirs = requests.Session.request(session, method, f"{server.url}{path}", **how)
    assert (ours.status_code, ours.headers["Set-Cookie"], ours.content) == (200, "instance=1", b"")
    assert ours.request.method == theirs.request.method
    for kept in (server.asked, server.brought, server.bodies):
        assert kept[0] == kept[1]
    session.close()


def test_a_name_and_password_in_an_address_are_left_to_requests(server: Server) -> None:
    session = connections.Connections()
    session.request("GET", server.url.replace("//", "//ada:secret@"), allow_redirects=False, verify=True)
    assert server.brought[0]["authorization"].startswith("Basic ")
    session.close()


@pytest.fixture
def secure(server: Server, tmp_path: Path) -> Server:
    """The server over TLS; `authority.pem` is whom to trust."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    server.socket, server.scheme = context.wrap_socket(server.socket, server_side=True), "https"
    return server


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of authorities that the environment names."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return tmp_path / "authority.pem"


@pytest.mark.parametrize("in_folder", [False, True])
def test_authorities_are_read_once_for_all_connections(
    secure: Server, authority: Path, monkeypatch: pytest.MonkeyPatch, in_folder: bool
) -> None:
    """To read those of certifi is most of what a new connection costs."""
    read: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, *named: Any) -> None:
        read.append(named)
        time.sleep(0.05)  # the others come meanwhile
        load(context, str(authority))  # a folder would need OpenSSL's names of files

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    if in_folder:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.parent))
    secure.together = Barrier(4)
    session = connections.Connections()

    def get(number: int) -> int:
        return session.request("GET", f"{secure.url}/{number}", allow_redirects=False, verify=True).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(get, range(4))) == [200] * 4
    assert secure.greeted == 4
    assert read == [(None, str(authority.parent)) if in_folder else (str(authority), None)]
    session.close()
    secure.together = Barrier(1)
    assert get(5) == 200
    assert secure.greeted == 5
    session.close()


def test_a_host_that_no_authority_vouches_for_is_refused_each_time(secure: Server, authority: Path) -> None:
    trustme.CA().cert_pem.write_to_path(authority)
    session = connections.Connections()
    for _ in range(2):
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            session.request("GET", secure.url + "/", allow_redirects=False, verify=True)
    session.close()


def test_a_host_by_another_name_than_its_certificate_is_refused(secure: Server, authority: Path) -> None:
    session = connections.Connections()
    with pytest.raises(requests.exceptions.SSLError, match="Hostname mismatch"):
        session.request("GET", f"https://localhost:{secure.server_port}/", allow_redirects=False, verify=True)
    session.close()


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_authorities_that_cannot_be_read_are_a_failure_of_requests(secure: Server, authority: Path, text: str) -> None:
    authority.write_text(text, encoding="utf-8")
    session = connections.Connections()
    with pytest.raises(requests.exceptions.SSLError):
        session.request("GET", secure.url + "/", allow_redirects=False, verify=True)
    session.close()


def test_what_a_call_does_not_want_verified_is_not(secure: Server, authority: Path) -> None:
    trustme.CA().cert_pem.write_to_path(authority)
    session = connections.Connections()
    with pytest.warns(match="Unverified HTTPS request"):
        assert session.request("GET", secure.url + "/", allow_redirects=False, verify=False).status_code == 200
    session.close()
