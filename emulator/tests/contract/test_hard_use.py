"""The emulator under use that nobody means: junk, bombs, paths that climb, a full disk, two processes, a kill."""

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.http.address import Address
from emulator_support.serving import Call, arm

ARM = "https://management.azure.com"
BLOBS = f"https://{defaults.STORAGE_ACCOUNT}.blob.core.windows.net/{defaults.CONTAINER}"
ENDPOINT = arm("onlineEndpoints/never-made")
DATA = "data/hard/versions/1"


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"properties":' * 50_000, b"\xff\xfe", b"nul", b"[]", b'"x"', b"9" * 5000],
    ids=["deep list", "deep object", "no text", "no JSON", "a list", "a text", "a long number"],
)
def test_a_body_that_is_no_object_is_a_400(body: bytes) -> None:
    request = Request("PUT", "management.azure.com", "/x", "/x", "", {}, body)
    with pytest.raises(ServiceError) as refused:
        request.json()
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "path",
    ["../../emulator.sqlite", "a/../../../emulator.json", "%2e%2e/%2e%2e/ca.pem", "..%2f..%2fca.pem", "/etc/passwd"],
)
def test_a_name_that_climbs_out_of_the_storage_finds_nothing(api: Call, emulator_address: Address, path: str) -> None:
    known = {one.name for one in Path(emulator_address.folder).iterdir()}
    for method, url in (("GET", arm(f"data/{path}")), ("GET", f"{BLOBS}/{path}"), ("PUT", f"{BLOBS}/{path}")):
        answer = api(method, url, {})
        assert answer.status != 500
        assert not any(word in answer.data for word in (b"SQLite", b"BEGIN CERTIFICATE", b"root:"))
    assert {one.name for one in Path(emulator_address.folder).iterdir()} == known


def send(address: Address, *pieces: bytes) -> bytes:
    """What comes back for bytes that are sent to the proxy as they are."""
    port = int(address.proxy_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        found = b""
        try:
            for piece in pieces:
                link.sendall(piece)
            link.shutdown(socket.SHUT_WR)
            while data := link.recv(65536):
                found += data
        except OSError:
            pass
        return found


@pytest.mark.parametrize(
    "pieces",
    [
        (b"\x00" * 4096,),
        (b"CONNECT",),
        (b"CONNECT x:443 HTTP/1.1\r\n" + b"x: " + b"y" * 2_000_000 + b"\r\n\r\n",),
        (b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"),
        (b"GET http://example.org/ HTTP/1.1\r\n\r\n",),
    ],
    ids=["zeroes", "half a line", "a giant header", "no TLS", "no CONNECT"],
)
def test_junk_ends_its_own_connection_alone(api: Call, emulator_address: Address, pieces: tuple[bytes, ...]) -> None:
    send(emulator_address, *pieces)
    assert api("GET", ENDPOINT).status == 404


def test_slow_clients_keep_nobody_waiting(api: Call, emulator_address: Address) -> None:
    port = int(emulator_address.proxy_url.rpartition(":")[2])
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    try:
        for link in slow:
            link.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n")
        assert api("GET", ENDPOINT).status == 404, "while all of them still wait"
    finally:
        for link in slow:
            link.close()


@pytest.mark.parametrize("body", ["html", "[]", "{}", "null"])
def test_a_proxy_may_answer_in_its_place(api: Call, emulator_address: Address, body: str) -> None:
    process.control(emulator_address, "POST", "/faults", {"rule": f"data.put_version: answers {body}"})
    answer = api("PUT", arm(DATA), {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a"}})
    assert answer.status == 200
    assert (b"<html" in answer.data) == (body == "html")
    assert api("GET", arm(DATA)).status == 404, "nothing was applied"
    process.control(emulator_address, "DELETE", "/faults")


def test_the_log_of_requests_holds_no_signature(api: Call, emulator_address: Address) -> None:
    api("GET", "https://emulator.blob.core.windows.net/c/b?sv=1&sig=CANARY%2F1&se=2&code=CANARY2")
    log = (Path(emulator_address.folder) / "requests.log").read_text()
    assert "CANARY" not in log
    assert "sv=1&sig=...&se=2&code=..." in log


def test_the_folder_is_its_users_own(emulator_address: Address) -> None:
    folder = Path(emulator_address.folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [one for one in folder.rglob("*") if one.is_file() and "hf-cache" not in one.parts]  # a client's own cache
    assert {one.name for one in files if one.stat().st_mode & 0o077} <= {"process.log"}  # whoever starts it writes that


def test_a_second_process_is_refused_its_folder(emulator_address: Address) -> None:
    command = [sys.executable, "-m", "azureml_emulator", emulator_address.folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == process.BUSY
    assert "another emulator serves" in done.stderr
    assert process.find(Path(emulator_address.folder)) == emulator_address


def test_whoever_has_the_folder_and_ends_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "process.log"
    with ThreadPoolExecutor(1) as pool, (tmp_path / "process.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        launched = pool.submit(process.launch, tmp_path)
        while not (log.exists() and "another emulator serves" in log.read_text()):
            assert not launched.done()
        fcntl.flock(held, fcntl.LOCK_UN)
        address = launched.result()
    assert process.find(tmp_path) == address
    process.stop(tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Address]:
    yield process.launch(tmp_path / "state")
    process.stop(tmp_path / "state")


def caller(address: Address) -> Callable[[str, str, Any], urllib3.BaseHTTPResponse]:
    """Calls of another emulator than the session's."""
    pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file, retries=False)
    form = {"grant_type": "client_credentials", "client_id": defaults.CLIENT_ID, "scope": f"{ARM}/.default"}
    form["client_secret"] = defaults.CLIENT_SECRET
    url = f"https://login.microsoftonline.com/{defaults.TENANT_ID}/oauth2/v2.0/token"
    token = pool.request("POST", url, fields=form, encode_multipart=False).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return lambda method, url, body: pool.request(method, url, json=body, headers=headers)


def test_what_was_acknowledged_is_there_after_a_kill(own: Address) -> None:
    stated = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a"}}
    kept, call = [], caller(own)
    for number in range(40):
        if call("PUT", arm(f"data/killed/versions/{number}"), stated).status < 300:
            kept.append(number)
        if number in (13, 29):
            os.kill(own.pid, signal.SIGKILL)
            os.waitpid(own.pid, 0)  # a busy machine lets it die later
            own = process.launch(Path(own.folder))
            call = caller(own)
    assert len(kept) == 40
    for number in kept:
        assert call("GET", arm(f"data/killed/versions/{number}"), None).status == 200


@pytest.mark.parametrize("words", [["--help"], [], ["folder", "port"], ["folder", "0", "0", "0"]], ids=" ".join)
def test_what_is_no_folder_and_ports_makes_no_folder(words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "azureml_emulator", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "FOLDER [PROXY_PORT [CONTROL_PORT]]" in done.stderr
    assert not [*tmp_path.iterdir()]


def test_who_has_stopped_one_may_copy_its_folder(tmp_path: Path) -> None:
    process.launch(tmp_path / "state")
    process.stop(tmp_path / "state")
    left = {path.name for path in (tmp_path / "state").iterdir()}
    assert "emulator.sqlite" in left
    assert left.isdisjoint(("emulator.json", "emulator.sqlite-wal", "emulator.sqlite-shm"))
