"""Two projects side by side in one workspace, from params.yaml that differs in the model's name alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator import process
from azureml_emulator.http.address import Address
from emulator_support.serving import SIZE
from mlops.azure import endpoints, models
from mlops.errors import BadInput
from mlops.flow.cleanup import cleanup
from mlops.flow.context import Context
from mlops.flow.evaluation import evidence
from mlops.flow.own_endpoint import check_project, own_endpoints
from mlops.flow.promote import promote, rollback
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_site import Site, made_site

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

DAY = 86400


class Projects:
    """Both, each in a repository of its own, with the default names of endpoints."""

    def __init__(self, *sites: Site) -> None:
        self.sites = {site.model: site for site in sites}

    def context(self, name: str, repository: str = "") -> Context:
        one = {"instance_type": SIZE, "traffic_steps": [50, 100]}
        made = self.sites[name].made({"staging": one, "production": one})
        return replace(made, repository=repository or f"team/{name}")

    def release(self, name: str, version: int) -> None:
        for environment in ("staging", "production"):
            done = promote.run(self.context(name), environment, model=f"{name}:{version}", consent=Consent("monthly"))
            assert done.result.outcome is PromoteOutcome.PROMOTED

    def champion(self, name: str) -> str:
        found = evidence.champion(own_workspace(), self.context(name).champion_place("production"))
        assert found is not None
        return found.model

    def stands(self, name: str) -> list[Any]:
        """All of a project that another could touch: endpoints with traffic and tags, and the versions' tags."""
        served = own_endpoints(self.context(name)).values()
        known = models.versions(own_workspace(), name, archived=True)
        return [
            *((one.name, one.live, dict(one.tags)) for one in served),
            *((one.label, dict(one.tags)) for one in known),
        ]


@pytest.fixture(scope="module")
def projects(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Projects]:
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    with (
        made_site(ml_client, emulator_address, folders[0], "side-one") as one,
        made_site(ml_client, emulator_address, folders[1], "side-other") as other,
    ):
        made = Projects(one, other)
        yield made
        for name in made.sites:
            for facts in own_endpoints(made.context(name)).values():
                endpoints.delete(own_workspace(), facts.name)


def test_each_releases_beside_the_other_and_is_judged_by_its_own_champion(projects: Projects) -> None:
    projects.release("side-one", 1)
    before = projects.stands("side-one")
    projects.release("side-other", 3)
    assert projects.stands("side-one") == before
    projects.release("side-one", 2)
    assert (projects.champion("side-one"), projects.champion("side-other")) == ("side-one:2", "side-other:3")
    names = [one.name for name in projects.sites for one in own_endpoints(projects.context(name)).values()]
    assert len(set(names)) == 4


def test_a_decision_about_one_is_none_about_the_other(projects: Projects) -> None:
    before = projects.stands("side-other")
    rollback.run(projects.context("side-one"), "production", reason="rude")
    assert projects.stands("side-other") == before
    with pytest.raises(BadInput, match="side-one:2 is held in production"):
        promote.run(projects.context("side-one"), "production", model="side-one:2")
    models.set_tags(own_workspace(), "side-other", "4", {"mlops-owner": "side-other"})
    with pytest.raises(BadInput, match="side-other:4 is of the project side-other, not of side-one"):
        promote.run(projects.context("side-one"), "production", model="side-other:4")


def test_cleanup_of_one_touches_nothing_of_the_other(projects: Projects) -> None:
    before = projects.stands("side-other")
    address = projects.sites["side-one"].address
    process.control(address, "POST", "/clock", {"advance_seconds": 5 * DAY})
    found = cleanup.run(projects.context("side-one"), apply_plan=True).result
    process.control(address, "POST", "/clock", {"advance_seconds": DAY})
    swept = cleanup.run(projects.context("side-one"), apply_plan=True).result
    states = {(item.environment, item.ours): item.status for item in swept.items if "side-o" in item.name}
    assert states["staging", True] == "deleted"
    assert {item.status for item in (*found.items, *swept.items) if "side-other" in item.name} == {"kept"}
    assert projects.stands("side-other") == before


def test_a_second_repository_of_the_same_project_is_refused_until_a_person_moves_the_endpoints(
    projects: Projects,
) -> None:
    copy, model = projects.context("side-other", "copy/other"), "side-other:3"
    with pytest.raises(BadInput, match=r"is deployed to by team/side-other, not by copy/other"):
        check_project(own_workspace(), own_endpoints(copy), "side-other", "copy/other", "params.yaml")
    with pytest.raises(BadInput, match=r"is deployed to by team/side-other, not by copy/other"):
        promote.run(copy, "production", model=model)
    promote.run(copy, "production", model=model, consent=Consent("we moved", take_over=True))
    assert own_endpoints(copy)["production"].tags["mlops-repository"] == "copy/other"
