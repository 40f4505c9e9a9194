"""Online endpoints and deployments through the unmodified SDK: life, traffic, refusals, keys, logs."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import (
    BASE,
    SIZE,
    Call,
    arm,
    ask,
    delete_endpoint,
    deploy,
    make_endpoint,
    register_model,
    set_traffic,
)

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module")
def served(ml_client: "MLClient") -> Iterator[str]:
    """An endpoint with two deployments, blue with all traffic."""
    make_endpoint(ml_client, "contract-served", tags={"a": "1"})
    for name in ("blue", "green"):
        deploy(ml_client, "contract-served", name)
    set_traffic(ml_client, "contract-served", blue=100)
    yield "contract-served"
    delete_endpoint(ml_client, "contract-served")


def test_an_endpoint_reads_back_as_it_was_made(api: Call, ml_client: "MLClient", served: str) -> None:
    endpoint = ml_client.online_endpoints.get(served)
    assert endpoint.provisioning_state == "Succeeded"
    assert endpoint.scoring_uri == f"https://{served}.eastus.inference.ml.azure.com/score"
    assert endpoint.openapi_uri == f"https://{served}.eastus.inference.ml.azure.com/swagger.json"
    assert endpoint.traffic == {"blue": 100, "green": 0}
    assert endpoint.tags == {"a": "1"}
    assert served in {item.name for item in ml_client.online_endpoints.list()}
    assert {item.name for item in ml_client.online_deployments.list(served)} == {"blue", "green"}
    raw = api("GET", arm(f"onlineEndpoints/{served}")).json()
    assert {"createdAt", "lastModifiedAt"} <= set(raw["systemData"])


def test_traffic_can_be_patched_alone_as_the_api_of_2022_has_it(api: Call, ml_client: "MLClient", served: str) -> None:
    url = f"{arm(f'onlineEndpoints/{served}').split('?')[0]}?api-version=2022-02-01-preview"
    api("PATCH", url, {"properties": {"traffic": {"green": 100}}})
    endpoint = ml_client.online_endpoints.get(served)
    assert (endpoint.traffic, endpoint.tags) == ({"blue": 0, "green": 100}, {"a": "1"})
    for refused in ({"green": 70}, {"nobody": 100}):
        assert api("PATCH", url, {"properties": {"traffic": refused}}).status == 400
    set_traffic(ml_client, served, blue=100)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {"properties": {"traffic": {"green": 100}}}, "properties.traffic"),
        ("", {"sku": {"name": "other"}}, "sku"),
        ("/deployments/blue", {"properties": {"instanceType": "Standard_E4s_v3"}}, "properties.instanceType"),
    ],
)
def test_a_patch_of_what_it_does_not_change_is_refused(
    api: Call, ml_client: "MLClient", served: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = api("PATCH", arm(f"onlineEndpoints/{served}{path}"), body)
    assert (answer.status, answer.json()["error"]["target"]) == (400, field)
    assert ml_client.online_endpoints.get(served).traffic == {"blue": 100, "green": 0}


def test_a_put_that_states_other_properties_keeps_those_of_the_service(api: Call, served: str) -> None:
    body = api("GET", arm(f"onlineEndpoints/{served}")).json()
    names = ("azureml.onlineendpointid", "AzureAsyncOperationUri")
    own = {name: body["properties"]["properties"][name] for name in names}
    body["properties"]["properties"] = {"mine": "1"}
    assert api("PUT", arm(f"onlineEndpoints/{served}"), body).status == 200
    while (found := api("GET", arm(f"onlineEndpoints/{served}")).json())["properties"][
        "provisioningState"
    ] == "Updating":
        pass
    now = found["properties"]["properties"]
    assert {name: now.get(name) for name in (*names, "mine")} == {**own, "mine": "1"}


def test_keys_are_only_shown_by_list_keys(api: Call, ml_client: "MLClient", served: str) -> None:
    key = ml_client.online_endpoints.get_keys(served).primary_key
    for url in (arm(f"onlineEndpoints/{served}"), arm("onlineEndpoints")):
        assert str(key) not in api("GET", url).data.decode()
    operation = api("PATCH", arm(f"onlineEndpoints/{served}"), {"tags": {"a": "1"}})
    assert str(key) not in api("GET", operation.headers["Location"]).data.decode()


def test_a_key_is_made_anew_and_the_other_stays(ml_client: "MLClient", served: str) -> None:
    before = ml_client.online_endpoints.get_keys(served)
    ml_client.online_endpoints.begin_regenerate_keys(served, key_type="primary").result()
    after = ml_client.online_endpoints.get_keys(served)
    assert before.primary_key != after.primary_key
    assert before.secondary_key == after.secondary_key


def test_a_deployment_reads_back_as_it_was_made(ml_client: "MLClient", served: str) -> None:
    from azure.ai.ml.entities import OnlineRequestSettings

    settings = OnlineRequestSettings(request_timeout_ms=90000, max_concurrent_requests_per_instance=2)
    deploy(ml_client, served, "third", request_settings=settings, tags={"t": "1"})
    found = ml_client.online_deployments.get("third", served)
    assert (found.instance_type, found.instance_count, found.model, found.tags) == (SIZE, 1, BASE, {"t": "1"})
    assert found.request_settings.request_timeout_ms == 90000
    ml_client.online_deployments.begin_delete(name="third", endpoint_name=served).result()


def test_traffic_must_sum_to_all_or_nothing_on_deployments_that_exist(ml_client: "MLClient", served: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="sum to 0 or 100"):
        set_traffic(ml_client, served, blue=60, green=30)
    with pytest.raises(HttpResponseError, match="does not exist"):
        set_traffic(ml_client, served, red=100)
    with pytest.raises(HttpResponseError, match="mirrored to one deployment"):
        set_traffic(ml_client, served, mirror={"green": 60}, blue=100)
    assert ml_client.online_endpoints.get(served).traffic == {"blue": 100, "green": 0}


@pytest.mark.parametrize("share", ["many", None, [1], -10, 101])
def test_a_share_that_is_no_percentage_is_refused(api: Call, served: str, share: object) -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key", "traffic": {"blue": share, "green": 0}}}
    assert api("PUT", arm(f"onlineEndpoints/{served}"), body).status == 400


def test_traffic_cannot_be_set_before_there_is_a_deployment(api: Call) -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key", "traffic": {"blue": 100}}}
    assert api("PUT", arm("onlineEndpoints/contract-early"), body).status == 400
    assert api("GET", arm("onlineEndpoints/contract-early")).status == 404


def test_a_deployment_with_live_traffic_cannot_be_deleted(ml_client: "MLClient", served: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="100 percent"):
        ml_client.online_deployments.begin_delete(name="blue", endpoint_name=served).result()
    assert ml_client.online_deployments.get("blue", served).provisioning_state == "Succeeded"


@pytest.mark.parametrize("name", ["ab", "1abc", "a" * 33, "ends-", "under_score"])
def test_names_follow_the_services_rule(api: Call, name: str) -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    answer = api("PUT", arm(f"onlineEndpoints/{name}"), body)
    assert answer.status == 400
    assert "name" in answer.json()["error"]["message"]


def test_a_name_is_taken_in_the_region_whatever_the_workspace(api: Call, served: str) -> None:
    other = arm("").replace("mlw-emulator/?", "mlw-other?")
    assert api("PUT", other, {"location": "eastus", "properties": {}}).status == 201
    url = arm(f"onlineEndpoints/{served.upper()}").replace("mlw-emulator", "mlw-other")
    answer = api("PUT", url, {"location": "eastus", "properties": {"authMode": "Key"}})
    assert answer.status == 400
    assert "unique in a region" in answer.json()["error"]["message"]
    assert api("DELETE", other).status == 202


def test_one_change_at_a_time(api: Call, emulator_address: Address, served: str) -> None:
    process.control(emulator_address, "PUT", "/delay/onlineEndpoints", {"delay": "5 reads"})
    url = arm(f"onlineEndpoints/{served}")
    body = api("GET", url).json()
    first = api("PUT", url, body)
    second = api("PUT", url, body)
    deployment = {"location": "eastus", "properties": {"model": BASE, "instanceType": SIZE}}
    third = api("PUT", arm(f"onlineEndpoints/{served}/deployments/fourth"), deployment)
    process.control(emulator_address, "PUT", "/delay/onlineEndpoints", {"delay": "at once"})
    assert (second.status, third.status) == (409, 409)
    assert "Updating provisioning state" in second.json()["error"]["message"]
    assert third.json()["error"]["message"] == (
        f"Cannot create a deployment in endpoint {served} because it is in Updating provisioning state."
    )
    states = [api("GET", first.headers["Azure-AsyncOperation"]).json()["status"] for _ in range(6)]
    assert states[0] == "Updating"
    assert states[-1] == "Succeeded"


def test_quota_is_refused_at_once_with_the_reason_inside(ml_client: "MLClient", served: str) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="Not enough quota available for Standard_NC96ads_A100_v4") as caught:
        deploy(ml_client, served, "huge", instance_type="Standard_NC96ads_A100_v4", instance_count=50)
    assert caught.value.status_code == 400
    assert f"Additional needed: {96 * 50} " in str(caught.value)
    assert "huge" not in {item.name for item in ml_client.online_deployments.list(served)}


def test_what_a_deployment_may_not_be_is_refused_at_once(ml_client: "MLClient", served: str) -> None:
    from azure.ai.ml.entities import OnlineRequestSettings
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="180 seconds"):
        deploy(ml_client, served, "slow", request_settings=OnlineRequestSettings(request_timeout_ms=180001))
    with pytest.raises(HttpResponseError, match="not supported"):
        deploy(ml_client, served, "odd", instance_type="Standard_Unheard_Of")
    with pytest.raises(HttpResponseError, match="was not found"):
        deploy(ml_client, served, "none", model=BASE.replace("15", "999"))
    assert {item.name for item in ml_client.online_deployments.list(served)} == {"blue", "green"}


def test_a_model_that_is_not_of_mlflow_needs_code(ml_client: "MLClient", served: str, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import HttpResponseError

    (tmp_path / "weights.bin").write_bytes(b"1")
    model = ml_client.models.create_or_update(Model(name="plain", version="1", path=str(tmp_path)))
    with pytest.raises(HttpResponseError, match="MissingDriverProgram"):
        deploy(ml_client, served, "plain", model=model.id)


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


def test_a_damaged_model_fails_the_same_way(ml_client: "MLClient", served: str, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    register_model(ml_client, tmp_path, "whole")
    (tmp_path / "data" / "model" / "model.npz").write_bytes(b"not weights")
    from azure.ai.ml.entities import Model

    damaged = Model(name="damaged", version="1", path=str(tmp_path), type="mlflow_model")
    with pytest.raises(HttpResponseError, match="ResourceNotReady"):
        deploy(ml_client, served, "damaged", model=ml_client.models.create_or_update(damaged).id)
    ml_client.online_deployments.begin_delete(name="damaged", endpoint_name=served).result()


def test_a_deployment_is_scaled_by_its_sku(api: Call, ml_client: "MLClient", served: str) -> None:
    url = arm(f"onlineEndpoints/{served}/deployments/green")
    answer = api("PATCH", url, {"sku": {"capacity": 2}})
    assert answer.status == 202
    while api("GET", answer.headers["Location"]).status == 202:
        time.sleep(0.05)
    assert ml_client.online_deployments.get("green", served).instance_count == 2
    assert api("GET", f"{url.split('?')[0]}/skus?api-version=1").json()["value"][0]["capacity"]["maximum"] == 50


def test_the_log_tells_of_the_start_and_of_each_request(api: Call, ml_client: "MLClient", served: str) -> None:
    ask(api, ml_client, served, **{"azureml-model-deployment": "blue"})
    text = ml_client.online_deployments.get_logs("blue", served, 50)
    assert BASE in text.splitlines()[0]
    assert "POST /score 200" in text.splitlines()[-1]
    assert len(ml_client.online_deployments.get_logs("blue", served, 1).splitlines()) == 1
    assert ml_client.online_deployments.get_logs("blue", served, 5, container_type="storage-initializer")


def test_deleting_an_endpoint_takes_its_deployments_and_frees_the_name(api: Call, ml_client: "MLClient") -> None:
    from azure.core.exceptions import ResourceNotFoundError

    make_endpoint(ml_client, "contract-gone")
    deploy(ml_client, "contract-gone", "blue")
    delete_endpoint(ml_client, "contract-gone")
    with pytest.raises(ResourceNotFoundError):
        ml_client.online_endpoints.get("contract-gone")
    assert "contract-gone" not in {item.name for item in ml_client.online_endpoints.list()}
    assert api("DELETE", arm("onlineEndpoints/contract-gone")).status == 204
    make_endpoint(ml_client, "contract-gone")
    assert list(ml_client.online_deployments.list("contract-gone")) == []
    delete_endpoint(ml_client, "contract-gone")


def test_a_listing_is_filtered_and_sorted(api: Call, ml_client: "MLClient", served: str) -> None:
    make_endpoint(ml_client, "contract-tagged", tags={"a": "2", "b": "x"})

    def names(query: str) -> list[str]:
        found = [item["name"] for item in api("GET", arm(f"onlineEndpoints?{query}")).json()["value"]]
        return [name for name in found if name in {served, "contract-tagged"}]

    assert names("tags=a") == [served, "contract-tagged"]
    assert names("tags=a=2") == ["contract-tagged"]
    assert names("tags=a=1,b") == []
    assert names(f"name={served}") == [served]
    assert names("orderBy=CreatedAtDesc") == ["contract-tagged", served]
    delete_endpoint(ml_client, "contract-tagged")


def test_endpoints_beyond_a_page_are_all_listed_once(api: Call, ml_client: "MLClient") -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    for number in range(100):
        assert api("PUT", arm(f"onlineEndpoints/many-{number}"), body).status == 201
    names = [item.name for item in ml_client.online_endpoints.list()]
    assert len([name for name in names if name.startswith("many-")]) == 100
    assert len(names) == len(set(names))
    for number in range(100):
        api("DELETE", arm(f"onlineEndpoints/many-{number}"))
