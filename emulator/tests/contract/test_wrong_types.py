"""No body makes the emulator fail: a part that is of another type than it should be is understood or refused.

What the service understands all the same, a number for a text, is its reader's way: core/body_types.py.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import urllib3

from azureml_emulator import process
from azureml_emulator.core import arm
from azureml_emulator.core.body_types import read
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Request
from azureml_emulator.pytest_plugin import AzureMl
from emulator_support import recorded_place
from emulator_support.clients import Call, caller
from emulator_support.recorded_facts import replayed

WRONG: tuple[Any, ...] = ("x", [None])
RARE: tuple[Any, ...] = (None, {"a": None}, float("inf"), "a" * 300)  # one of them at each place
NAMES = ("inputs", "jobs", "outputs", "properties", "services", "tags")  # below which each key is a name, or nearly
Spot = tuple[str | int, ...]


@pytest.fixture(scope="module")
def azure_ml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureMl]:
    """An emulator of its own, for what it understood all the same stays there."""
    address = process.launch(tmp_path_factory.mktemp("wrong"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in process.variables(address, {}).items():
            patch.setenv(name, value)
        yield AzureMl(address)
    process.stop(Path(address.folder))


@pytest.fixture(scope="module")
def api(azure_ml: AzureMl) -> Call:
    return caller(azure_ml.address)


def test_a_part_of_another_type_is_understood_or_refused(api: Call, azure_ml: AzureMl) -> None:
    tried: set[tuple[str, ...]] = set()
    failed: list[str] = []

    def ask(method: str, url: str, body: Any) -> tuple[int, Any, Mapping[str, str]]:
        kind = "/".join(url.partition("?")[0].split("/")[11::2])
        for spot in spots(body):
            seen = (method, kind, *("" if above in NAMES else str(part) for above, part in pairwise(("", *spot))))
            if seen in tried:
                continue
            tried.add(seen)
            for number, wrong in enumerate((*WRONG, RARE[len(tried) % len(RARE)])):
                own = (rf"({names['name']}\d+)", rf"\g<1>w{len(tried)}x{number}")  # so that the real one is untouched
                text = re.sub(*own, json.dumps(changed(body, spot, wrong)))
                answer = api(method, re.sub(*own, url), text.encode(), Content_Type="application/json")
                if answer.status >= 500 and answer.status != 501:
                    failed.append(f"{method} {kind} {spot} {str(wrong)[:20]}: {answer.data.decode()[:160]}")
        return recorded_place.ask(api, method, url, body)

    with recorded_place.as_recorded(api, azure_ml) as names:  # some hundred jobs are taken: none need be worked on
        assert list(replayed(ask, recorded_place.base(names), names))
    assert not failed, "\n".join(failed[:20])
    assert len(tried) > 200


WORKSPACE = arm.default_workspace_id()
MLFLOW = f"https://eastus.api.azureml.ms/mlflow/v2.0{WORKSPACE}/api/2.0/mlflow"
GITHUB = "https://api.github.com/repos/acme/wrong/environments"
PAIRS = [{"key": "a", "value": "b"}]
OTHERS: tuple[tuple[str, str, str, Any], ...] = (  # whose token, method, URL, a body that is right
    ("management", "POST", f"{MLFLOW}/experiments/create", {"name": "wrong", "tags": PAIRS}),
    ("management", "POST", f"{MLFLOW}/runs/create", {"experiment_id": "0", "run_name": "r", "tags": PAIRS}),
    ("management", "POST", f"{MLFLOW}/runs/log-batch", {"run_id": "{run}", "metrics": [
        {"key": "loss", "value": 1.0, "timestamp": 1, "step": 0}], "params": PAIRS, "tags": PAIRS}),
    ("management", "POST", f"{MLFLOW}/runs/log-metric", {"run_id": "{run}", "key": "l", "value": 1.0, "timestamp": 1}),
    ("management", "POST", f"{MLFLOW}/runs/log-inputs", {"run_id": "{run}", "datasets": [
        {"dataset": {"name": "d", "digest": "1", "source": "s"}, "tags": PAIRS}]}),
    ("management", "POST", f"{MLFLOW}/runs/search", {"experiment_ids": ["0"], "filter": "metrics.loss < 1",
        "order_by": ["metrics.loss DESC"], "max_results": 5}),
    ("management", "POST", f"https://eastus.api.azureml.ms/history/v1.0{WORKSPACE}/batchrundata",
        {"requests": {"x": {"runId": "none"}}}),
    ("management", "POST", f"https://eastus.api.azureml.ms/artifact/v2.0{WORKSPACE}/artifacts/ExperimentRun/dcid.none"
        "/batch/metadata", {"paths": [{"path": "a"}]}),
    ("management", "PUT", f"https://{arm.HOST}{WORKSPACE.partition('/providers/')[0]}/providers/Microsoft.Insights"
        "/autoscaleSettings/wrong?api-version=2022-10-01", {"location": "eastus", "tags": {}, "properties": {
        "enabled": True, "targetResourceUri": "/subscriptions/x", "profiles": [{"name": "p", "capacity": {
        "minimum": "1", "maximum": "2", "default": "1"}, "rules": [{"metricTrigger": {"metricName": "m"},
        "scaleAction": {"type": "ChangeCount"}}]}]}}),
    ("metrics.monitor", "POST", f"https://eastus.metrics.monitor.azure.com{WORKSPACE.partition('/resourceGroups')[0]}"
        "/metrics:getBatch?api-version=2024-02-01&metricnames=RequestsPerMinute&metricnamespace=x",
        {"resourceids": [f"{WORKSPACE}/onlineEndpoints/none"]}),
    ("cognitiveservices", "POST", "https://team.openai.azure.com/openai/deployments/gpt-4o/chat/completions"
        "?api-version=2024-10-21", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 5,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {
        "type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}}}}}),
    ("management", "PUT", f"{GITHUB}/wrong", {"reviewers": [{"type": "User", "id": 7}], "deployment_branch_policy": {
        "protected_branches": False, "custom_branch_policies": True}}),
    ("management", "POST", f"{GITHUB}/wrong/variables", {"name": "A", "value": "b"}),
    ("management", "POST", f"{GITHUB}/wrong/deployment-branch-policies", {"name": "main"}),
)  # fmt: skip


def test_so_it_is_with_the_services_around(api: Call) -> None:
    """A part of another type, and each part left out."""
    from azure.identity import DefaultAzureCredential

    credential, failed = DefaultAzureCredential(), list[str]()
    run = api("POST", f"{MLFLOW}/runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    for whose, method, url, stated in OTHERS:
        bearer = credential.get_token(f"https://{whose}.azure.com/.default").token
        body = json.loads(json.dumps(stated).replace("{run}", run))

        def answer(sent: Any, at: tuple[str, str, str] = (method, url, bearer)) -> urllib3.BaseHTTPResponse:
            named = {"Content_Type": "application/json", "Authorization": f"Bearer {at[2]}"}
            return api(at[0], at[1], json.dumps(sent).encode(), token=False, **named)

        assert answer(body).status != 501, url
        bodies = [changed(body, spot, wrong) for spot in spots(body) for wrong in (*WRONG, *RARE)]
        for sent in (*bodies, *(without(body, spot) for spot in spots(body)), [], "x"):
            if (found := answer(sent)).status >= 500:
                failed.append(f"{method} {url.partition('?')[0]} {json.dumps(sent)[:160]}: {found.data.decode()[:160]}")
    assert not failed, "\n".join(failed[:20])


def without(body: Any, spot: Spot) -> Any:
    """The body without what is at that place."""
    made = at = copy.deepcopy(body)
    for part in spot[:-1]:
        at = at[part]
    del at[spot[-1]]
    return made


def spots(value: Any, path: Spot = ()) -> Iterator[Spot]:
    """The place of each part of a body."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from spots(item, (*path, key))


