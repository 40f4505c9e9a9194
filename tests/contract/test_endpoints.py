"""Online endpoints through the unmodified SDK: life, traffic, refusals, scoring, and what Monitor saw of it."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from mlops.emulator import process
from mlops.emulator.address import Address

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Call = Callable[..., urllib3.BaseHTTPResponse]
BASE = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/15"
SIZE = "Standard_NC24ads_A100_v4"
QUESTION = {"input_data": {"input_string": [{"role": "user", "content": "Hello"}], "parameters": {"max_new_tokens": 8}}}


def make_endpoint(ml_client: "MLClient", name: str, **more: Any) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, **more)).result()


def deploy(ml_client: "MLClient", endpoint: str, name: str, **more: Any) -> None:
    from azure.ai.ml.entities import ManagedOnlineDeployment

    given = {"model": BASE, "instance_type": SIZE, "instance_count": 1, **more}
    deployment = ManagedOnlineDeployment(name=name, endpoint_name=endpoint, **given)
    ml_client.online_deployments.begin_create_or_update(deployment).result()


def set_traffic(ml_client: "MLClient", name: str, **shares: int) -> None:
    endpoint = ml_client.online_endpoints.get(name)
    endpoint.traffic = shares
    ml_client.online_endpoints.begin_create_or_update(endpoint).result()


@pytest.fixture(scope="module")
def served(ml_client: "MLClient") -> Iterator[str]:
    """An endpoint with two deployments, blue with all traffic."""
    make_endpoint(ml_client, "contract-served", tags={"a": "1"})
    for name in ("blue", "green"):
        deploy(ml_client, "contract-served", name)
    set_traffic(ml_client, "contract-served", blue=100)
    yield "contract-served"
    ml_client.online_endpoints.begin_delete("contract-served").result()


def ask(api: Call, ml_client: "MLClient", name: str, body: Any = QUESTION, **headers: str) -> urllib3.BaseHTTPResponse:
    endpoint = ml_client.online_endpoints.get(name)
    key = ml_client.online_endpoints.get_keys(name).primary_key
    sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers}
    return api("POST", endpoint.scoring_uri, json.dumps(body), token=False, **sent)


def test_an_endpoint_reads_back_as_it_was_made(ml_client: "MLClient", served: str) -> None:
    endpoint = ml_client.online_endpoints.get(served)
    assert endpoint.provisioning_state == "Succeeded"
    assert endpoint.scoring_uri == f"https://{served}.eastus.inference.ml.azure.com/score"
    assert endpoint.traffic == {"blue": 100, "green": 0}
    assert endpoint.tags == {"a": "1"}
    assert served in {item.name for item in ml_client.online_endpoints.list()}
    assert {item.name for item in ml_client.online_deployments.list(served)} == {"blue", "green"}


def test_the_sdk_invokes_it(ml_client: "MLClient", served: str, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(QUESTION))
    answer = json.loads(ml_client.online_endpoints.invoke(served, request_file=str(request), deployment_name="green"))
    assert isinstance(answer[0]["0"], str)


def test_the_header_chooses_a_deployment_past_the_traffic(api: Call, ml_client: "MLClient", served: str) -> None:
    assert ask(api, ml_client, served).headers["azureml-model-deployment"] == "blue"
    named = ask(api, ml_client, served, **{"azureml-model-deployment": "green"})
    assert named.headers["azureml-model-deployment"] == "green"
    assert ask(api, ml_client, served, **{"azureml-model-deployment": "red"}).status == 404


def test_traffic_is_divided_by_weight(api: Call, ml_client: "MLClient", served: str) -> None:
    set_traffic(ml_client, served, blue=50, green=50)
    seen = {ask(api, ml_client, served).headers["azureml-model-deployment"] for _ in range(30)}
    set_traffic(ml_client, served, blue=100)
    assert seen == {"blue", "green"}


def test_a_conversation_that_does_not_end_with_the_user_is_the_models_error(
    api: Call, ml_client: "MLClient", served: str
) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    answer = ask(api, ml_client, served, {"input_data": {"input_string": turns}})
    assert answer.status == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert "alternate" in answer.headers["ms-azureml-model-error-reason"]


def test_several_conversations_are_answered_at_once(api: Call, ml_client: "MLClient", served: str) -> None:
    turns = QUESTION["input_data"]["input_string"]
    assert len(ask(api, ml_client, served, {"input_data": {"input_string": [turns, turns]}}).json()) == 2


def test_a_wrong_key_is_refused(api: Call, served: str) -> None:
    url = f"https://{served}.eastus.inference.ml.azure.com/score"
    assert api("POST", url, "{}", token=False, Authorization="Bearer nothing").status == 401
    assert api("POST", url, "{}", token=False).status == 401


def test_an_entra_endpoint_takes_a_token_and_has_no_keys(api: Call, ml_client: "MLClient") -> None:
    from azure.identity import DefaultAzureCredential

    make_endpoint(ml_client, "contract-aad", auth_mode="aad_token")
    deploy(ml_client, "contract-aad", "blue")
    set_traffic(ml_client, "contract-aad", blue=100)
    url = "https://contract-aad.eastus.inference.ml.azure.com/score"
    token = DefaultAzureCredential().get_token("https://ml.azure.com/.default").token
    good = api("POST", url, json.dumps(QUESTION), token=False, Authorization=f"Bearer {token}")
    assert good.status == 200
    other = DefaultAzureCredential().get_token("https://management.azure.com/.default").token
    assert api("POST", url, json.dumps(QUESTION), token=False, Authorization=f"Bearer {other}").status == 401
    assert api("POST", f"{arm_path()}/onlineEndpoints/contract-aad/listKeys?api-version=2024-10-01").status == 400
    ml_client.online_endpoints.begin_delete("contract-aad").result()


def arm_path() -> str:
    names = process.workspace()
    return (
        f"https://management.azure.com/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/"
        f"{names['AZURE_RESOURCE_GROUP']}/providers/Microsoft.MachineLearningServices/workspaces/"
        f"{names['AZURE_ML_WORKSPACE']}"
    )


def test_traffic_must_sum_to_all_or_nothing_on_deployments_that_exist(ml_client: "MLClient", served: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="sum to 0 or 100"):
        set_traffic(ml_client, served, blue=60, green=30)
    with pytest.raises(HttpResponseError, match="does not exist"):
        set_traffic(ml_client, served, red=100)
    assert ml_client.online_endpoints.get(served).traffic == {"blue": 100, "green": 0}


def test_a_deployment_with_live_traffic_cannot_be_deleted(ml_client: "MLClient", served: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="100 percent"):
        ml_client.online_deployments.begin_delete(name="blue", endpoint_name=served).result()
    assert ml_client.online_deployments.get("blue", served).provisioning_state == "Succeeded"


@pytest.mark.parametrize("name", ["ab", "1abc", "a" * 33, "ends-", "under_score"])
def test_names_follow_the_services_rule(api: Call, name: str) -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    answer = api("PUT", f"{arm_path()}/onlineEndpoints/{name}?api-version=2024-10-01", body)
    assert answer.status == 400
    assert "name" in answer.json()["error"]["message"]


def test_one_change_at_a_time(api: Call, emulator_address: Address, ml_client: "MLClient", served: str) -> None:
    process.control(emulator_address, "PUT", "/pace/onlineEndpoints", {"pace": "3 reads"})
    url = f"{arm_path()}/onlineEndpoints/{served}?api-version=2024-10-01"
    body = api("GET", url).json()
    first = api("PUT", url, body)
    second = api("PUT", url, body)
    process.control(emulator_address, "PUT", "/pace/onlineEndpoints", {"pace": "at once"})
    assert second.status == 409
    assert "Updating provisioning state" in second.json()["error"]["message"]
    states = [api("GET", first.headers["Azure-AsyncOperation"]).json()["status"] for _ in range(4)]
    assert states[0] == "InProgress"
    assert states[-1] == "Succeeded"


def test_quota_is_refused_at_once_with_the_reason_inside(
    emulator_address: Address, ml_client: "MLClient", served: str
) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="Not enough quota available for Standard_NC96ads_A100_v4") as caught:
        deploy(ml_client, served, "huge", instance_type="Standard_NC96ads_A100_v4", instance_count=50)
    assert caught.value.status_code == 400
    assert "huge" not in {item.name for item in ml_client.online_deployments.list(served)}


def test_a_model_that_cannot_be_loaded_fails_the_operation_and_leaves_the_deployment_failed(
    ml_client: "MLClient", served: str, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import HttpResponseError

    (tmp_path / "MLmodel").write_text("flavors:\n  python_function: {}\n")
    model = ml_client.models.create_or_update(Model(name="empty", version="1", path=str(tmp_path), type="mlflow_model"))
    with pytest.raises(HttpResponseError, match="ResourceNotReady"):
        deploy(ml_client, served, "broken", model=model.id)
    assert ml_client.online_deployments.get("broken", served).provisioning_state == "Failed"
    assert "ERROR" in ml_client.online_deployments.get_logs("broken", served, 50)
    ml_client.online_deployments.begin_delete(name="broken", endpoint_name=served).result()


def test_deleting_an_endpoint_takes_its_deployments(ml_client: "MLClient") -> None:
    from azure.core.exceptions import ResourceNotFoundError

    make_endpoint(ml_client, "contract-gone")
    deploy(ml_client, "contract-gone", "blue")
    ml_client.online_endpoints.begin_delete("contract-gone").result()
    with pytest.raises(ResourceNotFoundError):
        ml_client.online_endpoints.get("contract-gone")
    assert "contract-gone" not in {item.name for item in ml_client.online_endpoints.list()}


def test_monitor_counts_what_arrived_and_nothing_else(
    api: Call, emulator_address: Address, ml_client: "MLClient", served: str
) -> None:
    from azure.identity import DefaultAzureCredential
    from azure.monitor.querymetrics import MetricAggregationType, MetricsClient

    for _ in range(5):
        assert ask(api, ml_client, served, **{"azureml-model-deployment": "green"}).status == 200
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 600})
    now = datetime.fromisoformat(process.control(emulator_address, "GET", "/status")["now"].replace("Z", "+00:00"))
    client = MetricsClient("https://eastus.metrics.monitor.azure.com", DefaultAzureCredential())
    (result,) = client.query_resources(
        resource_ids=[f"{arm_path().removeprefix('https://management.azure.com')}/onlineEndpoints/{served}"],
        metric_namespace="Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        metric_names=["RequestsPerMinute"],
        timespan=(now - timedelta(hours=1), now),
        granularity=timedelta(minutes=1),
        aggregations=[MetricAggregationType.AVERAGE],
        filter="deployment eq 'green'",
    )
    points = [point for series in result.metrics[0].timeseries for point in series.data]
    assert sum(point.average or 0 for point in points) >= 5
    assert any(point.average is None for point in points), "a minute without traffic has no value"
    assert max(point.timestamp for point in points) <= now - timedelta(minutes=3), "ingestion is late"


def test_an_unknown_metric_is_refused(api: Call, served: str) -> None:
    path = f"{arm_path()}/onlineEndpoints/{served}/providers/Microsoft.Insights/metrics"
    answer = api("GET", f"{path}?api-version=2024-02-01&metricnames=Nothing")
    assert answer.status == 400
    assert "RequestsPerMinute" in answer.json()["error"]["message"]


def test_endpoints_beyond_a_page_are_all_listed_once(api: Call, ml_client: "MLClient") -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    for number in range(100):
        assert api("PUT", f"{arm_path()}/onlineEndpoints/many-{number}?api-version=2024-10-01", body).status == 201
    names = [item.name for item in ml_client.online_endpoints.list()]
    assert len([name for name in names if name.startswith("many-")]) == 100
    assert len(names) == len(set(names))
    for number in range(100):
        api("DELETE", f"{arm_path()}/onlineEndpoints/many-{number}?api-version=2024-10-01")
