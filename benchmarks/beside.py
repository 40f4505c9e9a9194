"""The emulator beside moto's server and Azurite, on like requests in one run: `python benchmarks/beside.py`.

The client is one curl, which takes less of the machine than the servers; each row of one server is followed by that of
the other, and CPU is that of the server for a call, which says more than a rate where the machine has other things to
do. Times are those of calls on connections that are there.

Small resources: a version of a data asset here, a parameter of SSM there, each a PUT of a new one and a GET. The
emulator answers over TLS through its proxy, asks for tokens and roles and keeps what it has in SQLite; moto answers
over plain HTTP from memory and asks for nothing.

Blobs (`blobs.py`): of 8 MiB, put and read whole. The emulator and Azurite ask for signatures, compute the MD5 and write
files to the folder of temporary files; Azurite is asked over TLS, as the emulator is, and in the clear, which the
emulator does not answer. Figures are medians of rounds.

What is not in `--tools` is installed there by pip and npm; without npm Azurite is left out.
"""

import argparse
import base64
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blobs
import curl
from blobs import BlobServer
from clients import API, CLIENTS, RIGHT, Service
from curl import Reach

from azureml_emulator import process
from azureml_emulator.http.address import Address

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class SmallServer:
    """A server of small resources; what is put and read by its number is lines of curl's configuration."""

    name: str
    reach: Reach
    put: Callable[[int], list[str]]
    get: Callable[[int], list[str]]


def main() -> None:
    """Each after the other, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tools", type=Path, default=ROOT / "build" / "beside", help="where they are installed")
    options.add_argument("--calls", type=int, default=1_000, help="calls of each row")
    chosen = options.parse_args()
    moto, azurite = installed(chosen.tools)
    print("| call | of | clients | calls/s | median ms | 95 % ms | server CPU ms |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        address = process.launch(folder / "emulator")
        try:
            service = Service(address)
            with moto_server(moto) as (pid, url):
                small((of_the_emulator(service, address), of_moto(pid, url)), chosen.calls, folder)
            if azurite:
                ours = of_its_storage(service, address)
                with azurite_server(azurite, folder, secure=True) as tls, azurite_server(azurite, folder) as plain:
                    blobs.compare((ours, tls, plain), folder)
        finally:
            process.stop(folder / "emulator")


def small(servers: Sequence[SmallServer], calls: int, folder: Path) -> None:
    """Rows of small resources: new ones are put, and then all clients read the same."""
    for method in ("PUT", "GET"):
        for index, clients in enumerate(CLIENTS):
            first = index * calls if method == "PUT" else 0
            for server in servers:
                make = server.put if method == "PUT" else server.get
                done = curl.call(
                    server.reach, clients, (make(number) for number in range(first, first + calls)), folder
                )
                if [one.status for one in done.calls if one.status not in RIGHT] or len(done.calls) != calls:
                    raise SystemExit(f"{server.name}: {method}: {done.calls[:3]}")
                times = [one.seconds * 1e3 for one in done.calls]
                cells = f"{calls / done.seconds:.0f} | {statistics.median(times):.1f}"
                late, cpu = statistics.quantiles(times, n=20)[-1], done.cpu / calls * 1e3
                print(f"| {method} | {server.name} | {clients} | {cells} | {late:.1f} | {cpu:.2f} |", flush=True)


def of_the_emulator(service: Service, address: Address) -> SmallServer:
    """Versions of a data asset."""
    data, headers = f"{service.workspace}/data/bench/versions", [curl.header(*one) for one in service.headers.items()]
    body = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a.jsonl"}}

    def lines(number: int, *more: str) -> list[str]:
        return [f'url = "{data}/{number}?{API}"', *headers, *more]

    put = ('request = "PUT"', f"data = {json.dumps(json.dumps(body))}", curl.header("Content-Type", "application/json"))
    reach = Reach(address.pid, address.ca_file, address.proxy_url)
    return SmallServer("the emulator", reach, lambda number: lines(number, *put), lines)


def of_moto(pid: int, url: str) -> SmallServer:
    """Parameters of SSM."""
    scope = "Credential=any/20260101/us-east-1/ssm/aws4_request"
    signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=any"
    headers = [curl.header("Content-Type", "application/x-amz-json-1.1"), curl.header("Authorization", signed)]

    def lines(verb: str, body: dict[str, Any]) -> list[str]:
        target = curl.header("X-Amz-Target", f"AmazonSSM.{verb}")
        return [f'url = "{url}"', *headers, target, f"data = {json.dumps(json.dumps(body))}"]

    def put(number: int) -> list[str]:
        value = "https://example.org/a.jsonl"
        return lines("PutParameter", {"Name": f"/bench/{number}", "Value": value, "Type": "String"})

    return SmallServer("moto", Reach(pid), put, lambda number: lines("GetParameter", {"Name": f"/bench/{number}"}))


def of_its_storage(service: Service, address: Address) -> BlobServer:
    """The storage of the workspace."""
    store = f"{service.workspace}/datastores/workspaceblobstore"
    account = service.call("GET", f"{store}?{API}").json()["properties"]["accountName"]
    key = service.call("POST", f"{store}/listSecrets?{API}", {}).json()["key"]
    url = f"https://{account}.blob.core.windows.net"
    reach = Reach(address.pid, address.ca_file, address.proxy_url)
    return BlobServer("the emulator, TLS", reach, url, account, key)


def installed(tools: Path) -> tuple[Path, Path | None]:
    """Moto's server and Azurite; None where there is no npm."""
    moto, azurite = tools / "venv" / "bin" / "moto_server", tools / "npm" / "node_modules" / ".bin" / "azurite-blob"
    if not moto.exists():
        subprocess.run([sys.executable, "-m", "venv", tools / "venv"], check=True)
        pip = str(tools / "venv" / "bin" / "pip")
        subprocess.run([pip, "install", "--quiet", "moto[server]"], check=True, stdout=sys.stderr)
    if not azurite.exists():
        if not (npm := shutil.which("npm")):
            return moto, None
        quiet = ("--no-audit", "--no-fund", "--silent")
        subprocess.run([npm, "install", "--prefix", tools / "npm", *quiet, "azurite"], check=True, stdout=sys.stderr)
    return moto, azurite


