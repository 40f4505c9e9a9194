"""How our own code reads the use of endpoints from Azure Monitor."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import Call, arm, ask, delete_endpoint, deploy, make_endpoint, set_traffic, workspace_id
from mlops.azure import endpoint_usage
from mlops.domain.cleanup.idle_endpoints import Known, Unknown
from tests.contract.own_workspace import own_workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

NAME = "our-monitor"
ASKED = 5
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def now(address: Address) -> datetime:
    return datetime.fromisoformat(process.control(address, "GET", "/status")["now"].replace("Z", "+00:00"))


def resource(name: str = NAME) -> str:
    return f"{workspace_id()}/onlineEndpoints/{name}"


@pytest.fixture(scope="module")
def used(api: Call, emulator_address: Address, ml_client: "MLClient") -> Iterator[datetime]:
    """An endpoint two hours old that was asked five times, an hour after it was made; gives the time of the asking."""
    make_endpoint(ml_client, NAME)
    deploy(ml_client, NAME, "blue")
    set_traffic(ml_client, NAME, blue=100)
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 3600})
    moment = now(emulator_address)
    for _ in range(ASKED):
        assert ask(api, ml_client, NAME).status == 200
    assert ask(api, ml_client, NAME, **{"azureml-model-deployment": "none"}).status == 404
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 3600})
    yield moment
    delete_endpoint(ml_client, NAME)


def test_our_own_client_sees_the_use(emulator_address: Address, used: datetime) -> None:
    end = now(emulator_address)
    found = endpoint_usage.activity(
        own_workspace(), [endpoint_usage.Wanted(resource(), end - timedelta(days=9))], until=end
    )
    seen = found[resource().lower()]
    assert isinstance(seen, Known)
    assert seen.requests > 0
    assert seen.last_request is not None
    assert used <= seen.last_request <= used + 2 * HOUR


def test_an_hour_that_a_decision_hangs_on_is_measured_by_the_minute(emulator_address: Address, used: datetime) -> None:
    end = now(emulator_address)
    moments = (used - 30 * MINUTE, used + 30 * MINUTE)  # one of them lies in the hour of the requests
    wanted = [endpoint_usage.Wanted(resource(), end - timedelta(days=9), moments)]
    seen = endpoint_usage.activity(own_workspace(), wanted, until=end)[resource().lower()]
    assert isinstance(seen, Known)
    assert seen.last_request is not None
    assert used < seen.last_request <= used + 2 * MINUTE


def test_one_unknown_resource_in_a_batch_leaves_the_others_measured(emulator_address: Address, used: datetime) -> None:
    end = now(emulator_address)
    wanted = [endpoint_usage.Wanted(id, end - timedelta(days=9)) for id in (resource("monitor-none"), resource())]
    found = endpoint_usage.activity(own_workspace(), wanted, until=end)
    assert isinstance(found[resource().lower()], Known)
    lost = found[resource("monitor-none").lower()]
    assert isinstance(lost, Unknown)
    assert "404" in lost.why


def test_requests_to_a_deployment_by_name_are_told_apart(emulator_address: Address, used: datetime) -> None:
    end = now(emulator_address)
    found = endpoint_usage.deployments_used(own_workspace(), [resource()], since=end - timedelta(days=9), until=end)
    seen = found[resource().lower()]
    assert not isinstance(seen, Unknown)
    assert used <= seen["blue"] <= used + 2 * HOUR


def test_fifty_endpoints_over_nine_days_are_one_call(api: Call, emulator_address: Address, used: datetime) -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    names = [f"monitor-many-{number}" for number in range(50)]
    for name in names:
        assert api("PUT", arm(f"onlineEndpoints/{name}"), body).status == 201
    process.control(emulator_address, "POST", "/clock", {"advance_seconds": 9 * 86400})
    end, workspace = now(emulator_address), own_workspace()
    assert workspace.location
    ids = [resource(name) for name in names]
    log = Path(emulator_address.folder) / "requests.log"

    def calls() -> int:
        return log.read_text(encoding="utf-8").count("/metrics:getBatch")

    before = calls()
    found = endpoint_usage.activity(
        workspace, [endpoint_usage.Wanted(id, end - timedelta(days=9)) for id in ids], until=end
    )
    made = calls() - before
    for name in names:
        api("DELETE", arm(f"onlineEndpoints/{name}"))
    assert all(isinstance(seen, Known) and seen.requests == 0 and seen.points > 200 for seen in found.values())
    assert len(found) == 50
    assert made == 1
