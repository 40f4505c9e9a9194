"""Deployments with a scoring script of their own, through the real SDK: the script really runs."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import process

SCORE = """
import json, os
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse

def init():
    global weight
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weight.json")) as file:
        weight = json.load(file)

def run(raw_data):
    print("a request of", len(raw_data), "characters")
    rows = json.loads(raw_data)["data"]
    return [weight * sum(row) for row in rows] if rows else json.dumps({"rows": os.environ["ROWS"]})
"""
RAW = (
    SCORE.replace("def run(raw_data)", "def unused(raw_data)")
    + """
@rawhttp
def run(request):
    return AMLResponse(request.get_data()[::-1], 400 if request.args.get("bad") else 200, {"x-own": "yes"})
"""
)


@pytest.fixture(scope="module")
def endpoint(ml_client: Any) -> Iterator[str]:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    name = f"own-{uuid.uuid4().hex[:8]}"
    ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
    yield name
    ml_client.online_endpoints.begin_delete(name).result()


def deployed(client: Any, endpoint: str, folder: Path, name: str, script: str, **fields: Any) -> Any:
    """A deployment with a script and a model made in `folder`."""
    from azure.ai.ml.entities import CodeConfiguration, Environment, ManagedOnlineDeployment, Model

    for part in ("code", "model"):
        (folder / part).mkdir()
    (folder / "code" / "score.py").write_text(script)
    (folder / "model" / "weight.json").write_text("3")
    said = {
        "model": Model(path=str(folder / "model")),
        "environment": Environment(image="mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference"),
        "code_configuration": CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
        "environment_variables": {"ROWS": "none"},
        **fields,
    }
    wanted = ManagedOnlineDeployment(name=name, endpoint_name=endpoint, **said)
    return client.online_deployments.begin_create_or_update(wanted).result()


@pytest.fixture(scope="module")
def deploy(ml_client: Any, endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A function that deploys a script: `deploy("blue", SCORE)`."""

    def make(name: str, script: str, **fields: Any) -> Any:
        return deployed(ml_client, endpoint, tmp_path_factory.mktemp(name), name, script, **fields)

    return make


@pytest.fixture(scope="module")
def blue(deploy: Callable[..., Any]) -> str:
    return str(deploy("blue", SCORE).name)


def ask(ml_client: Any, endpoint: str, deployment: str, body: Any, folder: Path) -> str:
    (folder / "request.json").write_text(json.dumps(body))
    answer = ml_client.online_endpoints.invoke(
        endpoint, request_file=str(folder / "request.json"), deployment_name=deployment
    )
    return str(answer)


def test_run_answers_with_the_model_that_init_loaded(ml_client: Any, endpoint: str, blue: str, tmp_path: Path) -> None:
    assert json.loads(ask(ml_client, endpoint, blue, {"data": [[1, 2], [3, 4]]}, tmp_path)) == [9, 21]
    # text that run returns is sent as JSON, so what is JSON already is encoded twice, as by the real server
    assert json.loads(json.loads(ask(ml_client, endpoint, blue, {"data": []}, tmp_path))) == {"rows": "none"}
    assert "a request of" in ml_client.online_deployments.get_logs(blue, endpoint, lines=20)


def test_a_script_of_a_second_workspace_is_found_there(ml_client: Any, emulator_address: Any, tmp_path: Path) -> None:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import ManagedOnlineEndpoint, Workspace
    from azure.identity import DefaultAzureCredential

    ml_client.workspaces.begin_create(Workspace(name="scripts-two", location="eastus")).result()
    where = (ml_client.subscription_id, ml_client.resource_group_name, "scripts-two")
    client, name = MLClient(DefaultAzureCredential(), *where), f"two-{uuid.uuid4().hex[:8]}"
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
    made = deployed(client, name, tmp_path, "blue", SCORE)
    assert made.provisioning_state == "Succeeded"
    own = {"AZUREML_ENTRY_SCRIPT": "score.py", "AML_APP_ROOT": "/var/azureml-app/onlinescoring"}
    assert own.items() <= made.environment_variables.items(), "what the service gives a container with code"
    assert json.loads(ask(client, name, "blue", {"data": [[1, 2]]}, tmp_path)) == [9]
    client.online_endpoints.begin_delete(name).result()
    ml_client.workspaces.begin_delete("scripts-two", delete_dependent_resources=False).result()


def test_an_error_in_run_is_a_424_and_its_traceback_is_in_the_log(
    ml_client: Any, endpoint: str, blue: str, tmp_path: Path
) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="unexpected error occurred in scoring script") as error:
        ask(ml_client, endpoint, blue, {"rows": 1}, tmp_path)
    assert error.value.status_code == 424
    assert error.value.response is not None
    assert error.value.response.headers["ms-azureml-model-error-statuscode"] == "500"
    assert "KeyError: 'data'" in ml_client.online_deployments.get_logs(blue, endpoint, lines=20)


def test_a_script_that_does_not_load_fails_the_deployment(
    ml_client: Any, endpoint: str, deploy: Callable[..., Any]
) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="No module named 'no_such_module'"):
        deploy("broken", "import no_such_module")
    assert ml_client.online_deployments.get("broken", endpoint).provisioning_state == "Failed"
    assert "Traceback" in ml_client.online_deployments.get_logs("broken", endpoint, lines=20)


def test_a_raw_script_sees_the_request_and_sets_status_and_headers(
    ml_client: Any, endpoint: str, deploy: Callable[..., Any], api: Any
) -> None:
    deploy("raw", RAW)
    key = ml_client.online_endpoints.get_keys(endpoint).primary_key
    url = ml_client.online_endpoints.get(endpoint).scoring_uri
    said = {"Authorization": f"Bearer {key}", "azureml-model-deployment": "raw"}
    good = api("POST", url, b"\x00\xffabc", token=False, **said)
    assert (good.status, good.data, good.headers["x-own"]) == (200, b"cba\xff\x00", "yes")
    bad = api("POST", f"{url}?bad=1", b"x", token=False, **said)
    assert (bad.status, bad.headers["ms-azureml-model-error-statuscode"]) == (424, "400")


def test_a_custom_container_is_refused(deploy: Callable[..., Any]) -> None:
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import HttpResponseError

    route = {"port": 8501, "path": "/"}
    config = {"liveness_route": route, "readiness_route": route, "scoring_route": route}
    container = Environment(image="tensorflow/serving", inference_config=config)
    with pytest.raises(HttpResponseError, match="needs a container engine"):
        deploy("served", SCORE, environment=container, code_configuration=None)


def test_the_python_of_user_code_is_a_setting(emulator_address: Any, endpoint: str, deploy: Callable[..., Any]) -> None:
    from azure.core.exceptions import HttpResponseError

    process.control(emulator_address, "PUT", "/settings/code.python", {"value": "/no/such/python"})
    try:
        with pytest.raises(HttpResponseError, match="/no/such/python cannot be started"):
            deploy("other", SCORE)
    finally:
        process.control(emulator_address, "PUT", "/settings/code.python", {"value": ""})
