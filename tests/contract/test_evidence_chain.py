"""Gate, staging, production: an environment takes only what passed the one before it, and the chain can be read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from azureml_emulator.http.address import Address
from mlops.azure import aliases, deployments, endpoints, models
from mlops.errors import BadInput
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.own_endpoint import own_endpoints
from mlops.flow.promote import promote, rollback
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.result import PromoteOutcome, PromoteResult
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.registry import lineage
from mlops.flow.release import drift, history
from mlops.github_api import GitHub
from mlops.views import promote as promote_view
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_site import Site, made_site
from tests.unit.github_imitation import GitHubImitation, serve

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL, PASSED = "chained", "mlops-passed-staging"
APPROVED = {"state": "approved", "user": {"login": "bob"}, "environments": [{"name": "production"}], "comment": ""}


class Chain:
    """A site with staging before production."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def context(self, serving: dict[str, Any] | None = None) -> Context:
        production = self.site.stated(self.site.endpoint) | {"approval": "github"}
        staging = self.site.stated(f"{MODEL}-staging")
        return self.site.made({"staging": staging, "production": production}, serving)

    def promote(
        self,
        environment: str,
        version: int,
        consent: Consent | None = None,
        serving: dict[str, Any] | None = None,
        github: GitHubImitation | None = None,
    ) -> Outcome[PromoteResult]:
        label, consent = f"{MODEL}:{version}", consent or Consent("monthly")
        asked = (lambda: GitHub.from_environment(github.environment())) if github else None
        return promote.run(self.context(serving), environment, model=label, consent=consent, github=asked)

    def tags(self, version: int) -> dict[str, str]:
        found = models.find(own_workspace(), MODEL, str(version))
        assert found is not None
        return dict(found.tags)


