"""Chat completions of Azure OpenAI, asked with the real credential and plain HTTP."""

import json
from typing import Any

import pytest
import urllib3
from azure.identity import DefaultAzureCredential

from azureml_emulator.http.address import Address

URL = "https://team.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
SCHEMA = {
    "type": "object",
    "properties": {"why": {"type": "string"}, "better": {"enum": ["A", "B", "tie"]}},
    "required": ["why", "better"],
}


def ask(address: Address, body: dict[str, Any], *, url: str = URL, scope: str = "cognitiveservices") -> Any:
    token = DefaultAzureCredential().get_token(f"https://{scope}.azure.com/.default").token
    pool = urllib3.ProxyManager(address.proxy_url, ca_certs=address.ca_file)
    return pool.request("POST", url, json=body, headers={"Authorization": f"Bearer {token}"}, retries=False)


def choice(answer: Any) -> str:
    assert answer.status == 200, answer.data
    return str(answer.json()["choices"][0]["message"]["content"])


def test_an_answer_has_the_form_of_the_schema_and_is_the_same_each_time(emulator_address: Address) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA}}
    said = []
    for number in range(12):
        body = {"messages": [{"role": "user", "content": f"Which one, {number}?"}], "response_format": wanted}
        first, again = choice(ask(emulator_address, body)), choice(ask(emulator_address, body))
        assert first == again
        said.append(json.loads(first))
    assert {tuple(one) for one in said} == {("why", "better")}
    assert {one["better"] for one in said} == {"A", "B", "tie"}, "by chance, and by no opinion"


def test_a_text_is_cut_at_the_limit_and_tokens_are_counted(emulator_address: Address) -> None:
    body = {"messages": [{"role": "user", "content": "Hello"}]}
    whole, cut = ask(emulator_address, body).json(), ask(emulator_address, {**body, "max_tokens": 2}).json()
    assert [found["choices"][0]["finish_reason"] for found in (whole, cut)] == ["stop", "length"]
    assert cut["choices"][0]["message"]["content"] == whole["choices"][0]["message"]["content"][:8]
    assert cut["usage"]["total_tokens"] == cut["usage"]["prompt_tokens"] + 2


@pytest.mark.parametrize(
    ("body", "changes", "status", "said"),
    [
        ({"messages": []}, {}, 400, "'messages' must be"),
        ({"messages": [{"role": "bot", "content": "x"}]}, {}, 400, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, {}, 400, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x"}], "stream": True}, {}, 501, "stream"),
        ({"messages": [{"role": "user", "content": "x"}]}, {"scope": "management"}, 401, "audience is incorrect"),
        ({"messages": [{"role": "user", "content": "x"}]}, {"url": URL.partition("?")[0]}, 404, "Resource not found"),
    ],
)
def test_what_the_service_refuses(
    emulator_address: Address, body: dict[str, Any], changes: dict[str, str], status: int, said: str
) -> None:
    answer = ask(emulator_address, body, **changes)
    assert answer.status == status
    assert said in answer.data.decode()