def changed(body: Any, spot: Spot, value: Any) -> Any:
    """The body with another value at that place."""
    made = at = copy.deepcopy(body)
    for part in spot[:-1]:
        at = at[part]
    at[spot[-1]] = value
    return made


def understood(kind: str, properties: Any, method: str = "PUT") -> Any:
    """What is read of a body's properties."""
    path = f"{arm.default_workspace_id()}/{kind}"
    return read(Request(method, arm.HOST, path, body=json.dumps({"properties": properties}).encode())).json()[
        "properties"
    ]


@pytest.mark.parametrize(
    ("kind", "stated", "read_as"),
    [
        ("jobs/a", {"jobType": "Command", "tags": {"a": 7, "b": True, "c": 0.5}}, {"a": "7", "b": "true", "c": "0.5"}),
        ("jobs/a", {"jobType": "command", "tags": {"a": None}}, {"a": None}),
        ("models/a/versions/1", {"tags": {"a": "x"}, "unknown": [7]}, {"a": "x"}),
    ],
)
def test_a_scalar_is_read_as_the_text_that_belongs_there(kind: str, stated: Any, read_as: Any) -> None:
    assert understood(kind, stated) == {**stated, "tags": read_as}


def test_numbers_and_truths_are_read_of_texts() -> None:
    stated = {
        "computeType": "AmlCompute",
        "disableLocalAuth": "True",
        "properties": {"scaleSettings": {"maxNodeCount": "4"}},
    }
    assert understood("computes/a", stated) == {
        "computeType": "AmlCompute",
        "disableLocalAuth": True,
        "properties": {"scaleSettings": {"maxNodeCount": 4}},
    }


@pytest.mark.parametrize(
    ("kind", "stated", "place"),
    [
        ("jobs/a", {"jobType": "Command", "tags": []}, "properties.tags"),
        ("jobs/a", {"jobType": "Command", "limits": {"timeout": {}}}, "properties.limits"),
        ("jobs/a", {"jobType": "Pipeline", "jobs": {"one": {"inputs": {"a": "x"}}}}, "properties.jobs.one.inputs.a"),
        ("components/a/versions/1", {"componentSpec": {"inputs": ["a"]}}, "properties.componentSpec.inputs"),
        ("computes/a", {"computeType": "AmlCompute", "properties": {"scaleSettings": {"maxNodeCount": 1.5}}},
         "properties.properties.scaleSettings.maxNodeCount"),
        ("computes/a", {"computeType": "AmlCompute", "disableLocalAuth": "perhaps"}, "properties.disableLocalAuth"),
        ("onlineEndpoints/e/deployments/d",
         {"endpointComputeType": "Managed", "livenessProbe": {"failureThreshold": True}},
         "properties.livenessProbe.failureThreshold"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(kind: str, stated: Any, place: str) -> None:
    with pytest.raises(ServiceError) as refused:
        understood(kind, stated)
    (detail,) = refused.value.details
    assert (refused.value.status, refused.value.code) == (400, "ValidationError")
    assert detail["target"].startswith(place)


def test_what_is_no_kind_of_the_interface_stays_as_it_is() -> None:
    assert understood("metrics/a", {"tags": 7}) == {"tags": 7}
    assert understood("jobs/a", {"tags": 7}, method="DELETE") == {"tags": 7}
