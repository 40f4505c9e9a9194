"""Online endpoints on an attached Kubernetes cluster, through the unmodified SDK."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError

from emulator_support.serving import BASE, SIZE, Call, ask, delete_endpoint, make_endpoint

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

NAME = "contract-on-cluster"
CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/k"


@pytest.fixture(scope="module")
def on_cluster(ml_client: "MLClient") -> Iterator[str]:
    from azure.ai.ml.entities import KubernetesCompute, KubernetesOnlineEndpoint

    ml_client.compute.begin_create_or_update(KubernetesCompute(name="serving-k8s", resource_id=CLUSTER)).result()
    endpoint = KubernetesOnlineEndpoint(name=NAME, compute="serving-k8s", auth_mode="key")
    ml_client.online_endpoints.begin_create_or_update(endpoint).result()
    yield NAME
    delete_endpoint(ml_client, NAME)
    ml_client.compute.begin_delete("serving-k8s", action="Detach").result()


def test_a_deployment_with_resources_serves_and_scales(api: Call, ml_client: "MLClient", on_cluster: str) -> None:
    from azure.ai.ml.entities import (
        KubernetesOnlineDeployment,
        KubernetesOnlineEndpoint,
        ResourceRequirementsSettings,
        ResourceSettings,
        TargetUtilizationScaleSettings,
    )

    endpoint = ml_client.online_endpoints.get(on_cluster)
    assert isinstance(endpoint, KubernetesOnlineEndpoint)
    assert str(endpoint.compute).endswith("/computes/serving-k8s")
    stated = KubernetesOnlineDeployment(
        name="blue",
        endpoint_name=on_cluster,
        model=BASE,
        instance_count=60,
        resources=ResourceRequirementsSettings(
            requests=ResourceSettings(cpu="0.1", memory="0.5Gi"), limits=ResourceSettings(cpu="1", memory="1Gi")
        ),
        scale_settings=TargetUtilizationScaleSettings(
            min_instances=1, max_instances=3, target_utilization_percentage=70
        ),
    )
    ml_client.online_deployments.begin_create_or_update(stated).result()
    made = ml_client.online_deployments.get("blue", on_cluster)
    assert isinstance(made, KubernetesOnlineDeployment)
    assert made.resources is not None
    assert made.resources.limits is not None
    assert (made.resources.limits.memory, made.instance_type, made.instance_count) == (
        "1Gi",
        "defaultinstancetype",
        60,
    )
    assert isinstance(made.scale_settings, TargetUtilizationScaleSettings)
    endpoint.traffic = {"blue": 100}
    ml_client.online_endpoints.begin_create_or_update(endpoint).result()
    assert ask(api, ml_client, on_cluster).status == 200


def test_a_cluster_that_is_not_there_or_is_no_kubernetes_is_refused(ml_client: "MLClient") -> None:
    from azure.ai.ml.entities import AmlCompute, KubernetesOnlineEndpoint

    def begin(compute: str) -> None:
        stated = KubernetesOnlineEndpoint(name="contract-lost", compute=compute)
        ml_client.online_endpoints.begin_create_or_update(stated).result()

    with pytest.raises(HttpResponseError, match="no-such-cluster was not found"):
        begin("no-such-cluster")
    ml_client.compute.begin_create_or_update(AmlCompute(name="serving-vms", size="STANDARD_DS3_V2")).result()
    with pytest.raises(HttpResponseError, match="serving-vms is of type AmlCompute"):
        begin("serving-vms")
    ml_client.compute.begin_delete("serving-vms").result()


def test_the_compute_types_of_endpoint_and_deployment_must_agree(ml_client: "MLClient", on_cluster: str) -> None:
    from azure.ai.ml.entities import KubernetesOnlineDeployment, ManagedOnlineDeployment

    managed = ManagedOnlineDeployment(
        name="vms", endpoint_name=on_cluster, model=BASE, instance_type=SIZE, instance_count=1
    )
    with pytest.raises(HttpResponseError, match="has deployments of compute type Kubernetes, not Managed"):
        ml_client.online_deployments.begin_create_or_update(managed).result()
    make_endpoint(ml_client, "contract-managed-only")
    other = KubernetesOnlineDeployment(name="pods", endpoint_name="contract-managed-only", model=BASE, instance_count=1)
    with pytest.raises(HttpResponseError, match="has deployments of compute type Managed, not Kubernetes"):
        ml_client.online_deployments.begin_create_or_update(other).result()
    delete_endpoint(ml_client, "contract-managed-only")
