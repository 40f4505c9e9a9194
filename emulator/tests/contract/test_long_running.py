"""Long-running operations whose creator is gone: they end by time, by any read, and after a restart."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from azureml_emulator.core.arm import HOST, default_workspace_id
from emulator_support.own import OwnEmulator
from emulator_support.serving import BASE, SIZE, arm

ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"


class Left(OwnEmulator):
    """An emulator of this file's own, and one endpoint a test."""

    endpoint, deployment = "", ""

    def begin(self, name: str, delay: str) -> None:
        """A deployment that its creator never asks about again."""
        self.endpoint, self.deployment = f"onlineEndpoints/{name}", f"onlineEndpoints/{name}/deployments/blue"
        self.control("PUT", "/delay/deployments", {"delay": delay})
        endpoint = {"location": "eastus", "properties": {"authMode": "Key"}}
        assert self.call("PUT", arm(self.endpoint), endpoint).status == 201
        deployment: dict[str, Any] = {"location": "eastus", "properties": {"model": BASE, "instanceType": SIZE}}
        made = self.call("PUT", arm(self.deployment), deployment)
        assert made.status == 201, made.data
        assert made.json()["properties"]["provisioningState"] == "Creating"

    @property
    def state(self) -> str:
        """Of the deployment."""
        return str(self.call("GET", arm(self.deployment)).json()["properties"]["provisioningState"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    emulator = Left(tmp_path_factory.mktemp("own"))
    yield emulator
    emulator.stop()


def test_a_delay_in_reads_passes_with_time_when_nobody_reads(own: Left) -> None:
    own.begin("unread", "20 reads")
    own.control("POST", "/clock", {"advance_seconds": 50})
    assert own.state == "Creating"
    own.control("POST", "/clock", {"advance_seconds": 51})
    assert own.state == "Succeeded"


@pytest.mark.parametrize("read", ["/deployments/blue", "/deployments"])
def test_reads_of_the_resource_and_of_its_list_count_as_polls_do(own: Left, read: str) -> None:
    own.begin(f"read-{len(read)}", "3 reads")
    for _ in range(3):
        assert "Creating" in own.call("GET", arm(own.endpoint + read)).data.decode()
    assert "Succeeded" in own.call("GET", arm(own.endpoint + read)).data.decode()


def test_what_a_crash_of_the_emulator_interrupted_ends_after_the_restart(own: Left) -> None:
    own.begin("crashed", "1000 reads, 30 s")
    own.control("PUT", "/delay/deployments", {"delay": "30 s"})
    own.kill()
    own.start()
    assert own.state == "Creating"
    own.control("POST", "/clock", {"advance_seconds": 30 + 5 * 1000})
    assert own.state == "Succeeded"
    assert own.call("DELETE", arm(own.deployment)).status == 202


def test_a_client_may_ask_again_after_a_second_or_as_soon_as_was_set(own: Left) -> None:
    made = own.call("PUT", arm("onlineEndpoints/asked"), {"location": "eastus", "properties": {"authMode": "Key"}})
    assert (made.headers["Retry-After"], "x-ms-retry-after-ms" in made.headers) == ("1", False)
    own.control("PUT", "/settings/operations.retry_after_ms", {"value": "50"})
    own.control("PUT", "/delay/onlineEndpoints", {"delay": "2 reads"})
    gone = own.call("DELETE", arm("onlineEndpoints/asked"))
    for answer in (gone, own.call("GET", gone.headers["Location"])):
        assert answer.status == 202
        assert (answer.headers["x-ms-retry-after-ms"], "Retry-After" in answer.headers) == ("50", False)


def test_a_template_s_deployment_is_polled_or_answered_as_was_set(own: Left) -> None:
    group = default_workspace_id().split("/providers/")[0]
    url = f"https://{HOST}{group}/providers/Microsoft.Resources/deployments/short?api-version=2020-06-01"
    body = {"properties": {"mode": "Incremental", "template": {"resources": []}}}
    polled = own.call("PUT", url, body)
    assert (polled.status, polled.json()["properties"]["provisioningState"]) == (201, "Accepted")
    assert own.call("GET", polled.headers["Azure-AsyncOperation"]).json() == {"status": "Succeeded"}
    own.control("PUT", "/settings/arm.deployments", {"value": "answered"})
    answered = own.call("PUT", url, body)
    assert (answered.status, answered.json()["properties"]["provisioningState"]) == (200, "Succeeded")
    assert "Azure-AsyncOperation" not in answered.headers


def test_a_job_can_be_canceled_right_after_it_was_submitted(own: Left) -> None:
    """POST jobs/{id}/cancel of the REST specification: 202 with a Location, then the job is Canceled."""
    job = {"properties": {"jobType": "Command", "command": "true", "environmentId": ENVIRONMENT, "computeId": ""}}
    assert own.call("PUT", arm("jobs/short"), job).status == 201
    canceled = own.call("POST", arm("jobs/short/cancel"))
    assert (canceled.status, canceled.data) == (202, b"null")
    while (status := own.call("GET", arm("jobs/short")).json()["properties"]["status"]) == "CancelRequested":
        time.sleep(0.05)
    assert status == "Canceled"
    polled = own.call("GET", canceled.headers["Location"])
    assert (polled.status, polled.data) == (200, b"")
    again = own.call("POST", arm("jobs/short/cancel"))
    assert (again.status, "terminal state" in again.json()["error"]["message"]) == (400, True)
