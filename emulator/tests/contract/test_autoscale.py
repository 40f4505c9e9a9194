"""Autoscale settings of Azure Monitor: made, read, changed, listed, removed, and refused as the specification says."""

import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from emulator_support.serving import Call, delete_endpoint, deploy, make_endpoint, workspace_id

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

NAME = "autoscaled"
API = "api-version=2022-10-01"


def url(name: str = "") -> str:
    names = process.workspace()
    group = f"/subscriptions/{names['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{names['AZURE_RESOURCE_GROUP']}"
    one = f"/{name}" if name else ""
    return f"https://management.azure.com{group}/providers/Microsoft.Insights/autoscaleSettings{one}?{API}"


def target(deployment: str = "blue") -> str:
    return f"{workspace_id()}/onlineEndpoints/{NAME}/deployments/{deployment}"


def body() -> dict[str, Any]:
    trigger = {
        "metricName": "GpuUtilizationPercentage",
        "metricResourceUri": target(),
        "timeGrain": "PT1M",
        "statistic": "Average",
        "timeWindow": "PT5M",
        "timeAggregation": "Average",
        "operator": "GreaterThan",
        "threshold": 70,
    }
    action = {"direction": "Increase", "type": "ChangeCount", "value": "1", "cooldown": "PT5M"}
    capacity = {"minimum": "1", "maximum": "4", "default": "1"}
    profile = {"name": "p", "capacity": capacity, "rules": [{"metricTrigger": trigger, "scaleAction": action}]}
    properties = {"enabled": True, "targetResourceUri": target(), "profiles": [profile]}
    return {"location": "eastus", "tags": {"a": "1"}, "properties": properties}


@pytest.fixture(scope="module", autouse=True)
def endpoint(ml_client: "MLClient") -> Iterator[None]:
    make_endpoint(ml_client, NAME)
    deploy(ml_client, NAME, "blue")
    yield
    delete_endpoint(ml_client, NAME)


def send(api: Call, method: str, name: str, sent: Any = None) -> Any:
    answer = api(
        method, url(name), json.dumps(sent) if sent is not None else None, **{"Content-Type": "application/json"}
    )
    return answer.status, json.loads(answer.data or b"null")


def test_a_setting_is_made_read_changed_listed_and_removed(api: Call) -> None:
    status, made = send(api, "PUT", "one", body())
    assert (status, made["type"], made["name"]) == (201, "Microsoft.Insights/autoscaleSettings", "one")
    assert send(api, "PUT", "one", body())[0] == 200
    status, read = send(api, "GET", "one")
    assert (status, read["properties"]["profiles"]) == (200, body()["properties"]["profiles"])
    status, changed = send(api, "PATCH", "one", {"properties": {"enabled": False}})
    assert (status, changed["properties"]["enabled"], changed["tags"]) == (200, False, {"a": "1"})
    assert [one["name"] for one in send(api, "GET", "")[1]["value"]] == ["one"]
    assert send(api, "PUT", "two", body())[0] == 409, "a resource has one setting"
    assert [send(api, "DELETE", "one")[0] for _ in range(2)] == [200, 204]
    assert send(api, "GET", "one")[0] == 404


CAPACITY, RULE = ("properties", "profiles", 0, "capacity"), ("properties", "profiles", 0, "rules", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("location",), None),
        (("properties", "profiles"), []),
        (("properties", "targetResourceUri"), None),
        (("properties", "targetResourceUri"), target("nobody")),
        ((*CAPACITY, "minimum"), 1),
        ((*CAPACITY, "minimum"), "5"),
        ((*CAPACITY, "default"), None),
        ((*RULE, "metricTrigger", "timeWindow"), "PT4M"),
        ((*RULE, "metricTrigger", "timeGrain"), "five minutes"),
        ((*RULE, "metricTrigger", "operator"), ">"),
        ((*RULE, "metricTrigger", "threshold"), "70"),
        ((*RULE, "scaleAction", "direction"), "Up"),
        ((*RULE, "scaleAction", "cooldown"), "PT30S"),
        ((*RULE, "scaleAction", "value"), 1),
    ],
)
def test_what_the_specification_does_not_allow_is_refused(api: Call, path: tuple[Any, ...], value: Any) -> None:
    sent = copy.deepcopy(body())
    inner: Any = sent
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    status, answer = send(api, "PUT", "bad", sent)
    assert status == 400
    assert answer["error"]["message"]
    assert send(api, "GET", "bad")[0] == 404
