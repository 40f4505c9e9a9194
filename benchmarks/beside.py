"""The emulator beside moto's server and Azurite, on like requests in one run: `python benchmarks/beside.py`.

Small resources: a version of a data asset here, a parameter of SSM there, each a PUT of a new one and a GET. The
emulator answers over TLS through its proxy, asks for tokens and roles and keeps what it has in SQLite; moto answers
over plain HTTP from memory and asks for nothing. Their clients are threads of this process, which shares the machine.

Blobs (`blobs.py`): of 8 MiB, put and read whole, by curl. The emulator and Azurite ask for signatures, compute the MD5
and write files to the folder of temporary files; Azurite is asked over TLS, as the emulator is, and in the clear, which
the emulator does not answer. Each round of one is followed by one of the others; figures are medians, and CPU is that
of the server for a blob, which says more than a rate where the machine has other things to do.

What is not in `--tools` is installed there by pip and npm; without npm, or curl, blobs are left out.
"""

import argparse
import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import blobs
import urllib3
from blobs import BlobServer
from clients import CLIENTS, load

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator import API, Service

ROOT = Path(__file__).resolve().parents[1]
Call = Callable[[int], int]


def main() -> None:
    """Each after the other, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tools", type=Path, default=ROOT / "build" / "beside", help="where they are installed")
    options.add_argument("--calls", type=int, default=1_000, help="calls of each row")
    chosen = options.parse_args()
    moto, azurite = installed(chosen.tools)
    print("| call | of | clients | calls/s | median ms | 95 % ms | not as expected |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        address = process.launch(folder / "emulator")
        try:
            service = Service(address)
            small("the emulator", chosen.calls, *of_the_emulator(service))
            with moto_server(moto) as url:
                small("moto", chosen.calls, *of_moto(url))
            if azurite and shutil.which("curl"):
                ours = of_its_storage(service, address)
                with azurite_server(azurite, folder, secure=True) as tls, azurite_server(azurite, folder) as plain:
                    blobs.compare((ours, tls, plain), folder)
        finally:
            process.stop(folder / "emulator")


def small(name: str, calls: int, put: Call, get: Call) -> None:
    """Rows of small resources."""
    for index, clients in enumerate(CLIENTS):
        print(f"| PUT | {name} | {clients} | {load(clients, range(index * calls, (index + 1) * calls), put).cells()} |")
    for clients in CLIENTS:
        print(f"| GET | {name} | {clients} | {load(clients, range(calls), get).cells()} |", flush=True)


def of_the_emulator(service: Service) -> tuple[Call, Call]:
    """Versions of a data asset."""
    data = f"{service.workspace}/data/bench/versions"
    body = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a.jsonl"}}

    def put(number: int) -> int:
        return service.call("PUT", f"{data}/{number}?{API}", body).status

    def get(number: int) -> int:
        return service.call("GET", f"{data}/{number}?{API}").status

    return put, get


def of_moto(url: str) -> tuple[Call, Call]:
    """Parameters of SSM."""
    pool = urllib3.PoolManager(maxsize=max(CLIENTS))
    scope = "Credential=any/20260101/us-east-1/ssm/aws4_request"
    signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=any"

    def call(verb: str, body: dict[str, Any]) -> int:
        target = {"X-Amz-Target": f"AmazonSSM.{verb}", "Content-Type": "application/x-amz-json-1.1"}
        headers = {**target, "Authorization": signed}
        return pool.request("POST", url, body=json.dumps(body), headers=headers, retries=False).status

    def put(number: int) -> int:
        value = "https://example.org/a.jsonl"
        return call("PutParameter", {"Name": f"/bench/{number}", "Value": value, "Type": "String"})

    return put, lambda number: call("GetParameter", {"Name": f"/bench/{number}"})


def of_its_storage(service: Service, address: Address) -> BlobServer:
    """The storage of the workspace."""
    store = f"{service.workspace}/datastores/workspaceblobstore"
    account = service.call("GET", f"{store}?{API}").json()["properties"]["accountName"]
    key = service.call("POST", f"{store}/listSecrets?{API}", {}).json()["key"]
    url = f"https://{account}.blob.core.windows.net"
    return BlobServer("the emulator, TLS", address.pid, url, account, key, address.ca_file, address.proxy_url)


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
def moto_server(program: Path) -> Iterator[str]:
    """Its address, while it runs."""
    port = free_port()
    with running([str(program), "-p", str(port)], port):
        yield f"http://127.0.0.1:{port}"


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
        yield BlobServer(name, pid, url, account, key, authority)


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
