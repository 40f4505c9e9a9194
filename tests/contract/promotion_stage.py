"""One endpoint of a model with good and bad versions, and somebody who asks it all the time. No test stands here."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import SIZE, TURN, register_model
from mlops.azure import data, endpoints, models
from mlops.azure.workspace import Workspace
from mlops.domain.promote import lease
from mlops.domain.tags import LEASE_TAG
from mlops.flow import poll
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import canary, promote, reconcile, rollback
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteResult, RollbackResult
from mlops.params import load
from mlops.views import promote as promote_view
from tests.contract.own_workspace import own_workspace
from tests.project import parameters, write

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


ONE_WORD: dict[str, Any] = {"input_data": {"input_string": [TURN], "parameters": {"max_new_tokens": 1}}}


@dataclass
class Client:
    """Somebody who asks an endpoint all the time."""

    pool: urllib3.ProxyManager
    uri: str
    key: str
    body: dict[str, Any]
    deployment: str = ""
    seen: list[tuple[int, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        named = {"azureml-model-deployment": self.deployment} if self.deployment else {}
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **named}
        while not self.stopped.is_set():
            answer = self.pool.request("POST", self.uri, body=json.dumps(self.body), headers=sent, retries=False)
            self.seen.append((answer.status, answer.headers.get("azureml-model-deployment", "")))
            time.sleep(0.1)

    def __enter__(self) -> "Client":
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()


@dataclass
class Stage:
    """One endpoint, and the parameters for it."""

    folder: Path
    address: Address
    ml_client: "MLClient"
    model: str
    endpoint: str
    said: list[str] = field(default_factory=list)
    on_say: Callable[[str], None] = lambda _: None
    connect: Callable[[], Workspace] = own_workspace
    repository: str = ""

    def context(self, run: int = 1, **settings: Any) -> Context:
        stated = parameters()
        one = {"endpoint": self.endpoint, "instance_type": SIZE, "traffic_steps": [10, 100]}
        elsewhere = {
            "endpoint": f"elsewhere-{self.model}",
            "instance_type": SIZE,
            "registry": settings.pop("registry", None),
        }
        elsewhere |= settings.pop("place", {})
        stated["environments"], stated["model"]["name"] = (
            {"production": one | settings, "elsewhere": elsewhere},
            self.model,
        )
        stated["serving"] |= {"smoke_conversations": 1, "max_new_tokens": 4, "max_concurrent_requests_per_instance": 8}
        path = write(self.folder / "params.yaml", stated)
        return Context(
            load(path),
            path,
            self.connect,
            self.say,
            run_url=f"https://example.test/actions/runs/{run}",
            repository=self.repository,
            actor="ada",
        )

    def say(self, line: str) -> None:
        self.said.append(line)
        self.on_say(line)

    def promote(
        self,
        version: int,
        name: str = "production",
        *,
        run: int = 1,
        commit: str = "",
        consent: Consent | None = None,
        **settings: Any,
    ) -> Outcome[PromoteResult]:
        context, named = self.context(run, **settings), f"{self.model}:{version}"
        return promote.run(context, name, model=named, commit=commit, consent=consent)

    def rollback(self, reason: str = "") -> Outcome[RollbackResult]:
        return rollback.run(self.context(run=9), "production", reason=reason)

    def home(self) -> None:
        """Version 1 has all traffic, nothing is held, and nobody is at it."""
        facts, workspace = self.facts(), own_workspace()
        held = [name for name in facts.tags if name.startswith("mlops-held-")]
        if held or facts.tags.get(LEASE_TAG, lease.FREE) != lease.FREE:
            endpoints.patch_tags(workspace, self.endpoint, {**dict.fromkeys(held), LEASE_TAG: lease.FREE})
        for one in models.versions(workspace, self.model):
            if "mlops-held-in-production" in one.tags:
                models.set_tags(workspace, self.model, one.version, {"mlops-held-in-production": None})
        if facts.live != {"model-1": 100}:
            self.promote(1, consent=Consent(allow_older=True, accept_drift=True))

    def by_hand(self, traffic: dict[str, int]) -> None:
        """Move the traffic as the studio or `az` do."""
        found = self.ml_client.online_endpoints.get(self.endpoint)
        found.traffic = traffic
        self.ml_client.online_endpoints.begin_create_or_update(found).result()

    def remove(self, name: str) -> None:
        """Delete a deployment without traffic, if there is one."""
        if self.facts().find(name):
            endpoints.delete_idle(own_workspace(), self.facts(), name)

    def tag_lease(self, text: str) -> None:
        endpoints.patch_tags(own_workspace(), self.endpoint, {LEASE_TAG: text})

    def facts(self) -> Any:
        return endpoints.observe(own_workspace(), self.endpoint, self.model)

    def client(self, body: dict[str, Any] = ONE_WORD, deployment: str = "") -> Client:
        pool = urllib3.ProxyManager(self.address.proxy_url, ca_certs=self.address.ca_file)
        uri = str(self.ml_client.online_endpoints.get(self.endpoint).scoring_uri)
        return Client(pool, uri, self.ml_client.online_endpoints.get_keys(self.endpoint).primary_key, body, deployment)

    def control(self, method: str, path: str, body: dict[str, Any]) -> None:
        process.control(self.address, method, path, body)


@contextmanager
def made_stage(ml_client: "MLClient", address: Address, folder: Path, model: str, endpoint: str) -> Iterator[Stage]:
    """Versions 1 to 3 answer, 4 does not load, 5 has no verdict; a client asks throughout and is always answered."""
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]
    test = folder / "test.jsonl"
    test.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    data.upload(own_workspace(), f"{model}-data", "1", dict.fromkeys(data.ROLES, test), {})
    register_model(ml_client, folder / "good", f"{model}-source")
    source = str(ml_client.models.get(f"{model}-source", version="1").path)
    broken = folder / "broken"
    broken.mkdir()
    (broken / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    tags = {"mlops-verdict": "pass", "mlops-data": f"{model}-data:1", "mlops-base-model": "Phi-3-mini-4k-instruct:15"}
    _register(ml_client, model, {1: source, 2: source, 3: source, 4: str(broken)}, tags)
    _register(ml_client, model, {5: source}, {})
    made = Stage(folder, address, ml_client, model, endpoint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconcile, "PAUSES", poll.Pauses(0.05))
        patch.setattr(canary, "MONITOR_PAUSES", poll.Pauses(0.2))
        patch.setattr(canary, "PROBE_PAUSES", poll.Pauses(0.05))
        patch.setattr(endpoints, "PAUSE", 0.01)
        first = made.promote(1)
        assert promote_view.outputs(first.result)["traffic"] == "model-1 100 %"
        with made.client() as client:
            yield made
            while client.thread.is_alive() and len(client.seen) <= 20:  # who is quick asks on at the end
                time.sleep(0.05)
    assert len(client.seen) > 20
    assert {status for status, _ in client.seen} == {200}, "no request was refused, from before to after everything"
    endpoints.delete(own_workspace(), endpoint)


def _register(ml_client: "MLClient", model: str, places: dict[int, str], tags: dict[str, str]) -> None:
    from azure.ai.ml.entities import Model

    for version, path in places.items():
        made = Model(name=model, version=str(version), path=path, type="mlflow_model", tags=tags)
        ml_client.models.create_or_update(made)
