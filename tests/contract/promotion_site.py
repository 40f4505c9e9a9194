"""One endpoint of a model with four good versions, and parameters to promote them with. No test stands here."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import SIZE, register_model
from mlops.azure import data, endpoints
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.flow import poll
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import canary, promote, reconcile, rollback
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteResult, RollbackResult
from mlops.params import load
from tests.contract.own_workspace import own_workspace
from tests.project import parameters, write

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass
class Site:
    """The endpoint of `model`; `said` is what promotions told."""

    folder: Path
    address: Address
    model: str
    said: list[str] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"{self.model}-production"

    def context(self, serving: dict[str, Any] | None = None, **settings: Any) -> Context:
        return self.made({"production": self.stated(self.endpoint) | settings}, serving)

    def stated(self, endpoint: str) -> dict[str, Any]:
        """What params.yaml says of an environment."""
        return {"endpoint": endpoint, "instance_type": SIZE, "traffic_steps": [50, 100]}

    def made(self, environments: dict[str, Any], serving: dict[str, Any] | None = None) -> Context:
        """A context with other environments."""
        stated = parameters()
        stated["environments"], stated["model"]["name"] = environments, self.model
        stated.pop("rehearsal", None)
        stated["serving"] |= {"smoke_conversations": 1, "max_new_tokens": 2, **(serving or {})}
        path = write(self.folder / "params.yaml", stated)
        return Context(load(path), path, own_workspace, self.said.append, actor="ada")

    def promote(
        self,
        version: int,
        serving: dict[str, Any] | None = None,
        consent: Consent | None = None,
        **settings: Any,
    ) -> Outcome[PromoteResult]:
        context = self.context(serving, **settings)
        return promote.run(context, "production", model=f"{self.model}:{version}", consent=consent)

    def rollback(self, reason: str = "") -> Outcome[RollbackResult]:
        return rollback.run(self.context(), "production", reason=reason)

    def facts(self) -> EndpointFacts:
        return endpoints.observe(own_workspace(), self.endpoint, self.model)

    def fault(self, rule: str) -> None:
        process.control(self.address, "POST", "/faults", {"rule": rule})

    def forget_faults(self) -> bool:
        """Whether all were met."""
        found: list[dict[str, Any]] = process.control(self.address, "GET", "/faults")["faults"]
        process.control(self.address, "DELETE", "/faults")
        return all(one["met"] for one in found)


@contextmanager
def made_site(ml_client: "MLClient", address: Address, folder: Path, model: str) -> Iterator[Site]:
    """Versions 1 to 4 of a model that answers, with a test file; nothing is promoted yet."""
    from azure.ai.ml.entities import Model

    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]
    test = folder / "test.jsonl"
    test.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    data.upload(own_workspace(), model, "1", dict.fromkeys(data.ROLES, test), {})
    register_model(ml_client, folder / "good", f"{model}-source")
    source = str(ml_client.models.get(f"{model}-source", version="1").path)
    base = "Phi-3-mini-4k-instruct:15"
    tags = {"mlops-verdict": "pass", "mlops-data": f"{model}:1", "mlops-base-model": base}
    for version in "1234":
        made = Model(name=model, version=version, path=source, type="mlflow_model", tags=tags, description="# Card")
        ml_client.models.create_or_update(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconcile, "PAUSES", poll.Pauses(0.05))
        patch.setattr(canary, "PROBE_PAUSES", poll.Pauses(0.05))
        patch.setattr(endpoints, "PAUSE", 0.01)
        site = Site(folder, address, model)
        yield site
    endpoints.delete(own_workspace(), site.endpoint)
