"""Calls, refusals and seconds of `mlops cleanup` on a large workspace: `python benchmarks/cleanup.py [ENDPOINTS ...]`.

For each size an emulator of its own is filled with endpoints of ours, each with one deployment; its clock is moved past
`idle_days`, Resource Manager's token buckets are switched on, and the scan runs as users run it. Calls are those that
the emulator logged. Real answers take longer than the emulator's (0.1 to 0.3 s); `--delay` adds that to each listing.
"""

import argparse
import json
import os
import re
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from azureml_emulator import process
from azureml_emulator.catalog import sizes
from azureml_emulator.http.address import Address
from azureml_emulator.services.workspaces import quota
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.flow.cleanup import cleanup
from mlops.flow.context import Context
from mlops.params import Params, load

ROOT = Path(__file__).resolve().parents[1]
API = "api-version=2024-10-01"
SIZE = "Standard_NC24ads_A100_v4"
MODEL = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
KINDS = (
    ("metrics, fifty at once", re.compile(r"/metrics:getBatch$")),
    ("metrics, one by one", re.compile(r"/Microsoft.Insights/metrics$", re.IGNORECASE)),
    ("deployments", re.compile(r"/onlineEndpoints/[^/]+/deployments$")),
    ("one endpoint", re.compile(r"/onlineEndpoints/[^/]+$")),
    ("pages of endpoints", re.compile(r"/onlineEndpoints$")),
)


@dataclass
class Run:
    """What one run of cleanup took."""

    seconds: float
    items: int
    calls: Counter[str] = field(default_factory=Counter)
    refused: int = 0


def main() -> None:
    """Measure each size, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("endpoints", nargs="*", type=int, help="sizes of the workspace; 100, 500 and 1,000 if none")
    options.add_argument("--delay", type=float, default=0.0, help="seconds by which listings of deployments are slow")
    options.add_argument("--no-throttling", action="store_true", help="leave the token buckets off")
    options.add_argument("--no-batch", action="store_true", help="refuse metrics:getBatch, as a missing role does")
    options.add_argument("--apply", action="store_true", help="measure the marking of all of them, too")
    chosen = options.parse_args()
    sizes = chosen.endpoints or [100, 500, 1000]
    names = [*(name for name, _ in KINDS), "changes", "other"]
    print(f"| endpoints | run | seconds | calls | {' | '.join(names)} | answered 429 |")
    print("|---" * (len(names) + 5) + "|")
    for size in sizes:
        for name, run in measure(size, chosen).items():
            counts = " | ".join(f"{run.calls[each]:,}" for each in names)
            total = sum(run.calls.values())
            print(f"| {size:,} | {name} | {run.seconds:.1f} | {total:,} | {counts} | {run.refused} |", flush=True)


def measure(size: int, chosen: argparse.Namespace) -> dict[str, Run]:
    """The runs on one workspace of that size."""
    with tempfile.TemporaryDirectory() as folder:
        address = process.launch(Path(folder))
        try:
            os.environ.update(process.variables(address, os.environ))
            params = load(ROOT / "params.yaml")
            fill(address, size, params.model.name)
            process.control(address, "POST", "/clock", {"advance_seconds": (params.cleanup.idle_days + 1) * 86400})
            if not chosen.no_throttling:
                process.control(address, "PUT", "/settings/arm.throttling", {"value": "on"})
            if chosen.delay:
                process.control(
                    address, "POST", "/faults", {"rule": f"deployments.list_all: slow {chosen.delay} s always"}
                )
            if chosen.no_batch:
                process.control(address, "POST", "/faults", {"rule": "monitor.batch: 403 always"})
            log = Path(folder) / "requests.log"
            found = {"scan": once(params, log, apply=False)}
            if chosen.apply:
                found["scan and mark"] = once(params, log, apply=True)
            return found
        finally:
            process.stop(Path(folder))


def once(params: Params, log: Path, *, apply: bool) -> Run:
    """One run as `mlops cleanup` does it, with what the emulator logged meanwhile."""
    before = log.stat().st_size
    begun = time.perf_counter()
    outcome = cleanup.run(Context(params, ROOT / "params.yaml", connect, lambda _: None), apply_plan=apply)
    run = Run(time.perf_counter() - begun, len(outcome.result.items))
    if outcome.failure:
        raise outcome.failure
    with log.open(encoding="utf-8") as lines:
        lines.seek(before)
        for line in lines:
            call = json.loads(line)
            if "control.emulator" not in call["url"]:
                run.calls[kind(call["method"], call["url"])] += 1
                run.refused += call["status"] == 429
    return run


def kind(method: str, url: str) -> str:
    """What a logged call was for."""
    path = url.partition("?")[0]
    if method in ("PUT", "PATCH", "DELETE"):
        return "changes"
    return next((name for name, pattern in KINDS if pattern.search(path)), "other")


def connect() -> Workspace:
    """The product's own connection to the emulated workspace, with a budget of its own for each run."""
    from azure.identity import DefaultAzureCredential

    names = process.workspace()
    target = Target(
        "emulator", names["AZURE_SUBSCRIPTION_ID"], names["AZURE_RESOURCE_GROUP"], names["AZURE_ML_WORKSPACE"], ""
    )
    return Workspace(target, DefaultAzureCredential())


