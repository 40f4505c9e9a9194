"""A workspace to clean up, cleared of what a test made, and its faults. No test stands here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import BASE, SIZE, Call, arm
from mlops.flow.cleanup import cleanup
from mlops.flow.cleanup.cleanup import CleanupResult
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.params import Params, load
from tests.contract.own_workspace import own_workspace
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]
PARAMS = load(PARAMS_FILE)
DAY, HOUR = 86400, 3600
OURS = {"mlops-owner": PARAMS.model.name, "mlops-environment": "staging"}


def with_cleanup(workspace: str | None = None, **changes: Any) -> Params:
    """The shipped parameters with another `cleanup`, and production in another workspace of the same group."""
    whole = PARAMS.model_dump()
    if workspace:
        whole["environments"]["production"] |= {"workspace": workspace, "registry": "shared"}
    return Params.model_validate({**whole, "cleanup": {**whole["cleanup"], "max_share": 1.0, **changes}})


@dataclass
class Site:
    """The default workspace, cleared of what this module made before each test."""

    api: Call
    address: Address

    def endpoint(self, name: str, *deployments: str, tags: dict[str, str] | None = None, live: str = "") -> None:
        """An endpoint of ours unless tagged otherwise; `live` has all traffic."""
        body: dict[str, Any] = {"location": "eastus", "tags": OURS if tags is None else tags, "properties": {}}
        assert self.api("PUT", arm(f"onlineEndpoints/{name}"), body).status == 201
        for each in deployments:
            self.deployment(name, each)
        if live:
            self.traffic(name, live, body["tags"])

    def traffic(self, name: str, live: str, tags: dict[str, str]) -> None:
        """A deployment gets all traffic of an endpoint, which gets these tags."""
        body = {"location": "eastus", "tags": tags, "properties": {"traffic": {live: 100}}}
        assert self.api("PUT", arm(f"onlineEndpoints/{name}"), body).status == 200

    def deployment(self, endpoint: str, name: str, instances: int = 1, model: str = BASE) -> None:
        """Made, or changed where it is there already."""
        properties = {"endpointComputeType": "Managed", "model": model, "instanceType": SIZE}
        size = {"name": "Default", "capacity": instances}
        body = {"location": "eastus", "tags": OURS, "sku": size, "properties": properties}
        answer = self.api("PUT", arm(f"onlineEndpoints/{endpoint}/deployments/{name}"), body)
        assert answer.status in (200, 201), answer.data

    def ask(self, name: str, **headers: str) -> None:
        """One request to an endpoint, or to a deployment of it by name."""
        key = self.api("POST", arm(f"onlineEndpoints/{name}/listKeys")).json()["primaryKey"]
        url = f"https://{name}.eastus.inference.ml.azure.com/score"
        body = {"input_data": {"input_string": [{"role": "user", "content": "Hi"}], "parameters": {}}}
        answer = self.api("POST", url, body, token=False, Authorization=f"Bearer {key}", **headers)
        assert answer.status == 200

    def tags(self, name: str) -> dict[str, str]:
        return dict(self.api("GET", arm(f"onlineEndpoints/{name}")).json()["tags"])

    def names(self) -> set[str]:
        found = self.api("GET", arm("onlineEndpoints?count=100")).json()["value"]
        return {str(item["name"]) for item in found if item["name"].startswith("tidy-")}

    def wait(self, seconds: float) -> None:
        process.control(self.address, "POST", "/clock", {"advance_seconds": seconds})

    def cleanup(
        self, params: Params | None = None, *, apply: bool = True, say: Callable[[str], None] = lambda _: None
    ) -> Outcome[CleanupResult]:
        """One run; `say` is called right before each deletion."""
        return cleanup.run(Context(params or with_cleanup(), PARAMS_FILE, own_workspace, say), apply_plan=apply)

    def states(self, outcome: Outcome[CleanupResult]) -> dict[str, str]:
        """Name -> state and reason, of what this module made."""
        items = outcome.result.items
        return {item.name: f"{item.status}: {item.because}" for item in items if item.name.startswith("tidy")}

    def fail(self, *rules: str) -> None:
        """Ask for faults."""
        for rule in rules:
            process.control(self.address, "POST", "/faults", {"rule": rule})

    def faults_met(self) -> dict[str, int]:
        """How often each was met, by its route."""
        found = process.control(self.address, "GET", "/faults")["faults"]
        return {one["route"]: one["count"] for one in found}

    def heal(self) -> None:
        """No more faults."""
        process.control(self.address, "DELETE", "/faults")


def opened(api: Call, address: Address) -> Iterator[Site]:
    """Everything happens at once here, and what is left is deleted in the end."""
    for kind in ("onlineEndpoints", "deployments"):
        process.control(address, "PUT", f"/delay/{kind}", {"delay": "at once"})
    made = Site(api, address)
    yield made
    made.heal()
    for name in made.names():
        api("DELETE", arm(f"onlineEndpoints/{name}"))
    process.control(address, "PUT", "/delay/deployments", {"delay": "1 reads"})
