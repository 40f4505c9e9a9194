"""What somebody changed by hand, by what an endpoint and the model's tags say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.domain.release.drift import KnownModels, drifts

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TAGS = {
    "mlops-environment": "staging",
    "mlops-traffic": "model-2=100",
    "mlops-previous": "model-1",
    "mlops-rollback-target-since": "2026-11-28T11:00:00Z",
}
DEPLOYED = tuple(DeploymentFacts(f"model-{n}", DeploymentState.SUCCEEDED, f"chat:{n}") for n in (1, 2))
LEFT = EndpointFacts("chat-staging", EndpointState.SUCCEEDED, {"model-2": 100}, {}, DEPLOYED, TAGS, ours=True)
KNOWN = KnownModels("chat", {"1", "2"}, (), "2")


def told(facts: EndpointFacts, known: KnownModels = KNOWN, retention: timedelta | None = DAY) -> str:
    return "; ".join(f"{one.kind}: {one.what}" for one in drifts("staging", facts, known, retention, NOON))


def tagged(**changed: str) -> EndpointFacts:
    tags = {**TAGS, **{f"mlops-{name.replace('_', '-')}": value for name, value in changed.items()}}
    return replace(LEFT, tags=tags)


def test_what_mlops_left_is_no_drift() -> None:
    assert told(LEFT) == ""
    assert told(replace(LEFT, state=EndpointState.ABSENT, traffic={}, deployments=())) == ""
    assert told(LEFT, replace(KNOWN, champion=None)) == "", "the tags are in another workspace"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (replace(LEFT, traffic={"model-1": 100}), "traffic: mlops set the traffic to model-2=100, and it is model-1"),
        (replace(LEFT, deployments=DEPLOYED[1:]), "deployment: model-1, which is kept for a rollback, was deleted"),
        (replace(LEFT, deployments=DEPLOYED[:1]), "deployment: model-2 has 100 % of the traffic, and was deleted"),
        (tagged(environment=""), "tag: the tag mlops-environment of chat-staging was removed"),
    ],
)
def test_an_endpoint_that_somebody_changed(facts: EndpointFacts, says: str) -> None:
    assert says in told(facts)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (replace(KNOWN, champion="1"), "tag: the tag mlops-champion-staging of chat says 1, and 2 is live"),
        (replace(KNOWN, listed={"1"}, archived={"2"}), "model: chat:2, which is live, was archived"),
        (replace(KNOWN, listed={"1"}), "model: chat:2, which is live, is not registered any more"),
    ],
)
def test_a_model_that_somebody_changed(known: KnownModels, says: str) -> None:
    assert says in told(LEFT, known)


def test_what_goes_by_itself_is_no_drift() -> None:
    alone = replace(LEFT, deployments=DEPLOYED[1:])
    assert told(alone, retention=timedelta(minutes=30)) == "", "its time is over"
    assert told(replace(alone, tags={**TAGS, "mlops-rolled-back": "model-1 to model-2"})) == ""
    assert told(replace(alone, tags={**TAGS, "mlops-promoting": "chat:3 model-3 f"})) == "", "a run is at it"
