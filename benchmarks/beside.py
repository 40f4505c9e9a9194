"""The emulator beside moto's server and Azurite, on like requests in one run: `python benchmarks/beside.py`.

Small resources: a version of a data asset here, a parameter of SSM there, each a PUT of a new one and a GET. Blobs: of
8 MiB, put and read whole. The emulator answers over TLS through its proxy, asks for tokens and roles and keeps what it
has in SQLite; moto answers over plain HTTP from memory and asks for nothing; Azurite over plain HTTP, from disk, with
signatures. All clients are threads of this process, which shares the machine. What is not in `--tools` is installed
there by pip and npm; without npm Azurite is left out.
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3
from clients import CLIENTS, load

from azureml_emulator import process
from emulator import API, Service

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20
BLOB, BLOBS, BLOB_CLIENTS = 8 * MIB, 24, 4
CONTAINER = "bench"
Call = Callable[[int], int]


def main() -> None:
    """Each after the other, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tools", type=Path, default=ROOT / "build" / "beside", help="where they are installed")
    options.add_argument("--calls", type=int, default=1_000, help="calls of each row")
    chosen = options.parse_args()
    moto, azurite = installed(chosen.tools)
    print("| call | of | clients | calls/s | median ms | 95 % ms | not as expected |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        address = process.launch(Path(folder))
        try:
            service = Service(address)
            small("the emulator", chosen.calls, *of_the_emulator(service))
            blobs = {"the emulator": transfers(*of_its_storage(service))}
        finally:
            process.stop(Path(folder))
    with moto_server(moto) as url:
        small("moto", chosen.calls, *of_moto(url))
    if azurite:
        with azurite_server(azurite) as (url, name, key):
            blobs["Azurite"] = transfers(urllib3.PoolManager(maxsize=BLOB_CLIENTS), url, name, key)
    print("\n| blobs of 8 MiB, 4 clients | PUT MiB/s | GET MiB/s |\n|---|---|---|")
    for name, (put, get) in blobs.items():
        print(f"| {name} | {put:.0f} | {get:.0f} |")


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


def of_its_storage(service: Service) -> tuple[urllib3.PoolManager, str, str, str]:
    """Connections, account, and its key."""
    store = f"{service.workspace}/datastores/workspaceblobstore"
    account = service.call("GET", f"{store}?{API}").json()["properties"]["accountName"]
    key = service.call("POST", f"{store}/listSecrets?{API}", {}).json()["key"]
    return service.pool, f"https://{account}.blob.core.windows.net", account, key


def transfers(pool: urllib3.PoolManager, url: str, account: str, key: str) -> tuple[float, float]:
    """MiB a second of blobs that are put and read."""
    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    until = datetime.now(UTC) + timedelta(hours=1)
    kinds, rights = (
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, write=True, create=True),
    )
    sas = generate_account_sas(account, key, kinds, rights, until)
    pool.request("PUT", f"{url}/{CONTAINER}?restype=container&{sas}", headers={"x-ms-version": "2021-12-02"})
    content = secrets.token_bytes(BLOB)
    headers = {"x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}

    def call(method: str, number: int, body: bytes | None = None) -> int:
        place = f"{url}/{CONTAINER}/{number}?{sas}"
        answer = pool.request(method, place, body=body, headers=headers, retries=False)
        whole = body is not None or len(answer.data) == BLOB
        return answer.status if whole else 0

    put = load(BLOB_CLIENTS, range(BLOBS), lambda number: call("PUT", number, content))
    get = load(BLOB_CLIENTS, range(BLOBS), lambda number: call("GET", number))
    if put.bad or get.bad:
        raise SystemExit(f"{url}: {put.bad} of {BLOBS} blobs were not put, {get.bad} not read")
    return put.rate * BLOB / MIB, get.rate * BLOB / MIB


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
def azurite_server(program: Path) -> Iterator[tuple[str, str, str]]:
    """Its address, account and key, while it runs."""
    port, name, key = free_port(), "bench", base64.b64encode(secrets.token_bytes(32)).decode()
    with tempfile.TemporaryDirectory() as folder:
        words = ["--blobPort", str(port), "--location", folder, "--silent", "--skipApiVersionCheck"]
        with running([str(program), *words], port, AZURITE_ACCOUNTS=f"{name}:{key}"):
            yield f"http://127.0.0.1:{port}/{name}", name, key


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """A server, once it listens, until it is not needed any more."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, **environment}, **quiet) as server:  # type: ignore[call-overload]
        try:
            for _ in range(600):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
