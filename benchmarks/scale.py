"""Verbs in a workspace that grows: `python benchmarks/scale.py [--endpoints 1000 10000] [--jobs 1000 10000]`.

Each verb runs as users run it, against an emulator that holds so many endpoints of ours, or so many jobs of ours, with
a release for each twenty of them and another model for each hundred. The site is one that keeps nothing of earlier
releases yet. Calls are those that it logged, memory is the most that the process held, CPU is its own. The least that
it would take on Azure is computed on a simulated clock, so no machine counts: the calls in the order in which they
came, 0.2 s each, eight side by side as the product makes most, a page of a listing after the page before it, and the
reads of Resource Manager through the product's own token bucket.
"""

import argparse
import heapq
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import blobs
from beside import of_its_storage
from blobs import signature
from cleanup import fill
from clients import API, Service

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure.bulk import AT_ONCE
from mlops.azure.rate_limit import Budget
from mlops.azure.run_tree import ENDED
from mlops.cli.rehearse.calls import CallCounter, is_call
from mlops.params import load

ROOT = Path(__file__).resolve().parents[1]
PASSED = "2026-11-01T10:00:00+00:00 by somebody: data ultrachat-train:1 smoke 3/3"
CALL = 0.2  # seconds; about what Resource Manager takes
# What waits for the token bucket would sleep for minutes: it is counted on the simulated clock.
# The last line of stderr is the most kilobytes that it held: `ru_maxrss` begins with those of its parent. Linux only.
COMMAND = """
import re, sys
from pathlib import Path
from mlops.azure.rate_limit import Budget
from mlops.__main__ import main
Budget.take = lambda _: None
try:
    code = main()
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
raise SystemExit(code)
"""
# A job that has ended: a Spark job without its code fails at once.
ENTRY = {"sparkJobEntryType": "SparkJobPythonEntry", "file": "a.py"}
JOB: dict[str, Any] = {"jobType": "Spark", "codeId": "azureml:c:1", "conf": {}, "entry": ENTRY}


def main() -> None:
    """Fill, run, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--endpoints", nargs="*", type=int, default=[100, 1000, 10000])
    options.add_argument("--jobs", nargs="*", type=int, default=[100, 1000, 10000])
    chosen = options.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; {CALL:g} s a call.\n")
    print("| workspace | command | calls | seconds, simulated | CPU s | MB |\n|---|---|---|---|---|---|")
    for size in chosen.endpoints:
        measure(f"{size:,} endpoints", ("cleanup",), partial(endpoints, count=size))
    for size in chosen.jobs:
        site = "report site --out {folder}/site"
        name = f"{size:,} jobs, {size // 20:,} releases, {size // 100:,} models"
        measure(name, ("status", "runs", site), partial(jobs, count=size))


def measure(name: str, verbs: tuple[str, ...], make: Callable[[Address], None]) -> None:
    """A row for each verb."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        address = process.launch(state)
        try:
            environment = {**os.environ, **process.variables(address, dict(os.environ)), "MLOPS_REHEARSAL": "true"}
            os.environ.update(process.variables(address, dict(os.environ)))
            make(address)
            counter = CallCounter(state, {})
            for words in verbs:
                list(counter.new())
                cpu, most = run(words.format(folder=folder), environment)
                log = [one for one in counter.new() if is_call(one)]
                cells = f"{len(log):,} | {simulated(log):.0f} | {cpu:.1f} | {most:.0f}"
                print(f"| {name} | `{words.partition(' --')[0]}` | {cells} |", flush=True)
        finally:
            process.stop(state)


def run(words: str, environment: dict[str, str]) -> tuple[float, float]:
    """CPU seconds and most megabytes of a command."""
    line = [sys.executable, "-c", COMMAND, "--json", *words.split()]
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as started:
        assert started.stderr
        said = started.stderr.read()
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in (0, 6):
        raise SystemExit(f"{words} ended with {started.returncode}:\n{said.decode()[-2000:]}")
    return used.ru_utime + used.ru_stime, int(said.split()[-1]) / 1024


def simulated(log: list[dict[str, Any]]) -> float:
    """Seconds until the last answer, on a clock that only these calls move."""
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += max(seconds, 1e-6)  # as a real clock, which no sleep leaves where it was

    budget = Budget(now=lambda: now, sleep=wait)
    answers: list[float] = []  # of the calls that are under way
    pages: dict[str, float] = {}  # when the last page of a listing was answered
    for one in sorted(log, key=lambda call: float(call["at"])):
        if len(answers) == AT_ONCE:
            now = max(now, heapq.heappop(answers))
        if "//management.azure.com/" in one["url"] and one["method"] == "GET":
            budget.take()
        listing, goes_on, _ = f"{one['url']}?{one['query']}".partition("&$skip")
        begun = max(now, pages.get(listing, 0.0)) if goes_on else now
        pages[listing] = begun + CALL
        heapq.heappush(answers, begun + CALL)
    return max(answers, default=now)


def endpoints(address: Address, count: int) -> None:
    """Endpoints of ours with a deployment each, past their idle days."""
    params = load(ROOT / "params.yaml")
    fill(address, count, params.model.name)
    process.control(address, "POST", "/clock", {"advance_seconds": (params.cleanup.idle_days + 1) * 86400})


def jobs(address: Address, count: int) -> None:
    """Jobs of ours that ended."""
    service, owner = Service(address), load(ROOT / "params.yaml").model.name
    for number in range(count):
        body = {"properties": {**JOB, "tags": {"mlops-owner": owner, "mlops-fingerprint": f"{number:012x}"}}}
        answer = service.call("PUT", f"{service.workspace}/jobs/ft-{number:012x}-1?{API}", body)
        if answer.status not in (200, 201):
            raise SystemExit(f"job {number}: {answer.status} {answer.data.decode()[:300]}")
    for number in range(count):  # what runs is read anew each time that it is looked at
        url = f"{service.workspace}/jobs/ft-{number:012x}-1?{API}"
        while service.call("GET", url).json()["properties"]["status"] not in ENDED:
            time.sleep(0.05)
    weights(service, address)
    for number in range(count // 100):
        model(service, f"others-{number}", 1, {})
    for number in range(count // 20):
        passed = {f"mlops-passed-{environment}": PASSED for environment in ("staging", "production")}
        tags = {"mlops-owner": owner, "mlops-job": f"ft-{number:012x}-1", "mlops-verdict": "pass", **passed}
        model(service, owner, number + 1, tags)


def weights(service: Service, address: Address) -> None:
    """What all the models are."""
    storage = of_its_storage(service, address)
    store = service.call("GET", f"{service.workspace}/datastores/workspaceblobstore?{API}").json()["properties"]
    url = f"{storage.url}/{store['containerName']}/model?{signature(storage)}"
    blobs.pool(storage).request("PUT", url, body=b"1", headers={**blobs.VERSION, "x-ms-blob-type": "BlockBlob"})


def model(service: Service, name: str, version: int, tags: dict[str, str]) -> None:
    """One version of a model."""
    uri = "azureml://datastores/workspaceblobstore/paths/model"
    body = {"properties": {"modelType": "custom_model", "modelUri": uri, "tags": tags}}
    answer = service.call("PUT", f"{service.workspace}/models/{name}/versions/{version}?{API}", body)
    if answer.status not in (200, 201):
        raise SystemExit(f"{name}:{version}: {answer.status} {answer.data.decode()[:300]}")


if __name__ == "__main__":
    main()