def fill(address: Address, size: int, owner: str) -> None:
    """Endpoints of ours with one deployment each, which has all the traffic."""
    for paced in ("onlineEndpoints", "deployments"):
        process.control(address, "PUT", f"/delay/{paced}", {"delay": "at once"})
    pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file)
    headers = {"Authorization": f"Bearer {token(pool)}"}
    names = process.workspace()
    base = (
        f"https://management.azure.com/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/"
        f"{names['AZURE_RESOURCE_GROUP']}/providers/Microsoft.MachineLearningServices/workspaces/"
        f"{names['AZURE_ML_WORKSPACE']}/onlineEndpoints"
    )

    def put(path: str, body: dict[str, Any]) -> None:
        answer = pool.request("PUT", f"{base}/{path}?{API}", json=body, headers=headers, retries=False)
        if answer.status not in (200, 201):
            raise SystemExit(f"{path}: {answer.status} {answer.data.decode()[:300]}")

    properties = {"endpointComputeType": "Managed", "model": MODEL, "instanceType": SIZE}
    sku = {"name": "Default", "capacity": 1}
    size_of = sizes.find(SIZE)
    assert size_of
    for family in (size_of.family, quota.DEDICATED):
        process.control(address, "PUT", f"/quota/{quote(family)}", {"limit": 100 * (size + 1)})
    for number in range(size):
        endpoint: dict[str, Any] = {
            "location": "eastus",
            "tags": {"mlops-owner": owner, "mlops-environment": "staging"},
            "properties": {"authMode": "Key"},
        }
        put(f"bench-{number:04}", endpoint)
        put(f"bench-{number:04}/deployments/blue", {"location": "eastus", "sku": sku, "properties": properties})
        put(f"bench-{number:04}", {**endpoint, "properties": {"authMode": "Key", "traffic": {"blue": 100}}})


def token(pool: urllib3.ProxyManager) -> str:
    """A token for Resource Manager."""
    names = process.identity()
    form = urlencode({
        "grant_type": "client_credentials", "client_id": names["AZURE_CLIENT_ID"],
        "client_secret": names["AZURE_CLIENT_SECRET"], "scope": "https://management.azure.com/.default",
    })  # fmt: skip
    url = f"https://login.microsoftonline.com/{names['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    kind_of_body = {"Content-Type": "application/x-www-form-urlencoded"}
    return str(pool.request("POST", url, body=form, headers=kind_of_body).json()["access_token"])


if __name__ == "__main__":
    main()
