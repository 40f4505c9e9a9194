"""Clusters, instances, VM sizes and quota through the real SDK."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3

from azureml_emulator import process
from azureml_emulator.core import defaults
from azureml_emulator.http.address import Address

ARM = "https://management.azure.com"
WORKSPACE = (
    f"/subscriptions/{defaults.SUBSCRIPTION_ID}/resourceGroups/{defaults.RESOURCE_GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{defaults.WORKSPACE}"
)
VERSION = "api-version=2023-08-01-preview"
Call = Callable[..., urllib3.BaseHTTPResponse]


@pytest.fixture
def name() -> str:
    """A compute name of the test's own."""
    return f"c-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def slow_computes(emulator_address: Address) -> Iterator[None]:
    """Computes that are ready at the second poll."""
    process.control(emulator_address, "PUT", "/delay/computes", {"delay": "2 reads"})
    yield
    process.control(emulator_address, "PUT", "/delay/computes", {"delay": "at once"})


def cluster(name: str, **settings: Any) -> Any:
    """A cluster of one A100 a node unless said otherwise."""
    from azure.ai.ml.entities import AmlCompute

    return AmlCompute(
        name=name, **{"size": "Standard_NC24ads_A100_v4", "min_instances": 0, "max_instances": 2, **settings}
    )


def refusal(create: Callable[[], Any]) -> tuple[int, str, str]:
    """(status, code, message) of the innermost reason that a call is refused for."""
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        create()
    error = refused.value.error
    detail = error.details[0] if error.details else error
    return int(refused.value.status_code), str(detail.code), str(detail.message)


def test_a_cluster_is_created_read_listed_and_deleted(ml_client: Any, name: str) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    wanted = cluster(name, idle_time_before_scale_down=300, tier="low_priority", tags={"team": "x"}, description="d")
    made = ml_client.compute.begin_create_or_update(wanted).result()
    assert (made.provisioning_state, made.size, made.min_instances, made.max_instances) == (
        "Succeeded",
        "STANDARD_NC24ADS_A100_V4",
        0,
        2,
    )
    found = ml_client.compute.get(name)
    assert (found.idle_time_before_scale_down, found.tier, found.tags, found.description) == (
        300,
        "low_priority",
        {"team": "x"},
        "d",
    )
    assert name in [compute.name for compute in ml_client.compute.list(compute_type="amlcompute")]
    ml_client.compute.begin_delete(name).result()
    with pytest.raises(ResourceNotFoundError) as missing:
        ml_client.compute.get(name)
    assert f"workspaces/{defaults.WORKSPACE}/computes/{name}'" in str(missing.value)


def test_scaling_a_cluster_keeps_its_creation_and_its_size(ml_client: Any, name: str) -> None:
    first = ml_client.compute.begin_create_or_update(cluster(name)).result()
    second = ml_client.compute.begin_create_or_update(cluster(name, max_instances=4)).result()
    assert (second.max_instances, second.created_on) == (4, first.created_on)
    status, code, _ = refusal(lambda: ml_client.compute.begin_create_or_update(cluster(name, size="Standard_DS3_v2")))
    assert (status, code) == (400, "InvalidPropertyUpdate")
    assert ml_client.compute.get(name).size == "STANDARD_NC24ADS_A100_V4"


def test_creation_takes_as_long_as_its_delay_says(ml_client: Any, name: str, slow_computes: None, api: Call) -> None:
    url = f"{ARM}{WORKSPACE}/computes/{name}?{VERSION}"
    body = {
        "location": "eastus",
        "properties": {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_DS3_V2"}},
    }
    made = api("PUT", url, body)
    assert (made.status, made.json()["properties"]["provisioningState"]) == (201, "Creating")
    again = api("PUT", url, body)
    assert (again.status, again.json()["error"]["code"]) == (409, "Conflict")
    status = made.headers["azure-asyncoperation"]
    assert [api("GET", status).json()["status"] for _ in range(3)] == ["InProgress", "Succeeded", "Succeeded"]
    assert ml_client.compute.get(name).provisioning_state == "Succeeded"


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"size": "Standard_Nope"}, "InvalidPropertyValue", "Standard_Nope"),
        ({"min_instances": 3}, "InvalidPropertyValue", "minNodeCount 3"),
        ({"size": "Standard_ND96isr_H100_v5", "tier": "low_priority"}, "InvalidPropertyValue", "LowPriority"),
        (
            {"size": "Standard_ND96isr_H100_v5", "min_instances": 3, "max_instances": 3},
            "ClusterMinNodesExceedCoreQuota",
            "quota of 192",
        ),
    ],
)
def test_a_cluster_that_cannot_be_is_refused_at_once(
    ml_client: Any, name: str, settings: dict[str, Any], code: str, said: str
) -> None:
    status, found, message = refusal(lambda: ml_client.compute.begin_create_or_update(cluster(name, **settings)))
    assert (status, found) == (400, code)
    assert said in message
    assert name not in [compute.name for compute in ml_client.compute.list()]


