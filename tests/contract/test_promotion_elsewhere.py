"""Production in another subscription: the model goes through a registry, and all verbs find it there."""

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import aliases, endpoints, models
from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.errors import BadInput
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.promote import ask, freeze, rollback, thaw
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome
from mlops.flow.registry import lineage
from mlops.flow.release import doctor
from mlops.views import promote as promote_view
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_stage import Stage, made_stage

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL, ENDPOINT = "shared", "shared-journey"
WORKSPACE = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": {}}


@pytest.fixture(scope="module")
def stage(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with made_stage(ml_client, emulator_address, tmp_path_factory.mktemp(MODEL), MODEL, ENDPOINT) as made:
        yield made


def test_production_in_another_subscription_gets_the_model_through_a_registry(
    stage: Stage, ml_client: "MLClient"
) -> None:
    from azure.ai.ml.entities import Registry, RegistryRegionDetails
    from azure.identity import DefaultAzureCredential

    stage.home()
    registry = f"team-{uuid.uuid4().hex[:8]}"
    regions = [RegistryRegionDetails(location="eastus")]
    ml_client.registries.begin_create(
        Registry(name=registry, location="eastus", replication_locations=regions)
    ).result()
    other = Workspace(Target("emulator", str(uuid.uuid4()), "production", "production", ""), DefaultAzureCredential())
    other.send("PUT", f"https://management.azure.com{other.id}?api-version=2024-10-01", "make", json=WORKSPACE)
    stage.promote(1, registry=registry)
    assert f"production: share: shared:1 with the registry {registry}" in stage.said
    assert stage.promote(1, registry=registry).result.outcome is PromoteOutcome.UNCHANGED
    with pytest.raises(BadInput, match="there is no model shared:2"):
        stage.promote(2, "elsewhere", registry=registry)
    stage.promote(2, registry=registry)
    rollback.run(stage.context(registry=registry), "production", reason="rude")
    stage.connect = lambda: other
    try:
        with pytest.raises(
            BadInput, match=r"shared:2 may not go to elsewhere: .*rolled back there since .*, because: rude"
        ):
            stage.promote(2, "elsewhere", registry=registry)
        done = stage.promote(1, "elsewhere", registry=registry)
    finally:
        stage.connect = own_workspace
    assert promote_view.outputs(done.result)["traffic"] == "model-1 100 %"
    assert done.result.smoke_test is not None
    assert done.result.smoke_test.samples[0].ground_truth == "Hi there", (
        "the held-out conversation came through the registry as well"
    )
    stage.promote(2, registry=registry, consent=Consent("it was the prompt", release_hold=True))
    assert f"production: share: what shared:2 passed with the registry {registry}" in stage.said
    stage.connect = lambda: other
    try:
        assert stage.promote(2, "elsewhere", registry=registry).result.outcome is PromoteOutcome.PROMOTED
    finally:
        stage.connect = own_workspace
    assert endpoints.observe(own_workspace(), "elsewhere-shared", MODEL).state == "Absent"
    assert endpoints.observe(other, "elsewhere-shared", MODEL).live == {"model-2": 100}
    ml_client.registries.begin_delete(name=registry).result()


def test_production_that_the_parameters_place_elsewhere_is_served_from_one_sign_in(
    stage: Stage, ml_client: "MLClient"
) -> None:
    """One workspace is signed in to, that of the training; the parameters name the other, and all verbs find it."""
    from azure.ai.ml.entities import Registry, RegistryRegionDetails
    from azure.identity import DefaultAzureCredential

    stage.home()
    registry, subscription = f"team-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())
    regions = [RegistryRegionDetails(location="eastus")]
    made = Registry(name=registry, location="eastus", replication_locations=regions)
    ml_client.registries.begin_create(made).result()
    other = Workspace(Target("emulator", subscription, "live", "live", ""), DefaultAzureCredential())
    other.send("PUT", f"https://management.azure.com{other.id}?api-version=2024-10-01", "make", json=WORKSPACE)
    endpoint = f"live-{uuid.uuid4().hex[:8]}"
    place = {"endpoint": endpoint, "workspace": "live", "resource_group": "live", "subscription": subscription}
    settings: dict[str, Any] = {"registry": registry, "place": place}
    stage.promote(1, **settings)
    done = stage.promote(1, "elsewhere", **settings)
    assert promote_view.outputs(done.result)["traffic"] == "model-1 100 %"
    assert endpoints.observe(own_workspace(), endpoint, MODEL).state == "Absent"
    served = own_endpoints(stage.context(**settings))
    assert {name: facts.live_model for name, facts in served.items()} == dict.fromkeys(served, f"{MODEL}:1")
    assert aliases.read(own_workspace(), MODEL).of("elsewhere").champion == "1", "told where it was trained"
    assert ask.run(stage.context(**settings), "elsewhere").result.asked[0].answers[0].model == f"{MODEL}:1"
    looked = {one.name: one for one in doctor.run(stage.context(**settings)).result.checks}
    there = f"workspace live in eastus, {endpoint}.eastus.inference.ml.azure.com answers, registry {registry}"
    assert looked["endpoint of elsewhere"].finding == there
    fault = {"rule": "scoring.swagger: reset before always"}
    process.control(stage.address, "POST", "/faults", fault)
    try:
        blind = doctor.run(stage.context(**settings))
    finally:
        process.control(stage.address, "DELETE", "/faults")
    assert f"{endpoint} cannot be reached from here" in str(blind.failure)
    graph = lineage.run(stage.context(**settings), "elsewhere").result
    assert graph.models == (f"{MODEL}:1",)
    assert freeze.run(stage.context(**settings), "elsewhere", reason="the fair").result.changed
    assert thaw.run(stage.context(**settings), "elsewhere").result.changed
    stage.promote(2, **settings)
    stage.promote(2, "elsewhere", **settings)
    rollback.run(stage.context(**settings), "elsewhere", reason="worse there")
    assert endpoints.observe(other, endpoint, MODEL).live == {"model-1": 100}
    version = models.find(own_workspace(), MODEL, "2")
    assert version is not None
    assert version.tags["mlops-held-in-elsewhere"].endswith(" by ada: worse there")
    endpoints.patch_tags(other, endpoint, {"mlops-held-2": None})  # where it was trained, it is known still
    with pytest.raises(BadInput, match="shared:2 is held in elsewhere since"):
        stage.promote(2, "elsewhere", **settings)
    models.set_tags(own_workspace(), MODEL, "2", {"mlops-held-in-elsewhere": None})
    ml_client.registries.begin_delete(name=registry).result()
