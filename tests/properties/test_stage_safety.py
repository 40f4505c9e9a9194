"""From whatever state an endpoint is in, the next step is a safe one, and the promotion ends."""

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.domain.promote.endpoint import DeploymentFacts, DeploymentState, EndpointFacts, EndpointState
from mlops.domain.promote.planner import next_step
from mlops.domain.promote.rollback import rollback_step
from mlops.domain.promote.steps import (
    CreateEndpoint,
    DeleteDeployment,
    Done,
    Mirror,
    Progress,
    Refuse,
    Repair,
    SetTraffic,
    Skip,
    Step,
    StopPromotion,
    Wait,
)
from tests.properties.small_service import (
    ENTRY,
    NAME,
    START,
    Service,
    wish,
)


def states_of_an_endpoint() -> st.SearchStrategy[EndpointFacts]:
    """Any endpoint with up to four deployments, sensible or not."""

    def build(seed: int, state: EndpointState, count: int) -> EndpointFacts:
        chance = random.Random(seed)
        if state is EndpointState.ABSENT:
            return EndpointFacts(NAME, state, {}, {}, (), {}, ours=True)
        deployments = tuple(
            DeploymentFacts(
                f"model-{version}",
                chance.choice([DeploymentState.SUCCEEDED, *DeploymentState]),
                f"chat:{version}",
                chance.choice(["Standard_A", "Standard_B", ""]),
                chance.choice([0, 1, 2]),
                chance.choice([None, START + timedelta(days=chance.randint(0, 5))]),
            )
            for version in chance.sample(range(1, 6), count)
        )
        names = [one.name for one in deployments]
        cuts = sorted(chance.randint(0, 100) for _ in names[1:])
        shares = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
        previous = " ".join(chance.sample(names, chance.randint(0, count))) or "-"
        return EndpointFacts(
            NAME,
            state,
            dict(zip(names, shares, strict=False)) if names and chance.random() < 0.8 else {},
            {chance.choice(names): 20} if names and chance.random() < 0.2 else {},
            deployments,
            {"mlops-previous": previous} if chance.random() < 0.5 else {},
            ours=chance.random() < 0.9,
        )

    return st.builds(build, st.integers(0, 2**32), st.sampled_from(EndpointState), st.integers(0, 4))


progresses = st.builds(
    Progress, st.booleans(), st.booleans(), st.sampled_from([0, 10, 50, 100]), st.sampled_from([None, "no answer"])
)


def is_safe(facts: EndpointFacts, step: Step) -> bool:
    """Whether a step may be taken, whatever led to it."""
    match step:
        case Wait() | Refuse() | Skip() | StopPromotion():
            return True
        case DeleteDeployment():
            return facts.ours and not facts.share(step.name) and not facts.mirror.get(step.name)
        case Repair():
            return facts.ours and facts.state.broken and dict(step.percentages) == facts.live
        case Mirror():
            return facts.ours and not facts.share(step.deployment) and sum(facts.live.values()) == 100
        case SetTraffic():
            healthy = {one.name for one in facts.healthy()}
            moves = sum(step.percentages.values()) == 100 and set(step.percentages) <= healthy
            return facts.ours and not facts.state.busy and (moves or dict(step.percentages) == facts.live)
        case CreateEndpoint():
            return facts.state is EndpointState.ABSENT
        case _:
            return facts.ours or facts.state is EndpointState.ABSENT


@settings(max_examples=400, deadline=None)
@given(states_of_an_endpoint(), progresses, st.integers(1, 5))
def test_every_step_from_any_state_is_safe(facts: EndpointFacts, progress: Progress, version: int) -> None:
    step = next_step(facts, wish(version, START + timedelta(days=9)), progress)
    assert is_safe(facts, step)
    if isinstance(step, SetTraffic) and not progress.smoke_tested:
        assert step.percentages.get(f"model-{version}", 0) <= facts.share(f"model-{version}")
    if isinstance(step, Done):
        assert facts.live == {f"model-{version}": 100}


@settings(max_examples=200, deadline=None)
@given(states_of_an_endpoint())
def test_every_rollback_from_any_state_is_safe(facts: EndpointFacts) -> None:
    assert is_safe(facts, rollback_step(facts, START + timedelta(days=9), "production", ENTRY))


@settings(max_examples=200, deadline=None)
@given(states_of_an_endpoint(), st.integers(1, 5))
def test_a_promotion_ends_from_any_state(facts: EndpointFacts, version: int) -> None:
    service = Service()
    service.facts = facts
    service.tested = {one.name for one in facts.deployments}
    step = service.run(version)
    assert isinstance(step, Done | Refuse)
    if isinstance(step, Done):
        assert service.facts.live == {f"model-{version}": 100}
