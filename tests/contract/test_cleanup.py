"""`mlops cleanup` against a workspace: marked, then deleted if still idle; everything else stays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.http.address import Address
from emulator_support.serving import BASE, Call, arm, register_model
from mlops.azure import endpoints
from mlops.errors import BadInput, CapRefused
from mlops.params import Params
from mlops.views.cleanup import outputs
from tests.contract.cleanup_site import DAY, HOUR, OURS, PARAMS, Site, opened, with_cleanup
from tests.contract.own_workspace import own_workspace


@pytest.fixture
def site(api: Call, emulator_address: Address, sdk_imported: None) -> Iterator[Site]:
    yield from opened(api, emulator_address)


def test_what_is_idle_is_marked_and_on_a_later_run_deleted_unless_it_was_used(site: Site) -> None:
    site.endpoint("tidy-idle", "blue", live="blue")
    site.endpoint("tidy-back", "blue", live="blue")
    site.endpoint("tidy-foreign", "blue", live="blue", tags={"team": "other"})
    site.endpoint("tidy-production", "blue", live="blue", tags={**OURS, "mlops-environment": "production"})
    site.endpoint("tidy-asked", "blue", live="blue", tags={**OURS, "keep-until": "2999-01-01"})
    site.wait(4 * DAY)
    site.endpoint("tidy-young", "blue", live="blue")
    every = site.names()

    look = site.cleanup(apply=False)
    assert site.states(look) == {
        "tidy-idle": "to mark: idle",
        "tidy-back": "to mark: idle",
        "tidy-foreign": "kept: not ours",
        "tidy-production": "kept: protected",
        "tidy-asked": "kept: protected",
        "tidy-young": "kept: too young",
    }
    assert "mlops-idle-since" not in site.tags("tidy-idle")

    assert site.states(site.cleanup())["tidy-idle"] == "marked: idle"
    assert site.states(site.cleanup())["tidy-idle"] == "marked: marked", "twice is once"
    site.ask("tidy-back")
    site.wait(21 * HOUR)
    swept = site.cleanup()
    assert site.states(swept)["tidy-back"] == "mark removed: in use"
    assert site.states(swept)["tidy-idle"] == "deleted: idle"
    assert site.names() == every - {"tidy-idle"}
    assert outputs(swept.result)["deleted-names"] == "tidy-idle"
    assert outputs(swept.result)["saved-instance-hours-a-day"] == "24"
    assert "mlops-idle-since" not in site.tags("tidy-back")
    assert site.tags("tidy-back")["mlops-owner"] == PARAMS.model.name


def test_traffic_long_before_the_sweep_but_after_the_mark_is_seen(site: Site) -> None:
    """The mark is older than what counts as idle, because no run came for days."""
    site.endpoint("tidy-late", "blue", live="blue")
    site.wait(4 * DAY)
    site.cleanup()
    first = site.tags("tidy-late")["mlops-idle-since"]
    site.wait(DAY)
    site.ask("tidy-late")
    site.wait(5 * DAY)
    assert site.states(site.cleanup())["tidy-late"] == "marked: idle"
    assert site.tags("tidy-late")["mlops-idle-since"] > first


def test_what_stands_by_or_failed_goes_and_what_serves_stays(site: Site) -> None:
    site.endpoint("tidy-rollout", "old", "spare", "asked")
    site.wait(DAY)
    site.deployment("tidy-rollout", "new")
    body = {"location": "eastus", "tags": OURS, "properties": {"traffic": {"new": 100}}}
    assert site.api("PUT", arm("onlineEndpoints/tidy-rollout"), body).status == 200
    site.wait(2 * DAY)
    site.ask("tidy-rollout")
    site.wait(HOUR)  # Azure Monitor shows requests minutes later
    assert site.states(site.cleanup())["tidy-rollout/old"] == "kept: needed"
    site.wait(2 * DAY)
    site.ask("tidy-rollout")
    site.ask("tidy-rollout", **{"azureml-model-deployment": "asked"})
    site.wait(HOUR)
    found = site.states(site.cleanup())
    assert found["tidy-rollout"] == "kept: in use"
    assert found["tidy-rollout/old"] == "marked: no traffic"
    assert found["tidy-rollout/asked"] == "kept: in use"
    assert "tidy-rollout/new" not in found
    site.wait(21 * HOUR)
    site.ask("tidy-rollout", **{"azureml-model-deployment": "spare"})
    site.wait(HOUR)
    found = site.states(site.cleanup())
    assert found["tidy-rollout/old"] == "deleted: no traffic"
    assert found["tidy-rollout/spare"] == "mark removed: in use"
    left = site.api("GET", arm("onlineEndpoints/tidy-rollout/deployments")).json()["value"]
    assert {item["name"] for item in left} == {"new", "spare", "asked"}
    assert not [name for name in site.tags("tidy-rollout") if name.startswith("mlops-idle-deployment")]
    assert site.tags("tidy-rollout")["mlops-owner"] == PARAMS.model.name


def test_an_endpoint_without_deployments_goes_in_two_phases_too(site: Site) -> None:
    site.endpoint("tidy-empty")
    assert site.states(site.cleanup())["tidy-empty"] == "kept: too young"
    site.wait(25 * HOUR)
    assert site.states(site.cleanup())["tidy-empty"] == "marked: empty"
    site.wait(21 * HOUR)
    assert site.states(site.cleanup())["tidy-empty"] == "deleted: empty"


def test_a_frozen_endpoint_stays_with_all_it_has_also_when_it_is_frozen_in_the_middle(site: Site) -> None:
    freeze = {"mlops-frozen": "2026-03-01T12:00:00+00:00 by ada: the fair"}
    site.endpoint("tidy-cold", "blue", "spare", live="blue", tags={**OURS, **freeze})
    site.endpoint("tidy-late", "blue", live="blue")
    site.wait(4 * DAY)
    first = site.cleanup()
    assert first.failure is None
    assert site.states(first)["tidy-cold"] == "kept: protected"
    assert site.states(first)["tidy-cold/spare"] == "kept: protected"
    reasons = {item.name: item.reason for item in first.result.items}
    assert reasons["tidy-cold"].endswith("by ada, because: the fair")
    site.wait(21 * HOUR)

    def somebody_freezes(_: str) -> None:
        endpoints.patch_tags(own_workspace(), "tidy-late", dict(freeze))

    late = site.cleanup(say=somebody_freezes)
    assert site.states(late)["tidy-late"].startswith("kept: it changed")
    assert {"tidy-cold", "tidy-late"} <= site.names()


def test_a_cap_holds_everything_back_and_nothing_is_deleted(site: Site) -> None:
    for number in range(3):
        site.endpoint(f"tidy-many-{number}")
    site.wait(2 * DAY)
    site.cleanup()
    site.wait(DAY)
    held = site.cleanup(with_cleanup(max_deletions=2))
    assert isinstance(held.failure, CapRefused)
    assert set(site.states(held).values()) == {"held back: empty"}
    assert len(site.names()) == 3


def test_a_protect_rule_that_fits_nothing_stops_the_run(site: Site) -> None:
    site.endpoint("tidy-empty")
    site.wait(2 * DAY)
    rule = {"kind": "endpoint", "name": "tidy-emtpy"}
    with pytest.raises(BadInput, match="did you mean 'tidy-empty'"):
        site.cleanup(with_cleanup(protect=[rule]))
    assert "mlops-idle-since" not in site.tags("tidy-empty")
    kept = site.cleanup(with_cleanup(protect=[{**rule, "name": "tidy-em*"}]))
    assert site.states(kept)["tidy-empty"] == "kept: protected"


def test_production_goes_only_when_the_parameters_say_so_twice(site: Site) -> None:
    site.endpoint("tidy-production", tags={**OURS, "mlops-environment": "production"})
    site.wait(2 * DAY)

    def state(*include: str, protected: bool) -> str:
        whole = PARAMS.model_dump()
        whole["environments"]["production"]["protected"] = protected
        whole["cleanup"]["include_production"] = include
        return site.states(site.cleanup(Params.model_validate(whole), apply=False))["tidy-production"]

    assert state(protected=True) == "kept: protected"
    assert state(protected=False) == "kept: protected"
    assert state("production", protected=False) == "to mark: empty"


def test_each_kind_can_be_switched_off_or_only_reported(site: Site) -> None:
    site.endpoint("tidy-empty")
    site.wait(2 * DAY)
    for mode, state in (("ignore", "kept: switched off"), ("report", "reported: empty")):
        what = {**PARAMS.cleanup.what.model_dump(), "empty_endpoints": mode}
        assert site.states(site.cleanup(with_cleanup(what=what)))["tidy-empty"] == state
    assert "mlops-idle-since" not in site.tags("tidy-empty")


def test_a_deployment_that_was_changed_in_place_is_a_deployment(site: Site) -> None:
    site.endpoint("tidy-changed", "blue", live="blue")
    site.wait(4 * DAY)
    site.deployment("tidy-changed", "blue", 2)
    assert site.states(site.cleanup())["tidy-changed"] == "kept: too young"
    site.wait(2 * DAY)
    assert site.states(site.cleanup())["tidy-changed"] == "marked: idle"
    site.deployment("tidy-changed", "blue", 1)
    site.wait(25 * HOUR)
    assert site.states(site.cleanup())["tidy-changed"] == "marked: idle", "anew: the mark is from before"


def test_an_endpoint_whose_model_is_gone_counts_as_idle_sooner(site: Site, ml_client: Any, tmp_path: Path) -> None:
    name = "tidyorphan"
    params = with_cleanup()
    params = params.model_copy(update={"model": params.model.model_copy(update={"name": name})})
    ours = {**OURS, "mlops-owner": name}
    model = register_model(ml_client, tmp_path, name)
    for endpoint, served in (("tidy-kept", BASE), ("tidy-gone", model)):
        site.endpoint(endpoint, tags=ours)
        site.deployment(endpoint, "blue", model=served)
    site.wait(30 * HOUR)

    def states() -> tuple[str, str]:
        found = site.states(site.cleanup(params))
        return found["tidy-gone"], found["tidy-kept"]

    assert states() == ("kept: too young", "kept: too young")
    assert site.api("DELETE", arm(f"models/{name}/versions/1")).status in (200, 204)
    assert states() == ("marked: model gone", "kept: too young")


def test_further_workspaces_are_cleaned_in_the_same_run_under_the_same_caps(site: Site, ml_client: Any) -> None:
    from azure.ai.ml.entities import Workspace

    ml_client.workspaces.begin_create(Workspace(name="tidy-second", location="eastus")).result()
    site.endpoint("tidy-here")
    there = arm("onlineEndpoints/tidy-there").replace("/mlw-emulator/", "/tidy-second/")
    body = {"location": "eastus", "tags": OURS, "properties": {}}
    assert site.api("PUT", there, body).status == 201
    site.wait(2 * DAY)
    both = with_cleanup(workspaces=["tidy-second"])
    assert site.states(site.cleanup(both)) == {"tidy-here": "marked: empty", "tidy-there": "marked: empty"}
    site.wait(21 * HOUR)
    held = site.cleanup(with_cleanup(workspaces=["tidy-second"], max_deletions=1))
    assert isinstance(held.failure, CapRefused)
    done = site.cleanup(both)
    assert {item.workspace.rpartition("/")[2] for item in done.result.items if item.status == "deleted"} == {
        "mlw-emulator",
        "tidy-second",
    }
    assert site.api("GET", there).status == 404
    assert site.api("PUT", there, body).status == 201
    named = site.cleanup(with_cleanup(workspace="tidy-second"), apply=False)
    assert site.states(named) == {"tidy-there": "kept: too young"}, "of an environment, without being named twice"
    assert named.result.workspaces == 2
    ml_client.workspaces.begin_delete("tidy-second", delete_dependent_resources=False).result()