@pytest.fixture(scope="module")
def chain(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    with made_site(ml_client, emulator_address, tmp_path_factory.mktemp("chain"), MODEL) as site:
        yield Chain(site)
        endpoints.delete(own_workspace(), f"{MODEL}-staging")


def test_production_takes_what_passed_staging_and_lineage_and_history_tell_the_chain(chain: Chain) -> None:
    with pytest.raises(BadInput, match="chained:1 may not go to production: it did not pass staging") as refused:
        chain.promote("production", 1)
    assert "mlops promote staging --model chained:1" in str(refused.value.problems[0].fix)
    assert chain.site.facts().deployments == (), "nothing was made"
    chain.promote("staging", 1)
    assert " by ada: data chained:1 serving " in chain.tags(1)[PASSED]
    with serve(GitHubImitation(approvals=[APPROVED])) as github:
        done = chain.promote("production", 1, github=github).result
    assert {name: one.approved for name, one in done.passed.items()} == {"staging": "", "production": "bob"}
    shown = promote_view.report(done).to_markdown()
    assert "| staging | " in shown
    assert "| bob |" in shown
    graph = lineage.run(chain.context(), "production").result.graph
    facts = {node.name: dict(node.facts) for node in graph.nodes}
    assert facts["chained:1 in production"]["approved_by"] == "bob"
    assert " by ada approved by bob: monthly" in chain.site.facts().tags["mlops-promoted"], "which status shows"
    links = {(edge.start, edge.end) for edge in graph.edges}
    assert ("promotion:chained:1 in production", "promotion:chained:1 in staging") in links
    assert ("promotion:chained:1 in staging", "verdict:pass for chained:1") in links
    models.set_tags(own_workspace(), MODEL, "1", {"mlops-owner": MODEL})  # as of a version that `register` made
    told = history.run(chain.context(), environment="staging", since=None).result.events
    assert [(one.model, one.by, one.why) for one in told] == [("chained:1", "ada", "monthly")]
    (live,) = history.run(chain.context(), environment="production", since=None).result.events
    assert (live.by, live.approved) == ("ada", "bob")


def test_what_is_live_stays_live_without_evidence_and_staging_writes_it_by_a_smoke_test(chain: Chain) -> None:
    models.set_tags(own_workspace(), MODEL, "1", {PASSED: None, "mlops-passed-production": None})
    assert chain.promote("production", 1).result.outcome is PromoteOutcome.UNCHANGED
    assert chain.promote("staging", 1).result.outcome is PromoteOutcome.UNCHANGED
    assert " smoke " in chain.tags(1)[PASSED]
    before = chain.tags(1)[PASSED]
    chain.promote("staging", 1, Consent("again"))
    assert chain.tags(1)[PASSED] == before, "a promotion that does nothing says nothing new"


def test_what_somebody_changed_by_hand_is_told(chain: Chain, ml_client: "MLClient") -> None:
    """Traffic, a deployment, tags and models, with the real SDK, as a person does it in the studio."""
    context, endpoint = chain.context(), f"{MODEL}-staging"

    def told() -> list[tuple[str, str]]:
        served = own_endpoints(context)
        return [(one.kind.value, one.what) for one in drift.found(own_workspace(), served, rollout_specs(context))]

    assert told() == []
    chain.promote("staging", 4)
    assert told() == []
    deployments.delete(own_workspace(), endpoint, "model-1")
    ml_client.models.archive(MODEL, version="4")
    endpoints.patch_tags(own_workspace(), endpoint, {"mlops-environment": None})
    kinds = [kind for kind, _ in told()]
    assert kinds == ["deployment", "tag", "model"]
    text = " ".join(what for _, what in told())
    assert "model-1, which is kept for a rollback, was deleted" in text
    assert "chained:4, which is live, was archived" in text
    ml_client.models.restore(MODEL, version="4")
    endpoints.patch_tags(own_workspace(), endpoint, {"mlops-environment": "staging"})
    chain.promote("staging", 1, Consent("back", allow_older=True))
    assert told() == []


def test_what_was_rolled_back_in_staging_has_not_passed_it(chain: Chain) -> None:
    chain.promote("staging", 2)
    rollback.run(chain.context(), "staging", reason="it is rude")
    with pytest.raises(BadInput, match=r"passed staging, and was rolled back there .* it is rude"):
        chain.promote("production", 2)
    assert chain.site.facts().live == {"model-1": 100}


def test_other_serving_settings_have_to_pass_staging_too(chain: Chain) -> None:
    slower = {"request_timeout_ms": 60000}
    with pytest.raises(BadInput, match="passed staging with other serving settings"):
        chain.promote("production", 1, serving=slower)
    assert chain.promote("staging", 1, serving=slower).result.outcome is PromoteOutcome.PROMOTED
    assert chain.promote("production", 1, serving=slower).result.outcome is PromoteOutcome.PROMOTED


def test_settings_that_were_rolled_back_in_staging_have_not_passed_it_and_the_card_says_who_decided(
    chain: Chain, ml_client: "MLClient"
) -> None:
    slowest = {"request_timeout_ms": 70000}
    chain.promote("staging", 1, serving=slowest)
    rollback.run(chain.context(slowest), "staging", reason="it times out")
    with pytest.raises(BadInput, match=r"with serving settings that were rolled back there .* it times out"):
        chain.promote("production", 1, serving=slowest)
    (model,) = [one for one in ml_client.models.list(MODEL) if one.version == "1"]
    assert "- passed production " in str(model.description)


def test_a_champion_that_somebody_edited_is_told_before_it_is_set_again(chain: Chain) -> None:
    container = chain.site.facts().live_model
    assert container == f"{MODEL}:1"
    aliases.promoted(own_workspace(), MODEL, "3", "production")  # as a person who edits the tag
    chain.site.said.clear()
    chain.promote("production", 1, serving={"request_timeout_ms": 60000})
    told = f"production: somebody set the tag mlops-champion-production of {MODEL} to 3; now it says 1"
    assert told in chain.site.said


def test_a_person_may_skip_staging_with_a_reason_which_stands_in_the_evidence(chain: Chain) -> None:
    with pytest.raises(BadInput, match="skipped with a reason"):
        chain.promote("production", 3, Consent(" ", skip_earlier=True))
    done = chain.promote("production", 3, Consent("the old one leaks", skip_earlier=True)).result
    assert done.outcome is PromoteOutcome.PROMOTED
    one = done.passed["production"]
    assert (one.skipped, one.why) == ("staging", "the old one leaks")
    assert chain.tags(3)["mlops-passed-production"].endswith("skipped staging; the old one leaks")
