"""Blobs of 8 MiB, put and read whole from a server, by one curl for all: a client that is quicker than the servers."""

import os
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple

import urllib3

MIB = 1 << 20
BLOB, BLOBS, CLIENTS = 8 * MIB, 48, 4
ROUNDS = 5  # the first of them is not counted: it is where pages of memory and of the disk are taken first
CONTAINER = "bench"
VERSION = {"x-ms-version": "2021-12-02"}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class BlobServer:
    """A server of blobs: its one process, its account, and what curl needs to reach it."""

    name: str
    pid: int
    url: str
    account: str
    key: str
    authority: str = ""
    proxy: str = ""
    rounds: dict[str, list["Round"]] = field(default_factory=lambda: defaultdict(list))


class Round(NamedTuple):
    """MiB a second, and milliseconds of a processor that the server took for a blob."""

    rate: float
    cpu: float


def compare(servers: Sequence[BlobServer], folder: Path) -> None:
    """Each round of each after the other, so that all meet the same machine; prints a table."""
    content = folder / "content"
    content.write_bytes(token_bytes(BLOB))
    for server in servers:
        prepare(server)
    for _ in range(ROUNDS):
        for server in servers:
            for method in ("PUT", "GET"):
                server.rounds[method].append(transfer(server, method, content, folder))
    for server in servers:
        check(server, content)
    print(f"\n| blobs of 8 MiB, {CLIENTS} clients | PUT MiB/s | GET MiB/s | PUT server CPU ms | GET server CPU ms |")
    print("|---|---|---|---|---|")
    for server in servers:
        found = [median(server.rounds[method]) for method in ("PUT", "GET")]
        rates, costs = (" | ".join(f"{one[at]:{form}}" for one in found) for at, form in ((0, ".0f"), (1, ".1f")))
        print(f"| {server.name} | {rates} | {costs} |", flush=True)


def median(rounds: Sequence[Round]) -> Round:
    """The middle of those that count."""
    return Round(*(statistics.median(values) for values in zip(*rounds[1:], strict=True)))


def signature(server: BlobServer) -> str:
    """A SAS of the account."""
    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    kinds = ResourceTypes(container=True, object=True)
    rights = AccountSasPermissions(read=True, write=True, create=True)
    return generate_account_sas(server.account, server.key, kinds, rights, datetime.now(UTC) + timedelta(hours=1))


def prepare(server: BlobServer) -> None:
    """Its container."""
    url = f"{server.url}/{CONTAINER}?restype=container&{signature(server)}"
    answer = pool(server).request("PUT", url, headers=VERSION, retries=False)
    if answer.status not in (201, 409):
        raise SystemExit(f"{server.name}: {answer.status} {answer.data[:300]!r}")


def check(server: BlobServer, content: Path) -> None:
    """What it holds is what was put."""
    answer = pool(server).request("GET", f"{server.url}/{CONTAINER}/{BLOBS - 1}?{signature(server)}", headers=VERSION)
    if answer.data != content.read_bytes():
        raise SystemExit(f"{server.name}: a blob is not what was put")


def pool(server: BlobServer) -> urllib3.PoolManager:
    """Connections of this process."""
    authority = server.authority or None
    if server.proxy:
        return urllib3.ProxyManager(server.proxy, ca_certs=authority)
    return urllib3.PoolManager(ca_certs=authority)


def transfer(server: BlobServer, method: str, content: Path, folder: Path) -> Round:
    """All blobs once."""
    sas = signature(server)
    one = ['header = "Expect:"', *(f'header = "{name}: {text}"' for name, text in VERSION.items())]
    one += ['output = "/dev/null"', 'write-out = "%{http_code} %{size_upload} %{size_download}\\n"', "silent"]
    one += [f'cacert = "{server.authority}"'] if server.authority else []
    one += [f'proxy = "{server.proxy}"'] if server.proxy else []
    if method == "PUT":
        one += [f'upload-file = "{content}"', 'header = "x-ms-blob-type: BlockBlob"']
    asked = "\nnext\n".join(
        "\n".join([f'url = "{server.url}/{CONTAINER}/{number}?{sas}"', *one]) for number in range(BLOBS)
    )
    (folder / "curl").write_text(asked, encoding="utf-8")
    command = ["curl", "--parallel", "--parallel-max", str(CLIENTS), "--http1.1", "--config", str(folder / "curl")]
    spent, begun = seconds(server.pid), time.perf_counter()
    done = subprocess.run([*command, "--no-progress-meter"], capture_output=True, text=True, check=False)
    took, spent = time.perf_counter() - begun, seconds(server.pid) - spent
    expected = f"201 {BLOB} 0" if method == "PUT" else f"200 0 {BLOB}"
    if done.stdout.splitlines() != [expected] * BLOBS:
        raise SystemExit(f"{server.name}: {method}: {done.stdout[:300]} {done.stderr[:300]}")
    return Round(BLOBS * BLOB / MIB / took, spent / BLOBS * 1e3)


def seconds(pid: int) -> float:
    """Of a processor that a process took, of its own and of the system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