@contextmanager
def moto_server(program: Path) -> Iterator[tuple[int, str]]:
    """Its process and address, while it runs."""
    port = free_port()
    with running([str(program), "-p", str(port)], port) as pid:
        yield pid, f"http://127.0.0.1:{port}"


@contextmanager
def azurite_server(program: Path, folder: Path, *, secure: bool = False) -> Iterator[BlobServer]:
    """Azurite with an account of its own, while it runs."""
    port, account, key = free_port(), "bench", base64.b64encode(secrets.token_bytes(32)).decode()
    own = folder / ("azurite-tls" if secure else "azurite")
    own.mkdir()
    words = ["--blobPort", str(port), "--location", str(own), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    name, url, authority = "Azurite, in the clear", f"http://127.0.0.1:{port}/{account}", ""
    if secure:
        name, url, authority = "Azurite, TLS", f"https://127.0.0.1:{port}/{account}", str(own / "ca.pem")
        words += certificate(own)
    with running([str(program), *words], port, AZURITE_ACCOUNTS=f"{account}:{key}") as pid:
        yield BlobServer(name, Reach(pid, authority), url, account, key)


def certificate(folder: Path) -> list[str]:
    """Options for one of this machine; who issued it is in `ca.pem`."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    return ["--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem")]


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[int]:
    """The process of a server, once it listens, until it is not needed any more."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, **environment}, **quiet) as server:  # type: ignore[call-overload]
        try:
            for _ in range(600):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            yield server.pid
        finally:
            server.terminate()


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
