"""The connections of a sign-in, on a server that counts who came and what they brought."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.greeted += 1

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.brought.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Set-Cookie", "instance=1")
        self.send_header("Content-Length", "0")
        self.end_headers()

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
