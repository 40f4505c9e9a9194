"""Throughput, latency and memory of the emulator: `python benchmarks/emulator.py [--resources 10000]`.

Each figure is of raw HTTPS calls through the emulator's proxy, from threads of this process, which shares the machine's
cores with the emulator: compare the figures of one run with each other.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from azureml_emulator import process
from azureml_emulator.http.address import Address

CLIENTS = (1, 8, 50)
API = "api-version=2024-10-01"
Call = Callable[[int], tuple[str, str, dict[str, Any] | None]]


def main() -> None:
    """Start an emulator, measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--resources", type=int, default=10_000, help="how many resources the store is filled with")
    options.add_argument("--calls", type=int, default=1_000, help="calls of each row")
    options.add_argument("--endpoints", type=int, default=1_000, help="how many endpoints are listed")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        address = process.launch(Path(folder))
        started = time.perf_counter() - begun
        try:
            measure(address, chosen, started)
            process.stop(Path(folder))
            begun = time.perf_counter()
            address = process.launch(Path(folder))
            print(f"\nStart on that state: {time.perf_counter() - begun:.2f} s.")
        finally:
            process.stop(Path(folder))


def measure(address: Address, chosen: argparse.Namespace, started: float) -> None:
    """Every table, on one emulator."""
    service = Service(address)
    print(f"Start from empty: {started:.2f} s, {resident(address):.0f} MB.\n")
    print("| call | clients | calls/s | median ms | 95 % ms | not as expected |\n|---|---|---|---|---|---|")
    data = f"{service.workspace}/data/bench/versions"
    body = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a.jsonl"}}
    calls: dict[str, Call] = {
        "get the workspace": lambda _: ("GET", f"{service.workspace}?{API}", None),
        "put a new version": lambda number: ("PUT", f"{data}/{number}?{API}", body),
        "get a version": lambda number: ("GET", f"{data}/{number % chosen.calls}?{API}", None),
    }
    base = 0
    for name, call in calls.items():
        for clients in CLIENTS:
            service.row(name, clients, chosen.calls, call, base if "put" in name else 0)
            base += chosen.calls if "put" in name else 0
    for number in range(base, chosen.resources):
        service.call(*calls["put a new version"](number))
    name = f"get a version among {max(base, chosen.resources):,}"
    for clients in CLIENTS:
        service.row(name, clients, chosen.calls, calls["get a version"], 0)
    seconds, found = service.pages(f"{data}?{API}")
    print(f"\nAll {found:,} versions in pages: {seconds:.2f} s. The emulator holds {resident(address):.0f} MB.")
    for number in range(chosen.endpoints):
        endpoint = {"location": "eastus", "properties": {"authMode": "Key"}}
        service.call("PUT", f"{service.workspace}/onlineEndpoints/bench-{number}?{API}", endpoint)
    seconds, found = service.pages(f"{service.workspace}/onlineEndpoints?{API}")
    print(f"All {found:,} endpoints in pages: {seconds:.2f} s. The emulator holds {resident(address):.0f} MB.")


class Service:
    """Calls of the emulated service with a token."""

    def __init__(self, address: Address) -> None:
        self._pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file, maxsize=max(CLIENTS))
        names = process.identity()
        self.workspace = (
            f"https://management.azure.com/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/"
            f"{names['AZURE_RESOURCE_GROUP']}/providers/Microsoft.MachineLearningServices/workspaces/"
            f"{names['AZURE_ML_WORKSPACE']}"
        )
        form = urlencode({
            "grant_type": "client_credentials", "client_id": names["AZURE_CLIENT_ID"],
            "client_secret": names["AZURE_CLIENT_SECRET"], "scope": "https://management.azure.com/.default",
        })  # fmt: skip
        url = f"https://login.microsoftonline.com/{names['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        token = self._pool.request("POST", url, body=form, headers=kind).json()["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, url: str, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        """One call."""
        return self._pool.request(method, url, json=body, headers=self._headers, retries=False)

    def row(self, name: str, clients: int, calls: int, call: Call, base: int) -> None:
        """So many calls by so many clients at once; prints a row."""
        spent: list[float] = []
        bad: list[int] = []
        numbers = iter(range(base, base + calls))
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                begun = time.perf_counter()
                status = self.call(*call(number)).status
                spent.append(time.perf_counter() - begun)
                if status not in (200, 201):
                    bad.append(status)

        threads = [threading.Thread(target=work) for _ in range(clients)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
        late = statistics.quantiles(spent, n=20)[-1]
        middle = statistics.median(spent)
        print(f"| {name} | {clients} | {calls / seconds:.0f} | {middle * 1e3:.1f} | {late * 1e3:.1f} | {len(bad)} |")

    def pages(self, url: str) -> tuple[float, int]:
        """All pages of a list: seconds, and how many items there were."""
        begun, found, after = time.perf_counter(), 0, url
        while after:
            page = self.call("GET", after).json()
            found, after = found + len(page["value"]), page.get("nextLink") or ""
        return time.perf_counter() - begun, found


def resident(address: Address) -> float:
    """Resident memory of the emulator's process in MB."""
    for line in Path(f"/proc/{address.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
