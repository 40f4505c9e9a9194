"""`mlops cleanup` in trouble: an outage, a storm of refusals, a deletion that breaks, a run that dies, two at once."""

from collections.abc import Iterator
from functools import partial

import pytest

from azureml_emulator.http.address import Address
from emulator_support.serving import Call, arm
from mlops.azure import autoscale, rate_limit
from mlops.domain.serving.autoscale import AutoscaleSpec
from mlops.errors import RemoteFailed
from mlops.flow.cleanup import deletion
from mlops.flow.promote.lease import EndpointLease
from mlops.views.cleanup import outputs
from tests.contract.cleanup_site import DAY, HOUR, OURS, Site, opened
from tests.contract.own_workspace import own_workspace

SOON = "with Retry-After 0.02"  # a shorter wait than the service's, for the tests' sake


@pytest.fixture
def site(api: Call, emulator_address: Address, sdk_imported: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(deletion, "TRY_PAUSE", 0.0)
    monkeypatch.setattr(deletion, "GONE_PAUSE", 0.0)
    refilled = partial(rate_limit.Budget, a_second=5_000.0)  # as soon as it was emptied by a refusal
    monkeypatch.setattr(rate_limit, "Budget", refilled)
    yield from opened(api, emulator_address)


@pytest.fixture
def overdue(site: Site) -> Site:
    """Two endpoints that the next run deletes."""
    for name in ("tidy-one", "tidy-two"):
        site.endpoint(name)
    site.wait(2 * DAY)
    site.cleanup()
    site.wait(21 * HOUR)
    return site


def test_without_metrics_nothing_is_marked_deleted_or_unmarked(site: Site) -> None:
    site.endpoint("tidy-marked", "blue", live="blue")
    site.wait(4 * DAY)
    site.cleanup()
    site.endpoint("tidy-idle", "blue", live="blue")
    site.wait(4 * DAY)
    before = site.tags("tidy-marked")
    site.fail(f"monitor.*: 503 always {SOON}")
    found = site.cleanup()
    assert set(site.states(found).values()) == {"kept: no data"}
    assert found.failure is None, "an outage of the metrics is no failure of a run: it kept everything"
    assert site.tags("tidy-marked") == before
    site.heal()
    assert site.states(site.cleanup()) == {"tidy-marked": "deleted: idle", "tidy-idle": "marked: idle"}


def test_an_outage_is_found_out_once_and_not_for_each_endpoint(site: Site) -> None:
    for number in range(6):
        site.endpoint(f"tidy-{number}", "blue", live="blue")
    site.wait(4 * DAY)
    site.fail(f"monitor.for_resource: 503 always {SOON}", f"monitor.batch: 503 always {SOON}")
    assert set(site.states(site.cleanup()).values()) == {"kept: no data"}
    tries = 4  # of azure-core, for one call
    assert site.faults_met() == {"monitor.for_resource": tries, "monitor.batch": tries}


def test_where_the_batch_is_refused_each_endpoint_is_asked_for(site: Site) -> None:
    for name in ("tidy-a", "tidy-b"):
        site.endpoint(name, "blue", live="blue")
    site.wait(4 * DAY)
    site.fail("monitor.batch: 403 always")
    assert set(site.states(site.cleanup()).values()) == {"marked: idle"}
    assert site.faults_met() == {"monitor.batch": 1}, "a right that is missing is missing for every batch"


def test_a_storm_of_429_is_waited_out_and_loses_nothing(site: Site) -> None:
    for number in range(6):
        site.endpoint(f"tidy-{number}")
    site.wait(2 * DAY)
    site.fail(f"deployments.list_all: 429 8 times {SOON}", f"endpoints.*: 429 5 times {SOON}")
    assert set(site.states(site.cleanup()).values()) == {"marked: empty"}
    assert site.faults_met() == {"deployments.list_all": 8, "endpoints.*": 5}


def test_a_storm_without_end_keeps_what_could_not_be_read(overdue: Site) -> None:
    overdue.fail(f"deployments.list_all tidy-one: 429 always {SOON}")
    found = overdue.cleanup()
    assert overdue.states(found) == {"tidy-one": "kept: no data", "tidy-two": "deleted: empty"}
    overdue.heal()
    assert overdue.states(overdue.cleanup())["tidy-one"] == "deleted: empty"


def test_a_deletion_that_breaks_half_way_is_begun_anew(overdue: Site) -> None:
    overdue.fail("endpoints.delete tidy-one: operation fails")
    assert overdue.states(overdue.cleanup()) == {"tidy-one": "deleted: empty", "tidy-two": "deleted: empty"}
    assert overdue.names() == set()


def test_a_deletion_that_always_breaks_is_reported_and_the_others_go_on(overdue: Site) -> None:
    overdue.fail("endpoints.delete tidy-one: operation fails always")
    found = overdue.cleanup()
    assert overdue.states(found) == {"tidy-one": "failed: empty", "tidy-two": "deleted: empty"}
    assert isinstance(found.failure, RemoteFailed)
    assert "tidy-one" in str(found.failure)
    assert (outputs(found.result)["failed-names"], outputs(found.result)["deleted-names"]) == ("tidy-one", "tidy-two")
    overdue.heal()
    waiting = EndpointLease(own_workspace(), "tidy-one", "promotion-1", "promote")
    assert waiting.take() is None, "a promotion need not wait for what could not be deleted"
    waiting.release()
    assert overdue.states(overdue.cleanup()) == {"tidy-one": "deleted: empty"}


def test_the_answer_to_a_deletion_may_get_lost(overdue: Site) -> None:
    overdue.fail("endpoints.delete tidy-one: reset after")
    assert overdue.states(overdue.cleanup()) == {"tidy-one": "deleted: empty", "tidy-two": "deleted: empty"}


def test_a_run_that_died_between_two_deletions_is_resumed_by_the_next(overdue: Site) -> None:
    def die(said: str) -> None:
        if "tidy-two" in said:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overdue.cleanup(say=die)
    assert overdue.names() == {"tidy-two"}
    assert overdue.states(overdue.cleanup()) == {"tidy-two": "deleted: empty"}
    assert overdue.states(overdue.cleanup()) == {}


def test_of_two_runs_at_once_the_later_finds_it_done(overdue: Site) -> None:
    between: list[dict[str, str]] = []

    def other(said: str) -> None:
        if not between:
            between.append({})
            between[0] = overdue.states(overdue.cleanup())

    first = overdue.states(overdue.cleanup(say=other))
    assert between == [{"tidy-one": "deleted: empty", "tidy-two": "deleted: empty"}]
    assert first == {"tidy-one": "deleted: empty", "tidy-two": "deleted: empty"}
    assert overdue.names() == set()


@pytest.mark.parametrize("change", ["traffic", "keep-until", "unmarked", "another's"])
def test_what_changes_after_it_was_judged_stays(overdue: Site, change: str) -> None:
    """Somebody deploys, objects or takes it over between the survey and the deletion."""
    tags = {**overdue.tags("tidy-one")}
    if change == "keep-until":
        tags["keep-until"] = "2999-01-01"
    if change == "unmarked":
        del tags["mlops-idle-since"]
    if change == "another's":
        tags["mlops-owner"] = "somebody"

    def interfere(said: str) -> None:
        if "tidy-one" not in said:
            return
        body = {"location": "eastus", "tags": tags, "properties": {}}
        if change == "traffic":
            overdue.deployment("tidy-one", "new")
            body["properties"] = {"traffic": {"new": 100}}
        assert overdue.api("PUT", arm("onlineEndpoints/tidy-one"), body).status == 200

    found = overdue.cleanup(say=interfere)
    assert overdue.states(found) == {"tidy-one": "kept: it changed: empty", "tidy-two": "deleted: empty"}
    assert overdue.names() == {"tidy-one"}


def test_while_a_promotion_holds_the_lease_nothing_is_deleted(overdue: Site) -> None:
    tags = {**overdue.tags("tidy-one"), "mlops-lease": "promotion-1 until 2999-01-01T00:00:00+00:00"}
    body = {"location": "eastus", "tags": tags, "properties": {}}
    assert overdue.api("PUT", arm("onlineEndpoints/tidy-one"), body).status == 200
    found = overdue.states(overdue.cleanup())
    assert found == {"tidy-one": "kept: changing", "tidy-two": "deleted: empty"}


def test_a_promotion_that_begins_after_the_look_keeps_its_endpoint(overdue: Site) -> None:
    promotion = EndpointLease(own_workspace(), "tidy-one", "promotion-1", "promote")

    def begin(said: str) -> None:
        if "tidy-one" in said:
            assert promotion.take() is None

    found = overdue.cleanup(say=begin)
    promotion.release()
    assert overdue.states(found) == {"tidy-one": "kept: it changed: empty", "tidy-two": "deleted: empty"}


def test_a_note_that_cannot_be_read_keeps_the_endpoint(overdue: Site) -> None:
    tags = {**overdue.tags("tidy-one"), "mlops-lease": "Ada, until I say so"}
    body = {"location": "eastus", "tags": tags, "properties": {}}
    assert overdue.api("PUT", arm("onlineEndpoints/tidy-one"), body).status == 200
    assert overdue.states(overdue.cleanup()) == {"tidy-one": "kept: no data", "tidy-two": "deleted: empty"}
    assert overdue.tags("tidy-one")["mlops-lease"] == "Ada, until I say so"


def test_ours_is_said_by_our_own_tag(site: Site) -> None:
    site.endpoint("tidy-other", tags={**OURS, "mlops-owner": "another-model"})
    site.wait(9 * DAY)
    assert site.states(site.cleanup())["tidy-other"] == "kept: not ours"


@pytest.mark.parametrize("last", ["listed", "delete"])
def test_what_changes_while_autoscale_settings_are_removed_stays(
    site: Site, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure takes no condition with a deletion, so all else that it asks for comes before the last look."""
    site.endpoint("tidy-scaled", "blue", live="blue")
    spec = AutoscaleSpec(1, 2, 1, "GpuUtilizationPercentage", 70, 30, 5, 15)
    autoscale.put(own_workspace(), "tidy-scaled", "blue", spec, OURS["mlops-owner"])
    site.wait(4 * DAY)
    site.cleanup()
    site.wait(21 * HOUR)
    ask, tags = getattr(autoscale, last), {**site.tags("tidy-scaled"), "keep-until": "2999-01-01"}

    def then_keep(*given: str) -> object:
        answer: object = ask(*given)
        site.traffic("tidy-scaled", "blue", tags)
        return answer

    monkeypatch.setattr(autoscale, last, then_keep)
    assert site.states(site.cleanup()) == {"tidy-scaled": "kept: it changed: idle"}
    assert site.names() == {"tidy-scaled"}
    left = [one.deployment for one in autoscale.listed(own_workspace(), "tidy-scaled")]
    assert left == ([] if last == "delete" else ["blue"]), "seen before the settings go, too"
