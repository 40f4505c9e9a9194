"""Throughput, latency and memory of the emulator: `python benchmarks/emulator.py [--resources 10000]`.

Each figure is of raw HTTPS calls through the emulator's proxy, from threads of this process, which shares the machine's
cores with the emulator: compare the figures of one run with each other.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clients import API, CLIENTS, Service, load

from azureml_emulator import process
from azureml_emulator.http.address import Address

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
            row(service, name, clients, chosen.calls, call, base if "put" in name else 0)
            base += chosen.calls if "put" in name else 0
    for number in range(base, chosen.resources):
        service.call(*calls["put a new version"](number))
    name = f"get a version among {max(base, chosen.resources):,}"
    for clients in CLIENTS:
        row(service, name, clients, chosen.calls, calls["get a version"], 0)
    seconds, found = service.pages(f"{data}?{API}")
    print(f"\nAll {found:,} versions in pages: {seconds:.2f} s. The emulator holds {resident(address):.0f} MB.")
    for number in range(chosen.endpoints):
        endpoint = {"location": "eastus", "properties": {"authMode": "Key"}}
        service.call("PUT", f"{service.workspace}/onlineEndpoints/bench-{number}?{API}", endpoint)
    seconds, found = service.pages(f"{service.workspace}/onlineEndpoints?{API}")
    print(f"All {found:,} endpoints in pages: {seconds:.2f} s. The emulator holds {resident(address):.0f} MB.")


def row(service: Service, name: str, clients: int, calls: int, call: Call, base: int) -> None:
    """So many calls by so many clients at once; prints a row."""
    done = load(clients, range(base, base + calls), lambda number: service.call(*call(number)).status)
    print(f"| {name} | {clients} | {done.cells()} |")


def resident(address: Address) -> float:
    """Resident memory of the emulator's process in MB."""
    for line in Path(f"/proc/{address.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
