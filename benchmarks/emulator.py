"""Throughput, latency and memory of the emulator: `python benchmarks/emulator.py [--resources 1000 100000]`.

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
from curl import seconds

from azureml_emulator import process
from azureml_emulator.http.address import Address

FEW = 4  # clients: each connection of TLS holds a quarter of a megabyte
PUT, GET = "put a new version", "get a version"
Call = Callable[[int], tuple[str, str, dict[str, Any] | None]]


def main() -> None:
    """Start an emulator, measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--resources", type=int, nargs="+", default=[1_000, 100_000], help="with how many in the store it is measured"
    )
    options.add_argument("--calls", type=int, default=1_000, help="calls of each row")
    options.add_argument("--endpoints", type=int, default=1_000, help="how many endpoints are listed")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        address = process.launch(Path(folder))
        try:
            took, spent = time.perf_counter() - begun, seconds(address.pid)
            print(f"Start from empty: {took:.2f} s, {spent:.2f} of them CPU, {resident(address):.0f} MB.\n")
            measure(Service(address), chosen)
        finally:
            process.stop(Path(folder))
    print("\n| resources | MB | calls/s | median ms | 95 % ms | not as expected | all in pages, s | next start, s |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        try:
            before = 0
            for size in sorted(chosen.resources):
                grow(Path(folder), range(before, size), chosen.calls)
                before = size
        finally:
            process.stop(Path(folder))


def measure(service: Service, chosen: argparse.Namespace) -> None:
    """Calls by more and more clients."""
    print("| call | clients | calls/s | median ms | 95 % ms | not as expected |\n|---|---|---|---|---|---|")
    calls = {"get the workspace": lambda _: ("GET", f"{service.workspace}?{API}", None), **of_versions(service)}
    base = 0
    for name, call in calls.items():
        for clients in CLIENTS:
            row(service, name, clients, chosen.calls, call, base if name == PUT else 0)
            base += chosen.calls if name == PUT else 0
    for number in range(chosen.endpoints):
        endpoint = {"location": "eastus", "properties": {"authMode": "Key"}}
        service.call("PUT", f"{service.workspace}/onlineEndpoints/bench-{number}?{API}", endpoint)
    listed, found = service.pages(f"{service.workspace}/onlineEndpoints?{API}")
    print(f"\nAll {found:,} endpoints in pages: {listed:.2f} s.")


def grow(folder: Path, numbers: range, calls: int) -> None:
    """Put these, too; prints what the emulator holds then, how quick it is, and how quickly it starts on that state."""
    address = process.launch(folder)
    service = Service(address)
    put, get = (of_versions(service)[name] for name in (PUT, GET))
    load(FEW, numbers, lambda number: service.call(*put(number)).status)
    held = resident(address)
    seen = load(FEW, range(min(calls, numbers.stop)), lambda number: service.call(*get(number)).status)
    listed, found = service.pages(f"{service.workspace}/data/bench/versions?{API}")
    process.stop(folder)
    begun = time.perf_counter()
    process.launch(folder)
    started = time.perf_counter() - begun
    print(f"| {found:,} | {held:.0f} | {seen.cells()} | {listed:.2f} | {started:.2f} |", flush=True)


def of_versions(service: Service) -> dict[str, Call]:
    """Calls on the versions of a data asset, by what they do."""
    data = f"{service.workspace}/data/bench/versions"
    body = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/a.jsonl"}}
    return {
        PUT: lambda number: ("PUT", f"{data}/{number}?{API}", body),
        GET: lambda number: ("GET", f"{data}/{number}?{API}", None),
    }


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
