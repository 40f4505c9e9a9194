"""What is read over the plain client is what the SDK reads; what it writes stands there as if the SDK had."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlops.azure import compute, data, datastores, endpoint_address, endpoints, jobs, models, registry, submission
from mlops.azure.submission import Work
from mlops.azure.translate import plain_tags, word
from mlops.azure.workspace import Workspace
from mlops.clouds import PUBLIC
from mlops.domain.training.parameters import ComponentInput
from tests.contract.own_workspace import own_workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

AT = ("created", "modified")
COMPONENTS = ("chat_completion_pipeline", "model_evaluation_pipeline")
BASE = "Phi-4"


@pytest.fixture(scope="module")
def workspace(sdk_imported: None, emulator_address: object) -> Workspace:
    return own_workspace()


def interface(entity: Any) -> dict[str, ComponentInput]:
    """The inputs of a component as the SDK has them."""
    return {
        name: ComponentInput(
            name,
            word(item.type),
            bool(getattr(item, "optional", False)),
            None if item.default is None else str(item.default),
            tuple(str(choice) for choice in (getattr(item, "enum", None) or ())),
            None if getattr(item, "min", None) is None else float(item.min),
            None if getattr(item, "max", None) is None else float(item.max),
        )
        for name, item in entity.inputs.items()
    }


def test_components_and_base_models(workspace: Workspace, registry_client: "MLClient") -> None:
    for name in COMPONENTS:
        ours, theirs = (
            registry.component(workspace, "azureml", name, "latest"),
            registry_client.components.get(name, label="latest"),
        )
        assert (ours.name, ours.version, ours.id) == (theirs.name, theirs.version, theirs.id)
        assert ours.inputs == interface(theirs)
        assert ours.outputs == {key: word(item.type) for key, item in theirs.outputs.items()}
    base, entity = (
        registry.base_model(workspace, "azureml", BASE, "latest"),
        registry_client.models.get(BASE, label="latest"),
    )
    assert (base.name, base.version, base.id) == (entity.name, entity.version, entity.id)
    assert (base.tags, base.properties) == (plain_tags(entity.tags), plain_tags(entity.properties))
    versions = [str(item.version) for item in registry_client.models.list(name=BASE)]
    assert registry.newest_version(workspace, "azureml", BASE) in versions


@pytest.mark.parametrize("name", [*COMPONENTS, "model_prediction", "compute_metrics"])
def test_a_job_of_a_component_that_was_read_is_that_of_the_sdks_own(
    workspace: Workspace, registry_client: "MLClient", monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    work = Work(registry.component(workspace, "azureml", name, "latest"), "azureml", {}, "only", outputs=())
    ours = submission.built(workspace, work, "a-job")._to_rest_object()
    theirs = registry_client.components.get(name, version=work.component.version)
    monkeypatch.setattr(registry, "sdk_component", lambda *_: theirs)
    assert submission.built(workspace, work, "a-job")._to_rest_object() == ours


def version_shown(workspace: Workspace, name: str) -> dict[str, Any]:
    """The second version of a model as ARM shows it."""
    url = f"{PUBLIC.arm}{workspace.id}/models/{name}/versions/2?api-version=2024-10-01"
    return dict(workspace.send("GET", url, "read").json()["properties"])


def test_data_models_and_files(workspace: Workspace, ml_client: "MLClient", tmp_path: Path) -> None:
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model

    data.upload_text(workspace, "plain-test", "1", "one\ntwo\n", {"k": "v"})
    entity = ml_client.data.get("plain-test", version="1")
    assert data.tags(workspace, "plain-test", "1") == entity.tags
    assert datastores.read(workspace, str(entity.path), "read it") == b"one\ntwo\n"
    assert data.read(workspace, "plain", "test", "1") == b"one\ntwo\n"
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    stated: dict[str, Any] = {"description": "why", "tags": {"a": "1", "b": "2"}}
    kind = AssetTypes.MLFLOW_MODEL
    uploaded = ml_client.models.create_or_update(Model(name="sdk-model", path=str(tmp_path), type=kind, **stated))
    path = str(uploaded.path)
    ml_client.models.create_or_update(Model(name="sdk-model", version="2", path=path, type=kind, **stated))
    made = models.register(workspace, "plain-model", "2", path, **stated)
    assert version_shown(workspace, "plain-model") == version_shown(workspace, "sdk-model")
    models.set_tags(workspace, "plain-model", "2", {"a": None, "c": "3"})
    theirs = ml_client.models.get("plain-model", version="2")
    (ours,) = models.versions(workspace, "plain-model")
    assert (ours.id, ours.tags, ours.registered) == (made.id, theirs.tags, theirs.creation_context.created_at)
    assert ours.tags == {"b": "2", "c": "3"}
    assert theirs.description == "why"
    folder = str(theirs.path)
    assert datastores.read(workspace, f"{folder.rstrip('/')}/MLmodel", "read it") == b"flavors: {}\n"
    assert datastores.read(workspace, f"{folder.rstrip('/')}/MLmode", "read it") is None, "a beginning is no name"


def shown(workspace: Workspace, name: str) -> dict[str, Any]:
    """An endpoint as ARM shows it, without its name, its times, who it is and the operation that made it."""
    found = workspace.send(
        "GET", f"{PUBLIC.arm}{workspace.id}/onlineEndpoints/{name}?api-version=2024-10-01", "read"
    ).json()
    stated = {key: value for key, value in found["properties"].items() if key not in ("scoringUri", "swaggerUri")}
    own = {
        key: value
        for key, value in (stated.pop("properties") or {}).items()
        if not key.endswith(("At", "By", "Uri", "id"))
    }
    return {"location": found["location"], "kind": found.get("kind"), "tags": found["tags"], "own": own, **stated}


def test_an_endpoint_is_made_and_changed_as_the_sdk_does(workspace: Workspace, ml_client: "MLClient") -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    endpoints.create(workspace, "plain-ours", auth_mode="key", tags={"t": "1"})
    entity = ManagedOnlineEndpoint(name="plain-theirs", auth_mode="key", tags={"t": "1"})
    ml_client.online_endpoints.begin_create_or_update(entity).result()
    assert shown(workspace, "plain-ours") == shown(workspace, "plain-theirs")
    endpoints.set_traffic(workspace, endpoints.observe(workspace, "plain-ours", ""), {}, {"u": "2"})
    theirs = ml_client.online_endpoints.get("plain-theirs")
    theirs.tags = {"t": "1", "u": "2"}
    ml_client.online_endpoints.begin_create_or_update(theirs).result()
    assert shown(workspace, "plain-ours") == shown(workspace, "plain-theirs")
    uri, signs_in = endpoint_address.scoring(workspace, "plain-ours")
    ours = ml_client.online_endpoints.get("plain-ours")
    keys = ml_client.online_endpoints.get_keys("plain-ours")
    assert (uri, signs_in) == (ours.scoring_uri, ours.auth_mode)
    assert endpoint_address.key(workspace, "plain-ours", signs_in) == keys.primary_key
    for name in ("plain-ours", "plain-theirs"):
        endpoints.delete(workspace, name)
    assert not {"plain-ours", "plain-theirs"} & {item.name for item in ml_client.online_endpoints.list()}


def test_a_job(workspace: Workspace, ml_client: "MLClient") -> None:
    from azure.ai.ml import command

    made = ml_client.jobs.create_or_update(
        command(command="echo done", environment="azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
                compute="serverless", experiment_name="plain", tags={"t": "1"})
    )  # fmt: skip
    name = str(made.name)
    jobs.tag(workspace, name, {"u": "2"})
    ours, theirs = jobs.find(workspace, name), ml_client.jobs.get(name)
    assert ours
    assert (ours.tags, ours.studio_url, ours.submitted) == (
        theirs.tags,
        theirs.studio_url,
        theirs.creation_context.created_at,
    )
    assert ours.by == theirs.creation_context.created_by
    assert ours.outputs == tuple(theirs.outputs)
    assert name not in {job.name for job in jobs.recent(workspace, 50, "t")}, "it is no pipeline"
    assert jobs.find(workspace, "nobody") is None


@pytest.mark.parametrize(("tier", "idle"), [("dedicated", 600), ("low_priority", 90_061)])
def test_a_cluster_is_asked_for_as_the_sdk_does(
    workspace: Workspace, ml_client: "MLClient", tier: str, idle: int
) -> None:
    from azure.ai.ml.entities import AmlCompute

    def shown(name: str) -> dict[str, Any]:
        url = f"{workspace.url}/computes/{name}?api-version={compute.API}"
        found = dict(workspace.send("GET", url, "read").json())
        inner = found["properties"]["properties"]
        times = [inner.pop("allocationStateTransitionTime"), *(found["properties"].pop(f"{at}On") for at in AT)]
        return {"tags": found["tags"], "times": len(times), "of": found["location"], **found["properties"]}

    ours, theirs, size = f"ours-{tier[:3]}", f"theirs-{tier[:3]}", "Standard_NC24ads_A100_v4"
    wanted: dict[str, Any] = {"idle_seconds": idle, "tier": tier, "tags": {"a": "b"}}
    compute.create(workspace, ours, size, max_nodes=2, **wanted)
    entity = AmlCompute(name=theirs, size=size, min_instances=0, max_instances=2, idle_time_before_scale_down=idle)
    entity.tier, entity.tags, entity.location = tier, {"a": "b"}, workspace.location
    ml_client.compute.begin_create_or_update(entity).result()
    while compute.find(workspace, ours).state == "Creating":  # type: ignore[union-attr]
        time.sleep(0.2)
    assert shown(ours) == shown(theirs)
    for name in (ours, theirs):
        ml_client.compute.begin_delete(name).result()
