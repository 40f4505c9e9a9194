"""What the tests of endpoints, scoring and Monitor do alike: make, deploy, divide traffic, ask. No test stands here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from azureml_emulator import process
from azureml_emulator.stand_in_model import artifact, mlflow_model

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Call = Callable[..., urllib3.BaseHTTPResponse]
BASE = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
SIZE = "Standard_NC24ads_A100_v4"
TURN = {"role": "user", "content": "Hello"}
QUESTION: dict[str, Any] = {"input_data": {"input_string": [TURN], "parameters": {"max_new_tokens": 8}}}
API = "api-version=2024-10-01"


def workspace_id() -> str:
    """The ARM id of the default workspace."""
    names = process.workspace()
    return (
        f"/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{names['AZURE_RESOURCE_GROUP']}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{names['AZURE_ML_WORKSPACE']}"
    )


def arm(path: str) -> str:
    """The URL of something in the default workspace."""
    return f"https://management.azure.com{workspace_id()}/{path}{'&' if '?' in path else '?'}{API}"


def make_endpoint(ml_client: "MLClient", name: str, **more: Any) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, **more)).result()


def deploy(ml_client: "MLClient", endpoint: str, name: str, **more: Any) -> None:
    from azure.ai.ml.entities import ManagedOnlineDeployment

    given = {"model": BASE, "instance_type": SIZE, "instance_count": 1, **more}
    deployment = ManagedOnlineDeployment(name=name, endpoint_name=endpoint, **given)
    ml_client.online_deployments.begin_create_or_update(deployment).result()


def set_traffic(ml_client: "MLClient", name: str, mirror: dict[str, int] | None = None, **shares: int) -> None:
    endpoint = ml_client.online_endpoints.get(name)
    endpoint.traffic, endpoint.mirror_traffic = shares, mirror or {}
    ml_client.online_endpoints.begin_create_or_update(endpoint).result()


def delete_endpoint(ml_client: "MLClient", name: str) -> None:
    ml_client.online_endpoints.begin_delete(name).result()


def ask(api: Call, ml_client: "MLClient", name: str, body: Any = QUESTION, **headers: str) -> urllib3.BaseHTTPResponse:
    """POST to the scoring URI with the endpoint's key."""
    return asker(api, ml_client, name)(body, **headers)


def asker(api: Call, ml_client: "MLClient", name: str) -> Call:
    """What asks as often as it is called; the URI and the key are read once."""
    endpoint = ml_client.online_endpoints.get(name)
    key = ml_client.online_endpoints.get_keys(name).primary_key
    signed = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(body: Any = QUESTION, **headers: str) -> urllib3.BaseHTTPResponse:
        return api("POST", endpoint.scoring_uri, json.dumps(body), token=False, **{**signed, **headers})

    return post


def register_model(ml_client: "MLClient", folder: Path, name: str) -> str:
    """Save the shipped weights as a fine-tuned MLflow model, upload and register it; gives its id."""
    from azure.ai.ml.entities import Model

    base = artifact.load_base()
    artifact.save(folder / "data" / "model", base.config, base.weights, base.tokenizer, details={}, half=True)
    mlflow_model.write(folder, base_model_name="Phi-3-mini-4k-instruct", base_model_asset_id=BASE)
    made = ml_client.models.create_or_update(Model(name=name, version="1", path=str(folder), type="mlflow_model"))
    return str(made.id)
