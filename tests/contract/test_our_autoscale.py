"""Autoscale follows the traffic: made with a promotion, moved, removed with what it scales."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import autoscale, endpoints
from mlops.errors import AzureRefused, MlopsError
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.serving import autoscale as following
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_site import Site, made_site

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SCALED: dict[str, Any] = {"autoscale": {"maximum": 4}}


@pytest.fixture(scope="module")
def site(ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with made_site(ml_client, emulator_address, tmp_path_factory.mktemp("autoscale"), "scaled") as made:
        made.promote(1)
        yield made
    assert found(made) == {}, "an endpoint goes with its settings"


def found(site: Site) -> dict[str, str]:
    return {one.deployment: str(one.spec) for one in autoscale.listed(own_workspace(), site.endpoint)}


def change(site: Site, **settings: Any) -> list[tuple[str, str]]:
    spec = rollout_specs(site.context(**settings))["production"]
    return [(one.before, one.after) for one in following.change(own_workspace(), spec, site.facts())]


def test_a_setting_is_made_kept_changed_moved_and_removed(site: Site) -> None:
    told = "1 to 4 instances, GpuUtilizationPercentage above 70 or below 30 for 5 minutes, then a pause of 15"
    assert change(site) == []
    assert change(site, **SCALED) == [("", told)]
    site.promote(1, **SCALED)
    assert found(site) == {"model-1": told}
    assert change(site, **SCALED) == [], "what the service keeps is what was written"
    wider: dict[str, Any] = {"autoscale": {"maximum": 6, "scale_out_above": 55.5}}
    assert [after.partition(",")[0] for _, after in change(site, **wider)] == ["1 to 6 instances"]
    site.promote(2, **wider)
    assert list(found(site)) == ["model-2"], "it moved with the traffic"
    assert "above 55.5" in found(site)["model-2"]
    site.rollback()  # the parameters of a rollback know no autoscale
    assert found(site) == {}
    site.promote(3, **SCALED)
    assert list(found(site)) == ["model-3"]
    site.promote(3)
    assert found(site) == {}, "what params.yaml no longer says is removed"
    assert "mlops-autoscale" not in site.facts().tags


def test_what_runs_under_autoscale_is_not_scaled_by_the_file(site: Site, ml_client: "MLClient") -> None:
    site.promote(3, **SCALED)
    live = ml_client.online_deployments.get("model-3", site.endpoint)
    live.instance_count = 2  # Azure Monitor did
    ml_client.online_deployments.begin_create_or_update(live).result()
    done = site.promote(3, instance_count=3, **SCALED)
    one = site.facts().find("model-3")
    assert one is not None
    assert (done.failure, one.instance_count) == (None, 2)
    site.promote(4, **SCALED)
    new = site.facts().find("model-4")
    assert new is not None
    assert new.instance_count == 2, "and the next one starts with as many"


def test_a_setting_of_somebody_else_stays(site: Site) -> None:
    site.promote(4)
    (live,) = site.facts().live
    spec = rollout_specs(site.context(**SCALED))["production"].autoscale
    assert spec is not None
    autoscale.put(own_workspace(), site.endpoint, live, spec, "somebody")
    name = autoscale.listed(own_workspace(), site.endpoint)[0].name
    url = f"https://management.azure.com{own_workspace().id.partition('/providers/')[0]}/{autoscale.KIND}/{name}"
    own_workspace().send("PATCH", f"{url}?api-version={autoscale.API}", "by hand", json={"tags": {}})
    try:
        site.said.clear()
        assert site.promote(4, autoscale={"maximum": 9}).failure is None
        assert any("which mlops did not make; it stays" in line for line in site.said)
        assert found(site)[live].startswith("1 to 4 instances")
    finally:
        autoscale.delete(own_workspace(), name)


def test_without_the_right_the_promotion_stands_and_says_what_is_lacking(site: Site) -> None:
    site.fault("autoscale_settings.put: 403 always")
    try:
        done = site.promote(4, **SCALED)
    finally:
        site.forget_faults()
    assert isinstance(done.failure, AzureRefused)
    assert "Microsoft.Insights/autoscaleSettings/write" in str(done.failure)
    assert len(site.facts().live) == 1
    assert site.promote(4, **SCALED).failure is None
    assert len(found(site)) == 1


def test_an_outage_of_azure_monitor_keeps_no_deployment_alive(site: Site) -> None:
    site.promote(4, **SCALED)
    idle = next((one.name for one in site.facts().deployments if not site.facts().share(one.name)), None)
    assert idle is not None
    site.fault("autoscale_settings.list_group: 403 always")
    try:
        endpoints.delete_idle(own_workspace(), site.facts(), idle)
    except MlopsError as error:
        pytest.fail(str(error))
    finally:
        site.forget_faults()
    assert site.facts().find(idle) is None
