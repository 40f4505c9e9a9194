"""The scoring host: who may ask, who answers, the two serving stacks, limits, and what goes wrong how."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import (
    QUESTION,
    TURN,
    Call,
    arm,
    ask,
    asker,
    delete_endpoint,
    deploy,
    make_endpoint,
    register_model,
    set_traffic,
)

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

HOST = "https://scoring-served.eastus.inference.ml.azure.com"
HEADER = "azureml-model-deployment"


@pytest.fixture(scope="module")
def served(ml_client: "MLClient", tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An endpoint: `tuned`, a fine-tuned model, has all traffic; `base` is one of the registry."""
    model = register_model(ml_client, tmp_path_factory.mktemp("model"), "scored")
    make_endpoint(ml_client, "scoring-served")
    deploy(ml_client, "scoring-served", "tuned", model=model)
    deploy(ml_client, "scoring-served", "base")
    set_traffic(ml_client, "scoring-served", tuned=100)
    yield "scoring-served"
    delete_endpoint(ml_client, "scoring-served")


def conversation(*roles: str) -> dict[str, Any]:
    return {"input_data": {"input_string": [{"role": role, "content": role} for role in roles]}}


def test_a_fine_tuned_model_answers_a_table_through_the_sdk(ml_client: "MLClient", served: str, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(QUESTION))
    answer = json.loads(ml_client.online_endpoints.invoke(served, request_file=str(request), deployment_name="tuned"))
    assert len(answer) == 1
    assert set(answer[0]) == {"0"}
    assert answer[0]["0"]


def test_a_base_model_answers_as_its_own_image_does(api: Call, ml_client: "MLClient", served: str) -> None:
    answer = ask(api, ml_client, served, **{HEADER: "base"})
    assert set(answer.json()) == {"output"}
    assert answer.json()["output"]
    nested = ask(
        api, ml_client, served, {"input_data": {"input_string": [[TURN]], "parameters": {}}}, **{HEADER: "base"}
    )
    assert nested.json()["output"]
    assert ask(api, ml_client, served, {"nothing": 1}, **{HEADER: "base"}).json() == {}


def test_a_setting_chooses_the_stack_for_all(
    api: Call, emulator_address: Address, ml_client: "MLClient", served: str
) -> None:
    process.control(emulator_address, "PUT", "/settings/scoring.stack", {"value": "foundation-model-inference"})
    shown = ask(api, ml_client, served).json()
    process.control(emulator_address, "PUT", "/settings/scoring.stack", {"value": ""})
    assert set(shown) == {"output"}
    assert "0" in ask(api, ml_client, served).json()[0]


def test_the_answer_is_as_long_as_asked_for_and_the_same_again(api: Call, ml_client: "MLClient", served: str) -> None:
    def words(tokens: int) -> str:
        body = {"input_data": {"input_string": [TURN], "parameters": {"max_new_tokens": tokens, "temperature": 0}}}
        return str(ask(api, ml_client, served, body).json()[0]["0"])

    assert words(4) == words(4)
    assert words(12).startswith(words(4))
    assert len(words(12)) > len(words(4))


@pytest.mark.parametrize("nested", [[[TURN]], [[TURN], [TURN, {"role": "assistant", "content": "Hi"}, TURN]]])
def test_a_nested_list_is_several_conversations(
    api: Call, ml_client: "MLClient", served: str, nested: list[Any]
) -> None:
    assert len(ask(api, ml_client, served, {"input_data": {"input_string": nested}}).json()) == len(nested)


@pytest.mark.parametrize(
    "body",
    [
        conversation("user", "assistant"),
        conversation("user", "user"),
        conversation("user", "system", "user"),
        conversation("system"),
        conversation(),
        {"input_string": [TURN]},
        {"input_data": {"input_string": [TURN], "parameters": {"temperature": "hot"}}},
    ],
)
def test_what_the_model_raises_is_its_own_error(
    api: Call, ml_client: "MLClient", served: str, body: dict[str, Any]
) -> None:
    answer = ask(api, ml_client, served, body)
    assert answer.status == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert answer.headers["ms-azureml-model-error-reason"]