@pytest.mark.parametrize("bad", ["1abc", "a", "ends-", "x" * 33, "under_score"])
def test_a_bad_name_is_refused(api: Call, bad: str) -> None:
    body = {
        "location": "eastus",
        "properties": {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_DS3_V2"}},
    }
    answer = api("PUT", f"{ARM}{WORKSPACE}/computes/{bad}?{VERSION}", body)
    assert (answer.status, answer.json()["error"]["details"][0]["code"]) == (400, "InvalidComputeName")


def test_kept_up_nodes_are_listed_and_use_quota(ml_client: Any, name: str, api: Call) -> None:
    def used() -> tuple[int, int]:
        path = f"/subscriptions/{defaults.SUBSCRIPTION_ID}/providers/Microsoft.MachineLearningServices"
        answer = api("GET", f"{ARM}{path}/locations/eastus/usages?{VERSION}&$top=100")
        rows = {row["name"]["value"]: row["currentValue"] for row in answer.json()["value"]}
        return rows["standardNCADSA100v4Family"], rows["Total Cluster Dedicated Regional vCPUs"]

    family, total = used()  # clusters of other tests may stand
    ml_client.compute.begin_create_or_update(cluster(name, min_instances=2)).result()
    nodes = list(ml_client.compute.list_nodes(name))
    assert [vars(node)["nodeState"] for node in nodes] == ["idle", "idle"]  # the SDK leaves its own names empty
    assert used() == (family + 48, total + 48)
    ml_client.compute.begin_delete(name).result()
    assert used() == (family, total)


def test_a_family_without_quota_refuses(ml_client: Any, name: str, emulator_address: Address) -> None:
    process.control(emulator_address, "PUT", "/quota/standardNCSv3Family", {"limit": 0})
    _, code, message = refusal(lambda: ml_client.compute.begin_create_or_update(cluster(name, size="Standard_NC6s_v3")))
    assert code == "ClusterMinNodesExceedCoreQuota"
    assert "6 vCPUs" in message
    process.control(emulator_address, "PUT", "/quota/standardNCSv3Family", {"limit": 96})
    assert ml_client.compute.begin_create_or_update(cluster(name, size="Standard_NC6s_v3")).result().name == name


def test_low_priority_machines_have_one_quota_of_their_own(
    ml_client: Any, name: str, emulator_address: Address
) -> None:
    process.control(emulator_address, "PUT", "/quota/totalLowPriorityCores", {"limit": 20})
    try:
        _, code, message = refusal(lambda: ml_client.compute.begin_create_or_update(cluster(name, tier="low_priority")))
        assert code == "ClusterMinNodesExceedCoreQuota"
        assert "low-priority vCPU quota of 20" in message
        assert ml_client.compute.begin_create_or_update(cluster(name)).result().name == name
    finally:
        process.control(emulator_address, "PUT", "/quota/totalLowPriorityCores", {"limit": 1000})


def test_sizes_are_listed_with_their_gpus(ml_client: Any) -> None:
    sizes = {size.name: size for size in ml_client.compute.list_sizes()}
    a100 = vars(sizes["Standard_NC24ads_A100_v4"])  # the SDK leaves v_cp_us and memory_gb empty
    assert (a100["gpus"], a100["vCPUs"], a100["memoryGB"]) == (1, 24, 220.0)
    assert sizes["Standard_F4s_v2"].gpus == 0


def test_an_instance_stops_and_starts(ml_client: Any, name: str) -> None:
    from azure.ai.ml.entities import ComputeInstance

    ml_client.compute.begin_create_or_update(ComputeInstance(name=name, size="Standard_DS3_v2")).result()
    ml_client.compute.begin_stop(name).result()
    assert ml_client.compute.get(name).state == "Stopped"
    ml_client.compute.begin_start(name).result()
    assert ml_client.compute.get(name).state == "Running"
    ml_client.compute.begin_delete(name).result()


def test_computes_of_elsewhere_are_attached_as_records(ml_client: Any) -> None:
    from azure.ai.ml.entities import KubernetesCompute, SynapseSparkCompute
    from azure.core.exceptions import HttpResponseError

    where = "/subscriptions/s/resourceGroups/g/providers"
    cluster = f"{where}/Microsoft.ContainerService/managedClusters/k"
    made = ml_client.compute.begin_create_or_update(KubernetesCompute(name="k8s", resource_id=cluster)).result()
    assert (made.type, made.resource_id) == ("kubernetes", cluster)
    pool = SynapseSparkCompute(name="pool", resource_id=f"{where}/Microsoft.Synapse/workspaces/w/bigDataPools/p")
    assert ml_client.compute.begin_create_or_update(pool).result().provisioning_state == "Succeeded"
    ml_client.compute.begin_delete("pool", action="Detach").result()
    assert "k8s" in [one.name for one in ml_client.compute.list()]
    ml_client.compute.begin_delete("k8s", action="Detach").result()
    with pytest.raises(HttpResponseError, match="The request is invalid"):
        ml_client.compute.begin_create_or_update(KubernetesCompute(name="k8s", resource_id="")).result()
