"""Promotions beside others: a second run, a rollback, a person's hand, a run that died. A client is always answered."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.http.address import Address
from emulator_support.serving import arm
from mlops.azure import endpoints
from mlops.azure.failures import Denied
from mlops.domain.promote import lease
from mlops.errors import BadInput, Unfinished
from mlops.flow.promote import reconcile
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.lease import EndpointLease
from mlops.flow.promote.result import RollbackResult
from tests.contract.own_workspace import own_workspace
from tests.contract.promotion_stage import Stage, made_stage

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

MODEL, ENDPOINT = "contended", "contended-journey"


@pytest.fixture(scope="module")
def stage(
    ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with made_stage(ml_client, emulator_address, tmp_path_factory.mktemp(MODEL), MODEL, ENDPOINT) as made:
        yield made


def test_an_endpoint_that_somebody_else_updates_is_waited_for(stage: Stage) -> None:
    stage.home()
    stage.control("PUT", "/delay/onlineEndpoints", {"delay": "30 s"})
    url = arm(f"onlineEndpoints/{ENDPOINT}")
    own_workspace().send("PATCH", url, "somebody", json={"tags": {"somebody": "was here"}})
    stage.control("PUT", "/delay/onlineEndpoints", {"delay": "at once"})
    stage.said.clear()
    stage.on_say = lambda _: stage.control("POST", "/clock", {"advance_seconds": 31})
    try:
        done = stage.promote(1)
    finally:
        stage.on_say = lambda _: None
    assert done.failure is None
    assert f"production: wait: endpoint {ENDPOINT} is Updating" in stage.said


def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.home()
    killed_at = ("smoke test:", "to 10 %", "canary:", "to 100 %", "delete:")
    monkeypatch.setattr(EndpointLease, "release", lambda held: held.abandon())  # a killed process gives nothing back
    deaths = list(killed_at)

    def on_say(line: str) -> None:
        if deaths and deaths[0] in line:
            deaths.pop(0)
            raise KeyboardInterrupt
        if "(promote) changes" in line:
            stage.control("POST", "/clock", {"advance_seconds": 61})

    alone = "none of it has model-3"
    left_as = (alone, alone, "model-3 10 % has the traffic; nobody judges", "nobody judges", "model-3 100 %")
    stage.on_say = on_say
    try:
        for left in range(len(killed_at), 0, -1):
            with pytest.raises(KeyboardInterrupt, match="production is left as it is") as told:
                stage.promote(3, retention_hours=0)
            assert left_as[-left] in str(told.value)
            assert "`mlops promote production --model contended:3` finishes it" in str(told.value)
            assert len(deaths) == left - 1
            assert sum(stage.facts().live.values()) == 100
        monkeypatch.undo()
        done = stage.promote(3, retention_hours=0)
    finally:
        stage.on_say = lambda _: None
    assert done.failure is None
    assert stage.facts().live == {"model-3": 100}
    assert [one.name for one in stage.facts().deployments] == ["model-3"], "without retention nothing stands by"


def test_two_runs_do_not_act_at_once_and_a_rollback_stops_a_promotion(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.home()
    monkeypatch.setattr(reconcile, "WAIT_SECONDS", 0.0)
    second: list[BaseException] = []

    def on_say(line: str) -> None:
        if "goes from 0 % to 10 %" in line and not second:
            with pytest.raises(Unfinished) as waits:
                stage.promote(3, run=2)
            second.append(waits.value)
        if "canary:" in line:
            stage.rollback("it answers worse")

    stage.on_say = on_say
    try:
        with pytest.raises(BadInput, match=r"contended:2 is held in production since .*, because: it answers worse"):
            stage.promote(2)
    finally:
        stage.on_say = lambda _: None
    assert "actions/runs/1 (promote) changes contended-journey" in str(second[0])
    assert stage.facts().live == {"model-1": 100}


def test_a_lease_that_was_lost_stays_with_whoever_has_it(stage: Stage) -> None:
    stage.home()
    this, other, third = (
        EndpointLease(own_workspace(), ENDPOINT, who, "promote") for who in ("this", "other", "third")
    )
    assert this.take() is None
    assert str(other.take()) == "this (promote)"
    assert other.take(over=True) is None
    with pytest.raises(lease.Stopped, match="took contended-journey over"):
        this.check()
    this.release()
    assert str(third.take()) == "other (promote)"
    other.release()
    assert third.take() is None
    third.release()


def test_a_lease_of_a_process_that_died_is_anothers_within_a_minute(stage: Stage) -> None:
    stage.home()
    dead, other = (EndpointLease(own_workspace(), ENDPOINT, who, "promote") for who in ("dead", "other"))
    assert dead.take() is None
    dead.abandon()
    assert str(other.take()) == "dead (promote)"
    stage.control("POST", "/clock", {"advance_seconds": 61})
    assert other.take() is None
    dead.release()
    other.check()
    other.release()


def test_the_note_of_a_lease_keeps_nobody_from_acting(stage: Stage) -> None:
    stage.home()
    stage.tag_lease("Ada is at it")
    stage.promote(2)
    assert (stage.facts().live, lease.read(stage.facts().tags)) == ({"model-2": 100}, None)


def test_a_rollback_needs_no_storage(stage: Stage) -> None:
    stage.home()
    stage.promote(2)
    stage.control("POST", "/faults", {"rule": "lease_calls.on_blob: 403 always"})
    try:
        done = stage.rollback("the storage is away as well")
        with pytest.raises(Denied, match="Storage Blob Data Contributor"):
            stage.promote(3)
    finally:
        stage.control("DELETE", "/faults", {})
    assert done.failure is None
    assert stage.facts().live == {"model-1": 100}
    assert any("rolls back without the lease" in line for line in stage.said)


@pytest.mark.parametrize("phase", ["deploy:", "smoke test:"])
def test_a_rollback_stops_a_promotion_that_has_no_traffic_yet(stage: Stage, phase: str) -> None:
    stage.home()
    told: list[RollbackResult] = []

    def on_say(line: str) -> None:
        if phase in line and not told:
            told.append(stage.rollback("not this one").result)

    before = stage.facts()
    stage.remove("model-3")
    stage.on_say = on_say
    try:
        with pytest.raises(BadInput, match=r"contended:3 is held in production since .*, because: not this one"):
            stage.promote(3)
    finally:
        stage.on_say = lambda _: None
    assert "the promotion of contended:3 is stopped, and contended:3 is held" in told[0].why
    assert stage.facts().live == before.live == {"model-1": 100}
    assert stage.facts().promoting == ""


def test_traffic_that_a_person_moves_in_the_middle_stays(stage: Stage) -> None:
    stage.home()

    def on_say(line: str) -> None:
        if "canary:" in line:
            stage.by_hand({"model-1": 70, "model-2": 30})

    stage.on_say = on_say
    try:
        with pytest.raises(lease.Stopped, match="somebody else changed contended-journey") as stopped:
            stage.promote(2)
    finally:
        stage.on_say = lambda _: None
    assert "set the traffic to model-1=90 model-2=10, and it is model-1=70 model-2=30" in str(stopped.value)
    assert stage.facts().live == {"model-1": 70, "model-2": 30}
    with pytest.raises(lease.Stopped):
        stage.promote(3)
    assert stage.facts().live == {"model-1": 70, "model-2": 30}
    stage.promote(2, consent=Consent(accept_drift=True))
    assert stage.facts().live == {"model-2": 100}


def test_what_a_run_left_that_died_at_its_end_is_taken_off_by_the_next(stage: Stage) -> None:
    stage.home()
    stage.tag_lease("https://example.test/actions/runs/0 until 2999-01-01T00:00:00+00:00")
    endpoints.patch_tags(own_workspace(), ENDPOINT, {"mlops-promoting": f"{MODEL}:1 model-1"})
    stage.promote(1)
    assert lease.read(stage.facts().tags) is None
    assert not stage.facts().promoting
