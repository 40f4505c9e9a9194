"""Blobs of 8 MiB, put and read whole from servers in turns."""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple

import curl
import urllib3
from curl import Reach

MIB = 1 << 20
BLOB, BLOBS, CLIENTS = 8 * MIB, 48, 4
ROUNDS = 5  # the first of them is not counted: it is where pages of memory and of the disk are taken first
CONTAINER = "bench"
VERSION = {"x-ms-version": "2021-12-02"}
EXPECTED = {"PUT": (201, BLOB, 0), "GET": (200, 0, BLOB)}


class Round(NamedTuple):
    """MiB a second, and milliseconds of a processor that the server took for a blob."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class BlobServer:
    """A server of blobs, and an account of it."""

    name: str
    reach: Reach
    url: str
    account: str
    key: str
    rounds: dict[str, list[Round]] = field(default_factory=lambda: defaultdict(list))


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
    until = datetime.now(UTC) + timedelta(hours=1)
    return str(generate_account_sas(server.account, server.key, kinds, rights, until))


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
    authority = server.reach.authority or None
    if server.reach.proxy:
        return urllib3.ProxyManager(server.reach.proxy, ca_certs=authority)
    return urllib3.PoolManager(ca_certs=authority)


def transfer(server: BlobServer, method: str, content: Path, folder: Path) -> Round:
    """All blobs once."""
    lines = [curl.header(name, text) for name, text in VERSION.items()]
    if method == "PUT":
        lines += [f'upload-file = "{content}"', curl.header("x-ms-blob-type", "BlockBlob")]
    place, sas = f"{server.url}/{CONTAINER}", signature(server)
    done = curl.call(
        server.reach, CLIENTS, ([f'url = "{place}/{number}?{sas}"', *lines] for number in range(BLOBS)), folder
    )
    if [(one.status, one.sent, one.received) for one in done.calls] != [EXPECTED[method]] * BLOBS:
        raise SystemExit(f"{server.name}: {method}: {done.calls[:3]}")
    return Round(BLOBS * BLOB / MIB / done.seconds, done.cpu / BLOBS * 1e3)
