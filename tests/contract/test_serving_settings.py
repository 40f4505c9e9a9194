"""Changed serving settings of a model that is live, and a live deployment that somebody else scaled."""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from mlops.azure import deployments
from mlops.azure.failures import Denied
from mlops.azure.translate import seconds
from mlops.clouds import PUBLIC
from mlops.domain.serving.pending import pending
from mlops.domain.serving.settings import HowApplied, ServingSettings
from mlops.errors import BadInput
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.views import promote as promote_view
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_site import Site, made_site

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module")
def site(ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with made_site(ml_client, emulator_address, tmp_path_factory.mktemp("settings"), "served") as made:
        made.promote(1)
        yield made


def changes(
    site: Site, serving: dict[str, object] | None = None, **settings: object
) -> list[tuple[str, str, str, str]]:
    spec = rollout_specs(site.context(serving, **settings))["production"]
    return [(one.name, one.before, one.after, one.applied.value) for one in pending(site.facts(), spec)]


def test_changed_settings_come_by_a_canary_beside_the_live_deployment_and_go_back_by_a_rollback(site: Site) -> None:
    new = {"request_timeout_ms": 60000, "environment_variables": {"GREETING": "hello"}, "egress": "disabled"}
    assert changes(site) == []
    assert changes(site, new) == [
        ("request_timeout_ms", "90000", "60000", HowApplied.NEW_DEPLOYMENT),
        ("egress", "enabled", "disabled", HowApplied.NEW_DEPLOYMENT),
        ("environment_variables.GREETING", "", "hello", HowApplied.NEW_DEPLOYMENT),
    ]
    done = site.promote(1, new)
    (name,) = site.facts().live
    assert done.result.outcome is PromoteOutcome.PROMOTED
    assert name.startswith("model-1-")
    one = site.facts().find(name)
    assert one is not None
    assert (one.model, one.settings["request_timeout_ms"]) == ("served:1", "60000")
    assert (one.settings["environment_variables.GREETING"], one.settings["egress"]) == ("hello", "disabled")
    assert site.facts().find("model-1") is not None, "what was live is kept for a rollback"
    text = promote_view.report(done.result).to_markdown()
    assert "with other serving settings (request_timeout_ms from 90000 to 60000" in text
    assert "goes from 0 % to 50 % beside served:1 (model-1)" in text
    assert "| request_timeout_ms | 90000 | 60000 |" in text
    assert changes(site, new) == []
    assert site.promote(1, new).result.outcome is PromoteOutcome.UNCHANGED
    site.rollback("slower")
    assert site.facts().live == {"model-1": 100}
    with pytest.raises(BadInput, match=r"served:1 with these settings is held in production since .*because: slower"):
        site.promote(1, new)
    assert site.promote(1).failure is None, "the settings that it went back to are not held"
    assert site.facts().live == {"model-1": 100}
    released = site.promote(1, new, Consent("a false alarm", release_hold=True))
    assert released.result.outcome is PromoteOutcome.PROMOTED
    assert site.facts().live == {name: 100}
    site.promote(1)
    assert site.facts().live == {"model-1": 100}, "back to the first settings, whose deployment is still there"


def test_a_rollback_stops_a_change_of_settings_that_has_no_traffic_yet(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.facts().live
    told: list[str] = []

    class Said(list[str]):
        def append(self, line: str) -> None:
            if "smoke test:" in line and not told:
                told.append(site.rollback("not now").result.why)

    monkeypatch.setattr(site, "said", Said())
    with pytest.raises(BadInput, match="served:1 with these settings is held in production"):
        site.promote(1, {"max_concurrent_requests_per_instance": 2})
    assert "the promotion of served:1 is stopped" in told[0]
    assert site.facts().live == before


def test_the_number_of_instances_is_changed_in_place(site: Site) -> None:
    (name,) = site.facts().live
    assert changes(site, instance_count=2) == [("instance_count", "1", "2", HowApplied.IN_PLACE)]
    done = site.promote(1, instance_count=2)
    one = site.facts().find(name)
    assert one is not None
    assert (site.facts().live, one.instance_count, one.stated_count) == ({name: 100}, 2, 2)
    assert "scale" in [step.action.value for step in done.result.steps]
    assert "deploy" not in [step.action.value for step in done.result.steps]
    assert changes(site, instance_count=2) == []
    assert site.promote(1).failure is None
    lowered = site.facts().find(name)
    assert lowered is not None
    assert lowered.instance_count == 1, "nobody else scaled, so the file lowers it as well"


def test_a_candidate_has_as_many_instances_as_somebody_gave_the_live_one(site: Site, ml_client: "MLClient") -> None:
    (name,) = site.facts().live
    live = ml_client.online_deployments.get(name, site.endpoint)
    live.instance_count = 3  # as autoscale, or somebody by hand, does
    ml_client.online_deployments.begin_create_or_update(live).result()
    assert changes(site) == [], "what somebody else scaled is no difference"
    done = site.promote(2)
    new = site.facts().find("model-2")
    assert new is not None
    assert (site.facts().live, new.instance_count) == ({"model-2": 100}, 3)
    text = promote_view.report(done.result).to_markdown()
    assert "3 instances, as" in text
    assert "Cost: 3 x" in text
    assert "216 instance-hours" in text, "72 hours of the three that stand by"
    assert "it keeps its 3 instances" in done.result.why
    assert dataclasses.asdict(done.result)["comparison"]["cost"]["new"]["instance_count"] == 3


def deployment_shown(site: Site, name: str) -> dict[str, Any]:
    """A deployment as ARM shows it, its durations in seconds, without what is its own."""
    workspace = own_workspace()
    url = f"{PUBLIC.arm}{workspace.id}/onlineEndpoints/{site.endpoint}/deployments/{name}?api-version=2024-10-01"
    found = workspace.send("GET", url, "read").json()
    shown = found["properties"]
    for part in ("requestSettings", "livenessProbe", "readinessProbe"):
        shown[part] = {key: seconds(value) or value for key, value in shown[part].items()}
    shown.pop("properties", None)
    return {**{key: found.get(key) for key in ("location", "kind", "tags", "sku")}, **shown}


def test_a_deployment_is_made_as_the_sdk_does(site: Site, ml_client: "MLClient") -> None:
    from azure.ai.ml.entities import ManagedOnlineDeployment, OnlineRequestSettings, ProbeSettings

    asset, machine = site.facts().deployments[0].asset, site.facts().deployments[0].instance_type
    serving = ServingSettings(61500, 2, 601, 602, {"A": "1"}, "disabled")
    spec = deployments.DeploymentSpec("by-ours", asset, machine, 1, serving, {"t": "1"})
    deployments.put(own_workspace(), site.endpoint, spec)
    theirs = ManagedOnlineDeployment(
        name="by-theirs",
        endpoint_name=site.endpoint,
        model=asset,
        instance_type=machine,
        instance_count=1,
        tags={"t": "1"},
        request_settings=OnlineRequestSettings(request_timeout_ms=61500, max_concurrent_requests_per_instance=2),
        environment_variables={"A": "1"},
        egress_public_network_access="disabled",
        liveness_probe=ProbeSettings(initial_delay=601),
        readiness_probe=ProbeSettings(initial_delay=602),
    )
    ml_client.online_deployments.begin_create_or_update(theirs).result()
    assert deployment_shown(site, "by-ours") == deployment_shown(site, "by-theirs")
    for name in ("by-ours", "by-theirs"):
        deployments.delete(own_workspace(), site.endpoint, name)


def test_the_way_callers_sign_in_is_refused_with_the_way_round(site: Site) -> None:
    before = site.facts()
    assert changes(site, auth_mode="aad_token") == [("auth_mode", "key", "aad_token", HowApplied.REFUSED)]
    with pytest.raises(BadInput, match="callers of served-production sign in by key") as refused:
        site.promote(2, auth_mode="aad_token")
    assert refused.value.problems[0].key == "environments.production.auth_mode"
    assert site.facts().live == before.live


@pytest.mark.parametrize(
    ("code", "message"),
    [  # as in github.com/MicrosoftDocs/azure-docs/issues/90426, and as the firewall of a storage account answers
        ("UserError", "Access to workspace was denied based on workspace private link configuration."),
        ("AuthorizationFailure", "This request is not authorized to perform this operation."),
    ],
)
def test_whoever_is_outside_of_a_private_network_is_told_where_to_run(site: Site, code: str, message: str) -> None:
    rule = {"route": "endpoints.get", "effect": "status", "status": 403, "code": code, "message": message}
    process.control(site.address, "POST", "/faults", rule)
    with pytest.raises(Denied) as refused:
        site.facts()
    (problem,) = refused.value.problems
    assert message in problem.why
    assert "lets nobody in from this network" in problem.fix
    assert "MLOPS_RUNNER" in problem.fix
    assert site.forget_faults()