def test_the_sdk_raises_for_the_models_error(ml_client: "MLClient", served: str, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    request = tmp_path / "request.json"
    request.write_text(json.dumps(conversation("assistant")))
    with pytest.raises(HttpResponseError) as caught:
        ml_client.online_endpoints.invoke(served, request_file=str(request), deployment_name="tuned")
    assert caught.value.status_code == 424


def test_the_header_chooses_a_deployment_past_the_traffic(api: Call, ml_client: "MLClient", served: str) -> None:
    assert ask(api, ml_client, served).headers[HEADER] == "tuned"
    assert ask(api, ml_client, served, **{HEADER: "base"}).headers[HEADER] == "base"
    assert ask(api, ml_client, served, **{HEADER: "red"}).status == 404


def test_traffic_is_divided_by_weight(api: Call, ml_client: "MLClient", served: str) -> None:
    set_traffic(ml_client, served, tuned=80, base=20)
    once_more = asker(api, ml_client, served)
    seen = [once_more().headers[HEADER] for _ in range(60)]
    set_traffic(ml_client, served, tuned=100)
    assert 0 < seen.count("base") < 30


def test_mirrored_requests_are_served_twice_and_answered_once(api: Call, ml_client: "MLClient", served: str) -> None:
    def mirrored() -> int:
        return str(ml_client.online_deployments.get_logs("base", served, 1000)).count("POST /score")

    set_traffic(ml_client, served, mirror={"base": 50}, tuned=100)
    before, once_more = mirrored(), asker(api, ml_client, served)
    assert {once_more().headers[HEADER] for _ in range(30)} == {"tuned"}
    while mirrored() == before:  # the second answer is given after the first one
        time.sleep(0.05)
    set_traffic(ml_client, served, tuned=100)
    assert 0 < mirrored() - before < 30


def test_an_endpoint_without_traffic_has_nobody_to_answer(api: Call, ml_client: "MLClient", served: str) -> None:
    set_traffic(ml_client, served, tuned=0)
    assert ask(api, ml_client, served).status == 404
    set_traffic(ml_client, served, tuned=100)


def test_keys_are_needed(api: Call, ml_client: "MLClient", served: str) -> None:
    keys: Any = ml_client.online_endpoints.get_keys(served)
    body = json.dumps(QUESTION)
    for key, status in ((keys.secondary_key, 200), ("nothing", 401), ("\u00e4", 401)):
        assert api("POST", f"{HOST}/score", body, token=False, Authorization=f"Bearer {key}").status == status
    assert api("POST", f"{HOST}/score", body, token=False).status == 401
    assert api("POST", f"{HOST}/score", body, token=False, Authorization=keys.primary_key).status == 401
    assert api("POST", f"{HOST}/score", body).status == 401, "a token of Entra is no key"
    assert api("GET", f"{HOST}/swagger.json", token=False).status == 401


def test_the_swagger_document_names_the_call(api: Call, ml_client: "MLClient", served: str) -> None:
    keys: Any = ml_client.online_endpoints.get_keys(served)
    found = api("GET", f"{HOST}/swagger.json", token=False, Authorization=f"Bearer {keys.primary_key}").json()
    assert list(found["paths"]) == ["/score"]
    example = found["definitions"]["ServiceInput"]["example"]
    assert ask(api, ml_client, served, example).status == 200
    assert api("GET", f"{HOST}/", token=False).status == 200


def test_a_request_is_traced(api: Call, ml_client: "MLClient", served: str) -> None:
    answer = ask(api, ml_client, served, **{"x-ms-client-request-id": "mine", "x-request-id": "yours"})
    assert (answer.headers["x-ms-client-request-id"], answer.headers["x-request-id"]) == ("mine", "yours")


def test_an_entra_endpoint_takes_a_token_and_has_no_keys(api: Call, ml_client: "MLClient") -> None:
    from azure.identity import DefaultAzureCredential

    make_endpoint(ml_client, "scoring-aad", auth_mode="aad_token")
    deploy(ml_client, "scoring-aad", "blue")
    set_traffic(ml_client, "scoring-aad", blue=100)
    url, body = "https://scoring-aad.eastus.inference.ml.azure.com/score", json.dumps(QUESTION)
    token = DefaultAzureCredential().get_token("https://ml.azure.com/.default").token
    assert api("POST", url, body, token=False, Authorization=f"Bearer {token}").status == 200
    assert api("POST", url, body).status == 401, "the token of api() is for Azure Resource Manager"
    assert api("POST", arm("onlineEndpoints/scoring-aad/listKeys")).status == 400
    delete_endpoint(ml_client, "scoring-aad")


def test_a_token_of_azure_ml_is_for_one_endpoint(api: Call, ml_client: "MLClient") -> None:
    names = ("scoring-aml-a", "scoring-aml-b")
    for name in names:
        make_endpoint(ml_client, name, auth_mode="aml_token")
        deploy(ml_client, name, "blue")
        set_traffic(ml_client, name, blue=100)
    token = str(ml_client.online_endpoints.get_keys(names[0]).access_token)
    statuses = [
        api(
            "POST",
            f"https://{name}.eastus.inference.ml.azure.com/score",
            json.dumps(QUESTION),
            token=False,
            Authorization=f"Bearer {token}",
        ).status
        for name in names
    ]
    assert statuses == [200, 401]
    for name in names:
        delete_endpoint(ml_client, name)


def test_a_request_beyond_the_time_limit_is_given_up_and_one_too_many_refused(
    api: Call, ml_client: "MLClient", served: str
) -> None:
    from azure.ai.ml.entities import OnlineRequestSettings

    settings = OnlineRequestSettings(request_timeout_ms=60, max_concurrent_requests_per_instance=1)
    deploy(ml_client, served, "hasty", request_settings=settings)
    many = {"input_data": {"input_string": [[TURN]] * 100, "parameters": {"max_new_tokens": 64}}}
    statuses, post = list[int](), asker(api, ml_client, served)

    def send() -> None:
        statuses.append(post(many, **{HEADER: "hasty"}).status)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [408, 408, 429, 429]
    while (status := post(**{HEADER: "hasty"}).status) != 200:
        assert status in (408, 429), "the container is free again, sooner or later"
        time.sleep(0.02)
    ml_client.online_deployments.begin_delete(name="hasty", endpoint_name=served).result()
