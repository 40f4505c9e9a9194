"""A promotion that fails for another cause than the model: told before anything is paid for, never as its fault."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.http.address import Address
from mlops.azure.failures import Denied
from mlops.domain.serving.causes import Blame
from mlops.errors import RemoteFailed, Unfinished
from mlops.flow import poll
from mlops.flow.promote import ask, reconcile
from mlops.flow.promote.result import EndpointAnswer, PromoteOutcome
from mlops.flow.serving import reach
from tests.contract.promotion_site import Site, made_site

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module")
def site(ml_client: "MLClient", emulator_address: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with made_site(ml_client, emulator_address, tmp_path_factory.mktemp("blame"), "blamed") as made:
        made.promote(1)
        yield made


def test_a_refusal_at_the_door_is_found_before_a_deployment_is_paid_for(site: Site) -> None:
    before = site.facts()
    site.said.clear()
    site.fault("scoring.score: 403 always")
    try:
        with pytest.raises(Denied, match="refuses to be asked from here") as refused:
            site.promote(2)
        with pytest.raises(Denied, match="refuses to be asked from here"):
            ask.run(site.context(), "production", index=0)
    finally:
        site.forget_faults()
    assert "private" in refused.value.problems[0].fix
    assert not [line for line in site.said if "smoke test" in line]
    assert site.facts().deployments == before.deployments
    assert site.facts().live == {"model-1": 100}


def test_a_host_that_is_not_reached_is_waited_for_and_nothing_is_paid(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PAUSES", poll.Pauses(0.01))
    monkeypatch.setattr(reach, "WAIT_SECONDS", 0.1)
    before = site.facts()
    site.fault("scoring.score: reset before always")
    try:
        with pytest.raises(Unfinished, match="cannot be reached from here"):
            site.promote(2)
    finally:
        site.forget_faults()
    assert site.facts().deployments == before.deployments


def test_a_candidate_that_may_no_longer_be_asked_is_kept_and_the_next_run_goes_on(site: Site) -> None:
    site.fault("scoring.score: 403 always, after 1 request")
    try:
        with pytest.raises(Denied, match="the model was not judged") as refused:
            site.promote(2)
    finally:
        site.forget_faults()
    assert "production is left as it is: model-1 100 % has the traffic, none of it has model-2" in str(refused.value)
    site.said.clear()
    assert site.promote(2).result.outcome is PromoteOutcome.PROMOTED
    assert not [line for line in site.said if ": deploy: " in line], "the candidate is paid for once"


def test_a_connection_that_breaks_now_and_then_is_not_held_against_the_model(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "PAUSES", poll.Pauses(0.01))
    site.fault("scoring.score: reset after 4 times after 2 requests")
    try:
        done = site.promote(3)
    finally:
        assert site.forget_faults()
    assert done.failure is None
    assert site.facts().live == {"model-3": 100}


@pytest.mark.parametrize(
    ("code", "outcome", "cause", "said"),
    [
        ("ImageBuildFailure", PromoteOutcome.NOT_JUDGED, Blame.IMAGE, "which is not to blame (image)"),
        ("OutOfQuota", PromoteOutcome.NOT_JUDGED, Blame.QUOTA, "which is not to blame (quota)"),
        ("ResourceNotReady", PromoteOutcome.ROLLED_BACK, Blame.MODEL, "was rolled back"),
    ],
)
def test_only_the_models_own_failure_rolls_it_back_as_bad(
    site: Site, code: str, outcome: PromoteOutcome, cause: Blame, said: str
) -> None:
    live = site.facts().live
    site.fault(f"deployments.put: operation fails {code}")
    try:
        done = site.promote(4)
    finally:
        assert site.forget_faults()
    assert isinstance(done.failure, RemoteFailed)
    assert (done.result.outcome, done.result.cause) == (outcome, cause)
    assert said in str(done.failure)
    assert site.facts().live == live
    assert site.facts().find("model-4") is None


def test_a_chat_goes_on_with_what_was_said_and_takes_back_what_was_not_answered(site: Site) -> None:
    """Here, where nobody else asks: the one fault is met by the chat."""
    shown: list[EndpointAnswer] = []

    def lines() -> Iterator[str]:
        yield "Hello."
        site.fault("scoring.score: 503 once")
        yield "Are you there?"
        yield "And now?"

    talk = ask.run(site.context(), "production", chat=ask.ChatLines(lines(), shown.append, "Be kind.")).result
    assert site.forget_faults()
    first, lost, last = talk.asked
    assert shown == [one.answers[0] for one in talk.asked]
    assert (lost.answers[0].text, lost.answers[0].failure[:8]) == (None, "HTTP 503")
    said = [turn["content"] for turn in last.messages]
    assert said == ["Be kind.", "Hello.", first.answers[0].text, "And now?"]
