"""One wrong answer to `cleanup`, `plan` or `ask`: gone for a moment, as it was before, or late in a listing.

Nothing that is used goes, nothing is said to be done that is not, and the next run gets there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.http.address import Address
from emulator_support.serving import Call
from mlops.azure import cleanup_inventory
from mlops.flow.cleanup import deletion, endpoints
from tests.contract.cleanup_site import DAY, HOUR, Site, opened, with_cleanup
from tests.contract.own_workspace import own_workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ONE = ("endpoints.get", "deployments.list_all")  # what is read of one endpoint
SKIPS = (0, 1)
LAG = [(route, kind, skip) for route in ONE for kind in ("404", "stale") for skip in SKIPS]


@pytest.fixture
def site(api: Call, emulator_address: Address, sdk_imported: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(deletion, "TRY_PAUSE", 0.0)
    monkeypatch.setattr(deletion, "GONE_PAUSE", 0.0)
    yield from opened(api, emulator_address)


def test_cleanup_deletes_nothing_that_came_into_use_and_says_deleted_of_what_is_gone(site: Site) -> None:
    used = {f"tidy-used-{number}": case for number, case in enumerate(LAG)}
    due = {f"tidy-due-{number}": case for number, case in enumerate(LAG) if case[1] == "404"}
    every = with_cleanup(max_deletions=50)
    for name in (*used, *due):
        site.endpoint(name)
    site.wait(2 * DAY)
    site.cleanup(every)
    site.wait(21 * HOUR)
    for number, name in enumerate(used):
        site.deployment(name, "new")
        if number % 2:  # and of the others a promotion is about to
            site.traffic(name, "new", site.tags(name))
    site.fail(
        *(f"{route} {name}: {kind} once after {skip} requests" for name, (route, kind, skip) in (used | due).items())
    )
    states = site.states(site.cleanup(every))
    site.heal()
    there = site.names()
    assert {name: used[name] for name in set(used) - there} == {}
    assert {name: due[name] for name in due if states[name].startswith("deleted") == (name in there)} == {}
    later = site.states(site.cleanup(every))
    assert {name for name in later if "/" not in name} == {*used, *(set(due) & there)}
    assert site.names() == set(used)


@pytest.mark.parametrize("rule", ["endpoints.list_all: stale", "deployments.list_all tidy-theirs: stale"])
@pytest.mark.parametrize("skip", SKIPS)
def test_a_model_that_was_just_deployed_is_known_to_be_needed(site: Site, rule: str, skip: int) -> None:
    site.endpoint("tidy-theirs", tags={})
    before, _ = endpoints.deployed_models(own_workspace())  # of other files' endpoints, where there are any
    if rule.startswith("endpoints"):
        site.endpoint("tidy-new", "new", tags={})
    else:
        site.deployment("tidy-theirs", "new")
    site.fail(f"{rule} once after {skip} requests")
    labels, unknown = endpoints.deployed_models(own_workspace())
    assert (labels, unknown) == (before | {"Phi-3-mini-4k-instruct:15"}, "")


def test_a_model_that_is_away_for_a_moment_is_not_gone(site: Site, ml_client: "MLClient", tmp_path: Path) -> None:
    """Else the endpoints that serve it would count as orphans."""
    from azure.ai.ml.entities import Model

    (tmp_path / "weights").write_text("0")
    ml_client.models.create_or_update(Model(name="tidy-model", path=str(tmp_path / "weights"), type="custom_model"))
    for skip in SKIPS:
        site.fail(f"models.list_versions tidy-model: 404 once after {skip} requests")
        assert cleanup_inventory.exist(own_workspace(), ["tidy-model:1"]) == {"tidy-model:1": True}
        site.heal()
    assert cleanup_inventory.exist(own_workspace(), ["tidy-none:1"]) == {"tidy-none:1": False}
