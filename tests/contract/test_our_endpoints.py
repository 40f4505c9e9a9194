"""Our own client of endpoints against the emulator: the life of one."""

from typing import TYPE_CHECKING

import pytest

from emulator_support.serving import BASE, SIZE
from mlops.azure import deployments, endpoints
from mlops.domain.promote.endpoint import EndpointFacts, EndpointState
from mlops.domain.serving.settings import ServingSettings
from mlops.domain.tags import OWNER_TAG, TRAFFIC_TAG
from tests.contract.own_workspace import own_workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def test_our_own_client_walks_the_life_of_an_endpoint(ml_client: "MLClient") -> None:
    workspace, name = own_workspace(), "contract-own"
    assert endpoints.observe(workspace, name, "us").state is EndpointState.ABSENT
    endpoints.create(workspace, name, auth_mode="key", tags={OWNER_TAG: "us", "old": "1"})

    def seen() -> EndpointFacts:
        return endpoints.observe(workspace, name, "us")

    spec = deployments.DeploymentSpec("first", BASE, SIZE, 1, ServingSettings(90000, 1, 600, 10), {"t": "1"})
    endpoints.deploy(workspace, seen(), spec)
    endpoints.set_traffic(workspace, seen(), {"first": 100}, {"new": "2"})
    endpoints.set_tags(workspace, name, {"old": None})
    found = endpoints.observe(workspace, name, "us")
    assert (found.state, found.traffic, found.ours) == (EndpointState.SUCCEEDED, {"first": 100}, True)
    assert found.tags == {OWNER_TAG: "us", "new": "2", TRAFFIC_TAG: "first=100"}
    (deployment,) = deployments.listed(workspace, name)
    assert (deployment.name, deployment.model, deployment.instance_count) == ("first", "Phi-3-mini-4k-instruct:15", 1)
    assert deployment.created is not None
    assert name in {item["name"] for item in endpoints.listing(workspace)}
    assert "ready" in deployments.logs(workspace, name, "first")
    with pytest.raises(ValueError, match="taken from all"):
        endpoints.set_traffic(workspace, seen(), {"first": 0}, {})
    endpoints.delete(workspace, name)
    assert name not in endpoints.names(workspace)
